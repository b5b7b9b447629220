import type { Random } from './random.ts';

/**
 * What the scheduler does to port calls (protocol P10). Rates are probabilities per call; a call has at most one
 * fate. What servers answer wrongly (409, 429, 5xx, stale data) is the world's business, not the scheduler's.
 */
export interface Faults {
  /** Applied later than calls issued after it. */
  readonly delayedCall: number;
  /** Applied at once, answered late. */
  readonly delayedAnswer: number;
  /** Upper end of both delays; kept below the caller's time-out. */
  readonly delayMaxMs: number;
  /** Never applied; the caller times out. */
  readonly lostCall: number;
  /** Applied; the caller times out. */
  readonly lostAnswer: number;
  /** Applied after the caller timed out. */
  readonly lateCall: number;
  readonly lateMaxMs: number;
  /** Time-out of calls that name none. */
  readonly timeoutMs: number;
  /** The process dies, just before or just after the call is applied. */
  readonly crash: number;
  /** The process stands still from the call on. */
  readonly freeze: number;
  readonly freezeMaxMs: number;
}

export const NO_CALL_FAULTS: Faults = {
  delayedCall: 0,
  delayedAnswer: 0,
  delayMaxMs: 5_000,
  lostCall: 0,
  lostAnswer: 0,
  lateCall: 0,
  lateMaxMs: 600_000,
  timeoutMs: 10_000,
  crash: 0,
  freeze: 0,
  freezeMaxMs: 3 * 3_600_000,
};

/** Rates for one seed: each kind is absent in one run, rare in another, frequent in a third. */
export function drawFaults(random: Random): Faults {
  const rate = (most: number): number => (random.chance(0.3) ? 0 : most * 10 ** -random.int(0, 2));
  return {
    ...NO_CALL_FAULTS,
    delayedCall: rate(0.3),
    delayedAnswer: rate(0.3),
    lostCall: rate(0.1),
    lostAnswer: rate(0.1),
    lateCall: rate(0.05),
    crash: rate(0.01),
    freeze: rate(0.002),
  };
}

export type Fate =
  | { readonly kind: 'normal'; readonly applyInMs: number; readonly answerLateMs: number }
  | { readonly kind: 'lostCall' | 'lostAnswer' }
  | { readonly kind: 'lateCall'; readonly afterMs: number };

/** @param timeoutMs when this caller gives up. */
export function drawFate(faults: Faults, random: Random, timeoutMs: number): Fate {
  if (random.chance(faults.lostCall)) return { kind: 'lostCall' };
  if (random.chance(faults.lostAnswer)) return { kind: 'lostAnswer' };
  if (random.chance(faults.lateCall)) {
    return { kind: 'lateCall', afterMs: random.magnitude(1, Math.max(1, faults.lateMaxMs)) };
  }
  const delayMaxMs = Math.max(1, Math.min(faults.delayMaxMs, Math.floor(timeoutMs / 3)));
  const applyInMs = random.chance(faults.delayedCall) ? random.magnitude(1, delayMaxMs) : 0;
  const answerLateMs = random.chance(faults.delayedAnswer) ? random.magnitude(1, delayMaxMs) : 0;
  return { kind: 'normal', applyInMs, answerLateMs };
}
