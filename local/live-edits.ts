import type { RolloutSpec, RungSpec } from '../workflows/spec/rollout-spec.ts';
import type { FileEdit } from './scenarios.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** All bakes together, virtual: at sixty times the wall's pace that is what somebody looks on for. */
const LADDER_MAX_MS = 30 * MINUTE_MS;
/** Settling, warming up, and some evidence after it. */
const BAKE_MIN_MS = 5 * MINUTE_MS;
const WAIT_MAX_MS = 5 * MINUTE_MS;
const SETTLE_MAX_MS = 30 * SECOND_MS;
const WARM_UP_MAX_MS = MINUTE_MS;

const seconds = (ms: number): string => `${Math.floor(ms / SECOND_MS)}s`;

/** Bakes in the file's proportions that fit into the ladder's time; never longer than they are. */
const shortBakes = (ladder: readonly RungSpec[]): readonly number[] => {
  const totalMs = ladder.reduce((sum, { bakeMs }) => sum + bakeMs, 0);
  if (totalMs <= LADDER_MAX_MS) return ladder.map(({ bakeMs }) => bakeMs);
  const leastMs = Math.min(BAKE_MIN_MS, LADDER_MAX_MS / ladder.length);
  const spareMs = LADDER_MAX_MS - leastMs * ladder.length;
  return ladder.map(({ bakeMs }) => Math.min(bakeMs, leastMs + (spareMs * bakeMs) / totalMs));
};

/**
 * What a live demo changes in the rollout file so that it ends in a minute and a half at sixty times the wall's pace: a
 * ladder of at most 30 virtual minutes, retention and `after.newPods` (`after.newAdapter`) of at most 5 each.
 */
export const liveEdits = (spec: RolloutSpec): readonly FileEdit[] => {
  const bakes = shortBakes(spec.ladder);
  const { pacing, retention, rollback } = spec;
  return [
    {
      path: ['spec', 'ladder'],
      value: spec.ladder.map(({ sharePercent, approval }, index) => ({
        share: sharePercent,
        bake: seconds(bakes[index] ?? BAKE_MIN_MS),
        ...(approval ? { approval } : {}),
      })),
    },
    { path: ['spec', 'pacing', 'settle'], value: seconds(Math.min(pacing.settleMs, SETTLE_MAX_MS)) },
    { path: ['spec', 'pacing', 'warmUp'], value: seconds(Math.min(pacing.warmUpMs, WARM_UP_MAX_MS)) },
    { path: ['spec', 'retention', 'old'], value: seconds(Math.min(retention.oldMs, WAIT_MAX_MS)) },
    {
      path: ['spec', 'rollback', 'after', spec.adapter === null ? 'newPods' : 'newAdapter'],
      value: seconds(Math.min(rollback.afterNewPodsMs, WAIT_MAX_MS)),
    },
  ];
};
