import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { GatewayReply, LostAnswer } from '../world/gateway-requests.ts';
import type { World } from '../world/world.ts';
import { eventsOf } from './event-stream.ts';
import type { RunningServer } from './hosted-world.ts';
import { listenOnLoopback, readBody } from './http-listener.ts';

export interface GatewayServerOptions {
  /** Full name, as in the world. */
  readonly cluster: string;
  readonly namespace: string;
  /** The Gateway's name. */
  readonly gateway: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** What the server needs of a hosted world. */
export interface GatewayHost {
  readonly world: Pick<World, 'gatewayRequest' | 'nowMs'>;
  wait(ms: number, signal?: AbortSignal): Promise<unknown>;
}

/** Which pod and pool answered. The real load balancer does not tell. */
const POD_HEADER = 'x-inference-pod';
const POOL_HEADER = 'x-inference-pool';

/** Longer bodies are cut, and so are no JSON any more. */
const BODY_MAX_BYTES = 8 * 1024 * 1024;
/** Pieces that a stream comes in: its time is divided evenly between them. */
const PIECES_MAX = 8;
/** How a load balancer ends a request whose server is gone. */
const RESET = {
  status: 503,
  body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
};

function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return found;
}

/** `llm.example.com` of `llm.example.com:8080`. */
const hostOf = (request: IncomingMessage): string => (request.headers.host ?? '').replace(/:\d+$/, '');

/** One answer on its way to its client. */
class Delivery {
  readonly #host: GatewayHost;
  readonly #response: ServerResponse;
  readonly #reply: GatewayReply;
  /** The client is gone, or the server's process is. */
  readonly #over = new AbortController();
  #lost: { readonly answer: LostAnswer } | null = null;

  constructor(host: GatewayHost, response: ServerResponse, reply: GatewayReply) {
    this.#host = host;
    this.#response = response;
    this.#reply = reply;
    response.once('close', () => this.#over.abort());
    reply.flight?.onLost((answer) => {
      this.#lost = { answer };
      this.#over.abort();
    });
  }

  async run(): Promise<void> {
    const { flight, contentType, body, ms } = this.#reply;
    const streamed = contentType?.startsWith('text/event-stream') === true;
    const pieces = streamed ? piecesOf(eventsOf(body)) : [body];
    for (const [index, piece] of pieces.entries()) {
      await this.#wait(ms / pieces.length);
      if (this.#over.signal.aborted) break;
      if (streamed) this.#write(piece);
      else this.#send(this.#reply);
      if (index === pieces.length - 1) this.#response.end();
    }
    flight?.end();
    if (this.#lost !== null) this.#fail(this.#lost.answer);
  }

  /** Waits for the server's own time, and for as long as it says nothing at all. */
  async #wait(ms: number): Promise<void> {
    let leftMs = ms;
    while (leftMs > 0 && !this.#over.signal.aborted) {
      await this.#host.wait(leftMs, this.#over.signal);
      leftMs = this.#reply.flight?.pauseMs() ?? 0;
    }
  }

  #write(piece: string): void {
    if (!this.#response.headersSent) this.#head(this.#reply.status);
    this.#response.write(piece);
  }

  #head(status: number, bytes?: number): void {
    const { contentType, pod, pool } = this.#reply;
    this.#response.writeHead(status, {
      ...(contentType === null ? {} : { 'Content-Type': contentType }),
      ...(bytes === undefined ? {} : { 'Content-Length': bytes }),
      ...(pod === null ? {} : { [POD_HEADER]: pod }),
      ...(pool === null ? {} : { [POOL_HEADER]: pool }),
    });
  }

  #send({ status, body }: { readonly status: number; readonly body: string }): void {
    this.#head(status, Buffer.byteLength(body));
    this.#response.write(body);
  }

  #fail(answer: LostAnswer): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    // After the first byte a reset can be nothing else.
    if (answer === null && response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body } = answer ?? RESET;
    if (answer !== null && body.startsWith('data: ')) this.#write(eventsOf(body).join(''));
    else this.#send({ status, body });
    response.end();
  }
}

/** Events in pieces of about the same number. */
function piecesOf(events: readonly string[]): readonly string[] {
  const perPiece = Math.max(1, Math.ceil(events.length / PIECES_MAX));
  const pieces: string[] = [];
  for (let from = 0; from < events.length; from += perPiece) {
    pieces.push(events.slice(from, from + perPiece).join(''));
  }
  return pieces;
}

async function handle(
  host: GatewayHost,
  options: GatewayServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, BODY_MAX_BYTES);
  if (body === null) return;
  const { cluster, namespace, gateway } = options;
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const reply = host.world.gatewayRequest({
    cluster,
    gateway: { namespace, name: gateway },
    method: request.method ?? 'GET',
    host: hostOf(request),
    path,
    headers: headersOf(request),
    body: body.toString('utf8'),
  });
  await new Delivery(host, response, reply).run();
}

/**
 * Serves a gateway's address over plain HTTP: requests go where the programmed routes send them, and are answered by the
 * world's model servers after the time that these take.
 * @throws Error when the port is taken.
 */
export function startGatewayServer(host: GatewayHost, options: GatewayServerOptions): Promise<RunningServer> {
  const count = { requests: 0 };
  const server = createServer((request, response) => {
    count.requests++;
    handle(host, options, request, response).catch(() => response.destroy());
  });
  // A hung model server is waited for.
  server.requestTimeout = 0;
  server.timeout = 0;
  return listenOnLoopback(server, options.port ?? 0, count);
}
