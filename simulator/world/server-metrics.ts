import type { MetricSample } from '../../workflows/ports.ts';
import { FIRST_TOKEN_EDGES } from './first-token.ts';
import { slotsOf } from './load-adapter.ts';
import { baseName, type Server } from './server.ts';

type Labels = Readonly<Record<string, string>>;

/** Label sets of one model name: made once, used for each scrape. */
interface LabelSets {
  readonly plain: Labels;
  readonly reasons: readonly (readonly [reason: keyof Server['counters']['success'], labels: Labels])[];
  readonly edges: readonly Labels[];
}

const REASONS = ['stop', 'length', 'abort', 'error', 'repetition'] as const;

function labelSets(model: string): LabelSets {
  const plain = { engine: '0', model_name: model };
  return {
    plain,
    reasons: REASONS.map((reason) => [reason, { engine: '0', finished_reason: reason, model_name: model }]),
    edges: [...FIRST_TOKEN_EDGES, '+Inf'].map((le) => ({ engine: '0', le, model_name: model })),
  };
}

type Emit = (name: string, labels: Labels, value: number) => void;

/** Label sets of one path and method, by class of status. */
interface HttpLabels {
  readonly ok: Labels;
  readonly client: Labels;
  readonly server: Labels;
}

type Http = Server['counters']['http'] extends ReadonlyMap<string, infer Counts> ? Counts : never;

function httpLabels({ handler, method }: Http): HttpLabels {
  const of = (status: string): Labels => ({ handler, method, status });
  return { ok: of('2xx'), client: of('4xx'), server: of('5xx') };
}

function httpRequests(server: Server, emit: Emit, known: WeakMap<Http, HttpLabels>): void {
  for (const counts of server.counters.http.values()) {
    let labels = known.get(counts);
    if (labels === undefined) {
      labels = httpLabels(counts);
      known.set(counts, labels);
    }
    if (counts.ok > 0) emit('http_requests_total', labels.ok, counts.ok);
    if (counts.client > 0) emit('http_requests_total', labels.client, counts.client);
    if (counts.server > 0) emit('http_requests_total', labels.server, counts.server);
  }
}

function firstTokens(server: Server, emit: Emit, sets: LabelSets): void {
  const { counts, count, sumMs } = server.counters.firstToken;
  let below = 0;
  for (let index = 0; index < sets.edges.length; index++) {
    below += counts[index] ?? 0;
    const labels = sets.edges[index];
    if (labels !== undefined) emit('vllm:time_to_first_token_seconds_bucket', labels, below);
  }
  emit('vllm:time_to_first_token_seconds_count', sets.plain, count);
  emit('vllm:time_to_first_token_seconds_sum', sets.plain, sumMs / 1000);
}

/** A series for each state that was ever seen, and its value is when: the newest one is the present. */
function loraInfo(server: Server, emit: Emit, nowMs: number): void {
  const { lora } = server.config;
  if (!lora.enabled) return;
  const slots = slotsOf(server, nowMs);
  const [running, waiting] = [slots.running.join(','), slots.waiting.join(',')];
  server.loraInfo.set(`${running}/${waiting}`, { running, waiting, atMs: nowMs });
  for (const info of server.loraInfo.values()) {
    const labels = {
      max_lora: String(lora.slots),
      running_lora_adapters: info.running,
      waiting_lora_adapters: info.waiting,
    };
    emit('vllm:lora_requests_info', labels, info.atMs / 1000);
  }
}

/** The metric families of vLLM 0.32.0 that the world computes. */
export const SERVER_FAMILIES = [
  'http_requests_total',
  'vllm:num_requests_running',
  'vllm:num_requests_waiting',
  'vllm:kv_cache_usage_perc',
  'vllm:request_success_total',
  'vllm:time_to_first_token_seconds',
  'vllm:prompt_tokens_total',
  'vllm:generation_tokens_total',
  'vllm:lora_requests_info',
] as const;

export interface ServerMetrics {
  /** Samples of the families that are asked for, in the order of `SERVER_FAMILIES`. */
  samples(
    server: Server,
    families: readonly string[],
    at: { readonly concurrency: number; readonly nowMs: number },
  ): readonly MetricSample[];
}

export function createServerMetrics(): ServerMetrics {
  const sets = new Map<string, LabelSets>();
  const http = new WeakMap<Http, HttpLabels>();
  const setsOf = (model: string): LabelSets => {
    const known = sets.get(model) ?? labelSets(model);
    sets.set(model, known);
    return known;
  };
  return {
    samples(server, families, { concurrency, nowMs }) {
      const found: MetricSample[] = [];
      const emit: Emit = (name, labels, value) => {
        found.push({ name, labels, value });
      };
      const of = setsOf(baseName(server));
      const asked = (family: (typeof SERVER_FAMILIES)[number]): boolean => families.includes(family);
      if (asked('http_requests_total')) httpRequests(server, emit, http);
      if (asked('vllm:num_requests_running')) emit('vllm:num_requests_running', of.plain, server.running);
      if (asked('vllm:num_requests_waiting')) emit('vllm:num_requests_waiting', of.plain, server.waiting);
      if (asked('vllm:kv_cache_usage_perc')) {
        emit('vllm:kv_cache_usage_perc', of.plain, Math.min(1, server.running / concurrency));
      }
      if (asked('vllm:request_success_total')) {
        for (const [reason, labels] of of.reasons) {
          emit('vllm:request_success_total', labels, server.counters.success[reason]);
        }
      }
      if (asked('vllm:time_to_first_token_seconds')) firstTokens(server, emit, of);
      if (asked('vllm:prompt_tokens_total')) {
        emit('vllm:prompt_tokens_total', of.plain, server.counters.promptTokens);
      }
      if (asked('vllm:generation_tokens_total')) {
        emit('vllm:generation_tokens_total', of.plain, server.counters.generationTokens);
      }
      if (asked('vllm:lora_requests_info')) loraInfo(server, emit, nowMs);
      return found;
    },
  };
}
