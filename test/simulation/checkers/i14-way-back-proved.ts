/**
 * I14: in the 60 s before a growth was sent its way back was proved: a dry run that gave the old side everything was accepted
 * and heard, the old side stood at its floor, and the gateway had confirmed what was written before.
 */
import type { Checker, Order, SeenObject, SeenWrite, Violation } from '../seen.ts';
import { plannedReplicas } from './planned-replicas.ts';
import { isConfirmed, raises, refsByRule, weightOf } from './routes.ts';
import {
  between,
  during,
  objectsDuring,
  oldPoolOf,
  routePlace,
  type Timeline,
  timelineOf,
} from './timeline.ts';

const PROOF_MS = 60_000;

/** The new side has nothing, and the old side something in each rule in which either had a part. */
const givesAllBack = (would: SeenObject | null, before: SeenObject | null, order: Order): boolean => {
  if (would === null) return false;
  const stood = refsByRule(before, order);
  return refsByRule(would, order).every((rule, index) => {
    const was = stood[index] ?? [];
    const hasPart = weightOf(was, 'old') + weightOf(was, 'new') > 0;
    return weightOf(rule, 'new') === 0 && (!hasPart || weightOf(rule, 'old') > 0);
  });
};

const missing = (timeline: Timeline, order: Order, write: SeenWrite): readonly string[] => {
  const place = routePlace(order, write.name);
  const toMs = write.issuedAtMs;
  const fromMs = toMs - PROOF_MS;
  const tried = between(timeline.dryRuns(place), fromMs, toMs).some(
    ({ status, heard, would }) =>
      status >= 200 && status < 300 && heard && givesAllBack(would, write.before, order),
  );
  // Both versions of an adapter are on the same servers: one that has the old one is enough.
  const floorPercent = order.adapter === undefined ? order.floorPercent : 0;
  const floor = Math.max(1, Math.ceil((plannedReplicas(timeline, order) * floorPercent) / 100 - 1e-9));
  const sides = during(timeline.sides(oldPoolOf(order)), fromMs, toMs);
  const best = Math.max(0, ...sides.map(({ ready }) => ready));
  const isReconciling = objectsDuring(timeline.writes(place), fromMs, toMs).some((object) =>
    isConfirmed(object),
  );
  return [
    ...(tried ? [] : [`${write.name} grew without an accepted dry run of the way back in the 60 s before`]),
    ...(best >= floor
      ? []
      : [
          `${write.name} grew while ${order.oldPool} had at most ${best} ready replicas in the 60 s before, its floor is ${floor}`,
        ]),
    ...(isReconciling
      ? []
      : [`${write.name} grew although its gateway had not confirmed the write before in the 60 s before`]),
  ];
};

export const wayBackProved: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    const { rolloutId } = order;
    if (rolloutId === null) continue;
    for (const write of timeline.routeWrites(rolloutId)) {
      if (raises(write, order).length === 0) continue;
      for (const sentence of missing(timeline, order, write))
        found.push({ rule: 'I14', atMs: write.atMs, rolloutId, sentence });
    }
  }
  return found;
};
