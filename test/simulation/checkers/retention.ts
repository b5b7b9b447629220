/** From when on the old side may go: never earlier than its author allowed, and never once the way back was taken. */
import type { Order, Seen, SeenObject, SeenWrite } from '../seen.ts';
import { commandOf } from './journal.ts';
import { type Life, lifeOf } from './lives.ts';
import { isConfirmed, refsByRule, weightOf } from './routes.ts';
import { routePlace, timelineOf } from './timeline.ts';
import { span } from './words.ts';

export interface Retention {
  /** No earlier than this may anything of the old side be touched. Infinity: never. */
  readonly overAtMs: number;
  /** What the time is counted from, in words. */
  readonly because: string;
}

const isFull = (route: SeenObject, order: Order): boolean => {
  const rules = refsByRule(route, order);
  return (
    rules.every((rule) => weightOf(rule, 'old') === 0) && rules.some((rule) => weightOf(rule, 'new') > 0)
  );
};

/** Full since a write of this generation; confirmed once a status speaks of it. */
interface Standing {
  readonly route: SeenObject | null;
  readonly fullGeneration: number | null;
}

const next = (before: Standing, write: SeenWrite, order: Order): Standing => {
  const route = write.after;
  if (route === null || !isFull(route, order)) return { route, fullGeneration: null };
  const isSame = before.route?.metadata.uid === route.metadata.uid;
  const generation = route.metadata.generation ?? 0;
  return { route, fullGeneration: isSame ? (before.fullGeneration ?? generation) : generation };
};

/** When all routes of an order that are there were first confirmed at a share of 100, after its first own write; null: never. */
export const fullAtMs = (seen: Seen, order: Order): number | null => {
  if (order.rolloutId === null) return null;
  const timeline = timelineOf(seen);
  const firstMs = timeline.routeWrites(order.rolloutId)[0]?.atMs;
  if (firstMs === undefined) return null;
  const writes = order.routes
    .flatMap((name) => timeline.writes(routePlace(order, name)))
    .toSorted((one, other) => one.atMs - other.atMs);
  const standing = new Map<string, Standing>(
    order.routes.map((name) => {
      const route = timeline.writes(routePlace(order, name))[0]?.before ?? null;
      return [name, { route, fullGeneration: null }];
    }),
  );
  for (const write of writes) {
    const before = standing.get(write.name) ?? { route: null, fullGeneration: null };
    standing.set(write.name, next(before, write, order));
    if (write.atMs < firstMs) continue;
    const there = [...standing.values()].filter(({ route }) => route !== null);
    const isConfirmedFull = ({ route, fullGeneration }: Standing): boolean =>
      fullGeneration !== null && isConfirmed(route, fullGeneration);
    if (there.length > 0 && there.every(isConfirmedFull)) return write.atMs;
  }
  return null;
};

const WENT_BACK: ReadonlySet<string> = new Set(['rollingBack', 'failing']);

const regular = (seen: Seen, order: Order, life: Life): Retention => {
  const fullMs = fullAtMs(seen, order);
  const never: Retention = {
    overAtMs: Number.POSITIVE_INFINITY,
    because: 'a share of 100 was never confirmed',
  };
  const finish = life.entries.find((entry) => commandOf(entry) === 'finish');
  if (finish !== undefined) return { overAtMs: finish.atMs, because: 'an operator finished it' };
  if (fullMs === null) return never;
  const skip = life.entries.find((entry) => commandOf(entry) === 'skip' && entry.from === 'soaking');
  const soakMs = order.ladder.at(-1)?.bakeMs ?? 0;
  const soakedMs = skip === undefined ? fullMs + soakMs : Math.min(skip.atMs, fullMs + soakMs);
  return { overAtMs: soakedMs + order.retentionMs, because: 'bake and retention had not passed' };
};

/** The earliest end of an order's retention that is possible; holds only add to it. */
export const retentionOf = (seen: Seen, order: Order): Retention => {
  const life = order.rolloutId === null ? undefined : lifeOf(seen, order.rolloutId);
  if (life === undefined)
    return { overAtMs: Number.POSITIVE_INFINITY, because: 'nothing of the rollout was ever published' };
  const back = life.entries.find((entry) => WENT_BACK.has(entry.to) && entry.refusal === null);
  const found: Retention =
    back === undefined
      ? regular(seen, order, life)
      : { overAtMs: Number.POSITIVE_INFINITY, because: 'the rollout was on its way back' };
  // Set back to an older version it may do again what it had done.
  return found.overAtMs < life.restoredAtMs ? found : { ...found, overAtMs: life.restoredAtMs };
};

const namesOld = (route: SeenObject | null, order: Order): boolean =>
  refsByRule(route, order).some((rule) => rule.some(({ side }) => side === 'old'));

/** What is wrong with a write that takes the old pool's last ref from a route: without it there is no way back. null: nothing. */
export const earlyRemoval = (seen: Seen, order: Order, write: SeenWrite): string | null => {
  if (write.after === null || !namesOld(write.before, order) || namesOld(write.after, order)) return null;
  const { overAtMs, because } = retentionOf(seen, order);
  if (write.issuedAtMs >= overAtMs) return null;
  return Number.isFinite(overAtMs)
    ? `lost the old pool's ref ${span(overAtMs - write.issuedAtMs)} too early: ${because}`
    : `lost the old pool's ref: ${because}`;
};
