import { answerCompletion, brokenStream, type Completion, readCompletion } from './completions.ts';
import type { Engine } from './engine.ts';
import { type Fields, text } from './fields.ts';
import { adapterSlowness, loadAdapter, weightsOf } from './load-adapter.ts';
import type { Pod } from './pod.ts';
import { prometheusText } from './prometheus-text.ts';
import { hash32, type Random } from './random.ts';
import { httpCounts, type Server, serves } from './server.ts';
import { SERVER_FAMILIES, type ServerMetrics } from './server-metrics.ts';
import { blockedUntilMs, serviceMs } from './serving.ts';
import { warmUp } from './traffic-flow.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Fields;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  /** Time the server takes, milliseconds. */
  readonly ms: number;
}

/** What the model server answers, and when. */
export interface ServerHttp {
  answer(pod: Pod, server: Server, request: HttpRequest): HttpResponse;
  /** As `answer`, and the statistics are left to whoever lets the request join the queue. */
  answerUncounted(pod: Pod, server: Server, request: HttpRequest): HttpResponse;
}

/** Whether a path is answered by the model, not by the process alone. */
export const isCompletion = ({ method, path }: Pick<HttpRequest, 'method' | 'path'>): boolean =>
  method === 'POST' && (path === '/v1/completions' || path === '/v1/chat/completions');

/** What a server says whose engine is gone. */
export const engineDead = (): string => errorBody(500, 'InternalServerError', 'EngineCore', null);

/** A body that is no JSON object. */
export const notJson = (): HttpResponse => ({
  status: 400,
  body: errorBody(
    400,
    'Bad Request',
    "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.0', 'msg': 'JSON decode error'}",
    null,
  ),
  ms: QUICK_MS,
});

/** The content type that vLLM gives to such an answer; null: none. */
export function contentTypeOf(path: string, { status, body }: HttpResponse): string | null {
  if (body.startsWith('data: ')) return 'text/event-stream; charset=utf-8';
  if (body.startsWith('{')) return 'application/json';
  if (status >= 400) return 'text/plain; charset=utf-8';
  return path === '/metrics' ? 'text/plain; version=1.0.0; charset=utf-8' : null;
}

/** What takes no time worth telling. */
export const QUICK_MS = 5;
/** Longer than anybody waits. */
const SILENT_MS = 3_600_000;
/** Reading a small adapter from a disk. */
const LOAD_MS = 500;

function errorBody(status: number, type: string, message: string, param: string | null): string {
  return JSON.stringify({ error: { message, type, param, code: status } });
}

/** What everybody may do with every model. */
const PERMISSION = {
  object: 'model_permission',
  allow_create_engine: false,
  allow_sampling: true,
  allow_logprobs: true,
  allow_search_indices: false,
  allow_view: true,
  allow_fine_tuning: false,
  organization: '*',
  group: null,
  is_blocking: false,
};

function modelList(server: Server, nowMs: number): string {
  const { config } = server;
  const base = config.names[0] ?? config.root;
  const card = (id: string, root: string, parent: string | null): object => ({
    id,
    object: 'model',
    created: Math.floor(nowMs / 1000),
    owned_by: 'vllm',
    root,
    parent,
    max_model_len: parent === null ? config.maxModelLen : null,
    permission: [
      {
        id: `modelperm-${hash32(id).toString(16).padStart(16, '0')}`,
        created: Math.floor(nowMs / 1000),
        ...PERMISSION,
      },
    ],
  });
  const data = [
    ...config.names.map((name) => card(name, config.root, null)),
    ...[...server.adapters].map(([name, path]) => card(name, path, base)),
  ];
  return JSON.stringify({ object: 'list', data });
}

interface Asked {
  readonly engine: Engine;
  readonly random: Random;
  readonly pod: Pod;
  readonly server: Server;
  readonly serial: number;
}

function kindsOf(completion: Completion, server: Server): readonly string[] {
  return [
    completion.stream ? 'stream' : 'plain',
    ...(completion.logprobs !== null || completion.promptLogprobs ? ['logprobs'] : []),
    ...(server.adapters.has(completion.model) ? [`adapter:${completion.model}`] : []),
  ];
}

function complete(asked: Asked, request: HttpRequest): HttpResponse {
  const { engine, server, pod } = asked;
  const { config } = server;
  const now = engine.now();
  const { serving } = engine.parameters;
  const limits = { maxModelLen: config.maxModelLen, defaultModel: config.names[0] ?? config.root };
  const read = readCompletion(request.body, request.path === '/v1/chat/completions', limits);
  if ('status' in read) {
    return {
      status: read.status,
      body: errorBody(read.status, read.type, read.message, read.param),
      ms: QUICK_MS,
    };
  }
  if (!serves(server, read.model)) {
    const message = `The model \`${read.model}\` does not exist. Valid aliases: ${config.names.join(', ')}.`;
    return { status: 404, body: errorBody(404, 'NotFoundError', message, 'model'), ms: QUICK_MS };
  }
  const blocked = Math.max(0, blockedUntilMs(server) - now);
  if (server.refusing || asked.random.uniform() < server.failShare) {
    const inStream = read.stream && !server.refusing && server.failAs === 'streamError';
    if (inStream) return { status: 200, body: brokenStream(), ms: blocked + QUICK_MS };
    return {
      status: 500,
      body: engineDead(),
      ms: blocked + QUICK_MS,
    };
  }
  warmUp(server, kindsOf(read, server), now, serving.firstUseMs);
  const waitMs = Math.max(0, blockedUntilMs(server) - now);
  const slowness = adapterSlowness(server, read.model, engine.parameters.adapterSources);
  const ownMs = Math.round(slowness * serviceMs(pod, server, serving, read.outputTokens));
  if (server.adapters.has(read.model)) server.adapterUse.set(read.model, now);
  const root = weightsOf(server, read.model, engine.parameters.adapterSources);
  return { status: 200, body: answerCompletion(read, root, asked.serial, now), ms: waitMs + ownMs };
}

/** As a validator says that a field is missing. */
const missing = (field: string, body: Fields): string =>
  `1 validation error:\n  {'type': 'missing', 'loc': 'body.${field}', 'msg': 'Field required', 'input': '<dict of ${Object.keys(body).length} items>'}`;

function load({ server, engine }: Asked, body: Fields): HttpResponse {
  const name = text(body['lora_name']);
  const path = text(body['lora_path']);
  const refused = (status: number, type: string, message: string, param: string | null): HttpResponse => ({
    status,
    body: errorBody(status, type, message, param),
    ms: QUICK_MS,
  });
  if (name === undefined) return refused(400, 'Bad Request', missing('lora_name', body), 'body.lora_name');
  if (path === undefined) return refused(400, 'Bad Request', missing('lora_path', body), 'body.lora_path');
  const inPlace = body['load_inplace'] === true;
  const outcome = loadAdapter(server, { name, path, inPlace }, engine.parameters.adapterSources);
  switch (outcome.kind) {
    case 'already': {
      const message = `The lora adapter '${name}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.`;
      return refused(400, 'InvalidUserInput', message, null);
    }
    case 'absent':
      return refused(404, 'NotFoundError', `Loading lora ${name} failed: No adapter found for ${path}`, null);
    case 'rank': {
      const message = `Call to add_lora method failed: Worker failed with error 'LoRA rank ${outcome.rank} is greater than max_lora_rank ${server.config.lora.rankMax}.', please check the stack trace above for the root cause`;
      return refused(500, 'InternalServerError', message, null);
    }
    default:
      return { status: 200, body: `Success: LoRA adapter '${name}' added successfully.`, ms: LOAD_MS };
  }
}

function unload({ server }: Asked, body: Fields): HttpResponse {
  const name = text(body['lora_name']) ?? '';
  if (server.adapters.delete(name)) {
    return { status: 200, body: `Success: LoRA adapter '${name}' removed successfully.`, ms: QUICK_MS };
  }
  const message = `The lora adapter '${name}' cannot be found.`;
  return { status: 404, body: errorBody(404, 'NotFoundError', message, null), ms: QUICK_MS };
}

type Handler = (asked: Asked, request: HttpRequest, metrics: ServerMetrics) => HttpResponse;

const quick = (body: string): HttpResponse => ({ status: 200, body, ms: QUICK_MS });

function metricsPage(asked: Asked, metrics: ServerMetrics): HttpResponse {
  const { metricsPage: page } = asked.server;
  if (page === 'shown') return quick(metricsText(asked, metrics));
  return { status: 500, body: 'Internal Server Error', ms: page === '500' ? QUICK_MS : SILENT_MS };
}

function metricsText(asked: Asked, metrics: ServerMetrics): string {
  const { concurrency } = asked.engine.parameters.serving;
  return prometheusText(
    metrics.samples(asked.server, SERVER_FAMILIES, { concurrency, nowMs: asked.engine.now() }),
  );
}

function tokenize(asked: Asked, request: HttpRequest): HttpResponse {
  const tokens = (text(request.body['prompt']) ?? '').split(/\s+/).filter((word) => word !== '');
  const body = { count: tokens.length, max_model_len: asked.server.config.maxModelLen, token_strs: null };
  return quick(JSON.stringify({ ...body, tokens: tokens.map((token) => token.length * 31) }));
}

const ROUTES: Readonly<Record<string, { readonly method: 'GET' | 'POST'; readonly handle: Handler }>> = {
  '/health': { method: 'GET', handle: () => quick('') },
  '/ping': { method: 'GET', handle: () => quick('') },
  '/version': { method: 'GET', handle: () => quick(JSON.stringify({ version: '0.32.0' })) },
  '/load': { method: 'GET', handle: () => quick(JSON.stringify({ server_load: 0 })) },
  '/v1/models': { method: 'GET', handle: ({ server, engine }) => quick(modelList(server, engine.now())) },
  '/metrics': { method: 'GET', handle: (asked, _request, metrics) => metricsPage(asked, metrics) },
  '/tokenize': { method: 'POST', handle: tokenize },
  '/v1/completions': { method: 'POST', handle: complete },
  '/v1/chat/completions': { method: 'POST', handle: complete },
  '/v1/load_lora_adapter': { method: 'POST', handle: (asked, { body }) => load(asked, body) },
  '/v1/unload_lora_adapter': {
    method: 'POST',
    handle: (asked, { body }) => unload(asked, body),
  },
};

/** Paths that the server's own statistics leave out. */
const UNCOUNTED = new Set(['/health', '/ping', '/version', '/load', '/metrics']);

function count(server: Server, request: HttpRequest, status: number, known: boolean): void {
  if (UNCOUNTED.has(request.path)) return;
  const counts = httpCounts(server, request.method, known ? request.path : 'none');
  if (status < 400) counts.ok++;
  else if (status < 500) counts.client++;
  else counts.server++;
}

const ADAPTER_PATHS = new Set(['/v1/load_lora_adapter', '/v1/unload_lora_adapter']);

/** @param adaptersChanged hears of a pod whose adapters somebody asked to change. */
export function createServerHttp(
  engine: Engine,
  metrics: ServerMetrics,
  adaptersChanged: (pod: Pod) => void = () => undefined,
): ServerHttp {
  const random = engine.random('http');
  let serial = 0;
  const uncounted = (pod: Pod, server: Server, request: HttpRequest, handle: Handler): HttpResponse => {
    const response = handle({ engine, random, pod, server, serial }, request, metrics);
    const hungMs = Math.max(0, server.hungUntilMs - engine.now());
    return { ...response, ms: Math.max(response.ms, hungMs + QUICK_MS) };
  };
  return {
    answerUncounted(pod, server, request) {
      serial++;
      return uncounted(pod, server, request, complete);
    },
    answer(pod, server, request) {
      const route = ROUTES[request.path];
      serial++;
      if (route === undefined) {
        count(server, request, 404, false);
        return { status: 404, body: JSON.stringify({ detail: 'Not Found' }), ms: QUICK_MS };
      }
      if (route.method !== request.method) {
        count(server, request, 405, true);
        return { status: 405, body: JSON.stringify({ detail: 'Method Not Allowed' }), ms: QUICK_MS };
      }
      const response = uncounted(pod, server, request, route.handle);
      count(server, request, response.status, true);
      if (ADAPTER_PATHS.has(request.path)) adaptersChanged(pod);
      return response;
    },
  };
}
