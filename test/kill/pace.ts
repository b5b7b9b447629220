/** How fast the world goes, virtual per real time. */
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';

/** A process comes up in a second of the wall, and at its usual pace the world would have gone on for minutes. */
export const STARTING_SPEED = 2;

const EARLY_SPEED = 5;
const EARLY_STATES: ReadonlySet<string> = new Set(['queued', 'preflight']);

/**
 * A preflight asks everybody once, and for a process that has just come up most of it takes real time: seconds of the world
 * pass in no time at its full pace, and who did not answer within them stands in the findings.
 */
export const paceFor = (document: RolloutDocument | null, fullSpeed: number): number => {
  const isEarly = document === null || EARLY_STATES.has(document.state);
  return isEarly ? Math.min(EARLY_SPEED, fullSpeed) : fullSpeed;
};
