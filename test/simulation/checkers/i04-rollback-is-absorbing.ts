/**
 * I4: from the first accepted rollback write on a route, no write of that rollout raises its new share, a stale process's late
 * one included; and where the old side stood healthy all along, the first rollback write gives it everything. Of an adapter
 * it always does: both versions are on the same servers.
 */
import type { Checker, Order, SeenWrite, Violation } from '../seen.ts';
import { adoptionBefore, outcomeOf, rollbackOf } from './journal.ts';
import { at, falls, fenceOf, largestShare, raises, sameRefs } from './routes.ts';
import { between, during, oldPoolOf, type Timeline, timelineOf } from './timeline.ts';

/** Weights of another ladder round differently; a rollback takes more than that. Percent. */
const ROUNDING_PERCENT = 0.2;

const HEALTHY_FOR_MS = 60_000;
const FAILING_FOR_MS = 180_000;

/** A write of ours that lowers what we set ourselves is the way back, whatever the journal says. */
const takesBack = (order: Order, write: SeenWrite, set: SeenWrite | undefined): boolean =>
  set !== undefined &&
  sameRefs(set.after, write.before) &&
  falls(write, order).some((rule) => rule.shareBefore - rule.shareAfter > ROUNDING_PERCENT);

/** From reading an object to writing it. */
const READ_MS = 10_000;

/** A fence of the hold before it, by an executor that could not know yet, and the rollback's own write right behind it. */
const isOvertaken = (writes: readonly SeenWrite[], index: number, beganAtMs: number): boolean => {
  const [write, next] = [writes[index], writes[index + 1]];
  if (write === undefined || next === undefined || !sameRefs(write.before, write.after)) return false;
  const isLower = (fenceOf(write.after)?.fence ?? 0) < (fenceOf(next.after)?.fence ?? 0);
  return isLower && next.issuedAtMs <= beganAtMs + READ_MS;
};

/** Index of the first rollback write among a rollout's writes to one route; -1: there is none. */
const firstRollback = (
  timeline: Timeline,
  order: Order,
  writes: readonly SeenWrite[],
  beganAtMs: number,
): number => {
  const entries = timeline.entries(order.rolloutId ?? '');
  return writes.findIndex((write, index) => {
    if (isOvertaken(writes, index, beganAtMs)) return false;
    if (write.issuedAtMs >= beganAtMs && raises(write, order).length === 0) return true;
    // A fence alone sets nothing: what stands beside it may be others'.
    const set = writes.slice(0, index).findLast((one) => !sameRefs(one.before, one.after));
    const adoption = adoptionBefore(entries, write.issuedAtMs);
    const isAdopted = adoption !== null && adoption.atMs > (set?.atMs ?? 0);
    return !isAdopted && takesBack(order, write, set);
  });
};

/** Nothing ever befell the old side, no scrape stayed without any answer, few requests failed: there was nothing to fear. */
const isOldSound = (timeline: Timeline, order: Order, fromMs: number, toMs: number): boolean => {
  const pool = oldPoolOf(order);
  const stood = during(timeline.sides(pool), fromMs, toMs);
  if (stood.length === 0 || !stood.every((one) => one.ready >= order.oldReplicas && one.pickerReady))
    return false;
  const silent = between(timeline.scrapes(order), fromMs, toMs).some(
    ({ pods, answered }) => answered === 0 && pods.length > 0,
  );
  if (silent) return false;
  const hurt = timeline
    .of('act')
    .some(({ atMs, detail }) => atMs <= toMs && at(detail, 'target', 'pool') === order.oldPool);
  if (hurt) return false;
  const traffic = during(timeline.traffic(pool), fromMs - FAILING_FOR_MS, toMs);
  const [first, last] = [traffic[0], traffic.at(-1)];
  return (
    (last?.failed ?? 0) - (first?.failed ?? 0) <= 0.01 * ((last?.requests ?? 0) - (first?.requests ?? 0))
  );
};

const sentencesOf = (
  timeline: Timeline,
  order: Order,
  writes: readonly SeenWrite[],
  beganAtMs: number,
): readonly { readonly atMs: number; readonly sentence: string }[] => {
  const index = firstRollback(timeline, order, writes, beganAtMs);
  const first = writes[index];
  if (first === undefined) return [];
  const found: { readonly atMs: number; readonly sentence: string }[] = [];
  const left = largestShare(first.after, order);
  const fromMs = Math.min(beganAtMs, first.issuedAtMs - HEALTHY_FOR_MS);
  const mustBeAll = order.adapter !== undefined || isOldSound(timeline, order, fromMs, first.issuedAtMs);
  if (left > 0 && mustBeAll)
    found.push({
      atMs: first.atMs,
      sentence: `the first rollback write leaves ${first.name} at ${Math.round(left * 10) / 10} % although ${order.oldPool} ${order.adapter === undefined ? 'stood healthy' : 'is on the same servers'}`,
    });
  for (const write of writes.slice(index + 1)) {
    const [raise] = raises(write, order);
    if (raise === undefined) continue;
    const { shareBefore, shareAfter } = raise;
    found.push({
      atMs: write.atMs,
      sentence: `${write.name} grew from ${Math.round(shareBefore * 10) / 10} to ${Math.round(shareAfter * 10) / 10} % after its rollback had been written`,
    });
  }
  return found;
};

/** Growth that lands when the journal has the traffic written back, though nothing of ours had been written to stop it. */
const afterClaim = (
  timeline: Timeline,
  order: Order,
  writes: readonly SeenWrite[],
  beganAtMs: number,
): readonly { readonly atMs: number; readonly sentence: string }[] => {
  const claimed = timeline
    .entries(order.rolloutId ?? '')
    .find(
      (entry) => outcomeOf(entry) === 'rollbackWritten' && at(entry.message, 'outcome', 'complete') === true,
    );
  if (
    claimed === undefined ||
    writes.some((write) => write.issuedAtMs >= beganAtMs && write.atMs <= claimed.atMs)
  )
    return [];
  return writes
    .filter((write) => write.atMs > claimed.atMs && raises(write, order).length > 0)
    .slice(0, 1)
    .map(({ atMs, name }) => ({
      atMs,
      sentence: `${name} grew after the journal had it written back, by a rollback that had written nothing`,
    }));
};

export const rollbackIsAbsorbing: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    const { rolloutId } = order;
    if (rolloutId === null) continue;
    const restoredAtMs = timeline.restoredAtMs(rolloutId);
    const beganAtMs = rollbackOf(timeline.entries(rolloutId))?.atMs ?? Number.POSITIVE_INFINITY;
    for (const name of order.routes) {
      const writes = timeline.routeWrites(rolloutId).filter((write) => write.name === name);
      // A document that was set back may have forgotten its rollback.
      for (const { atMs, sentence } of [
        ...sentencesOf(timeline, order, writes, beganAtMs),
        ...afterClaim(timeline, order, writes, beganAtMs),
      ])
        if (atMs < restoredAtMs) found.push({ rule: 'I4', atMs, rolloutId, sentence });
    }
  }
  return found;
};
