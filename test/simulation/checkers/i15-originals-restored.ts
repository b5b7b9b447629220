/**
 * I15: after a rollout that ended rolledBack or failed, every rule is what it was before our first write: the same backendRefs,
 * byte for byte. Weights that others set in between are overwritten. Where others added or took backends, or a foreign share
 * was adopted, our ref is gone (or was there before) and nothing is left to the new side. There is nothing to restore on a
 * route that is gone for good or that we only fenced, nor after a rollout that was abandoned or whose old side was lost
 * (P5: everything stays as it is).
 */
import type { Checker, Order, SeenEntry, SeenObject, SeenWrite, Violation } from '../seen.ts';
import { adapterLeftovers } from './i15-adapter-restored.ts';
import { adoptionBefore, commandOf, outcomeOf } from './journal.ts';
import { at, canonical, listAt, type Ref, refsByRule, sameRefs, weightOf } from './routes.ts';
import {
  between,
  endOf,
  objectAt,
  objectsDuring,
  routePlace,
  type Timeline,
  timelineOf,
} from './timeline.ts';

const staysAsItIs = (end: SeenEntry): boolean =>
  commandOf(end) === 'abandon' || (end.from === 'rollingBack' && end.message.kind === 'timer');

const hasNewRef = (route: SeenObject | null, order: Order): boolean =>
  refsByRule(route, order).some((rule) => rule.some((ref) => ref.side === 'new'));

/** After a foreign edit: only what is ours has to go. */
const leftovers = (original: SeenObject, left: SeenObject, order: Order): readonly string[] => {
  const rules = refsByRule(left, order);
  const share = rules.findIndex((rule) => weightOf(rule, 'new') > 0);
  if (share >= 0)
    return [`rule ${share} of ${left.metadata.name} still gives ${order.newPool} weight after the rollback`];
  return hasNewRef(left, order) && !hasNewRef(original, order)
    ? [`${left.metadata.name} still names ${order.newPool} after the rollback`]
    : [];
};

/** Rules that are none of the originals that may have been read. */
const differences = (originals: readonly SeenObject[], left: SeenObject): readonly string[] => {
  const refsOf = (route: SeenObject | undefined, index: number): string =>
    canonical(at(listAt(route, 'spec', 'rules')[index], 'backendRefs'));
  return listAt(originals[0], 'spec', 'rules').flatMap((_rule, index) => {
    const is = refsOf(left, index);
    if (originals.some((original) => refsOf(original, index) === is)) return [];
    return [
      `rule ${index} of ${left.metadata.name} was left at ${is} instead of ${refsOf(originals[0], index)}`,
    ];
  });
};

/** From when to when the originals were read that are given back. */
const readMs = (entries: readonly SeenEntry[], firstMs: number): readonly [number, number] => {
  const fromMs = entries.findLast((entry) => entry.to === 'preflight' && entry.atMs <= firstMs)?.atMs;
  if (fromMs === undefined) return [firstMs - 1, firstMs - 1];
  const planned = entries.find((entry) => outcomeOf(entry) === 'planned' && entry.atMs >= fromMs);
  return [fromMs, Math.min(planned?.atMs ?? firstMs, firstMs)];
};

/** The rules' backends without weights, those of the new pool left out: ours comes and goes. */
const backendsOf = (route: SeenObject | null, order: Order): string =>
  canonical(refsByRule(route, order).map((rule) => rule.filter(({ side }) => side !== 'new').map(backendOf)));

const backendOf = ({ canonical: text }: Ref): string => text.replace(/,"weight":\d+/u, '');

/** Did others add or take backends? Those stay; weights that they set are overwritten by a rollback. */
const changesBackends = (order: Order, edits: readonly SeenWrite[], original: SeenObject): boolean =>
  edits.some(({ after }) => backendsOf(after, order) !== backendsOf(original, order));

/**
 * The write that left the route as it is to stay. Weights that others set once the originals stood again and our ref was gone
 * are theirs: what we write after that is a fence and nothing else.
 */
const lastRestoring = (ours: readonly SeenWrite[], order: Order): SeenWrite | undefined => {
  const last = ours.at(-1);
  if (last === undefined || hasNewRef(last.after, order)) return last;
  return (
    ours.findLast((write) => !sameRefs(write.before, write.after) && !hasNewRef(write.after, order)) ?? last
  );
};

const sentencesOf = (timeline: Timeline, order: Order, name: string, end: SeenEntry): readonly string[] => {
  const writes = timeline.writes(routePlace(order, name));
  const ours = timeline
    .routeWrites(order.rolloutId ?? '')
    .filter((write) => write.name === name && write.atMs <= end.atMs);
  const entries = timeline.entries(order.rolloutId ?? '');
  const [first] = ours;
  const last = lastRestoring(ours, order);
  const left = last?.after ?? null;
  if (first === undefined || last === undefined || first.before === null || left === null) return [];
  if (objectAt(writes, end.atMs)?.metadata.uid !== left.metadata.uid) return [];
  // Fenced and no more: what stands there is what others made of it.
  if (ours.every((write) => sameRefs(write.before, write.after))) return [];
  const [fromMs, toMs] = readMs(entries, first.atMs);
  const originals = objectsDuring(writes, fromMs, toMs).filter((object) => object !== null);
  const original = originals[0] ?? first.before;
  // A route that somebody made anew holds what they put in it: only the traffic had to come back.
  if (original.metadata.uid !== left.metadata.uid) return leftovers(left, left, order);
  const edits = between(writes, fromMs, last.atMs).filter(
    (write) => write.by !== 'sluice' && !sameRefs(write.before, write.after),
  );
  const isAdopted = adoptionBefore(entries, end.atMs) !== null;
  return isAdopted || changesBackends(order, edits, original)
    ? leftovers(original, left, order)
    : differences(originals.length > 0 ? originals : [original], left);
};

export const originalsRestored: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    const { rolloutId } = order;
    if (rolloutId === null) continue;
    const end = endOf(timeline.entries(rolloutId));
    if (end === undefined || (end.to !== 'rolledBack' && end.to !== 'failed') || staysAsItIs(end)) continue;
    if (end.atMs >= timeline.restoredAtMs(rolloutId)) continue;
    const sentences = [
      ...order.routes.flatMap((name) => sentencesOf(timeline, order, name, end)),
      ...(adoptionBefore(timeline.entries(rolloutId), end.atMs) === null
        ? adapterLeftovers(timeline, order, end)
        : []),
    ];
    for (const sentence of sentences) found.push({ rule: 'I15', atMs: end.atMs, rolloutId, sentence });
  }
  return found;
};
