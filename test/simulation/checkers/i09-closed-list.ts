/** I9: what the product writes to things that it did not create is a closed list, and it deletes nothing but what was agreed. */
import type { Checker, Order, Seen, SeenGke, SeenWrite, Violation } from '../seen.ts';
import { isCarrier, problemOfCarrier, problemOfNewCarrier, problemOfSyncer } from './i09-adapter-writes.ts';
import { foreignMetadata, problemOfRoute, restOf } from './i09-route-writes.ts';
import { writerOf } from './lives.ts';
import { earlyRemoval, retentionOf } from './retention.ts';
import { at, canonical, fenceOf, HTTP_ROUTES } from './routes.ts';
import { CONFIG_MAPS } from './syncer-text.ts';
import { routePlace, timelineOf } from './timeline.ts';
import { nameOfWritten } from './words.ts';

const OBJECTIVES = /^inferenceobjectives\./u;

/** Value: the id of the rollout that made it. */
const INTENT = 'sluice.dev/intent';
const OWNER_LABEL = 'sluice-rollout';

/** Orders on the namespace of a write; a write to the cluster itself belongs to all of the cluster. */
const ordersOf = (seen: Seen, write: SeenWrite): readonly Order[] =>
  seen.orders.filter(
    (order) =>
      order.cluster === write.cluster && (write.namespace === null || order.namespace === write.namespace),
  );

const createdProblem = (seen: Seen, orders: readonly Order[], write: SeenWrite): string | null => {
  const intent = write.after?.metadata.annotations?.[INTENT];
  if (intent === undefined) return 'was created without saying for which rollout';
  const order = orders.find(({ rolloutId }) => rolloutId === intent);
  if (order === undefined) return `was created for ${intent}, which has no order here`;
  if (order.adapter !== undefined) return problemOfNewCarrier(seen, order, write);
  return order.source === 'manifests' ? null : `was created for ${intent}, whose new side was there already`;
};

/** What was asked to be deleted, once its time has come. */
const deletedProblem = (seen: Seen, orders: readonly Order[], write: SeenWrite): string | null => {
  const kind = (write.before ?? write.after)?.kind;
  const listed = orders.filter(({ oldObjects }) =>
    oldObjects.some((object) => object.kind === kind && object.name === write.name),
  );
  if (listed.length === 0) return 'was deleted: the product did not create it, and no order retires it';
  const retired = listed.filter(({ retire }) => retire === 'delete');
  if (retired.length === 0) return 'was deleted, though the old side was to be kept';
  return retired.some((order) => write.issuedAtMs >= retentionOf(seen, order).overAtMs)
    ? null
    : 'was deleted before its retention was over';
};

const objectiveProblem = (orders: readonly Order[], { before, after }: SeenWrite): string | null => {
  if (foreignMetadata(before) !== foreignMetadata(after)) return 'changed metadata that are not ours';
  if (restOf(before, 'poolRef') !== restOf(after, 'poolRef')) return 'changed more than its pool';
  const names = [before, after].map((object) => at(object, 'spec', 'poolRef', 'name'));
  const rest = [before, after].map((object) => {
    const ref = at(object, 'spec', 'poolRef') as Readonly<Record<string, unknown>> | undefined;
    return canonical({ ...ref, name: '' });
  });
  if (rest[0] !== rest[1]) return "changed more of its pool's reference than the name";
  const isKnown = orders.some((order) => names[1] === order.oldPool || names[1] === order.newPool);
  return isKnown ? null : `was pointed at ${String(names[1])}, a pool of no order`;
};

/** The one whose fence it bears; before its first fence any order that lists the route. */
const routeOrder = (orders: readonly Order[], write: SeenWrite): Order | undefined => {
  const writer = writerOf(write);
  return (
    orders.find(({ rolloutId }) => rolloutId !== null && rolloutId === writer) ??
    orders.find(({ routes }) => routes.includes(write.name))
  );
};

/** From reading an object to writing it; who takes longer reads again. */
const READ_MS = 10_000;

/** Two executors of one decision that had read the same: the second to land had read before the first one's fence was there. */
const isTwin = (seen: Seen, order: Order, write: SeenWrite): boolean => {
  const { rolloutId, fence } = fenceOf(write.after) ?? {};
  const first = timelineOf(seen)
    .writes(routePlace(order, write.name))
    .findLast((one) => one.atMs <= write.atMs && one !== write && writerOf(one) === rolloutId);
  return (
    rolloutId !== undefined &&
    first !== undefined &&
    fenceOf(first.after)?.fence === fence &&
    write.issuedAtMs <= first.atMs + READ_MS
  );
};

const changedProblem = (seen: Seen, orders: readonly Order[], write: SeenWrite): string | null => {
  if (OBJECTIVES.test(write.resource)) return objectiveProblem(orders, write);
  if (isCarrier(write)) return problemOfCarrier(seen, orders, write);
  if (write.resource === CONFIG_MAPS) return problemOfSyncer(orders, write);
  if (write.resource !== HTTP_ROUTES) return 'was changed: the product did not create it';
  const order = routeOrder(orders, write);
  if (order === undefined || !order.routes.includes(write.name))
    return 'was written: it is no route of an order';
  if (writerOf(write) === null && !isTwin(seen, order, write)) return 'was written without a new fence';
  return earlyRemoval(seen, order, write) ?? problemOfRoute(seen, order, write);
};

const ofWrites = (seen: Seen): readonly Violation[] => {
  /** uids of what the product created. */
  const own = new Set<string>();
  return timelineOf(seen)
    .of('write')
    .flatMap((write) => {
      if (write.by !== 'sluice') return [];
      const uid = (write.before ?? write.after)?.metadata.uid ?? '';
      const orders = ordersOf(seen, write);
      if (write.verb === 'create') own.add(uid);
      const problem =
        orders.length === 0
          ? 'was written: no order is about its namespace'
          : write.verb === 'create'
            ? createdProblem(seen, orders, write)
            : own.has(uid) && (write.verb === 'delete' || !isCarrier(write))
              ? null
              : write.verb === 'delete'
                ? deletedProblem(seen, orders, write)
                : changedProblem(seen, orders, write);
      if (problem === null) return [];
      return [
        {
          rule: 'I9' as const,
          atMs: write.atMs,
          rolloutId: writerOf(write),
          sentence: `${nameOfWritten(write)} ${problem}`,
        },
      ];
    });
};

const gkeProblem = (seen: Seen, call: SeenGke, made: ReadonlySet<string>): string | null => {
  if (!seen.orders.some(({ cluster }) => cluster === call.cluster))
    return `is in ${call.cluster}, a cluster of no order`;
  if (call.what === 'deleteNodePool')
    return made.has(`${call.cluster} ${call.nodePool}`) ? null : 'was deleted: the product did not create it';
  const owner = call.labels[OWNER_LABEL];
  return seen.orders.some(({ rolloutId }) => rolloutId !== null && rolloutId === owner)
    ? null
    : 'was created without saying for which rollout';
};

const ofNodePools = (seen: Seen): readonly Violation[] => {
  const made = new Set<string>();
  return timelineOf(seen)
    .of('gke')
    .flatMap((call) => {
      if (call.what === 'createNodePool') made.add(`${call.cluster} ${call.nodePool}`);
      const problem = gkeProblem(seen, call, made);
      if (problem === null) return [];
      return [
        {
          rule: 'I9' as const,
          atMs: call.atMs,
          rolloutId: call.labels[OWNER_LABEL] ?? null,
          sentence: `node pool ${call.nodePool} ${problem}`,
        },
      ];
    });
};

export const closedList: Checker = (seen) => [...ofWrites(seen), ...ofNodePools(seen)];
