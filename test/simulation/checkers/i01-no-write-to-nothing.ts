/**
 * I1: no forward write leaves a rule whose weights sum to 0, gives weight to a side that had no ready replica or no ready
 * picker in the 30 s before it was sent; and no write of any kind sets a weight above 1000, or above the million that pickers take. A new version of an adapter gets
 * weight only where every ready server has it loaded: its pickers choose among all of them. And none of it where some server
 * answered by it like the base model all the time since it was verified.
 */
import type { Checker, Order, SeenWrite, Violation } from '../seen.ts';
import { listAt, raises, refsByRule, ruleChanges, weightOf } from './routes.ts';
import { during, newPoolOf, oldPoolOf, routePlace, type Timeline, timelineOf } from './timeline.ts';

/** The load balancer's range, and that of pickers. */
const WEIGHT_MAX = 1000;
const TARGET_WEIGHT_MAX = 1_000_000;
const LOOK_BACK_MS = 30_000;

/** An original above the bound is restored as it was: the bound is about weights that we choose. */
const tooHeavy = (timeline: Timeline, order: Order, write: SeenWrite): readonly string[] => {
  const [first] = timeline.writes(routePlace(order, write.name));
  const known = new Set(
    [...refsByRule(first?.before ?? null, order), ...refsByRule(write.before, order)]
      .flat()
      .map((ref) => `${ref.name} ${ref.weight}`),
  );
  const most = order.adapter === undefined ? WEIGHT_MAX : TARGET_WEIGHT_MAX;
  return refsByRule(write.after, order).flatMap((rule, index) =>
    rule
      .filter((ref) => ref.weight > most && !known.has(`${ref.name} ${ref.weight}`))
      .map(
        (ref) => `rule ${index} of ${write.name} gives ${ref.name} the weight ${ref.weight}, above ${most}`,
      ),
  );
};

const emptied = (order: Order, write: SeenWrite): readonly string[] =>
  ruleChanges(write, order)
    .filter(({ before, after }) => {
      const sum = after.reduce((total, ref) => total + ref.weight, 0);
      const isSame =
        before.length === after.length &&
        before.every((ref, index) => ref.canonical === after[index]?.canonical);
      return sum === 0 && !isSame && listAt(write.after, 'spec', 'rules').length > 0;
    })
    .map(({ index }) => `a growth leaves rule ${index} of ${write.name} with weights that sum to 0`);

const unready = (timeline: Timeline, order: Order, write: SeenWrite): readonly string[] => {
  const rules = refsByRule(write.after, order);
  const found: string[] = [];
  for (const [side, pool] of [
    ['old', oldPoolOf(order)],
    ['new', newPoolOf(order)],
  ] as const) {
    if (!rules.some((rule) => weightOf(rule, side) > 0)) continue;
    const stood = during(timeline.sides(pool), write.issuedAtMs - LOOK_BACK_MS, write.issuedAtMs);
    if (!stood.some(({ ready }) => ready > 0))
      found.push(
        `a growth of ${write.name} gives weight to ${pool.pool}, which had no ready replica in the 30 s before`,
      );
    const everywhere = stood.some(({ ready, of }) => of === undefined || ready >= of);
    if (side === 'new' && !everywhere) {
      const last = stood.at(-1);
      found.push(
        `a growth of ${write.name} gives weight to ${pool.pool}, which ${last?.ready ?? 0} of ${last?.of ?? 0} ready servers had loaded in the 30 s before`,
      );
    }
    if (!stood.some(({ pickerReady }) => pickerReady))
      found.push(
        `a growth of ${write.name} gives weight to ${pool.pool}, which had no ready picker in the 30 s before`,
      );
  }
  return found;
};

/** Its first share: later ones stand on what was proved then. */
const silent = (timeline: Timeline, order: Order, write: SeenWrite): readonly string[] => {
  const { rolloutId, adapter } = order;
  if (adapter === undefined || rolloutId === null || write.atMs >= timeline.restoredAtMs(rolloutId))
    return [];
  const [first] = timeline.routeWrites(rolloutId).filter((one) => raises(one, order).length > 0);
  const verified = timeline
    .entries(rolloutId)
    .findLast(({ to, atMs }) => to === 'verifying' && atMs <= write.atMs);
  if (first !== write || verified === undefined) return [];
  const stood = during(timeline.sides(newPoolOf(order)), verified.atMs, write.issuedAtMs);
  const least = Math.min(...stood.map((side) => side.silent ?? 0));
  return stood.length > 0 && least > 0
    ? [
        `a growth of ${write.name} gives weight to ${adapter.to}, by which ${least} servers answer like the base model`,
      ]
    : [];
};

export const noWriteToNothing: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    if (order.rolloutId === null) continue;
    for (const write of timeline.routeWrites(order.rolloutId)) {
      const sentences = [...tooHeavy(timeline, order, write)];
      if (raises(write, order).length > 0)
        sentences.push(
          ...emptied(order, write),
          ...unready(timeline, order, write),
          ...silent(timeline, order, write),
        );
      for (const sentence of sentences)
        found.push({ rule: 'I1', atMs: write.atMs, rolloutId: order.rolloutId, sentence });
    }
  }
  return found;
};
