import type { Doors } from '../../workflows/door-types.ts';

/** A topic that the platform pushes to a door. */
export type PushTopic = 'ticks' | 'wakes' | 'requests' | 'alerts';

export interface Subscription {
  readonly door: Exclude<keyof Doors, 'api'>;
  /** A delivery that takes longer counts as refused, and is made again. */
  readonly ackDeadlineMs: number;
  readonly attemptsMax: number;
  /** Messages older than this are not delivered any more. */
  readonly lifetimeMs: number;
  /** Given up: kept for a person to drive again, or forgotten because a newer message says the same. */
  readonly givenUp: 'deadLetter' | 'drop';
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** As infra/ configures them. */
export const SUBSCRIPTIONS: Readonly<Record<PushTopic, Subscription>> = {
  ticks: {
    door: 'onTick',
    ackDeadlineMs: 10 * MINUTE_MS,
    attemptsMax: 5,
    lifetimeMs: 7 * DAY_MS,
    givenUp: 'drop',
  },
  wakes: {
    door: 'onWake',
    ackDeadlineMs: 90_000,
    attemptsMax: 5,
    lifetimeMs: 7 * DAY_MS,
    givenUp: 'drop',
  },
  requests: {
    door: 'onRequest',
    ackDeadlineMs: 10 * MINUTE_MS,
    attemptsMax: 20,
    lifetimeMs: 7 * DAY_MS,
    givenUp: 'deadLetter',
  },
  // Five attempts were used up in eight seconds: protocol P8.
  alerts: {
    door: 'onAlert',
    ackDeadlineMs: 10 * MINUTE_MS,
    attemptsMax: 100,
    lifetimeMs: 7 * DAY_MS,
    givenUp: 'deadLetter',
  },
};

const BACK_OFF_MIN_MS = 10_000;
const BACK_OFF_MAX_MS = 600_000;

/** Pause before the next delivery, ms: doubles with each attempt (from 1) from 10 s to 10 min. */
export function backOffMs(attempt: number): number {
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** Math.min(attempt - 1, 10));
}
