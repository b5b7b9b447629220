import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type KubeHttpReply, parseKubePath, replyOf, written } from '../world/kubernetes/kube-path.ts';
import type { WorldKubeServer } from '../world/kubernetes/kube-server.ts';
import { refuse, unauthorized, unsupportedPatch } from '../world/kubernetes/statuses.ts';
import { WatchCache } from '../world/kubernetes/watch-cache.ts';
import type { World } from '../world/world.ts';
import type { Certificate } from './certificate.ts';
import type { Gate, GateMoment } from './gate.ts';
import type { RunningServer } from './hosted-world.ts';
import { listenOnLoopback, readBody } from './http-listener.ts';
import { type Wanted, wantedOf } from './kube-http-accept.ts';
import { answerAround, isPublic, shownAs } from './kube-http-answer.ts';
import { reviewFromProtobuf } from './kube-http-protobuf.ts';
import { sendReply } from './kube-http-reply.ts';
import { serveWatch } from './kube-watch.ts';
import { proxyPathOf, serveProxy } from './pod-proxy.ts';

export interface KubernetesServerOptions {
  /** Full name, as in the world. */
  readonly cluster: string;
  readonly certificate: Certificate;
  /** Who the bearer of a token is. Without a token: `system:anonymous`. */
  readonly users: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

/** What the server needs of a hosted world. */
export interface KubernetesHost {
  readonly world: Pick<World, 'kube' | 'nowMs' | 'proxy' | 'unreachableUntilMs'>;
  wait(ms: number, signal?: AbortSignal): Promise<unknown>;
  letGo?(): void;
  readonly gate?: Gate | undefined;
}

const ANONYMOUS = 'system:anonymous';
/** A little more than the API takes, so that it can say so. */
const READ_MAX_BYTES = 3_145_728 + 1024;
const NO_MEDIA_TYPE = 'only the following media types are accepted: application/json';

/** The user behind the request's token; empty for a token that nobody has. */
function userOf(request: IncomingMessage, users: ReadonlyMap<string, string>): string {
  const { authorization } = request.headers;
  if (authorization === undefined) return ANONYMOUS;
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? '' : (users.get(token) ?? '');
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** The body as text; null for one in a format that is not read here: 415. */
function textOf(request: IncomingMessage, bytes: Buffer): string | null {
  const type = request.headers['content-type'] ?? '';
  return bytes.length > 0 && type.startsWith(PROTOBUF) ? reviewFromProtobuf(bytes) : bytes.toString('utf8');
}

class KubernetesFront {
  readonly #host: KubernetesHost;
  readonly #cluster: string;
  readonly #kube: WorldKubeServer;
  readonly #cache: WatchCache;
  readonly #users: ReadonlyMap<string, string>;

  constructor(host: KubernetesHost, kube: WorldKubeServer, options: KubernetesServerOptions) {
    this.#host = host;
    this.#kube = kube;
    this.#cluster = options.cluster;
    this.#cache = new WatchCache(kube);
    this.#users = new Map(Object.entries(options.users));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readBody(request, READ_MAX_BYTES);
    if (bytes === null || (await this.#held(response))) return;
    const body = textOf(request, bytes);
    if (await this.#isDropped(request, response, { body, moment: { kind: 'arrived' } })) return;
    const reply = body === null ? replyOf(unsupportedPatch()) : await this.#answer(request, response, body);
    const status = reply?.status ?? response.statusCode;
    const moment = { kind: 'applied', status, answer: reply?.body ?? null } as const;
    if (await this.#isDropped(request, response, { body, moment })) return;
    if (reply !== null) sendReply(response, reply, request.headers['accept-encoding']);
  }

  /** Does a test's gate break the connection? */
  async #isDropped(
    request: IncomingMessage,
    response: ServerResponse,
    { body, moment }: { readonly body: string | null; readonly moment: GateMoment },
  ): Promise<boolean> {
    if (this.#host.gate === undefined) return false;
    const { method = 'GET', url = '/' } = request;
    const call = { server: 'kubernetes', cluster: this.#cluster, method, url, body } as const;
    const word = this.#host.gate(call, moment);
    if (word === undefined || (await word) === 'go') return false;
    response.destroy();
    return true;
  }

  #awayMs(): number {
    return Math.max(0, this.#host.world.unreachableUntilMs(this.#cluster) - this.#host.world.nowMs);
  }

  /** A control plane that is away says nothing; once it is back, the connection turns out to be dead. */
  async #held(response: ServerResponse): Promise<boolean> {
    const awayMs = this.#awayMs();
    if (awayMs === 0) return false;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await this.#host.wait(awayMs, gone.signal);
    response.destroy();
    return true;
  }

  /** null: answered already. */
  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<KubeHttpReply | null> {
    const user = userOf(request, this.#users);
    if (user === '') return replyOf(unauthorized());
    const url = request.url ?? '/';
    const [path = '/'] = url.split('?', 1);
    const proxied = proxyPathOf(url);
    if (proxied !== null) {
      const call = { ...proxied, cluster: this.#cluster, user, body };
      const reply = await serveProxy(this.#host, request, response, call);
      return reply === null ? null : replyOf(reply);
    }
    const wanted = wantedOf(request.headers.accept);
    const around = answerAround(this.#kube, path, wanted?.as ?? 'object');
    if (around !== null && (user !== ANONYMOUS || isPublic(path))) return around;
    if (wanted === null) return replyOf(refuse(406, 'NotAcceptable', NO_MEDIA_TYPE));
    return this.#ask(request, response, { url, body, user, as: wanted.as });
  }

  async #ask(
    request: IncomingMessage,
    response: ServerResponse,
    asked: { readonly url: string; readonly body: string; readonly user: string; readonly as: Wanted['as'] },
  ): Promise<KubeHttpReply | null> {
    const { url, body, user, as } = asked;
    const { 'content-type': contentType, 'user-agent': userAgent } = request.headers;
    const parsed = parseKubePath(
      {
        method: request.method ?? 'GET',
        path: url,
        user,
        ...(body === '' ? {} : { body }),
        ...(contentType === undefined ? {} : { contentType }),
        ...(userAgent === undefined ? {} : { userAgent }),
      },
      this.#kube,
    );
    if (parsed.kind === 'reply') return replyOf(parsed.reply);
    const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
    const include = query.get('includeObject') ?? '';
    if (parsed.kind === 'watch') {
      const { request: list, caller, resourceVersion, timeoutSeconds } = parsed;
      const sendInitialEvents = query.get('sendInitialEvents') === 'true';
      const bookmarks = query.get('allowWatchBookmarks') === 'true';
      const question = { request: list, caller, resourceVersion, sendInitialEvents };
      const watch = { question, timeoutSeconds, bookmarks, as, include };
      const refusal = await serveWatch(this.#watchServer(), response, watch);
      return refusal === null ? null : replyOf(refusal);
    }
    if (as === 'object') return written(this.#kube, parsed);
    const reply = replyOf(this.#kube.request(parsed.request, parsed.caller));
    if (parsed.request.verb !== 'get' && parsed.request.verb !== 'list') return reply;
    return shownAs(reply, { resource: parsed.request.resource, as, include, nowMs: this.#host.world.nowMs });
  }

  #watchServer() {
    return {
      cache: this.#cache,
      nowMs: () => this.#host.world.nowMs,
      wait: (ms: number, signal?: AbortSignal) => this.#host.wait(ms, signal),
      away: () => this.#awayMs() > 0,
    };
  }
}

/**
 * Serves a cluster's API over HTTPS. It translates; what is so, the world decides.
 * @throws Error when the world has no such cluster, or the port is taken.
 */
export async function startKubernetesServer(
  host: KubernetesHost,
  options: KubernetesServerOptions,
): Promise<RunningServer> {
  const kube = host.world.kube(options.cluster);
  if (kube === undefined) throw new Error(`no such cluster: ${options.cluster}`);
  const front = new KubernetesFront(host, kube, options);
  const count = { requests: 0 };
  const { certPem, keyPem, caPem } = options.certificate;
  const server = createServer({ cert: `${certPem}\n${caPem}`, key: keyPem }, (request, response) => {
    count.requests++;
    front.handle(request, response).catch((error: unknown) => {
      const reply = replyOf(refuse(500, 'InternalError', `Internal error occurred: ${String(error)}`));
      if (response.headersSent) response.destroy();
      else sendReply(response, reply, undefined);
    });
  });
  // Watches are silent for as long as nothing happens.
  server.requestTimeout = 0;
  server.timeout = 0;
  return listenOnLoopback(server, options.port ?? 0, count);
}
