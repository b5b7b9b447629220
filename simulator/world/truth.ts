import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { NodePool } from '../../workflows/ports.ts';
import type { ActRecord, Acts } from './act-runner.ts';
import type { Backend, Backends } from './backends.ts';
import { type CarrierTruth, type CarrierWrite, carrierTruths } from './carrier-truth.ts';
import { type Cluster } from './cluster.ts';
import { type DrawnDuration, type Engine, unionMs } from './engine.ts';
import { at, items, number, text } from './fields.ts';
import type { Gateways } from './gateway.ts';
import type { Caller, WriteRecord } from './kubernetes/types.ts';
import type { AbsenceAlarm, Monitoring } from './monitoring.ts';
import type { PodStage } from './pod.ts';
import type { NameTally } from './requests-by-name.ts';
import { HTTP_ROUTE } from './resources.ts';
import type { Rewrites } from './rewrites.ts';
import type { ProgrammedRoute } from './routing.ts';
import { type FailureKind, tallied } from './tally.ts';
import type { Traffic } from './traffic.ts';
import type { FailureRecord } from './traffic-flow.ts';

/** Client-side truth: every request that was sent and how it ended. Requests in flight are in `total` and not yet failed. */
interface RequestTotals {
  readonly total: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly byKind: Readonly<Partial<Record<FailureKind, number>>>;
}

export interface PoolTruth extends RequestTotals {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly pods: number;
  readonly inRotation: number;
  readonly pickerUp: boolean;
  /** Its requests by the name that was asked for and the target that it became. */
  readonly names: readonly NameTally[];
}

/** The weights of one rule, by backend name: three clocks. */
export interface RuleWeights {
  readonly stored: Readonly<Record<string, number>>;
  /** By the first front end. */
  readonly programmed: Readonly<Record<string, number>>;
  /** Part of the requests over the last minute, percent; null where nothing was sent. */
  readonly measuredPercent: Readonly<Record<string, number>> | null;
}

interface RouteTruth {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly RuleWeights[];
}

export interface PodTruth {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly stage: PodStage;
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly restarts: number;
  readonly running: number;
  readonly waiting: number;
  readonly node: string | null;
  /** Adapters in its process, name to source. */
  readonly adapters: Readonly<Record<string, string>>;
}

/** One accepted write to an HTTPRoute that changed more than its status. */
export interface RouteWrite {
  readonly atMs: number;
  readonly cluster: string;
  readonly caller: Caller;
  readonly verb: WriteRecord['verb'];
  readonly before: KubeObject | null;
  readonly after: KubeObject | null;
}

export interface Truth {
  /** Traffic is computed up to here; `settle` brings it to the present. */
  readonly asOfMs: number;
  readonly requests: RequestTotals;
  readonly pools: readonly PoolTruth[];
  readonly routes: readonly RouteTruth[];
  /** What InferenceModelRewrites and InferenceModels say of names. */
  readonly carriers: readonly CarrierTruth[];
  readonly pods: readonly PodTruth[];
  readonly nodePools: Readonly<Record<string, readonly NodePool[]>>;
  readonly routeWrites: readonly RouteWrite[];
  readonly carrierWrites: readonly CarrierWrite[];
  readonly failures: readonly FailureRecord[];
  readonly acts: readonly ActRecord[];
  readonly alarms: readonly AbsenceAlarm[];
  readonly drawn: readonly DrawnDuration[];
  /** Length of the union of all drawn durations: what ran side by side counts once. */
  readonly drawnDurationsMs: number;
}

interface TruthParts {
  readonly engine: Engine;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly backends: Backends;
  readonly gateways: Gateways;
  readonly traffic: Traffic;
  readonly monitoring: Monitoring;
  readonly acts: Acts;
  readonly routeWrites: readonly RouteWrite[];
  readonly carrierWrites: readonly CarrierWrite[];
  readonly rewrites: Rewrites;
}

const MEASURED_MS = 60_000;

const inside = (backend: Backend): number =>
  backend.members.reduce(
    (sum, { server }) => sum + (server === null ? 0 : server.running + server.waiting),
    0,
  );

function poolTruth(backend: Backend): PoolTruth {
  return {
    cluster: backend.cluster.name,
    namespace: backend.namespace,
    name: backend.name,
    total: backend.tally.requests,
    failed: backend.tally.failed,
    inFlight: inside(backend),
    byKind: backend.tally.byKind,
    pods: backend.members.length,
    inRotation: backend.rotation.length,
    pickerUp: backend.pickerUp,
    names: [...backend.names.values()].map(({ recent: _cells, ...tally }) => tally),
  };
}

function measured(backends: readonly Backend[], nowMs: number): Readonly<Record<string, number>> | null {
  const sent = backends.map(({ tally, name }) => ({
    name,
    requests: tallied(tally, nowMs - MEASURED_MS, nowMs).requests,
  }));
  const total = sent.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) return null;
  return Object.fromEntries(sent.map(({ name, requests }) => [name, (100 * requests) / total]));
}

function programmedRoute(
  parts: TruthParts,
  cluster: Cluster,
  route: KubeObject,
): ProgrammedRoute | undefined {
  for (const found of parts.gateways.programmed(cluster, 0)) {
    if (found.namespace === route.metadata.namespace && found.name === route.metadata.name) return found;
  }
  return undefined;
}

function routeTruth(parts: TruthParts, cluster: Cluster, route: KubeObject): RouteTruth {
  const programmed = programmedRoute(parts, cluster, route);
  const rules = items(at(route, 'spec', 'rules')).map((rule, index): RuleWeights => {
    const stored: Record<string, number> = {};
    for (const ref of items(rule['backendRefs']))
      stored[text(ref['name']) ?? ''] = number(ref['weight']) ?? 1;
    const obeyed: Record<string, number> = {};
    const backends: Backend[] = [];
    for (const entry of programmed?.rules[index]?.backends ?? []) {
      obeyed[entry.name] = entry.weight;
      if (entry.backend !== null) backends.push(entry.backend);
    }
    return { stored, programmed: obeyed, measuredPercent: measured(backends, parts.traffic.settledMs) };
  });
  const { namespace = 'default', name } = route.metadata;
  return { cluster: cluster.name, namespace, name, rules };
}

function podTruths(cluster: Cluster): readonly PodTruth[] {
  return [...cluster.pods.values()].map((pod) => ({
    cluster: cluster.name,
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    stage: pod.stage,
    ready: pod.ready,
    deleting: pod.deleting,
    restarts: pod.restarts,
    running: pod.server?.running ?? 0,
    waiting: pod.server?.waiting ?? 0,
    node: pod.node?.name ?? null,
    adapters: Object.fromEntries(pod.server?.adapters ?? []),
  }));
}

/** The pools of a namespace, without all the rest. */
export function poolsOf(
  parts: Pick<TruthParts, 'backends'>,
  cluster: string,
  namespace: string,
): PoolTruth[] {
  parts.backends.refresh();
  return [...parts.backends.all()]
    .filter((backend) => backend.cluster.name === cluster && backend.namespace === namespace)
    .map(poolTruth);
}

/** What is so, whatever anybody believes. */
export function truthOf(parts: TruthParts): Truth {
  const { traffic, engine, monitoring } = parts;
  parts.backends.refresh();
  const backends = [...parts.backends.all()];
  const clusters = [...parts.clusters.values()];
  return {
    asOfMs: traffic.settledMs,
    requests: {
      total: traffic.total.requests,
      failed: traffic.total.failed,
      inFlight: backends.reduce((sum, backend) => sum + inside(backend), 0),
      byKind: { ...traffic.total.byKind },
    },
    pools: backends.map(poolTruth),
    routes: clusters.flatMap((cluster) =>
      cluster.kube.all(HTTP_ROUTE).map((route) => routeTruth(parts, cluster, route)),
    ),
    carriers: clusters.flatMap((cluster) => carrierTruths(cluster, { ...parts, nowMs: traffic.settledMs })),
    pods: clusters.flatMap(podTruths),
    nodePools: Object.fromEntries(clusters.map(({ name, nodePools }) => [name, [...nodePools.values()]])),
    routeWrites: parts.routeWrites,
    carrierWrites: parts.carrierWrites,
    failures: traffic.failures,
    acts: parts.acts.done,
    alarms: monitoring.alarms,
    drawn: engine.drawn,
    drawnDurationsMs: unionMs(engine.drawn),
  };
}
