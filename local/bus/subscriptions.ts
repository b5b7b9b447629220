import type { FunctionName } from '../../functions/http/register.ts';

/** A topic whose messages are pushed to a function. */
export type PushTopic = 'requests' | 'alerts' | 'ticks' | 'wakes';

export const PUSH_TOPICS: readonly PushTopic[] = ['requests', 'alerts', 'ticks', 'wakes'];

/** Nobody subscribes to it here; the latest are kept to be read. */
export const EVENTS_TOPIC = 'events';

export type Topic = PushTopic | typeof EVENTS_TOPIC;

export interface Subscription {
  readonly target: FunctionName;
  /** A delivery that takes longer counts as refused, ms. */
  readonly ackDeadlineMs: number;
  /** Deliveries under way at once. */
  readonly parallel: number;
  readonly attemptsMax: number;
  /** Messages older than this are not delivered any more, ms. */
  readonly lifetimeMs: number;
  readonly backOffMaxMs: number;
  /** Dead letters that are kept; null: all of them, for a person to drive again. */
  readonly deadLettersMax: number | null;
}

export type Subscriptions = Readonly<Record<PushTopic, Subscription>>;

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;

const common = {
  ackDeadlineMs: 10 * MINUTE_MS,
  attemptsMax: 5,
  lifetimeMs: WEEK_MS,
  backOffMaxMs: MINUTE_MS,
  deadLettersMax: null,
} as const;

/** Ticks and wakes say nothing that the next one does not say as well: of theirs a few dead letters are enough. */
export const SUBSCRIPTIONS: Subscriptions = {
  requests: { ...common, target: 'on-request', parallel: 10 },
  // Five attempts were used up in eight seconds (protocol P8): the pauses grow to ten minutes.
  alerts: { ...common, target: 'on-alert', parallel: 10, attemptsMax: 100, backOffMaxMs: 10 * MINUTE_MS },
  ticks: { ...common, target: 'on-tick', parallel: 2, deadLettersMax: 100 },
  // A wake stays awake for 75 s; one that got lost is made up for by the next tick.
  wakes: { ...common, target: 'on-wake', parallel: 100, ackDeadlineMs: 1.5 * MINUTE_MS, deadLettersMax: 100 },
};

const BACK_OFF_MIN_MS = 1_000;

/** Pause before the next delivery, ms: doubles with each attempt (from 1) from a second up to the subscription's bound. */
export const backOffMs = ({ backOffMaxMs }: Pick<Subscription, 'backOffMaxMs'>, attempt: number): number =>
  Math.min(backOffMaxMs, BACK_OFF_MIN_MS * 2 ** Math.min(attempt - 1, 20));
