import { Agent, request } from 'node:https';
import { gunzipSync } from 'node:zlib';

export interface Asking {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** A JSON value where the content type says so, else text. */
  readonly body: unknown;
  readonly bytes: number;
}

export interface HttpsClient {
  ask(asking: Asking): Promise<HttpsAnswer>;
  close(): void;
}

/** A plain client that trusts one authority and adds no header of its own but `Host`. */
export function httpsClient(address: string, caPem: string): HttpsClient {
  const agent = new Agent({ ca: caPem, keepAlive: true });
  const [host = '', port = ''] = address.split(':');
  return {
    ask: ({ method = 'GET', path, token, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
        const sent = request(
          {
            host,
            port,
            method,
            path,
            agent,
            headers: { ...authorization, ...headers, 'Content-Length': Buffer.byteLength(body ?? '') },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const raw = Buffer.concat(chunks);
              const packed = response.headers['content-encoding'] === 'gzip';
              const text = (packed ? gunzipSync(raw) : raw).toString('utf8');
              const json = response.headers['content-type']?.startsWith('application/json') === true;
              const whole = json && text !== '' && !text.trimEnd().includes('\n');
              const { statusCode = 0, headers: got } = response;
              resolve({
                status: statusCode,
                headers: got,
                body: whole ? JSON.parse(text) : text,
                bytes: raw.length,
              });
            });
          },
        );
        sent.on('error', reject);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}
