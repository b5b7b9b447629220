/**
 * I15, of adapters: after a rollout that ended rolledBack or failed the targets of the alias are what they were, byte for byte,
 * a carrier that it made is gone, and what its servers are to load is said as before it. Where others had a hand in it
 * meanwhile, only what is ours has to be gone. What the rollout said that it could not do is no secret.
 */
import type { Order, OrderOfAdapter, SeenEntry, SeenObject, SeenWrite } from '../seen.ts';
import { targetLists } from './carriers.ts';
import { canonical, listAt } from './routes.ts';
import { CONFIG_MAPS, textOf, touchedIds, wants } from './syncer-text.ts';
import { objectAt, type Timeline } from './timeline.ts';

const INTENT = 'sluice.dev/intent';

/** The clean-up said what it left. */
const saysNotDone = (entries: readonly SeenEntry[]): boolean =>
  entries.some((entry) => listAt(entry.message, 'outcome', 'notDone').length > 0);

const placeOf = (order: Order, resource: string, name: string) => ({
  cluster: order.cluster,
  namespace: order.namespace,
  resource,
  name,
});

const createdGone = (timeline: Timeline, order: Order, end: SeenEntry): readonly string[] => {
  const { resource } = order.adapter ?? { resource: '' };
  return order.routes.flatMap((name) => {
    const writes = timeline.writes(placeOf(order, resource, name));
    const created = writes.find(
      ({ by, verb, after }) =>
        by === 'sluice' && verb === 'create' && after?.metadata.annotations?.[INTENT] === order.rolloutId,
    );
    const uid = created?.after?.metadata.uid;
    const left = objectAt(writes, end.atMs);
    return uid !== undefined && left?.metadata.uid === uid
      ? [`${left.kind} ${name} is still there, though the rollout that made it has gone back`]
      : [];
  });
};

const listOf = (object: SeenObject | null | undefined, adapter: OrderOfAdapter): string =>
  canonical(targetLists(object ?? null, adapter).filter((list) => list !== undefined));

/** The lists themselves: a view could not tell an absent weight that has become 1. */
const listsRestored = (timeline: Timeline, order: Order, end: SeenEntry): readonly string[] => {
  const { adapter, rolloutId } = order;
  if (adapter === undefined) return [];
  return adapter.carriers.flatMap((name) => {
    const writes = timeline.writes(placeOf(order, adapter.resource, name));
    const ours = timeline.routeWrites(rolloutId ?? '').filter((write) => write.name === name);
    const [first] = ours;
    if (first === undefined) return [];
    // Since the plan was made: what it read is what it gives back.
    const plannedMs = timeline
      .entries(rolloutId ?? '')
      .findLast(({ to, atMs }) => to === 'preflight' && atMs <= first.atMs)?.atMs;
    const isShared = writes.some(
      ({ by, atMs, before, after }) =>
        by !== 'sluice' &&
        atMs >= (plannedMs ?? first.atMs) &&
        atMs <= end.atMs &&
        listOf(before, adapter) !== listOf(after, adapter),
    );
    const was = objectAt(writes, first.atMs - 1) ?? writes[0]?.before ?? null;
    const left = objectAt(writes, end.atMs) ?? null;
    if (isShared || was === null || left === null || was.metadata.uid !== left.metadata.uid) return [];
    return listOf(was, adapter) === listOf(left, adapter)
      ? []
      : [`${name} was left with targets ${listOf(left, adapter)} instead of ${listOf(was, adapter)}`];
  });
};

const isAbout = (write: SeenWrite, id: string): boolean => touchedIds(write).includes(id);

const syncersRestored = (timeline: Timeline, order: Order, end: SeenEntry): readonly string[] => {
  const { adapter, rolloutId } = order;
  if (adapter === undefined) return [];
  const entries = timeline.entries(rolloutId ?? '');
  // Until its turn it may have been a rival's.
  const beganMs = entries.findLast(({ to, from }) => to === 'preflight' && from !== to)?.atMs ?? end.atMs;
  return adapter.syncers.flatMap((name) => {
    const writes = timeline.writes(placeOf(order, CONFIG_MAPS, name));
    const since = writes.filter(({ atMs }) => atMs >= beganMs && atMs <= end.atMs);
    const mine = since.filter((write) => write.by === 'sluice' && isAbout(write, adapter.to));
    const [first] = mine;
    const left = objectAt(writes, end.atMs) ?? null;
    const was = first?.before ?? null;
    if (was === null || left === null) return [];
    const others = since.filter(
      (write) => !mine.includes(write) && write.before?.['data'] !== write.after?.['data'],
    );
    if (others.some((write) => write.by !== 'sluice')) return [];
    if (!wants(was, adapter.to) && wants(left, adapter.to))
      return [`${name} still asks for ${adapter.to} after the rollback`];
    if (others.length > 0 || textOf(left) === textOf(was)) return [];
    return [`${name} was left with another text than it had before the rollout`];
  });
};

/** What an adapter's rollout left behind, in sentences; nothing of one whose traffic never moved is asked but that. */
export const adapterLeftovers = (timeline: Timeline, order: Order, end: SeenEntry): readonly string[] => {
  if (order.adapter === undefined) return [];
  const entries = timeline.entries(order.rolloutId ?? '');
  const lists = listsRestored(timeline, order, end);
  return saysNotDone(entries)
    ? lists
    : [...lists, ...createdGone(timeline, order, end), ...syncersRestored(timeline, order, end)];
};
