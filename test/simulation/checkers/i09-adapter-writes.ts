/**
 * I9, of adapters: a write to what carries an alias's weights changes the targets of that alias's rule and annotations of our
 * own; one to a syncer's ConfigMap changes the entries of the versions that some order is about, and not a byte beside them.
 */
import type { Order, OrderOfAdapter, Seen, SeenObject, SeenWrite } from '../seen.ts';
import { targetLists, viewOf } from './carriers.ts';
import { foreignMetadata } from './i09-route-writes.ts';
import { commandOf } from './journal.ts';
import { lifeOf } from './lives.ts';
import { at, canonical, listAt, refsByRule, writesFence } from './routes.ts';
import { keepsRest, touchedIds } from './syncer-text.ts';
import { objectAt, objectsDuring, routePlace, timelineOf } from './timeline.ts';

export interface OrderAndAdapter {
  readonly order: Order;
  readonly adapter: OrderOfAdapter;
}

export const adapterOrders = (orders: readonly Order[]): readonly OrderAndAdapter[] =>
  orders.flatMap((order) => (order.adapter === undefined ? [] : [{ order, adapter: order.adapter }]));

/** Is the object of a kind that carries weights of adapters? */
export const isCarrier = ({ resource }: SeenWrite): boolean =>
  /^inferencemodel(?:rewrite)?s\./u.test(resource);

/** An object but for the targets of an alias and what is the server's or ours of its metadata. */
const restOf = (object: SeenObject | null, adapter: OrderOfAdapter): string => {
  const lists = targetLists(object, adapter);
  const spec = (object?.['spec'] ?? {}) as Readonly<Record<string, unknown>>;
  const { targetModels: _models, ...model } = spec;
  const rest =
    spec['modelName'] === undefined
      ? {
          ...spec,
          rules: listAt(object, 'spec', 'rules').map((rule, index) =>
            lists[index] === undefined ? rule : { matches: at(rule, 'matches') },
          ),
        }
      : model;
  return canonical({ ...object, metadata: null, status: null, spec: rest });
};

/** Targets of neither version, with their weights. */
const othersOf = (refs: readonly { readonly side: string; readonly name: string }[]): readonly string[] =>
  refs.filter(({ side }) => side === 'other').map(({ name }) => name);

/** The order whose fence the write changes. */
const writerAmong = (orders: readonly OrderAndAdapter[], write: SeenWrite): OrderAndAdapter | undefined =>
  orders.find(({ order, adapter }) => {
    const before = viewOf(write.before, adapter);
    const after = viewOf(write.after, adapter);
    const fence = after?.metadata.annotations?.['sluice.dev/fence'] ?? '';
    return (
      order.rolloutId !== null && writesFence({ before, after }) && fence.startsWith(`${order.rolloutId}/`)
    );
  });

/** Foreign targets that stood there once may be written back on the way back, or when others' weights are overwritten. */
const wasThere = (seen: Seen, { order }: OrderAndAdapter, write: SeenWrite, index: number): boolean => {
  const stood = objectsDuring(
    timelineOf(seen).writes(routePlace(order, write.name)),
    seen.startMs,
    write.atMs,
  );
  const mine = canonical(othersOf(refsByRule(viewed(write.after, order), order)[index] ?? []));
  return stood.some((object) => canonical(othersOf(refsByRule(object, order)[index] ?? [])) === mine);
};

const viewed = (object: SeenObject | null, { adapter }: Order): SeenObject | null =>
  adapter === undefined ? object : viewOf(object, adapter);

const isOverwriting = (seen: Seen, { order }: OrderAndAdapter, write: SeenWrite): boolean =>
  (lifeOf(seen, order.rolloutId ?? '')?.entries ?? []).some(
    (entry) =>
      entry.atMs <= write.issuedAtMs &&
      (entry.to === 'rollingBack' ||
        entry.message.kind === 'recordExecuted' ||
        (commandOf(entry) === 'resume' && at(entry.message, 'command', 'drift') === 'reapply')),
  );

const problemOfTargets = (seen: Seen, writer: OrderAndAdapter, write: SeenWrite): string | null => {
  const { order, adapter } = writer;
  const was = refsByRule(viewOf(write.before, adapter), order);
  const is = refsByRule(viewOf(write.after, adapter), order);
  for (const [index, refs] of is.entries()) {
    const [before, after] = [othersOf(was[index] ?? []), othersOf(refs)];
    if (canonical(before) === canonical(after)) continue;
    if (isOverwriting(seen, writer, write) && wasThere(seen, writer, write, index)) continue;
    return `changed the targets of others in rule ${index}: ${before.join(', ') || 'none'} became ${after.join(', ') || 'none'}`;
  }
  return unweighed(write, adapter);
};

/** Beside a target with a weight one without gets nothing: all have one, or none. */
const unweighed = ({ after }: SeenWrite, adapter: OrderOfAdapter): string | null => {
  for (const [index, targets] of targetLists(after, adapter).entries()) {
    const weights = (Array.isArray(targets) ? targets : []).map((target) => at(target, 'weight'));
    if (weights.includes(undefined) && weights.some((weight) => weight !== undefined))
      return `left a target of rule ${index} without a weight beside one that has one`;
  }
  return null;
};

/** What a write to a carrier changed that is not ours to change; null: nothing. */
export const problemOfCarrier = (seen: Seen, orders: readonly Order[], write: SeenWrite): string | null => {
  const known = adapterOrders(orders).filter(
    ({ order, adapter }) => adapter.resource === write.resource && order.routes.includes(write.name),
  );
  if (known.length === 0) return 'was written: it gives no name of an order its targets';
  const writer = writerAmong(known, write);
  // Two executors of one decision leave the same fence: then all that changes must be of one alias.
  const candidates = writer === undefined ? known : [writer];
  if (foreignMetadata(write.before) !== foreignMetadata(write.after))
    return 'changed metadata that are not ours';
  const clean = candidates.find(
    ({ adapter }) => restOf(write.before, adapter) === restOf(write.after, adapter),
  );
  return clean === undefined
    ? 'changed more than the targets of its name'
    : problemOfTargets(seen, clean, write);
};

/** A carrier is made where the alias has none, and nowhere else: a younger one is not followed. */
export const problemOfNewCarrier = (seen: Seen, order: Order, write: SeenWrite): string | null => {
  const { adapter } = order;
  if (adapter === undefined) return 'was created by a rollout of no adapter';
  if (adapter.resource !== write.resource)
    return `was created: names of its cluster are carried by ${adapter.resource}`;
  const pool = at(write.after, 'spec', 'poolRef', 'name');
  if (!adapter.pools.some((name) => name === pool))
    return `was created for ${String(pool)}, a pool of no order`;
  const shadowing = adapter.carriers.find((name) => {
    const ofIt = timelineOf(seen).writes({
      cluster: order.cluster,
      namespace: order.namespace,
      resource: write.resource,
      name,
    });
    const stands = objectAt(ofIt, write.issuedAtMs);
    // One that nobody has ever written stands as it stood; whose pool it has its name tells.
    return stands === undefined
      ? name.endsWith(`-${String(pool)}`) || adapter.pools.length === 1
      : stands !== null && at(stands, 'spec', 'poolRef', 'name') === pool;
  });
  return shadowing === undefined || shadowing === write.name
    ? null
    : `was created beside ${shadowing}, which is older and has ${adapter.alias}: nobody follows it`;
};

/** What a write to a syncer's ConfigMap changed that is not ours to change; null: nothing. */
export const problemOfSyncer = (orders: readonly Order[], write: SeenWrite): string | null => {
  const about = adapterOrders(orders).filter(({ adapter }) => adapter.syncers.includes(write.name));
  if (about.length === 0) return 'was changed: the product did not create it';
  if (foreignMetadata(write.before) !== foreignMetadata(write.after))
    return 'changed metadata that are not ours';
  const ids = touchedIds(write);
  const foreign = ids.find(
    (id) =>
      !about.some(
        ({ order, adapter }) =>
          (id === adapter.to && adapter.load === 'syncer') ||
          (id === adapter.from && order.retire === 'unload'),
      ),
  );
  if (foreign !== undefined) return `changed what is said of ${foreign}, which no order loads or unloads`;
  return keepsRest(write, ids)
    ? null
    : `changed more than what it says of ${ids.join(', ') || 'any version'}`;
};
