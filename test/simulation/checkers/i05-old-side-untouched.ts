/**
 * I5: until retention has run out nothing of the old side is deleted, scaled or edited by the product; of an adapter the old
 * version is loaded until then.
 */
import type { Checker, Order, Seen, SeenObject, SeenWrite, Violation } from '../seen.ts';
import { writerOf } from './lives.ts';
import { earlyRemoval, type Retention, retentionOf } from './retention.ts';
import { at, HTTP_ROUTES } from './routes.ts';
import { CONFIG_MAPS, unwants, wants } from './syncer-text.ts';
import { timelineOf } from './timeline.ts';
import { nameOfWritten, span } from './words.ts';

const isOf = (order: Order, write: SeenWrite, kind: string): boolean =>
  order.cluster === write.cluster &&
  order.namespace === write.namespace &&
  order.oldObjects.some((object) => object.kind === kind && object.name === write.name);

const replicas = (object: SeenObject | null): number | null => {
  const value = at(object, 'spec', 'replicas');
  return typeof value === 'number' ? value : null;
};

/** What was done to it, in words. */
const deedOf = (write: SeenWrite, order: Order): string => {
  if (write.verb === 'delete') return 'deleted';
  const [before, after] = [replicas(write.before), replicas(write.after)];
  if (before === null || after === null || before === after) return 'edited';
  const floor = Math.ceil((order.oldReplicas * order.floorPercent) / 100);
  return `scaled from ${before} to ${after}${after < floor ? `, its floor is ${floor}` : ''}`;
};

const whenOf = ({ overAtMs, because }: Retention, write: SeenWrite): string =>
  Number.isFinite(overAtMs)
    ? `${span(overAtMs - write.issuedAtMs)} too early: ${because}`
    : `and never might be: ${because}`;

const ofObject = (seen: Seen, write: SeenWrite): readonly Violation[] => {
  const kind = (write.before ?? write.after)?.kind ?? '';
  const orders = seen.orders.filter((order) => isOf(order, write, kind));
  const [first] = orders.filter(({ rolloutId }) => rolloutId !== null);
  const order = first ?? orders[0];
  if (order === undefined) return [];
  if (orders.some((one) => write.issuedAtMs >= retentionOf(seen, one).overAtMs)) return [];
  return [
    {
      rule: 'I5',
      atMs: write.atMs,
      rolloutId: order.rolloutId,
      sentence: `${nameOfWritten(write)} of the old side was ${deedOf(write, order)} ${whenOf(retentionOf(seen, order), write)}`,
    },
  ];
};

/** What adapters are loaded by it is theirs, whatever else becomes of its pool. */
const isSyncer = (seen: Seen, { resource, name, after }: SeenWrite): boolean =>
  resource === CONFIG_MAPS &&
  after !== null &&
  seen.orders.some(({ adapter }) => adapter?.syncers.includes(name) === true);

/** A version that is not asked for any more, or asked away, is unloaded a minute later. */
const ofSyncer = (seen: Seen, write: SeenWrite): readonly Violation[] => {
  const unloaded = seen.orders.filter(
    ({ adapter, cluster, namespace }) =>
      adapter !== undefined &&
      adapter.syncers.includes(write.name) &&
      cluster === write.cluster &&
      namespace === write.namespace &&
      wants(write.before, adapter.from) &&
      (!wants(write.after, adapter.from) || unwants(write.after, adapter.from)),
  );
  const [first] = unloaded.filter(({ rolloutId }) => rolloutId !== null);
  const order = first ?? unloaded[0];
  if (order === undefined) return [];
  if (unloaded.some((one) => write.issuedAtMs >= retentionOf(seen, one).overAtMs)) return [];
  return [
    {
      rule: 'I5',
      atMs: write.atMs,
      rolloutId: order.rolloutId,
      sentence: `${nameOfWritten(write)} gave up ${order.oldPool}, the old version, ${whenOf(retentionOf(seen, order), write)}`,
    },
  ];
};

/** Cut off from its routes the old side is no way back, whatever stands of it. */
const ofRoute = (seen: Seen, write: SeenWrite): readonly Violation[] => {
  const order = timelineOf(seen).order(writerOf(write) ?? '');
  const why = order === undefined ? null : earlyRemoval(seen, order, write);
  if (order === undefined || why === null) return [];
  return [
    { rule: 'I5', atMs: write.atMs, rolloutId: order.rolloutId, sentence: `${nameOfWritten(write)} ${why}` },
  ];
};

/** A write counts as decided when it was sent. Where orders share an old side, one whose retention is over suffices. */
export const oldSideUntouched: Checker = (seen) =>
  timelineOf(seen)
    .of('write')
    .flatMap((write) => {
      if (write.by !== 'sluice' || write.verb === 'create') return [];
      if (isSyncer(seen, write)) return ofSyncer(seen, write);
      return write.resource === HTTP_ROUTES ? ofRoute(seen, write) : ofObject(seen, write);
    });
