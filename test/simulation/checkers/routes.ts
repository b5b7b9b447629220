/**
 * What a route says, read from the object alone, by the Gateway API's own words: an absent weight is 1, an absent namespace
 * the route's own, and a status speaks for the generation that it names.
 */
import type { Order, SeenObject, SeenWrite } from '../seen.ts';

/** As `SeenWrite.resource` names HTTPRoutes. */
export const HTTP_ROUTES = 'httproutes.gateway.networking.k8s.io';

const FENCE = 'sluice.dev/fence';
const POOL_GROUP = 'inference.networking.k8s.io';
const GKE_CONTROLLER = 'networking.gke.io/gateway';
const CONDITIONS = ['Accepted', 'ResolvedRefs', 'Reconciled'] as const;

export interface Ref {
  /** `old` and `new` are the order's pools; all else is `other`. */
  readonly side: 'old' | 'new' | 'other';
  readonly name: string;
  /** Absent counts as 1. */
  readonly weight: number;
  /** The ref with keys in order and nothing left out: two refs are the same when these are. */
  readonly canonical: string;
}

export type Sides = Pick<Order, 'namespace' | 'oldPool' | 'newPool'>;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of keys; undefined where there is none. */
export const at = (value: unknown, ...path: readonly string[]): unknown => {
  let found: unknown = value;
  for (const key of path) found = isFields(found) ? found[key] : undefined;
  return found;
};

/** The list at a path of keys; empty where there is none. */
export const listAt = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
};

/** JSON with the keys of every object in order. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isFields(value)) return JSON.stringify(value) ?? 'null';
  const pairs = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${pairs.join(',')}}`;
};

const sideOf = (ref: unknown, routeNamespace: string | undefined, sides: Sides): Ref['side'] => {
  if (at(ref, 'kind') !== 'InferencePool' || at(ref, 'group') !== POOL_GROUP) return 'other';
  if ((at(ref, 'namespace') ?? routeNamespace) !== sides.namespace) return 'other';
  const name = at(ref, 'name');
  if (name === sides.oldPool) return 'old';
  return name === sides.newPool ? 'new' : 'other';
};

/** The backendRefs of a route, a list per rule, in the rules' order. A route that is not there has no rules. */
export const refsByRule = (route: SeenObject | null, sides: Sides): readonly (readonly Ref[])[] =>
  listAt(route, 'spec', 'rules').map((rule) =>
    listAt(rule, 'backendRefs').map((ref) => {
      const weight = at(ref, 'weight');
      return {
        side: sideOf(ref, route?.metadata.namespace, sides),
        name: String(at(ref, 'name')),
        weight: typeof weight === 'number' ? weight : 1,
        canonical: canonical(ref),
      };
    }),
  );

/** Sum of the weights of one side's refs of a rule. */
export const weightOf = (rule: readonly Ref[], side: Ref['side']): number =>
  rule.reduce((sum, ref) => (ref.side === side ? sum + ref.weight : sum), 0);

/** The new side's share of what the two pools have of a rule, percent; null where neither has weight. */
export const shareOf = (rule: readonly Ref[]): number | null => {
  const fresh = weightOf(rule, 'new');
  const both = fresh + weightOf(rule, 'old');
  return both === 0 ? null : (fresh * 100) / both;
};

/** Shares of all rules of a route in which the pools have weight, percent. */
export const sharesOf = (route: SeenObject | null, sides: Sides): readonly number[] =>
  refsByRule(route, sides)
    .map(shareOf)
    .filter((share) => share !== null);

/** The largest share of any rule, percent; 0 where the new side has nothing. */
export const largestShare = (route: SeenObject | null, sides: Sides): number =>
  Math.max(0, ...sharesOf(route, sides));

/** Floating point: shares are fractions of integers up to 2000. Percent. */
export const SHARE_EPSILON = 1e-6;

export interface RuleChange {
  readonly index: number;
  readonly before: readonly Ref[];
  readonly after: readonly Ref[];
  /** Percent; a rule that gave neither pool weight had a share of 0. */
  readonly shareBefore: number;
  readonly shareAfter: number;
}

/** How a write changes the shares, rule by rule as they stand after it. */
export const ruleChanges = (
  write: Pick<SeenWrite, 'before' | 'after'>,
  sides: Sides,
): readonly RuleChange[] => {
  const before = refsByRule(write.before, sides);
  return refsByRule(write.after, sides).map((after, index) => ({
    index,
    before: before[index] ?? [],
    after,
    shareBefore: shareOf(before[index] ?? []) ?? 0,
    shareAfter: shareOf(after) ?? 0,
  }));
};

/** Rules whose new share a write raises. A removed old ref is no raise: there was nothing left to take. */
export const raises = (write: Pick<SeenWrite, 'before' | 'after'>, sides: Sides): readonly RuleChange[] =>
  ruleChanges(write, sides).filter(({ shareBefore, shareAfter }) => shareAfter > shareBefore + SHARE_EPSILON);

/** Rules whose new share a write lowers. */
export const falls = (write: Pick<SeenWrite, 'before' | 'after'>, sides: Sides): readonly RuleChange[] =>
  ruleChanges(write, sides).filter(({ shareBefore, shareAfter }) => shareAfter < shareBefore - SHARE_EPSILON);

/** Are the backendRefs of all rules the same, to the last byte? */
export const sameRefs = (one: SeenObject | null, other: SeenObject | null): boolean =>
  one === other ||
  canonical(listAt(one, 'spec', 'rules').map((rule) => at(rule, 'backendRefs'))) ===
    canonical(listAt(other, 'spec', 'rules').map((rule) => at(rule, 'backendRefs')));

export interface Fence {
  readonly rolloutId: string;
  readonly fence: number;
  /** Counts writes of one decision, from 1. */
  readonly repeat: number;
  readonly direct: boolean;
}

/** The fence annotation `<rolloutId>/<fence>[/<repeat>|/direct]` of an object; null without one, or with one that is none. */
export const fenceOf = (object: SeenObject | null): Fence | null => {
  const match = /^(.+?)\/(\d+)(?:\/(direct|\d+))?$/u.exec(object?.metadata.annotations?.[FENCE] ?? '');
  if (match === null) return null;
  const mark = match[3] ?? '1';
  const direct = mark === 'direct';
  return {
    rolloutId: match[1] ?? '',
    fence: Number(match[2]),
    repeat: direct ? 1 : Number(mark),
    direct,
  };
};

/** Did this write change the fence annotation? The one found before may be anybody's. */
export const writesFence = (write: Pick<SeenWrite, 'before' | 'after'>): boolean =>
  write.after !== null &&
  write.after.metadata.annotations?.[FENCE] !== undefined &&
  write.before?.metadata.annotations?.[FENCE] !== write.after.metadata.annotations[FENCE];

const isConfirmedBy = (entry: unknown, generation: number): boolean =>
  CONDITIONS.every((type) => {
    const condition = listAt(entry, 'conditions').find((one) => at(one, 'type') === type);
    const observed = at(condition, 'observedGeneration');
    return at(condition, 'status') === 'True' && typeof observed === 'number' && observed >= generation;
  });

/**
 * Does the status say that every GKE gateway has programmed this generation: each parent Accepted, ResolvedRefs and
 * Reconciled? A parent that only other controllers report on is not GKE's.
 */
export const isConfirmed = (route: SeenObject | null, generation?: number): boolean => {
  if (route === null || route.metadata.deletionTimestamp !== undefined) return false;
  const wanted = generation ?? route.metadata.generation ?? 0;
  const namespace = route.metadata.namespace;
  const reports = listAt(route, 'status', 'parents');
  const byGke = reports.filter((entry) => at(entry, 'controllerName') === GKE_CONTROLLER);
  if (byGke.length === 0 || !byGke.every((entry) => isConfirmedBy(entry, wanted))) return false;
  return listAt(route, 'spec', 'parentRefs')
    .filter((parent) => (at(parent, 'kind') ?? 'Gateway') === 'Gateway')
    .every((parent) => {
      const about = reports.filter(
        (entry) =>
          at(entry, 'parentRef', 'name') === at(parent, 'name') &&
          (at(entry, 'parentRef', 'namespace') ?? namespace) === (at(parent, 'namespace') ?? namespace),
      );
      return about.length > 0;
    });
};
