/** When something was wrong with the platform, and for how long nothing was. */
import type { Seen } from '../seen.ts';
import { timelineOf } from './timeline.ts';

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A process comes back, a tick comes, a message is delivered again: until then a fault that is over still shows. */
const AFTERMATH_MS = 2 * 60_000;

/** How long a fault lasts of which that is not known beforehand. */
const UNKNOWN_MS = 60_000;

/** Faults that the seed may choose at any call, for the whole phase: `calls.lostCall`, `answers.tooMany`, … */
const isRate = (what: string): boolean => what.includes('.');

/** Times of single events: a crash, an outage, ticks that stop, a control plane that is away; `whose` tells the kinds that matter. */
export const eventsOf = (seen: Seen, whose: (what: string) => boolean = () => true): readonly Interval[] => {
  const timeline = timelineOf(seen);
  const faults = timeline
    .of('fault')
    .filter(({ what }) => !isRate(what) && whose(what))
    .map(({ atMs, forMs }) => ({ fromMs: atMs, toMs: atMs + (forMs ?? UNKNOWN_MS) + AFTERMATH_MS }));
  const acts = timeline.of('act').flatMap(({ what, atMs, detail }) => {
    if (what !== 'apiUnreachable' || !whose(what)) return [];
    const forMs = typeof detail['forMs'] === 'number' ? detail['forMs'] : UNKNOWN_MS;
    return [{ fromMs: atMs, toMs: atMs + forMs + AFTERMATH_MS }];
  });
  return [...faults, ...acts];
};

/** Times in which any call might have failed; `whose` tells the kinds that matter. */
export const ratesOf = (seen: Seen, whose: (what: string) => boolean = () => true): readonly Interval[] =>
  timelineOf(seen)
    .of('fault')
    .filter(({ what }) => isRate(what) && whose(what))
    .map(({ atMs, forMs }) => ({ fromMs: atMs, toMs: atMs + (forMs ?? 0) }));

/** How much of an interval none of the others covers, ms. */
export const clearMs = (asked: Interval, others: readonly Interval[]): number => {
  const sorted = others
    .filter(({ fromMs, toMs }) => toMs > asked.fromMs && fromMs < asked.toMs)
    .toSorted((one, other) => one.fromMs - other.fromMs);
  let clear = 0;
  let reached = asked.fromMs;
  for (const { fromMs, toMs } of sorted) {
    if (fromMs > reached) clear += fromMs - reached;
    reached = Math.max(reached, toMs);
  }
  return clear + Math.max(0, asked.toMs - reached);
};

/** Is any of them in force at some time of the interval? */
export const isTouched = (asked: Interval, others: readonly Interval[]): boolean =>
  others.some(({ fromMs, toMs }) => toMs > asked.fromMs && fromMs < asked.toMs);
