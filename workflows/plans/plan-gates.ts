/** Which gates take part, and the limits that depend on the old side. */
import { GATES_OF_TYPE, JUDGES, TRIPWIRES } from '../spec/gate-names.ts';
import type { LatencyObjective } from '../spec/rollout-spec.ts';
import { RELATIVE_OLD_SHARE_MIN_PERCENT } from '../steps/gates/judges.ts';
import { snapTtftEdge, TTFT_EDGES_VLLM } from '../steps/pod-metrics.ts';
import type { GatePlan } from './plan.ts';
import type { Survey } from './survey.ts';

/** Requests of the new side that a judge needs; `adapter.errors` counts our own probes. */
const SAMPLES_MIN = { errors: 200, 'ttft.slo': 300, 'adapter.errors': 30, 'adapter.duration': 200 } as const;

/** Below it the new version's own answers are too few and too cold to be timed. */
const DURATION_SHARE_MIN_PERCENT = 5;

/** Below this many requests the old side's own latency promises nothing. */
const OLD_SAMPLES_MIN = 1000;
const AT_MOST_DEFAULT = 0.05;

interface AdapterFacts {
  /** Adapters that the pods compute with at once; null: not known. */
  readonly slots: number | null;
  /** The pickers' counters by target can be read. */
  readonly hasDurations: boolean;
}

/** @param facts of a rollout of an adapter. */
export const planGates = (survey: Survey, facts: AdapterFacts | null = null): GatePlan => {
  const { gatesOff, gateMinSamples, objectives, type } = survey.spec;
  const edges = survey.observed.oldTtft?.edges ?? TTFT_EDGES_VLLM;
  const hasTtft = GATES_OF_TYPE[type].includes('ttft.slo') && !gatesOff.includes('ttft.slo');
  const ttft = hasTtft ? (objectives.ttft ?? ownLatency(survey)) : null;
  const edgeSeconds = ttft === null ? null : snapTtftEdge(ttft.overMs / 1000, edges);
  return {
    tripwires: TRIPWIRES.filter((name) => GATES_OF_TYPE[type].includes(name) && !gatesOff.includes(name)),
    errors: {
      ratioMax: objectives.errorRatio,
      samplesMin: gateMinSamples['errors'] ?? SAMPLES_MIN.errors,
    },
    ttft:
      ttft === null || edgeSeconds === null
        ? null
        : { ...ttft, edgeSeconds, samplesMin: gateMinSamples['ttft.slo'] ?? SAMPLES_MIN['ttft.slo'] },
    ...(facts === null ? {} : { adapter: planAdapterGates(survey, facts) }),
  };
};

const planAdapterGates = (
  { spec: { gatesOff, gateMinSamples } }: Survey,
  { slots, hasDurations }: AdapterFacts,
): NonNullable<GatePlan['adapter']> => ({
  samplesMin: gateMinSamples['adapter.errors'] ?? SAMPLES_MIN['adapter.errors'],
  ...(hasDurations && !gatesOff.includes('adapter.duration')
    ? { durationSamplesMin: gateMinSamples['adapter.duration'] ?? SAMPLES_MIN['adapter.duration'] }
    : {}),
  slots,
});

/** Judges that speak at the end of a rung: all but one apply at every share. */
export const planJudges = (survey: Survey, gates: GatePlan, sharePercent: number): readonly string[] =>
  JUDGES.filter(
    (name) =>
      GATES_OF_TYPE[survey.spec.type].includes(name) &&
      !survey.spec.gatesOff.includes(name) &&
      (name !== 'ttft.slo' || gates.ttft !== null) &&
      (name !== 'adapter.duration' || comparesDurations(gates, sharePercent)),
  );

/** Both versions must be asked for: at 100 % there is nothing to compare with. */
const comparesDurations = ({ adapter }: GatePlan, sharePercent: number): boolean =>
  adapter?.durationSamplesMin !== undefined &&
  sharePercent >= DURATION_SHARE_MIN_PERCENT &&
  100 - sharePercent >= RELATIVE_OLD_SHARE_MIN_PERCENT;

/**
 * Without an objective, a node rollout is held to the old side's own latency: the smallest edge that at most half of
 * the allowed proportion exceeds today, so that an equal new side does not live on the limit. Edges are coarse, so the
 * same cluster gives the same plan. Another model has other latencies: nothing is promised for it.
 */
const ownLatency = (survey: Survey): LatencyObjective | null => {
  const { oldTtft } = survey.observed;
  if (survey.spec.type !== 'node' || oldTtft === null || oldTtft.count < OLD_SAMPLES_MIN) return null;
  const wanted = oldTtft.count * (1 - AT_MOST_DEFAULT / 2);
  const index = oldTtft.cumulative.findIndex((count) => count >= wanted);
  const edge = oldTtft.edges[index];
  return edge === undefined ? null : { overMs: Math.round(edge * 1000), atMost: AT_MOST_DEFAULT };
};
