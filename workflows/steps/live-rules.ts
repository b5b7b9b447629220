/** Finding a plan's backendRefs in a route as it stands now: by identity, wherever others may have put them. */
import type { KubeObject } from '../kubernetes.ts';
import { at, itemsOf } from '../plans/fields.ts';
import type { BackendRef, RoutePlan, RulePlan } from '../plans/plan.ts';
import { weightOf } from '../plans/route-rules.ts';
import { isTouched, type RuleWeights, type Sides, sideOf } from './traffic-weights.ts';

export interface LiveRule {
  readonly index: number;
  readonly refs: readonly BackendRef[];
}

export const liveRulesOf = (route: KubeObject): readonly LiveRule[] =>
  itemsOf(at(route, 'spec', 'rules')).map((rule, index) => ({
    index,
    refs: itemsOf(at(rule, 'backendRefs')).map(refOf),
  }));

/** Stands in its place for what is no backendRef, so that the others keep their indices. It is neither side's. */
const NO_REF: BackendRef = Object.freeze({ name: '', weight: 0 });

const refOf = (ref: unknown): BackendRef =>
  typeof ref === 'object' && ref !== null && !Array.isArray(ref) ? (ref as BackendRef) : NO_REF;

/** Sums of the weights of both sides in a rule. */
export const partsOf = (
  refs: readonly BackendRef[],
  routeNamespace: string,
  sides: Sides,
): { readonly old: number; readonly new: number; readonly others: number } => {
  const parts = { old: 0, new: 0, others: 0 };
  for (const ref of refs) {
    const side = sideOf(ref, routeNamespace, sides);
    parts[side === 'other' ? 'others' : side] += weightOf(ref);
  }
  return parts;
};

/** The same backend, whatever its weight and filters. */
export const isSameBackend = (a: BackendRef, b: BackendRef, routeNamespace: string): boolean =>
  a.name === b.name &&
  (a.kind ?? 'Service') === (b.kind ?? 'Service') &&
  (a.group ?? '') === (b.group ?? '') &&
  (a.namespace ?? routeNamespace) === (b.namespace ?? routeNamespace) &&
  a.port === b.port;

export interface Located {
  /** Live index of each of the originals; -1 where it is missing. */
  readonly originals: readonly number[];
  /** Live index of the ref that we added; -1 where it is missing; null where it was there before. */
  readonly added: number | null;
  /** Live indices that are neither. */
  readonly extra: readonly number[];
}

/** Pairs a rule's originals with live refs; refs of the same backend pair in order. */
export const locate = (
  live: readonly BackendRef[],
  rule: RulePlan,
  routeNamespace: string,
  sides: Sides,
): Located => {
  const free = new Set(live.keys());
  const take = (matches: (ref: BackendRef) => boolean): number => {
    for (const index of free) {
      const ref = live[index];
      if (ref === undefined || !matches(ref)) continue;
      free.delete(index);
      return index;
    }
    return -1;
  };
  const originals = rule.originals.map((original) =>
    take((ref) => isSameBackend(ref, original, routeNamespace)),
  );
  const added = rule.newRefWasThere ? null : take((ref) => sideOf(ref, routeNamespace, sides) === 'new');
  return { originals, added, extra: [...free] };
};

/** The ref that we add: like the old pool's first with a part, for the new pool. */
export const addedRef = (
  rule: RulePlan,
  routeNamespace: string,
  sides: Sides,
  weight: number,
): BackendRef => {
  const olds = rule.originals.filter((ref) => sideOf(ref, routeNamespace, sides) === 'old');
  const model = olds.find((ref) => weightOf(ref) > 0) ?? olds[0];
  return { ...model, name: sides.newPool, weight };
};

/** A rule's backendRefs as they should be for a share. */
export const expectedRefs = (
  rule: RulePlan,
  routeNamespace: string,
  sides: Sides,
  weights: RuleWeights,
): readonly BackendRef[] => {
  const refs = rule.originals.map((ref, index) => ({ ...ref, weight: weights.originals[index] ?? 0 }));
  return weights.added === null ? refs : [...refs, addedRef(rule, routeNamespace, sides, weights.added)];
};

export interface PairedRule {
  readonly live: LiveRule;
  readonly rule: RulePlan;
}

/**
 * Pairs the plan's touched rules with live ones: same place and same backends first, then whatever shares most backends,
 * because others may have moved rules about.
 */
export const pairRules = (
  live: readonly LiveRule[],
  plan: RoutePlan,
  sides: Sides,
): { readonly pairs: readonly PairedRule[]; readonly unpaired: readonly LiveRule[] } => {
  const candidates = live.filter(({ refs }) =>
    refs.some((ref) => sideOf(ref, plan.namespace, sides) !== 'other'),
  );
  const scored: (PairedRule & { score: number })[] = [];
  for (const rule of plan.rules) {
    if (!isTouched(rule, plan.namespace, sides)) continue;
    for (const candidate of candidates) {
      const located = locate(candidate.refs, rule, plan.namespace, sides);
      const found = located.originals.filter((index) => index >= 0).length;
      const hasForeign = located.extra.some((index) => {
        const ref = candidate.refs[index];
        return ref !== undefined && sideOf(ref, plan.namespace, sides) === 'other';
      });
      // Backends count most; among equals the rule's own place wins, whatever others have added there.
      const score = 4 * found - (hasForeign ? 1 : 0) + (candidate.index === rule.index ? 2 : 0);
      scored.push({ live: candidate, rule, score });
    }
  }
  scored.sort((a, b) => b.score - a.score || a.rule.index - b.rule.index || a.live.index - b.live.index);
  const taken = new Set<LiveRule>();
  const done = new Set<RulePlan>();
  const pairs: PairedRule[] = [];
  for (const { live: found, rule } of scored) {
    if (taken.has(found) || done.has(rule)) continue;
    taken.add(found);
    done.add(rule);
    pairs.push({ live: found, rule });
  }
  return { pairs, unpaired: candidates.filter((rule) => !taken.has(rule)) };
};

/** New side's share of the two pools' part of a rule, percent; null where neither has weight. */
export const liveSharePercent = (
  refs: readonly BackendRef[],
  routeNamespace: string,
  sides: Sides,
): number | null => {
  const parts = partsOf(refs, routeNamespace, sides);
  const total = parts.old + parts.new;
  return total === 0 ? null : (parts.new * 100) / total;
};

/** Do the weights of a live rule say exactly this share, nothing missing and nothing added? */
export const weightsStand = (
  live: readonly BackendRef[],
  located: Located,
  weights: RuleWeights,
  plan: RoutePlan,
): boolean => {
  // Where a weight of 0 cannot be written, what gets nothing is not there (carrier.ts).
  const whereMissing = plan.carrier === undefined ? null : 0;
  const weightAt = (place: number): number | null => {
    const ref = live[place];
    return ref === undefined ? whereMissing : weightOf(ref);
  };
  return (
    located.originals.every((place, index) => weightAt(place) === weights.originals[index]) &&
    (located.added === null || weightAt(located.added) === weights.added)
  );
};

/** Largest share that any rule of the live route gives the new side, percent. */
export const largestSharePercent = (route: KubeObject, routeNamespace: string, sides: Sides): number =>
  Math.max(0, ...liveRulesOf(route).map(({ refs }) => liveSharePercent(refs, routeNamespace, sides) ?? 0));
