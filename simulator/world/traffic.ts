import type { Backend, Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Gateways } from './gateway.ts';
import type { Pod } from './pod.ts';
import type { Rewrites } from './rewrites.ts';
import { type ProgrammedRule, ruleFor } from './routing.ts';
import { serve } from './serving.ts';
import { createTally, type Tally } from './tally.ts';
import { type FailureRecord, type Flow, fail, intoRule, type Stream, type Stretch } from './traffic-flow.ts';

/** Traffic of all streams through the gateways into the pods, in aggregate. */
export interface Traffic {
  /** Computes everything up to the present. */
  settle(): void;
  /** Called while time passes: keeps the present at most a step behind. */
  passTime(nowMs: number): void;
  /** Somebody looked: keep the steps short for a while. */
  observed(): void;
  /** What was in a process that died. */
  lose(pod: Pod, how: 'killed' | 'terminated'): void;
  readonly streams: readonly Stream[];
  readonly total: Tally;
  readonly failures: readonly FailureRecord[];
  readonly settledMs: number;
  /** For requests that come one by one. */
  readonly flow: Flow;
}

const OBSERVED_MS = 60_000;
const IDLE_STEPS = 10;
/** Pods of one pool. */
const PODS_MAX = 1024;
/** Two looks closer together than this see the same. */
const GLANCE_MS = 500;

function rulesOf(flow: Flow): (ProgrammedRule | null)[][] {
  if (flow.rulesRevision !== flow.gateways.revision) {
    flow.rulesRevision = flow.gateways.revision;
    flow.rules = flow.streams.map(({ parameters, cluster }) =>
      Array.from({ length: flow.gateways.frontEnds(cluster) }, (_, frontEnd) =>
        ruleFor(flow.gateways.programmed(cluster, frontEnd), parameters),
      ),
    );
  }
  return flow.rules;
}

function runStretch(flow: Flow, toMs: number): void {
  const fromMs = flow.lastMs;
  flow.backends.refresh();
  const rules = rulesOf(flow);
  for (let index = 0; index < flow.streams.length; index++) {
    const stream = flow.streams[index];
    const frontEnds = rules[index];
    if (stream === undefined || frontEnds === undefined) continue;
    const stretch: Stretch = { fromMs, toMs, stream: stream.parameters };
    const mean = (stream.parameters.requestsPerSecond * (toMs - fromMs)) / 1000 / frontEnds.length;
    for (const rule of frontEnds) intoRule(flow, stretch, rule, flow.random.poisson(mean));
  }
  const by = { serving: flow.engine.parameters.serving, random: flow.random };
  const stretch = { fromMs, toMs };
  for (const cluster of flow.clusters) {
    for (const pod of cluster.pods.values()) if (pod.server !== null) serve(pod, pod.server, stretch, by);
  }
  flow.lastMs = toMs;
}

/** In steps whose length depends on nothing but when somebody last looked, so that it is all the same how time is asked to pass. */
function runSteps(flow: Flow, nowMs: number): void {
  const { stepMs } = flow.engine.parameters;
  for (;;) {
    const length = flow.lastMs - flow.observedMs < OBSERVED_MS ? stepMs : stepMs * IDLE_STEPS;
    if (nowMs - flow.lastMs < length) return;
    runStretch(flow, flow.lastMs + length);
  }
}

function lose(flow: Flow, pod: Pod, how: 'killed' | 'terminated'): void {
  const { server } = pod;
  if (server === null) return;
  // What came one by one is in the figures, but for their rounding.
  const flights = [...server.flights];
  const inside = Math.max(flights.length, server.running + server.waiting);
  server.running = 0;
  server.waiting = 0;
  if (inside === 0) return;
  let backend: Backend | null = null;
  for (const known of flow.backends.all()) if (known.members.includes(pod)) backend = known;
  const stretch = { fromMs: flow.lastMs, toMs: flow.lastMs + 1 };
  for (const flight of flights) flight.lose(how);
  if (how === 'killed') {
    fail(flow, stretch, backend, { kind: 'reset', count: inside });
    return;
  }
  const streamed = flights.filter((flight) => flight.streamed).length;
  const share = backend?.streamed ?? flow.streams[0]?.parameters.streamed ?? 0;
  const streams = streamed + flow.random.binomial(inside - flights.length, share);
  fail(flow, stretch, backend, { kind: 'streamError', count: streams });
  fail(flow, stretch, backend, { kind: 'terminated', count: inside - streams });
}

export function createTraffic(
  engine: Engine,
  clusters: ReadonlyMap<string, Cluster>,
  parts: { readonly backends: Backends; readonly gateways: Gateways; readonly rewrites?: Rewrites },
): Traffic {
  const streams: Stream[] = [];
  for (const parameters of engine.parameters.traffic) {
    const cluster = clusters.get(parameters.cluster);
    if (cluster !== undefined) streams.push({ parameters, cluster });
  }
  const flow: Flow = {
    engine,
    ...parts,
    rewrites: parts.rewrites ?? null,
    random: engine.random('traffic'),
    names: engine.random('names'),
    streams,
    clusters: [...clusters.values()],
    total: createTally(),
    failures: [],
    lastMs: engine.now(),
    observedMs: Number.NEGATIVE_INFINITY,
    rules: [],
    rulesRevision: -1,
    weights: new Float64Array(PODS_MAX),
  };
  return {
    settle() {
      if (engine.settingUp) return;
      const now = engine.now();
      runSteps(flow, now);
      if (now > flow.lastMs) runStretch(flow, now);
    },
    passTime: (nowMs) => runSteps(flow, nowMs),
    observed() {
      flow.observedMs = engine.now();
      if (engine.now() - flow.lastMs >= GLANCE_MS) this.settle();
    },
    lose: (pod, how) => lose(flow, pod, how),
    streams,
    total: flow.total,
    failures: flow.failures,
    flow,
    get settledMs() {
      return flow.lastMs;
    },
  };
}
