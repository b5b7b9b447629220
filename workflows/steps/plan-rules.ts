/** Which rules of a live route a rollout will touch, with what it must restore later (I15). */
import type { BackendRef, RulePlan } from '../plans/plan.ts';
import { backendRefsOf, weightOf } from '../plans/route-rules.ts';
import { type Sides, sideOf } from './traffic-weights.ts';

export type PlannedRules =
  | { readonly kind: 'planned'; readonly rules: readonly RulePlan[] }
  /** The new pool has weight already: nobody could tell our share from it. */
  | { readonly kind: 'alreadySplit'; readonly rule: number; readonly weight: number }
  | { readonly kind: 'noPart' };

/** @param rules `spec.rules` as the API server returned them. */
export const planRules = (rules: readonly unknown[], routeNamespace: string, sides: Sides): PlannedRules => {
  const planned: RulePlan[] = [];
  for (const [index, rule] of rules.entries()) {
    const originals = backendRefsOf(rule);
    const weightOfSide = (side: 'old' | 'new'): number =>
      originals.reduce(
        (sum, ref) => sum + (sideOf(ref, routeNamespace, sides) === side ? weightOf(ref) : 0),
        0,
      );
    const already = weightOfSide('new');
    if (already > 0) return { kind: 'alreadySplit', rule: index, weight: already };
    if (weightOfSide('old') === 0) continue;
    const newRefWasThere = originals.some((ref: BackendRef) => sideOf(ref, routeNamespace, sides) === 'new');
    planned.push({ index, originals, newRefWasThere });
  }
  return planned.length === 0 ? { kind: 'noPart' } : { kind: 'planned', rules: planned };
};
