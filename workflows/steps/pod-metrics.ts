/**
 * A model server's metrics as counters. Names as vLLM 0.6 to 0.32 exports them; every series is summed over
 * `engine` (data-parallel ranks) and `model_name`, since a pod is the smallest thing that traffic is sent to.
 */
import type { MetricSample } from '../ports.ts';
import type { Look, PodCounters } from './observation.ts';

const HTTP_REQUESTS = 'http_requests_total';
const RUNNING = 'vllm:num_requests_running';
const WAITING = 'vllm:num_requests_waiting';
/** With OpenMetrics negotiation the family is named without `_total`; the samples carry it. */
const FINISHED = 'vllm:request_success_total';
const FINISHED_BARE = 'vllm:request_success';
const TTFT = 'vllm:time_to_first_token_seconds';
const LORAS = 'vllm:lora_requests_info';

/** What every look asks for: small enough for one every two seconds. */
export const LOOK_FAMILIES: readonly string[] = [HTTP_REQUESTS, FINISHED, FINISHED_BARE, RUNNING, WAITING];

/** What the look of a full minute asks for: the histogram of the time to first token too. */
export const MINUTE_FAMILIES: readonly string[] = [...LOOK_FAMILIES, TTFT];

/** What looks ask for besides, in rollouts of an adapter. */
export const ADAPTER_FAMILIES: readonly string[] = [LORAS];

/** POST paths below /v1 that are no inference: operators' calls are no users' requests. */
const NOT_INFERENCE = /lora_adapter$/;

const isInference = (labels: MetricSample['labels']): boolean => {
  const handler = labels['handler'];
  if (handler === undefined) return true;
  if ((labels['method'] ?? 'POST') !== 'POST') return false;
  return handler.startsWith('/v1/') && !NOT_INFERENCE.test(handler);
};

interface Sums {
  sawServer: boolean;
  sawHttp: boolean;
  requests: number;
  failures5xx: number;
  failures4xx: number;
  finished: number;
  streamErrors: number;
  running: number;
  waiting: number;
  ttftCount: number;
  ttftInfinity: number;
  buckets: Map<number, number> | null;
  loras: MetricSample | null;
  /** A value that no counter has: the page says nothing, for what it leaves out may be the failures. */
  isRubbish: boolean;
  isTtftRubbish: boolean;
}

/** Sums of thousands of these are still exact; beyond is no count of anything. */
const COUNT_MAX = 1e12;

const isCount = (value: number): boolean => value >= 0 && value <= COUNT_MAX;

const addHttp = (sums: Sums, sample: MetricSample): void => {
  sums.sawHttp = true;
  if (!isInference(sample.labels)) return;
  sums.requests += sample.value;
  // `5xx` as vLLM groups them, `503` where grouping is off.
  const status = (sample.labels['status'] ?? sample.labels['code'] ?? '').charAt(0);
  if (status === '5') sums.failures5xx += sample.value;
  else if (status === '4') sums.failures4xx += sample.value;
};

const addFinished = (sums: Sums, sample: MetricSample): void => {
  sums.finished += sample.value;
  if (sample.labels['finished_reason'] === 'error') sums.streamErrors += sample.value;
};

const addTtft = (sums: Sums, sample: MetricSample): void => {
  if (!isCount(sample.value)) sums.isTtftRubbish = true;
  else if (sample.name === `${TTFT}_count`) sums.ttftCount += sample.value;
  else addBucket(sums, sample);
};

const addBucket = (sums: Sums, sample: MetricSample): void => {
  const label = sample.labels['le'] ?? '';
  const edge = label === '' ? Number.NaN : Number(label);
  sums.buckets ??= new Map();
  if (Number.isFinite(edge)) sums.buckets.set(edge, (sums.buckets.get(edge) ?? 0) + sample.value);
  else if (/^\+?inf$/i.test(label)) sums.ttftInfinity += sample.value;
  else sums.isTtftRubbish = true;
};

/** One series for each state that ever was, its time as the value: the latest is how it stands. */
const addLoras = (sums: Sums, sample: MetricSample): void => {
  if (sums.loras === null || sample.value > sums.loras.value) sums.loras = sample;
};

/** An adapter that runs and has requests waiting waits for no slot. */
const lorasOf = ({ loras }: Sums): Pick<PodCounters, 'loras'> => {
  const max = Number(loras?.labels['max_lora']);
  if (loras === null || !Number.isSafeInteger(max) || max <= 0) return {};
  const names = (label: string): readonly string[] =>
    (loras.labels[label] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  const running = new Set(names('running_lora_adapters'));
  const waiting = new Set(names('waiting_lora_adapters').filter((name) => !running.has(name)));
  return { loras: { running: running.size, waiting: waiting.size, max } };
};

const COUNTED: ReadonlySet<string> = new Set([RUNNING, WAITING, HTTP_REQUESTS, FINISHED]);

const add = (sums: Sums, sample: MetricSample): void => {
  if (COUNTED.has(sample.name) && !isCount(sample.value)) {
    sums.isRubbish = true;
    return;
  }
  switch (sample.name) {
    case RUNNING:
      sums.sawServer = true;
      sums.running += sample.value;
      return;
    case WAITING:
      sums.waiting += sample.value;
      return;
    case HTTP_REQUESTS:
      addHttp(sums, sample);
      return;
    case FINISHED:
      addFinished(sums, sample);
      return;
    case `${TTFT}_bucket`:
    case `${TTFT}_count`:
      addTtft(sums, sample);
      return;
    case LORAS:
      addLoras(sums, sample);
      return;
    default:
  }
};

const histogram = (sums: Sums): PodCounters['ttft'] => {
  const { buckets } = sums;
  if (buckets === null || sums.isTtftRubbish) return null;
  const edges = [...buckets.keys()].sort((one, other) => one - other);
  const cumulative = edges.map((edge) => buckets.get(edge) ?? 0);
  const count = sums.ttftCount > 0 ? sums.ttftCount : sums.ttftInfinity;
  // Each bucket holds the one before it, and all answers hold every bucket.
  const isCumulative = cumulative.every((value, index) => value <= (cumulative[index + 1] ?? count));
  return isCumulative ? { edges, cumulative, count } : null;
};

/**
 * Each series once. A page may not name one twice (Prometheus text format); one that does, because two exporters or a
 * proxy joined their answers, would double every counter, and the next honest page would look like a restart.
 */
const once = (samples: readonly MetricSample[]): readonly MetricSample[] => {
  const seen = new Set<string>();
  return samples.filter((sample) => {
    const before = seen.size;
    return seen.add(seriesOf(sample)).size > before;
  });
};

/** Name and labels in one text: what they are made of holds no NUL. Written at each look, for each line. */
const seriesOf = ({ name, labels }: MetricSample): string => {
  let series = name;
  for (const key in labels) series += `\u0000${key}\u0000${labels[key]}`;
  return series;
};

/**
 * Counters out of one scrape; null when this is not the metrics page of a model server (then nothing is known,
 * which is not the same as nothing having happened).
 *
 * Where the HTTP counters are absent (servers started without the HTTP middleware), finished requests of the
 * engine stand in for them: their failures are then only those that the engine knows of.
 */
export const podCounters = (samples: readonly MetricSample[]): PodCounters | null => {
  const sums: Sums = {
    sawServer: false,
    sawHttp: false,
    requests: 0,
    failures5xx: 0,
    failures4xx: 0,
    finished: 0,
    streamErrors: 0,
    running: 0,
    waiting: 0,
    ttftCount: 0,
    ttftInfinity: 0,
    buckets: null,
    loras: null,
    isRubbish: false,
    isTtftRubbish: false,
  };
  for (const sample of once(samples)) add(sums, sample);
  if (!sums.sawServer || sums.isRubbish) return null;
  return {
    requests: sums.sawHttp ? sums.requests : sums.finished,
    failures5xx: sums.failures5xx,
    failures4xx: sums.failures4xx,
    streamErrors: sums.streamErrors,
    running: sums.running,
    waiting: sums.waiting,
    ttft: histogram(sums),
    ...lorasOf(sums),
  };
};

/**
 * The look with nothing of the histograms but the edge that is judged (the smallest not below `edgeSeconds`): all that
 * evidence, judges and a replay read of them. Two dozen edges per pod and minute would be most of the journal.
 */
export const atJudgedEdge = (look: Look, edgeSeconds: number | null): Look => ({
  ...look,
  pods: look.pods.map((pod) =>
    pod.counters === null || pod.counters.ttft === null
      ? pod
      : { ...pod, counters: { ...pod.counters, ttft: oneEdge(pod.counters.ttft, edgeSeconds) } },
  ),
});

const oneEdge = (ttft: NonNullable<PodCounters['ttft']>, edgeSeconds: number | null): PodCounters['ttft'] => {
  const index = edgeSeconds === null ? -1 : ttft.edges.findIndex((edge) => edge >= edgeSeconds);
  const edge = ttft.edges[index];
  const within = ttft.cumulative[index];
  if (edge === undefined || within === undefined) return null;
  return { edges: [edge], cumulative: [within], count: ttft.count };
};

/** Upper edges of vLLM's TTFT histogram, seconds (read from vLLM 0.32.0; the same since 0.6 up to 10 s). */
export const TTFT_EDGES_VLLM: readonly number[] = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];

/**
 * The edge at which an objective of `overSeconds` can be judged: the smallest that is not below it, because a
 * histogram knows nothing between its edges. null when the objective lies beyond the last edge.
 */
export const snapTtftEdge = (overSeconds: number, edges: readonly number[]): number | null => {
  let best: number | null = null;
  for (const edge of edges) if (edge >= overSeconds && (best === null || edge < best)) best = edge;
  return best;
};
