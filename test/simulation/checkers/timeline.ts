/**
 * The sightings of a trial sorted into timelines, made once per trial, and what stood at a moment or over an interval.
 * A sighting of a state (`side`) holds from its time until the next one of the same thing.
 */
import type {
  Order,
  Seen,
  SeenDryRun,
  SeenEntry,
  SeenObject,
  SeenProbe,
  SeenScrape,
  SeenSide,
  SeenTraffic,
  SeenWrite,
  Sighting,
} from '../seen.ts';
import { viewDryRuns, viewResource, viewWrites } from './carriers.ts';
import { fenceOf, HTTP_ROUTES } from './routes.ts';

export interface Place {
  readonly cluster: string;
  readonly namespace: string | null;
}

export interface PoolPlace extends Place {
  readonly pool: string;
}

export interface ObjectPlace extends Place {
  readonly resource: string;
  readonly name: string;
}

interface Timed {
  readonly atMs: number;
}

/** Everything in the order in which it happened. */
export interface Timeline {
  /** All sightings of a kind. */
  readonly of: <K extends Sighting['kind']>(kind: K) => readonly Extract<Sighting, { kind: K }>[];
  readonly sides: (pool: PoolPlace) => readonly SeenSide[];
  readonly traffic: (pool: PoolPlace) => readonly SeenTraffic[];
  readonly scrapes: (place: Place) => readonly SeenScrape[];
  readonly probes: (place: Place) => readonly SeenProbe[];
  /** All writes to one object, whoever wrote, status included. */
  readonly writes: (object: ObjectPlace) => readonly SeenWrite[];
  readonly dryRuns: (object: ObjectPlace) => readonly SeenDryRun[];
  /**
   * Accepted writes of Sluice to HTTPRoutes that are this rollout's by their fence, in the order of their landing; of an
   * adapter's rollout those to what carries its weights, seen as routes.
   */
  readonly routeWrites: (rolloutId: string) => readonly SeenWrite[];
  /** All writes to HTTPRoutes, and to what carries weights of adapters, seen as routes. */
  readonly routes: readonly SeenWrite[];
  /** The journal as it was published, each entry once, by seq. */
  readonly entries: (rolloutId: string) => readonly SeenEntry[];
  /** The order that became this rollout; undefined: none did. */
  readonly order: (rolloutId: string) => Order | undefined;
  /** When the rollout's document was first set back to an older version; Infinity: never. */
  readonly restoredAtMs: (rolloutId: string) => number;
}

const placeKey = ({ cluster, namespace }: Place): string => `${cluster}|${namespace ?? ''}`;
const poolKey = (place: PoolPlace): string => `${placeKey(place)}|${place.pool}`;
const objectKey = (place: ObjectPlace): string => `${placeKey(place)}|${place.resource}|${place.name}`;

/** Grouped lists that are empty where nothing was seen. */
const group = <T>(
  items: readonly T[],
  keyOf: (item: T) => string | null,
): ((key: string) => readonly T[]) => {
  const lists = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [item]);
    else list.push(item);
  }
  return (key) => lists.get(key) ?? [];
};

/** Whose write to a route it is: by the fence on it; without one that is known, the only order that it can concern. */
const rolloutOf =
  (orders: readonly Order[]) =>
  (write: SeenWrite): string | null => {
    if (write.by !== 'sluice') return null;
    const fenced = fenceOf(write.after)?.rolloutId;
    if (orders.some((order) => order.rolloutId === fenced)) return fenced ?? null;
    const about = orders.filter(
      (order) =>
        order.rolloutId !== null &&
        order.cluster === write.cluster &&
        order.namespace === write.namespace &&
        routeResource(order) === write.resource &&
        order.routes.includes(write.name),
    );
    return about.length === 1 ? (about[0]?.rolloutId ?? null) : null;
  };

/** As a timeline names what carries an order's weights. */
const routeResource = ({ adapter }: Order): string =>
  adapter === undefined ? HTTP_ROUTES : viewResource(adapter);

const inOrder = (writes: readonly SeenWrite[]): readonly SeenWrite[] =>
  writes.toSorted((one, other) => one.atMs - other.atMs);

/** Published again counts once, whichever came first. */
const journals = (entries: readonly SeenEntry[]): ((rolloutId: string) => readonly SeenEntry[]) => {
  const bySeq = new Map<string, Map<number, SeenEntry>>();
  for (const entry of entries) {
    const of = bySeq.get(entry.rolloutId) ?? new Map<number, SeenEntry>();
    bySeq.set(entry.rolloutId, of);
    if (!of.has(entry.seq)) of.set(entry.seq, entry);
  }
  const sorted = new Map(
    [...bySeq].map(([id, of]) => [id, [...of.values()].sort((a, b) => a.seq - b.seq)] as const),
  );
  return (rolloutId) => sorted.get(rolloutId) ?? [];
};

const build = (seen: Seen): Timeline => {
  const byKind = new Map<string, Sighting[]>();
  for (const sighting of seen.sightings) {
    const list = byKind.get(sighting.kind);
    if (list === undefined) byKind.set(sighting.kind, [sighting]);
    else list.push(sighting);
  }
  const of: Timeline['of'] = (kind) => (byKind.get(kind) ?? []) as never;
  const sides = group(of('side'), poolKey);
  const traffic = group(of('traffic'), poolKey);
  const scrapes = group(of('scrape'), placeKey);
  const probes = group(of('probe'), placeKey);
  const views = viewWrites(seen.orders, of('write'));
  const writes = group([...of('write'), ...views], objectKey);
  const dryRuns = group([...of('dryRun'), ...viewDryRuns(seen.orders, of('dryRun'))], objectKey);
  const routes = inOrder([...of('write').filter(({ resource }) => resource === HTTP_ROUTES), ...views]);
  const routeWrites = group(routes, rolloutOf(seen.orders));
  const orders = new Map(seen.orders.map((order) => [order.rolloutId, order] as const));
  const restored = group(of('fault'), ({ what, whom }) => (what === 'restored' ? whom : null));
  return {
    of,
    sides: (pool) => sides(poolKey(pool)),
    traffic: (pool) => traffic(poolKey(pool)),
    scrapes: (place) => scrapes(placeKey(place)),
    probes: (place) => probes(placeKey(place)),
    writes: (object) => writes(objectKey(object)),
    dryRuns: (object) => dryRuns(objectKey(object)),
    routeWrites,
    routes,
    entries: journals(of('published').map(({ entry }) => entry)),
    order: (rolloutId) => orders.get(rolloutId),
    restoredAtMs: (rolloutId) => restored(rolloutId)[0]?.atMs ?? Number.POSITIVE_INFINITY,
  };
};

const built = new WeakMap<Seen, Timeline>();

/** The timelines of a trial; made at the first call. */
export const timelineOf = (seen: Seen): Timeline => {
  const found = built.get(seen) ?? build(seen);
  built.set(seen, found);
  return found;
};

/** How many of a list in order of time are not later than a moment. */
const countUntil = (list: readonly Timed[], atMs: number): number => {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The last one at or before a moment: what holds then. undefined: nothing was seen yet. */
export const lastAt = <T extends Timed>(list: readonly T[], atMs: number): T | undefined =>
  list[countUntil(list, atMs) - 1];

/** The first one at or after a moment. */
export const firstFrom = <T extends Timed>(list: readonly T[], atMs: number): T | undefined =>
  list[countUntil(list, atMs - 1e-3)];

/** What happened from one moment to another, both included. */
export const between = <T extends Timed>(list: readonly T[], fromMs: number, toMs: number): readonly T[] =>
  list.slice(countUntil(list, fromMs - 1e-3), countUntil(list, toMs));

/** All that held at some moment of an interval: what held at its beginning, and what came within it. */
export const during = <T extends Timed>(list: readonly T[], fromMs: number, toMs: number): readonly T[] =>
  list.slice(Math.max(0, countUntil(list, fromMs) - 1), countUntil(list, toMs));

/** The object as it stood at a moment; null when it was not there, undefined when nobody ever wrote it. */
export const objectAt = (writes: readonly SeenWrite[], atMs: number): SeenObject | null | undefined => {
  const last = lastAt(writes, atMs);
  return last === undefined ? writes[0]?.before : last.after;
};

/** All that an object was at some moment of an interval, absence included. */
export const objectsDuring = (
  writes: readonly SeenWrite[],
  fromMs: number,
  toMs: number,
): readonly (SeenObject | null)[] => {
  const stood = objectAt(writes, fromMs);
  return [
    ...(stood === undefined ? [] : [stood]),
    ...between(writes, fromMs, toMs).map((write) => write.after),
  ];
};

/** Where an order's route stands. */
export const routePlace = (order: Order, name: string): ObjectPlace => ({
  cluster: order.cluster,
  namespace: order.namespace,
  resource: routeResource(order),
  name,
});

export const oldPoolOf = ({ cluster, namespace, oldPool }: Order): PoolPlace => ({
  cluster,
  namespace,
  pool: oldPool,
});

export const newPoolOf = ({ cluster, namespace, newPool }: Order): PoolPlace => ({
  cluster,
  namespace,
  pool: newPool,
});

/** States that are final. */
const ENDS: ReadonlySet<string> = new Set(['promoted', 'rolledBack', 'failed']);

/** The entry that ended a rollout; undefined: it is not over, or nobody was told. */
export const endOf = (entries: readonly SeenEntry[]): SeenEntry | undefined =>
  entries.find((entry) => entry.refusal === null && ENDS.has(entry.to) && !ENDS.has(entry.from));
