import type { Backend } from './backends.ts';
import type { Cluster } from './cluster.ts';
import { brokenStream } from './completions.ts';
import { type Fields, text } from './fields.ts';
import type { Pod } from './pod.ts';
import { jsonBody } from './pod-proxy.ts';
import type { Random } from './random.ts';
import { countAnswers, defaultName, type NamePart, namePart, targetsIn } from './requests-by-name.ts';
import { drawTarget } from './rewrites.ts';
import { type ProgrammedRule, ruleFor } from './routing.ts';
import type { Server, ServerFlight } from './server.ts';
import {
  contentTypeOf,
  engineDead,
  type HttpResponse,
  isCompletion,
  notJson,
  type ServerHttp,
} from './server-http.ts';
import { arrive, blockedUntilMs, refuse } from './serving.ts';
import { type FailureKind, tallyRequests } from './tally.ts';
import type { Traffic } from './traffic.ts';
import { type Flow, fail, liking } from './traffic-flow.ts';

/** A request to the address of a gateway. */
export interface GatewayRequest {
  readonly cluster: string;
  readonly gateway: { readonly namespace: string; readonly name: string };
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is said instead when the process ends meanwhile; null: the connection is reset. */
export type LostAnswer = Pick<HttpResponse, 'status' | 'body'> | null;

/** A request that is in a server. */
export interface Flight {
  /** How long the server will say nothing at all, because it hangs or compiles; milliseconds, 0 while it works. */
  pauseMs(): number;
  /** Called at once when the process ends. */
  onLost(listener: (answer: LostAnswer) => void): void;
  /** Its client has the answer, or is gone. */
  end(): void;
}

export interface GatewayReply {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
  /** Who answers; null: the load balancer itself. */
  readonly pod: string | null;
  readonly pool: string | null;
  /** Time until the answer is whole, milliseconds. */
  readonly ms: number;
  /** null for what is answered at once. */
  readonly flight: Flight | null;
}

interface GatewayParts {
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly traffic: Traffic;
  readonly http: ServerHttp;
}

const RESET =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';

/** What the load balancer itself says. Measured with Envoy; a picker that is gone leaves the body empty. */
const OWN_ANSWERS: Readonly<Partial<Record<FailureKind, readonly [status: number, body: string]>>> = {
  noRoute: [404, 'fault filter abort'],
  noWeight: [500, ''],
  noBackend: [500, ''],
  noPicker: [500, ''],
  noEndpoint: [503, 'no healthy upstream'],
  connectRefused: [503, RESET],
};

class ServedFlight implements Flight, ServerFlight {
  readonly streamed: boolean;
  readonly #server: Server;
  readonly #flow: Flow;
  #listener: ((answer: LostAnswer) => void) | null = null;

  constructor(flow: Flow, server: Server, streamed: boolean) {
    this.#flow = flow;
    this.#server = server;
    this.streamed = streamed;
    server.flights.add(this);
  }

  pauseMs(): number {
    return Math.max(0, blockedUntilMs(this.#server) - this.#flow.engine.now());
  }

  onLost(listener: (answer: LostAnswer) => void): void {
    this.#listener = listener;
  }

  end(): void {
    this.#server.flights.delete(this);
  }

  lose(how: 'killed' | 'terminated'): void {
    this.end();
    this.#listener?.(how === 'killed' ? null : terminated(this.streamed));
  }
}

/** SIGTERM ends a plain request with 500, and a stream with 200, an error object and the end mark. */
function terminated(streamed: boolean): LostAnswer {
  return streamed ? { status: 200, body: brokenStream() } : { status: 500, body: engineDead() };
}

/** One request on its way through a cluster's gateway. */
class Journey {
  readonly #parts: GatewayParts;
  readonly #flow: Flow;
  readonly #random: Random;
  readonly #request: GatewayRequest;

  constructor(parts: GatewayParts, random: Random, request: GatewayRequest) {
    this.#parts = parts;
    this.#flow = parts.traffic.flow;
    this.#random = random;
    this.#request = request;
  }

  go(): GatewayReply {
    tallyRequests(this.#flow.total, this.#nowMs, 1);
    const rule = this.#rule();
    if (rule === null) return this.#failed('noRoute', null);
    if (rule.weightSum <= 0) return this.#failed('noWeight', null);
    const backend = this.#drawBackend(rule);
    if (backend === null) return this.#failed('noBackend', null);
    tallyRequests(backend.tally, this.#nowMs, 1);
    if (!backend.exists) return this.#failed('noBackend', backend);
    if (!backend.pickerUp && !backend.failOpen) return this.#failed('noPicker', backend);
    const pod = this.#drawPod(backend);
    return pod === null ? this.#failed('noEndpoint', backend) : this.#intoPod(backend, pod);
  }

  get #nowMs(): number {
    return this.#flow.engine.now();
  }

  #rule(): ProgrammedRule | null {
    const { cluster: name, gateway, host, path, headers } = this.#request;
    const cluster = this.#parts.clusters.get(name);
    if (cluster === undefined) return null;
    this.#flow.backends.refresh();
    const { gateways } = this.#flow;
    const frontEnd = this.#random.integer(0, gateways.frontEnds(cluster) - 1);
    const own = `${gateway.namespace}/${gateway.name}`;
    const routes = [...gateways.programmed(cluster, frontEnd)].filter((route) => route.gateway === own);
    return ruleFor(routes, { host, path, headers });
  }

  #drawBackend(rule: ProgrammedRule): Backend | null {
    let left = this.#random.uniform() * rule.weightSum;
    for (const { backend, weight } of rule.backends) {
      left -= weight;
      if (left >= 0) continue;
      if (backend !== null) backend.lastShare = weight / rule.weightSum;
      return backend;
    }
    return null;
  }

  /** As the picker chooses: the less is in a pod, the likelier. */
  #drawPod({ rotation }: Backend): Pod | null {
    const likings = rotation.map((pod) => liking(this.#flow, pod));
    let left = this.#random.uniform() * likings.reduce((sum, liked) => sum + liked, 0);
    for (const [index, pod] of rotation.entries()) {
      left -= likings[index] ?? 0;
      if (left < 0) return pod;
    }
    return rotation.at(-1) ?? null;
  }

  #intoPod(backend: Backend, pod: Pod): GatewayReply {
    const { server } = pod;
    if (server === null) {
      const alive = pod.role.kind === 'other' && pod.stage === 'up';
      return alive
        ? this.#answered(backend, pod, { status: 200, body: '', ms: 0 }, null)
        : this.#failed('connectRefused', backend);
    }
    const body = jsonBody(this.#request.body);
    const { method, path } = this.#request;
    if (body !== null && isCompletion({ method, path })) return this.#complete(backend, pod, server, body);
    const response = body === null ? notJson() : this.#parts.http.answer(pod, server, { method, path, body });
    return this.#answered(backend, pod, response, null);
  }

  #complete(backend: Backend, pod: Pod, server: Server, body: Fields): GatewayReply {
    const { method, path } = this.#request;
    const asked = text(body['model']) ?? defaultName(pod);
    const named = this.#named(backend, asked);
    const asSent = named.target === asked ? body : { ...body, model: named.target };
    const plain = this.#parts.http.answerUncounted(pod, server, { method, path, body: asSent });
    const response = { ...plain, body: underName(plain.body, named.target, asked) };
    const streamed = body['stream'] === true;
    const kind = failureOf(response, server);
    if (kind !== null) {
      if (response.status !== 400) named.tally.failed++;
      if (response.status === 404) named.tally.notFound++;
      if (kind === 'terminated') refuse(server, path, 'serverError', 1);
      else refuse(server, path, kind, 1);
      // A request that was wrong in itself is nobody's failure.
      if (response.status !== 400) this.#fail(kind, backend);
      return this.#answered(backend, pod, response, null);
    }
    if (named.counted !== null)
      countAnswers(named.counted, { count: 1, seconds: response.ms / 1000, tokens: outputTokensOf(body) });
    server.share = backend.lastShare;
    arrive(server, path, 1, outputTokensOf(body));
    return this.#answered(backend, pod, response, new ServedFlight(this.#flow, server, streamed));
  }

  /** What the picker makes of the name, counted. */
  #named(backend: Backend, asked: string): NamePart {
    const targets = targetsIn(this.#flow, backend, asked);
    const target = targets === null ? asked : drawTarget(targets, this.#random);
    return namePart(backend, { asked, target }, 1, this.#nowMs);
  }

  #answered(backend: Backend, pod: Pod, response: HttpResponse, flight: Flight | null): GatewayReply {
    return {
      status: response.status,
      contentType: contentTypeOf(this.#request.path, response),
      body: response.body,
      pod: pod.name,
      pool: backend.name,
      ms: response.ms,
      flight,
    };
  }

  #fail(kind: FailureKind, backend: Backend | null): void {
    fail(this.#flow, { fromMs: this.#nowMs, toMs: this.#nowMs + 1 }, backend, { kind, count: 1 });
  }

  #failed(kind: FailureKind, backend: Backend | null): GatewayReply {
    this.#fail(kind, backend);
    const [status, body] = OWN_ANSWERS[kind] ?? [500, ''];
    const contentType = body === '' ? null : 'text/plain';
    return { status, contentType, body, pod: null, pool: backend?.name ?? null, ms: 0, flight: null };
  }
}

/** Clients read the name that they asked for; an error object keeps the server's words. */
function underName(body: string, target: string, asked: string): string {
  if (target === asked) return body;
  return body.replaceAll(`"model":${JSON.stringify(target)}`, `"model":${JSON.stringify(asked)}`);
}

const outputTokensOf = (body: Fields): number => {
  const asked = body['max_tokens'] ?? body['max_completion_tokens'];
  return typeof asked === 'number' && asked > 0 ? asked : 16;
};

/** How a server's answer failed; null for one that is a completion. */
function failureOf(
  { status, body }: HttpResponse,
  server: Server,
): 'serverError' | 'streamError' | 'notFound' | 'terminated' | null {
  if (status >= 500) return server.refusing ? 'terminated' : 'serverError';
  if (status >= 400) return 'notFound';
  return body.startsWith('data: {"error"') ? 'streamError' : null;
}

/** Sends single requests the way of the world's own traffic; they occupy the servers and count as it does. */
export function createGatewayRequests(parts: GatewayParts): (request: GatewayRequest) => GatewayReply {
  // A stream of its own: the world's traffic stays as it is without these.
  const random = parts.traffic.flow.engine.random('gateway requests');
  return (request) => new Journey(parts, random, request).go();
}
