import type { AskResult, ModelServersPort, PodTarget, ScrapeResult } from '../../workflows/ports.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Handled, Handlers } from './handlers.ts';
import { pickerPage, pickerSamples } from './picker-metrics.ts';
import type { Pod } from './pod.ts';
import { listensOn, podNamed } from './pod-ports.ts';
import type { ServerHttp } from './server-http.ts';
import type { ServerMetrics } from './server-metrics.ts';
import type { Traffic } from './traffic.ts';

interface ModelsParts {
  readonly engine: Engine;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly traffic: Traffic;
  readonly metrics: ServerMetrics;
  readonly http: ServerHttp;
  /** Whether the caller may use `pods/proxy` in a namespace. */
  mayProxy(cluster: Cluster, namespace: string): boolean;
}

type Reached = { readonly pod: Pod } | { readonly why: string; readonly hung: boolean };

const REFUSED = 'error trying to reach service: connect: connection refused';

function reach(parts: ModelsParts, name: string, namespace: string, target: PodTarget): Reached {
  const cluster = parts.clusters.get(name);
  if (cluster === undefined) return { why: `no such cluster: ${name}`, hung: true };
  if (parts.engine.now() < cluster.unreachableUntilMs) return { why: 'dial tcp: i/o timeout', hung: true };
  if (!parts.mayProxy(cluster, namespace)) return { why: `pods "${target.pod}" is forbidden`, hung: false };
  const pod = podNamed(cluster, namespace, target.pod);
  if (pod === undefined) return { why: `pods "${target.pod}" not found`, hung: false };
  return listensOn(pod, target.port) ? { pod } : { why: REFUSED, hung: false };
}

function scrapeOne(
  parts: ModelsParts,
  reached: Reached,
  families: readonly string[],
): ScrapeResult | 'hangs' {
  if ('why' in reached) return reached.hung ? 'hangs' : { kind: 'unanswered', why: reached.why };
  const { pod } = reached;
  if (pod.role.kind === 'picker') {
    if (pod.role.metricsAuth) return { kind: 'answered', status: 401, samples: [] };
    return { kind: 'answered', status: 200, samples: pickerSamples(pod, families) };
  }
  const { server } = pod;
  if (server === null) return { kind: 'unanswered', why: REFUSED };
  if (server.hungUntilMs > parts.engine.now() || server.metricsPage === 'silent') return 'hangs';
  if (server.metricsPage === '500') return { kind: 'answered', status: 500, samples: [] };
  const at = { concurrency: parts.engine.parameters.serving.concurrency, nowMs: parts.engine.now() };
  return { kind: 'answered', status: 200, samples: parts.metrics.samples(server, families, at) };
}

type ScrapeCall = Parameters<ModelServersPort['scrape']>[0];
type AskCall = Parameters<ModelServersPort['ask']>[0];

/** Pods are asked in parallel: the call takes as long as the slowest. A pod that wakes in time still answers. */
function scrape(parts: ModelsParts, call: ScrapeCall): Handled<readonly ScrapeResult[]> {
  parts.traffic.observed();
  let tookMs = parts.engine.drawQuietly('scrape');
  const value = call.targets.map((target): ScrapeResult => {
    const result = scrapeOne(parts, reach(parts, call.cluster, call.namespace, target), call.families);
    if (result !== 'hangs') return result;
    tookMs = Math.max(tookMs, call.timeoutMs);
    return { kind: 'unanswered', why: `no answer within ${call.timeoutMs} ms` };
  });
  return { value, tookMs };
}

function ask(parts: ModelsParts, call: AskCall): Handled<AskResult> {
  const wayMs = parts.engine.drawQuietly('scrape');
  const unanswered = (why: string, tookMs: number): Handled<AskResult> => ({
    value: { kind: 'unanswered', why },
    tookMs,
  });
  const reached = reach(parts, call.cluster, call.namespace, call.target);
  if ('why' in reached) return unanswered(reached.why, reached.hung ? call.timeoutMs : wayMs);
  const { pod } = reached;
  if (pod.server === null) {
    const { status, body } = pickerPage(pod);
    return { value: { kind: 'answered', status, body, elapsedMs: wayMs }, tookMs: wayMs };
  }
  // What the request does to the server must find the queue as it is now.
  parts.traffic.settle();
  const { status, body, ms } = parts.http.answer(pod, pod.server, {
    method: call.method,
    path: call.path,
    body: call.body ?? {},
  });
  const elapsedMs = ms + wayMs;
  if (elapsedMs > call.timeoutMs) return unanswered(`no answer within ${call.timeoutMs} ms`, call.timeoutMs);
  return { value: { kind: 'answered', status, body, elapsedMs }, tookMs: elapsedMs };
}

export function modelsHandlers(parts: ModelsParts): Handlers<ModelServersPort> {
  return { scrape: (call) => scrape(parts, call), ask: (call) => ask(parts, call) };
}
