import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import { refsOf } from './rollout-end.ts';
import { NEW_POOL } from './simulated-rollout.ts';

/** When the first act of the world happened, ms since 1970. */
export const actedAtMs = (cloud: SimulatedCloud): number => {
  const [first] = cloud.world.truth().acts;
  if (first === undefined) throw new Error('nothing was done to the world');
  return first.atMs;
};

/** From a time to the first write that leaves the new side without weight, virtual ms; null: there was none. */
export const writtenBackMs = (cloud: SimulatedCloud, sinceMs: number): number | null => {
  const write = cloud.world.truth().routeWrites.find(({ atMs, after }) => {
    if (atMs < sinceMs || after === null) return false;
    return refsOf(after).every(({ name, weight }) => name !== NEW_POOL || weight === 0);
  });
  return write === undefined ? null : write.atMs - sinceMs;
};
