/** The new side's share in an order's routes over time, as stored. */
import type { Order, Seen, SeenObject } from '../seen.ts';
import type { Interval } from './faults.ts';
import { largestShare, SHARE_EPSILON, sharesOf } from './routes.ts';
import { routePlace, timelineOf } from './timeline.ts';

/** How all routes of an order stand from a moment on. */
export interface Stood {
  readonly atMs: number;
  /** The largest share of any rule of any route that is there, percent. */
  readonly largestPercent: number;
  /** Some rule is shared by both sides. */
  readonly isSplit: boolean;
}

const isBetween = (share: number): boolean => share > SHARE_EPSILON && share < 100 - SHARE_EPSILON;

/** A route that is gone gives nobody anything. */
const stoodAt = (atMs: number, routes: readonly (SeenObject | null)[], order: Order): Stood => ({
  atMs,
  largestPercent: Math.max(0, ...routes.map((route) => largestShare(route, order))),
  isSplit: routes.some((route) => sharesOf(route, order).some(isBetween)),
});

/** How an order's routes stood, from the beginning and after each change of a spec. */
export const sharesOverTime = (seen: Seen, order: Order): readonly Stood[] => {
  const timeline = timelineOf(seen);
  const routes = new Map(
    order.routes.map((name) => [name, timeline.writes(routePlace(order, name))[0]?.before ?? null]),
  );
  const found = [stoodAt(seen.startMs, [...routes.values()], order)];
  const writes = order.routes
    .flatMap((name) => timeline.writes(routePlace(order, name)))
    .filter(({ before, after }) => before?.['spec'] !== after?.['spec'])
    .toSorted((one, other) => one.atMs - other.atMs);
  for (const write of writes) {
    routes.set(write.name, write.after);
    found.push(stoodAt(write.atMs, [...routes.values()], order));
  }
  return found;
};

/** When the new side had nothing any more, from a moment on; null: never again. */
export const givenBackMs = (stood: readonly Stood[], fromMs: number): number | null => {
  const now = stood.findLast(({ atMs }) => atMs <= fromMs);
  if (now === undefined || now.largestPercent <= SHARE_EPSILON) return fromMs;
  return (
    stood.find(({ atMs, largestPercent }) => atMs > fromMs && largestPercent <= SHARE_EPSILON)?.atMs ?? null
  );
};

/** Times within an interval in which both sides had a part. */
export const splitTimes = (stood: readonly Stood[], within: Interval): readonly Interval[] =>
  stood.flatMap(({ atMs, isSplit }, index) => {
    const fromMs = Math.max(atMs, within.fromMs);
    const toMs = Math.min(stood[index + 1]?.atMs ?? Number.POSITIVE_INFINITY, within.toMs);
    return isSplit && toMs > fromMs ? [{ fromMs, toMs }] : [];
  });

/** Intervals that touch become one. */
export const joined = (times: readonly Interval[]): readonly Interval[] => {
  const found: Interval[] = [];
  for (const time of times) {
    const last = found.at(-1);
    if (last !== undefined && last.toMs >= time.fromMs)
      found[found.length - 1] = { ...last, toMs: time.toMs };
    else found.push(time);
  }
  return found;
};
