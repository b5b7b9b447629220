/**
 * I7: at most one unfinished rollout past `queued` works on a pool, route or node pool. Rollouts of adapters share a pool, each
 * with an alias of its own; with a rollout of the pool itself they do not.
 */
import type { Checker, Order, Seen, SeenEntry, SeenGke, SeenWrite, Violation } from '../seen.ts';
import { type Life, livesOf, writerOf } from './lives.ts';
import { timelineOf } from './timeline.ts';
import { nameOfWritten } from './words.ts';

const OWNER_LABEL = 'sluice-rollout';

/** A time in which a rollout certainly held what it works on. */
interface Tenure {
  readonly life: Life;
  readonly fromMs: number;
  readonly toMs: number;
  readonly what: string;
  /** Others may hold it meanwhile, but for those of the same alias, or of none. */
  readonly alias: string | null;
}

const FINAL: ReadonlySet<string> = new Set(['promoted', 'rolledBack', 'failed']);

/** Without a plan only the old pool is held. */
const UNPLANNED: ReadonlySet<string> = new Set(['queued', 'preflight']);

/**
 * Stretches of a journal in which the state was none of `outside`. They begin when the entry was committed at the latest and end with the time
 * on the entry that ends them: both are within what was really so.
 */
const stretches = (
  life: Life,
  outside: (state: string) => boolean,
): readonly (readonly [number, number])[] => {
  const found: (readonly [number, number])[] = [];
  let since: SeenEntry | null = null;
  for (const entry of life.entries) {
    if (since === null && !outside(entry.to)) since = entry;
    else if (since !== null && outside(entry.to)) {
      found.push([life.committedByMs(since), entry.atMs]);
      since = null;
    }
  }
  if (since !== null) found.push([life.committedByMs(since), Number.POSITIVE_INFINITY]);
  return found.map(([fromMs, toMs]) => [fromMs, Math.min(toMs, life.restoredAtMs)] as const);
};

const place = ({ cluster, namespace }: Order, kind: string, name: string): string =>
  `${kind} ${namespace}/${name} of ${cluster}`;

const tenuresOf = (life: Life): readonly Tenure[] => {
  const { order } = life;
  if (order === undefined) return [];
  // Called off while it waited for its turn: it ends without having begun.
  const neverBegan = life.entries.some(({ from, to }) => from === 'queued' && to === 'failing');
  const isIdle = (state: string): boolean =>
    state === 'queued' || FINAL.has(state) || (neverBegan && state === 'failing');
  const make = (places: readonly string[], outside: (state: string) => boolean): readonly Tenure[] =>
    stretches(life, outside).flatMap(([fromMs, toMs]) =>
      places.map((what) => ({ life, fromMs, toMs, what, alias: order.adapter?.alias ?? null })),
    );
  const isUnplanned = (state: string): boolean => UNPLANNED.has(state) || isIdle(state);
  if (order.adapter !== undefined) {
    const { alias, pools } = order.adapter;
    return [
      ...make([place(order, 'alias', alias)], isIdle),
      ...make(
        pools.map((pool) => place(order, 'adapters of', pool)),
        isUnplanned,
      ),
    ];
  }
  return [
    ...make([place(order, 'pool', order.oldPool)], isIdle),
    ...make(
      [
        place(order, 'pool', order.newPool),
        place(order, 'adapters of', order.oldPool),
        ...order.routes.map((route) => place(order, 'route', route)),
      ],
      isUnplanned,
    ),
  ];
};

/** Two names of one pool. */
const mayShare = (one: Tenure, other: Tenure): boolean =>
  one.alias !== null && other.alias !== null && one.alias !== other.alias;

/** One sentence per pair of rollouts: the pool, or the route, that they shared first. */
const overlaps = (lives: readonly Life[]): readonly Violation[] => {
  const tenures = lives.flatMap(tenuresOf).toSorted((one, other) => one.fromMs - other.fromMs);
  const said = new Set<string>();
  return tenures.flatMap((one, index) =>
    tenures.slice(index + 1).flatMap((other) => {
      const pair = `${one.life.rolloutId} ${other.life.rolloutId}`;
      if (one.life === other.life || one.what !== other.what || other.fromMs > one.toMs) return [];
      if (mayShare(one, other)) return [];
      if (other.fromMs > other.toMs || said.has(pair)) return [];
      said.add(pair);
      return [
        {
          rule: 'I7' as const,
          atMs: other.fromMs,
          rolloutId: other.life.rolloutId,
          sentence: `${other.life.rolloutId} works on ${one.what} while ${one.life.rolloutId}, which works on it too, has not ended`,
        },
      ];
    }),
  );
};

const isUnfinishedAt = (life: Life | undefined, ms: number): boolean =>
  life === undefined || ((life.end?.atMs ?? Number.POSITIVE_INFINITY) > ms && life.restoredAtMs > ms);

/**
 * Nobody writes a route that an unfinished rollout has written before. One whose document was set back to before its end has
 * lost its locks to whoever came after it, does not know it, and must be let: the way back waits for no lock.
 */
const mixedWrites = (seen: Seen, lives: ReadonlyMap<string, Life>): readonly Violation[] => {
  const writers = new Map<string, Map<string, SeenWrite>>();
  return timelineOf(seen).routes.flatMap((write) => {
    const writer = writerOf(write);
    if (writer === null) return [];
    const route = `${write.cluster} ${write.resource} ${write.namespace ?? ''}/${write.name}`;
    const earlier = writers.get(route) ?? new Map<string, SeenWrite>();
    writers.set(route, earlier);
    const others = [...earlier.keys()].filter(
      (id) => id !== writer && isUnfinishedAt(lives.get(id), write.issuedAtMs),
    );
    if (!earlier.has(writer)) earlier.set(writer, write);
    if (write.atMs >= (lives.get(writer)?.restoredAtMs ?? Number.POSITIVE_INFINITY)) return [];
    return others.slice(0, 1).map((other) => ({
      rule: 'I7' as const,
      atMs: write.atMs,
      rolloutId: writer,
      sentence: `${writer} wrote ${nameOfWritten(write)}, which ${other} had written before and has not ended`,
    }));
  });
};

/** A node pool of one name belongs to one unfinished rollout. */
const sharedNodePools = (seen: Seen, lives: ReadonlyMap<string, Life>): readonly Violation[] => {
  const owners = new Map<string, SeenGke>();
  return timelineOf(seen)
    .of('gke')
    .flatMap((call) => {
      if (call.what !== 'createNodePool') return [];
      const key = `${call.cluster} ${call.nodePool}`;
      const owner = owners.get(key)?.labels[OWNER_LABEL] ?? '';
      const by = call.labels[OWNER_LABEL] ?? '';
      owners.set(key, call);
      if (owner === '' || owner === by || !isUnfinishedAt(lives.get(owner), call.issuedAtMs)) return [];
      return [
        {
          rule: 'I7' as const,
          atMs: call.atMs,
          rolloutId: by,
          sentence: `${by} made node pool ${call.nodePool}, whose name ${owner}, not ended yet, had used`,
        },
      ];
    });
};

export const onePerPool: Checker = (seen) => {
  const lives = livesOf(seen);
  const byId = new Map(lives.map((life) => [life.rolloutId, life]));
  return [...overlaps(lives), ...mixedWrites(seen, byId), ...sharedNodePools(seen, byId)];
};
