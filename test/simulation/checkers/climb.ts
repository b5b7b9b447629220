/** How a rollout climbed its ladder, told from the accepted writes alone. */
import type { Order, SeenObject, SeenWrite } from '../seen.ts';
import { falls, isConfirmed, raises, refsByRule, SHARE_EPSILON, weightOf } from './routes.ts';
import { objectAt, routePlace, type Timeline } from './timeline.ts';

export interface Raise {
  readonly write: SeenWrite;
  /** The largest share that the write gave a rule whose share it raised, percent. */
  readonly sharePercent: number;
  /** The smallest share that one of the raised rules had before, percent. */
  readonly fromPercent: number;
  /** Index of the lowest rung that allows the share; the ladder's length where none does. */
  readonly rung: number;
  /** Index of the highest rung that earlier writes had reached; -1: none. */
  readonly reached: number;
}

const rungFor = (order: Order, sharePercent: number): number => {
  const index = order.ladder.findIndex((rung) => rung.sharePercent + SHARE_EPSILON >= sharePercent);
  return index < 0 ? order.ladder.length : index;
};

/** The writes of a rollout that raised the new share of some rule, in the order of their landing. */
export const raisesOf = (timeline: Timeline, order: Order): readonly Raise[] => {
  const found: Raise[] = [];
  let reached = -1;
  for (const write of timeline.routeWrites(order.rolloutId ?? '')) {
    const rules = raises(write, order);
    if (rules.length === 0) {
      // Down from what somebody else had written is a rung reached all the same.
      const set = Math.max(0, ...falls(write, order).map((rule) => rule.shareAfter));
      if (set > 0) reached = Math.max(reached, Math.min(rungFor(order, set), order.ladder.length - 1));
      continue;
    }
    const sharePercent = Math.max(...rules.map((rule) => rule.shareAfter));
    const fromPercent = Math.min(...rules.map((rule) => rule.shareBefore));
    const rung = rungFor(order, sharePercent);
    found.push({ write, sharePercent, fromPercent, rung, reached });
    reached = Math.max(reached, Math.min(rung, order.ladder.length - 1));
  }
  return found;
};

/**
 * The finest step that weights up to 1000 leave the coarsest rule of the order's routes, percent, doubled. A rule of the two
 * pools alone takes tenths of a percent; beside others their proportion has to be kept.
 */
export const coarsenessPercent = (timeline: Timeline, order: Order): number => {
  let coarsest = 0.2;
  for (const name of order.routes) {
    const [first] = timeline.writes(routePlace(order, name));
    for (const rule of refsByRule(first?.before ?? first?.after ?? null, order)) {
      const own = weightOf(rule, 'old') + weightOf(rule, 'new');
      const others = Math.max(0, ...rule.map((ref) => (ref.side === 'other' ? ref.weight : 0)));
      if (own === 0 || others === 0) continue;
      coarsest = Math.max(coarsest, 200 / Math.min(1000, (1000 * own) / others));
    }
  }
  return coarsest;
};

/** The last write of the rollout to a route before another one that changed a share, up or down. */
const lastChangeBefore = (
  timeline: Timeline,
  order: Order,
  route: string,
  before: { readonly write: SeenWrite | null; readonly atMs: number },
): SeenWrite | undefined => {
  const writes = timeline.routeWrites(order.rolloutId ?? '');
  const end = before.write === null ? writes.length : writes.indexOf(before.write);
  return writes
    .slice(0, end)
    .findLast(
      (write) =>
        write.name === route &&
        write.atMs <= before.atMs &&
        (raises(write, order).length > 0 || falls(write, order).length > 0),
    );
};

/** When a route was first confirmed from a moment on; null: it was not until `untilMs`. */
const confirmedFrom = (
  writes: readonly SeenWrite[],
  fromMs: number,
  untilMs: number,
  generation: number | undefined,
): number | null => {
  const says = (object: SeenObject | null | undefined): boolean =>
    object !== undefined && isConfirmed(object, generation ?? object?.metadata.generation);
  if (says(objectAt(writes, fromMs))) return fromMs;
  const found = writes.find((write) => write.atMs > fromMs && write.atMs <= untilMs && says(write.after));
  return found?.atMs ?? null;
};

export interface Footing {
  /** When the last change of a share was written, or a foreign share adopted. */
  readonly sinceMs: number;
  /** When all routes were confirmed after that; null: they were not. */
  readonly confirmedAtMs: number | null;
}

/**
 * What a growth stands on: the share that was set last, or adopted at `adoptedAtMs`, and when ground truth first confirmed it on
 * all routes. null: no share was ever changed. A route that is not there any more has nothing left to confirm.
 */
export const footingBefore = (
  timeline: Timeline,
  order: Order,
  before: { readonly write: SeenWrite | null; readonly atMs: number },
  adoptedAtMs: number | null,
): Footing | null => {
  let sinceMs: number | null = adoptedAtMs;
  let confirmedAtMs: number | null = adoptedAtMs;
  let isMissing = false;
  for (const route of order.routes) {
    const writes = timeline.writes(routePlace(order, route));
    const change = lastChangeBefore(timeline, order, route, before);
    const isAdopted = adoptedAtMs !== null && (change === undefined || change.atMs <= adoptedAtMs);
    if (change === undefined && !isAdopted) continue;
    const fromMs = isAdopted ? adoptedAtMs : (change?.atMs ?? 0);
    sinceMs = Math.max(sinceMs ?? 0, fromMs);
    const generation = isAdopted ? undefined : change?.after?.metadata.generation;
    const confirmed = confirmedFrom(writes, fromMs, before.atMs, generation);
    if (confirmed === null) isMissing ||= Boolean(objectAt(writes, before.atMs));
    else confirmedAtMs = Math.max(confirmedAtMs ?? 0, confirmed);
  }
  return sinceMs === null ? null : { sinceMs, confirmedAtMs: isMissing ? null : confirmedAtMs };
};
