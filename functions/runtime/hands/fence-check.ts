import type { Ports } from '../../../workflows/ports.ts';
import type { RolloutDocument } from '../../../workflows/rollout/stored.ts';
import type { Job } from './hand.ts';

/**
 * Is the effect still what the rollout wants? Nobody has decided anew since it was made (the fence), and it is not done:
 * an executor that stood still for an hour finds its effect gone from the outbox, or the rollout finished (I6).
 */
export const isWanted = (document: RolloutDocument | null, job: Job): document is RolloutDocument =>
  document !== null &&
  document.fence === job.fence &&
  document.outbox.some((item) => item.id === job.effectId);

/** The store's time, or null when the effect is not wanted any more. */
export const freshNow = async (ports: Ports, job: Job): Promise<number | null> => {
  const { document, readAtMs } = await ports.store.load({ rolloutId: job.rolloutId });
  return isWanted(document, job) ? Math.max(readAtMs, document.lastNowMs) : null;
};

/** About what a slow read takes: whoever needed longer cannot know any more whether the rollout has ended meanwhile. */
const STILL_MAX_MS = 10_000;

/**
 * For writes that no precondition guards: wanted, and read just now. Whoever stood still between the read and the write
 * has read in vain; the clock tells, because it is asked after the read.
 */
export const isWantedNow = async (ports: Ports, job: Job): Promise<boolean> => {
  const sinceMs = await ports.time.now({});
  const isFresh = (await freshNow(ports, job)) !== null;
  return isFresh && !(await stoodStill(ports, sinceMs));
};

/** By the process's own clock, asked after everything that was read since. */
export const stoodStill = async (ports: Ports, sinceMs: number): Promise<boolean> =>
  Math.abs((await ports.time.now({})) - sinceMs) >= STILL_MAX_MS;
