/**
 * I2: no write that raises the new share takes it above the current rung's, rungs being climbed one by one, or above what the
 * new side's ready replicas can carry: ready / replicas at 100, the best moment of the 30 s before it was sent.
 */
import type { Checker, Order, Violation } from '../seen.ts';
import { coarsenessPercent, type Raise, raisesOf } from './climb.ts';
import { plannedReplicas } from './planned-replicas.ts';
import { SHARE_EPSILON } from './routes.ts';
import { during, newPoolOf, type Timeline, timelineOf } from './timeline.ts';

const LOOK_BACK_MS = 30_000;

const percent = (value: number): string => `${Math.round(value * 1000) / 1000} %`;

/** Rungs that weights cannot tell from what stood before are passed without a raise. */
const aboveRung = (timeline: Timeline, order: Order, raise: Raise): string | null => {
  const { sharePercent, rung, reached, fromPercent, write } = raise;
  const grew = `${write.name} grew to ${percent(sharePercent)}`;
  if (rung >= order.ladder.length)
    return `${grew}, above the ladder's top of ${percent(order.ladder.at(-1)?.sharePercent ?? 0)}`;
  const passed = order.ladder.slice(reached + 1, Math.max(reached + 1, rung));
  if (passed.length === 0) return null;
  const coarse = coarsenessPercent(timeline, order);
  const jumped = passed.find((one) => one.sharePercent > fromPercent + coarse);
  return jumped === undefined
    ? null
    : `${grew} without the rung of ${percent(jumped.sharePercent)} before it`;
};

/** Versions of an adapter share their servers: those can carry either. */
const aboveCapacity = (timeline: Timeline, order: Order, { write, sharePercent }: Raise): string | null => {
  if (order.adapter !== undefined) return null;
  const stood = during(timeline.sides(newPoolOf(order)), write.issuedAtMs - LOOK_BACK_MS, write.issuedAtMs);
  const ready = Math.max(0, ...stood.map((side) => side.ready));
  const replicas = Math.min(order.newReplicas, plannedReplicas(timeline, order));
  if (sharePercent * replicas <= ready * 100 + SHARE_EPSILON) return null;
  return `${write.name} grew to ${percent(sharePercent)} while ${order.newPool} had ${ready} of ${replicas} replicas ready`;
};

export const withinRungAndCapacity: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    const { rolloutId } = order;
    if (rolloutId === null) continue;
    for (const raise of raisesOf(timeline, order)) {
      const { atMs } = raise.write;
      for (const sentence of [aboveRung(timeline, order, raise), aboveCapacity(timeline, order, raise)])
        if (sentence !== null) found.push({ rule: 'I2', atMs, rolloutId, sentence });
    }
  }
  return found;
};
