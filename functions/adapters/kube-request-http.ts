/** One HTTPS exchange, its body read to the end. */
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { KubeConfig } from '@kubernetes/client-node';
import { sayThrown } from './cluster-access.ts';

export interface HttpExchange {
  readonly config: KubeConfig;
  readonly agent: https.Agent;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A body that is longer, compressed or not, counts as unreadable. */
  readonly bodyMaxBytes: number;
  /** Aborted: the connection is torn down. */
  readonly signal: AbortSignal;
}

export type HttpOutcome =
  | { readonly kind: 'reply'; readonly status: number; readonly contentType: string; readonly body: string }
  | {
      readonly kind: 'lost';
      readonly why: string;
      /** No server showed by its certificate or by an answer that it is there, and the right one. */
      readonly isUnreached?: boolean;
    };

type Raw =
  | { readonly kind: 'raw'; readonly response: http.IncomingMessage; readonly bytes: Buffer }
  | Extract<HttpOutcome, { kind: 'lost' }>;

const unzip = promisify(gunzip);

const lost = (why: string): Extract<HttpOutcome, { kind: 'lost' }> => ({ kind: 'lost', why });

/** What the promise comes to; null when the signal is aborted before. What then still comes of it, nobody hears. */
export const untilAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(null);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject);
  });

/** A token that was read from a file ends in a line break, which no header may contain. */
const trimmed = (headers: http.OutgoingHttpHeaders): http.OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value]),
  );

/** Where to, and the credentials. The library's agent serves proxies and plain HTTP; ours keeps connections. */
const optionsOf = async (exchange: HttpExchange): Promise<https.RequestOptions> => {
  const { config, method, path, headers, body } = exchange;
  const cluster = config.getCurrentCluster();
  const server = new URL(cluster?.server ?? '');
  const credentials: https.RequestOptions = {};
  await config.applyToHTTPSOptions(credentials);
  const isOurs = server.protocol === 'https:' && cluster?.proxyUrl === undefined;
  return {
    ...credentials,
    ...(isOurs ? { agent: exchange.agent } : {}),
    protocol: server.protocol,
    hostname: server.hostname.replace(/^\[|\]$/g, ''),
    ...(server.port === '' ? {} : { port: server.port }),
    method,
    path: server.pathname.replace(/\/+$/, '') + path,
    headers: {
      'User-Agent': 'sluice',
      ...headers,
      ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      ...trimmed((credentials.headers ?? {}) as http.OutgoingHttpHeaders),
    },
  };
};

const collect = (response: http.IncomingMessage, maxBytes: number, settle: (raw: Raw) => void): void => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes <= maxBytes) return;
    settle(lost(`the answer is longer than ${maxBytes} bytes`));
    response.destroy();
  });
  response.on('error', (error) => settle(lost(`the answer broke off: ${sayThrown(error)}`)));
  response.on('close', () => settle(lost('the answer broke off')));
  response.on('end', () =>
    settle(
      response.complete
        ? { kind: 'raw', response, bytes: Buffer.concat(chunks) }
        : lost('the answer broke off'),
    ),
  );
};

const exchangeRaw = (options: https.RequestOptions, exchange: HttpExchange): Promise<Raw> =>
  new Promise((settle) => {
    const { body, bodyMaxBytes, signal } = exchange;
    const request = (options.protocol === 'http:' ? http : https).request(options);
    let isConnected = false;
    let hasResponse = false;
    request.on('socket', (socket) => {
      if (request.reusedSocket) return;
      socket.once(options.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
        isConnected = true;
      });
    });
    request.on('response', (response) => {
      hasResponse = true;
      collect(response, bodyMaxBytes, settle);
    });
    const fail = (why: string): void => {
      // A kept connection that breaks tells nothing of who is there now; silence on one is the answer's.
      const isUnreached = !isConnected && !hasResponse && !(request.reusedSocket && signal.aborted);
      settle({ ...lost(why), isUnreached });
    };
    const giveUp = (): void => {
      fail('given up');
      request.destroy();
    };
    request.on('error', (error) => fail(`the request failed: ${sayThrown(error)}`));
    request.on('close', () => {
      signal.removeEventListener('abort', giveUp);
      // A response has its own end, which may come later than its connection's.
      if (!hasResponse) settle(lost('the connection was closed'));
    });
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    else request.end(body);
  });

const decode = async (
  { response, bytes }: Extract<Raw, { kind: 'raw' }>,
  maxBytes: number,
): Promise<HttpOutcome> => {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip') return lost(`the answer is encoded as ${encoding}`);
  const isPlain = encoding === 'identity' || bytes.length === 0;
  const text = isPlain ? bytes : await unzip(bytes, { maxOutputLength: maxBytes });
  return {
    kind: 'reply',
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: text.toString('utf8'),
  };
};

/** Sends the request once. Never rejects. */
export const exchangeHttp = async (exchange: HttpExchange): Promise<HttpOutcome> => {
  let options: https.RequestOptions | null;
  try {
    options = await untilAborted(optionsOf(exchange), exchange.signal);
  } catch (error) {
    return lost(`no credentials: ${sayThrown(error)}`);
  }
  if (options === null) return lost('given up');
  try {
    const raw = await exchangeRaw(options, exchange);
    return raw.kind === 'lost' ? raw : await decode(raw, exchange.bodyMaxBytes);
  } catch (error) {
    return lost(`the answer cannot be read: ${sayThrown(error)}`);
  }
};
