/**
 * Weights of a rule for a share. Only the old pool's part of a rule is divided; other backends keep their
 * proportion to it. No weight above 1000; what that cannot express is rounded down for the new side (I1, I2).
 */
import { assert } from '../assert.ts';
import type { BackendRef, Plan, RoutePlan, RulePlan } from '../plans/plan.ts';
import { refersTo, weightOf } from '../plans/route-rules.ts';

/** Largest weight that the load balancer's URL map takes. Source: Compute API, `weightedBackendServices[].weight`. */
export const WEIGHT_MAX = 1000;

/** Largest weight of an adapter's target. Source: CRDs of InferenceModelRewrite and InferenceModel. */
export const TARGET_WEIGHT_MAX = 1_000_000;

/** The two pools of a rollout, both in one namespace; or both versions of an adapter, as targets (carrier.ts). */
export interface Sides {
  readonly namespace: string;
  readonly oldPool: string;
  readonly newPool: string;
  /** Above the load balancer's: then shares of whole tenths of a percent are exact beside any usual weights. */
  readonly weightMax?: number;
}

export const sidesOf = (plan: Plan): Sides => ({
  namespace: plan.namespace,
  oldPool: plan.adapter?.from ?? plan.old.pool,
  newPool: plan.adapter?.to ?? plan.new.pool,
  ...(plan.adapter === undefined ? {} : { weightMax: TARGET_WEIGHT_MAX }),
});

/** Whose backend it is. */
export const sideOf = (ref: BackendRef, routeNamespace: string, sides: Sides): 'old' | 'new' | 'other' => {
  if (refersTo(ref, routeNamespace, { namespace: sides.namespace, name: sides.oldPool })) return 'old';
  if (refersTo(ref, routeNamespace, { namespace: sides.namespace, name: sides.newPool })) return 'new';
  return 'other';
};

export interface RuleWeights {
  /** Weight of each of the originals, by their index. */
  readonly originals: readonly number[];
  /** Weight of the ref that we add behind them; null where the new pool's ref is one of the originals. */
  readonly added: number | null;
  /** What these weights give the new side of the old pool's part, percent; never above the share asked for. */
  readonly realSharePercent: number;
}

/**
 * The weights of one rule for a share of 0 to 100 percent. A share of 0 is the originals as they were, however large; 100
 * leaves the old pool nothing. A rule in which the old pool has no part stays as it is.
 */
export const ruleWeights = (
  rule: RulePlan,
  routeNamespace: string,
  sides: Sides,
  sharePercent: number,
): RuleWeights => {
  assert(sharePercent >= 0 && sharePercent <= 100, `share of ${sharePercent} %`);
  const weights = rule.originals.map(weightOf);
  const parts = rule.originals.map((ref) => sideOf(ref, routeNamespace, sides));
  const pick = (side: 'old' | 'other'): number[] => weights.filter((_, index) => parts[index] === side);
  const olds = pick('old');
  const others = pick('other');
  const whole = sum(olds);
  const split =
    whole === 0 || sharePercent === 0
      ? null
      : sum(others) === 0
        ? splitAlone(olds, others, sharePercent)
        : (splitExactly(olds, others, sharePercent, sides.weightMax) ??
          splitBeside(olds, others, sharePercent));
  const wasThere = parts.includes('new');
  if (split === null || split.fresh === 0)
    return { originals: weights, added: wasThere ? null : 0, realSharePercent: 0 };
  const next = { old: 0, other: 0 };
  let given = false;
  const originals = parts.map((part) => {
    if (part === 'new') {
      const weight = given ? 0 : split.fresh;
      given = true;
      return weight;
    }
    const list = part === 'old' ? split.olds : split.others;
    return list[next[part]++] ?? 0;
  });
  const total = split.fresh + sum(split.olds);
  return { originals, added: wasThere ? null : split.fresh, realSharePercent: (split.fresh * 100) / total };
};

/** Does the old pool have a part of this rule? Others are not touched. */
export const isTouched = (rule: RulePlan, routeNamespace: string, sides: Sides): boolean =>
  rule.originals.some((ref) => sideOf(ref, routeNamespace, sides) === 'old' && weightOf(ref) > 0);

/** The largest share that every rule can express without going above the one asked for, percent: the minimum over all rules. */
export const realSharePercent = (
  routes: readonly RoutePlan[],
  sides: Sides,
  sharePercent: number,
): number => {
  let real = sharePercent;
  for (const route of routes)
    for (const rule of route.rules)
      if (isTouched(rule, route.namespace, sides))
        real = Math.min(real, ruleWeights(rule, route.namespace, sides, sharePercent).realSharePercent);
  return real;
};

interface Split {
  readonly olds: readonly number[];
  readonly others: readonly number[];
  readonly fresh: number;
}

/** Floating shares such as 100/11 come back as the fraction they were; real fractions are at least 1/2000 apart. */
const EPSILON = 1e-6;

const partOf = (total: number, sharePercent: number): number =>
  sharePercent >= 100 ? total : Math.floor((total * sharePercent) / 100 + EPSILON);

/** Just the two pools: numbers that people read, 90/10, and 975/25 where tenths of a percent are asked for. */
const splitAlone = (olds: readonly number[], others: readonly number[], sharePercent: number): Split => {
  const tenths = partOf(1000, sharePercent);
  const first = tenths % 10 === 0 ? 100 : WEIGHT_MAX;
  for (let total = first; ; total += 100) {
    const fresh = (total * tenths) / 1000;
    const rest = distribute(total - fresh, olds);
    if (rest.exact || total >= WEIGHT_MAX) return { olds: rest.parts, others, fresh };
  }
};

/** All multiplied by the share's denominator, where that many digits may be written; null where not. */
const splitExactly = (
  olds: readonly number[],
  others: readonly number[],
  sharePercent: number,
  weightMax = WEIGHT_MAX,
): Split | null => {
  const tenths = Math.round(sharePercent * 10);
  if (weightMax <= WEIGHT_MAX || Math.abs(sharePercent * 10 - tenths) > EPSILON) return null;
  const unit = gcd(tenths, 1000);
  const [part, whole] = [tenths / unit, 1000 / unit];
  const split = {
    olds: olds.map((weight) => weight * (whole - part)),
    others: others.map((weight) => weight * whole),
    fresh: sum(olds) * part,
  };
  const all = [...split.olds, ...split.others, split.fresh];
  const common = all.reduce(gcd);
  if (Math.max(...all) / common > weightMax) return null;
  const reduced = (weights: readonly number[]): readonly number[] => weights.map((weight) => weight / common);
  return { olds: reduced(split.olds), others: reduced(split.others), fresh: split.fresh / common };
};

const splitBeside = (olds: readonly number[], others: readonly number[], sharePercent: number): Split => {
  const unit = [...olds, ...others].reduce(gcd);
  const whole = sum(olds) / unit;
  if (whole <= WEIGHT_MAX && Math.max(...others) / unit <= WEIGHT_MAX)
    return splitInProportion(olds, others, sharePercent);
  return splitNearby(olds, others, sharePercent);
};

/**
 * The others' proportion is kept exactly: all is multiplied by one number, chosen for the best share. Among equals the
 * original integers win, then the smallest.
 */
const splitInProportion = (
  olds: readonly number[],
  others: readonly number[],
  sharePercent: number,
): Split => {
  const unit = [...olds, ...others].reduce(gcd);
  const whole = sum(olds) / unit;
  const largest = Math.max(...others) / unit;
  let best: Split | null = null;
  let bestRank: readonly number[] = [];
  for (let scale = 1; scale * largest <= WEIGHT_MAX && scale * whole <= 2 * WEIGHT_MAX; scale += 1) {
    const total = scale * whole;
    const fresh = Math.min(WEIGHT_MAX, partOf(total, sharePercent));
    // Asked at each look: what gives the new side less is not even divided.
    if (best !== null && fresh / total < (bestRank[0] ?? 0)) continue;
    const rest = distribute(total - fresh, olds);
    if (rest.upper > WEIGHT_MAX) continue;
    const rank = [fresh / total, rest.exact ? 1 : 0, scale === unit ? 1 : 0];
    if (best !== null && !isBetter(rank, bestRank)) continue;
    bestRank = rank;
    best = { olds: rest.parts, others: others.map((weight) => (weight / unit) * scale), fresh };
  }
  assert(best !== null, 'a scale of 1 always fits');
  return best;
};

/**
 * The others' proportion needs weights above 1000: the nearest one, no backend losing its last bit. The old pool's part is
 * the same for all shares, so that a larger share never gives the new side less.
 */
const splitNearby = (olds: readonly number[], others: readonly number[], sharePercent: number): Split => {
  const whole = sum(olds);
  const largest = Math.max(...others);
  const most = Math.max(1, Math.min(WEIGHT_MAX, Math.floor((WEIGHT_MAX * whole) / largest)));
  let total = most;
  let leastError = Number.POSITIVE_INFINITY;
  for (let candidate = most; candidate * 2 >= most; candidate -= 1) {
    let error = 0;
    for (const weight of others) {
      if (weight === 0) continue;
      const wanted = (weight * candidate) / whole;
      error = Math.max(error, Math.abs(nearest(wanted) - wanted) / wanted);
    }
    if (error < leastError) {
      leastError = error;
      total = candidate;
    }
  }
  const fresh = partOf(total, sharePercent);
  return {
    olds: distribute(total - fresh, olds).parts,
    others: others.map((weight) => (weight === 0 ? 0 : nearest((weight * total) / whole))),
    fresh,
  };
};

const nearest = (weight: number): number => Math.min(WEIGHT_MAX, Math.max(1, Math.round(weight)));

/** A larger first number wins, then the second, and so on; equal is not better. */
const isBetter = (rank: readonly number[], than: readonly number[]): boolean => {
  for (const [index, value] of rank.entries()) {
    const other = than[index] ?? Number.NEGATIVE_INFINITY;
    if (value !== other) return value > other;
  }
  return false;
};

/** Divides a whole number in proportion, largest remainders first. `upper` bounds every part at this total and all smaller ones. */
const distribute = (
  total: number,
  weights: readonly number[],
): { readonly parts: readonly number[]; readonly exact: boolean; readonly upper: number } => {
  if (weights.length === 1) return { parts: [total], exact: true, upper: total };
  const all = sum(weights);
  const wanted = weights.map((weight) => (total * weight) / all);
  const parts = wanted.map(Math.floor);
  const left = total - sum(parts);
  const upper = Math.max(...wanted.map(Math.ceil));
  if (left === 0) return { parts, exact: true, upper };
  const order = wanted
    .map((value, index) => ({ index, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of order.slice(0, left)) parts[index] = (parts[index] ?? 0) + 1;
  return { parts, exact: false, upper };
};

const sum = (values: readonly number[]): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** Greatest common divisor; of 0 and a number it is the number. */
const gcd = (a: number, b: number): number => {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
};
