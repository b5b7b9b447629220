/** `resume --adopt`: the foreign rules become what a rollback restores, our part given back to the old pool (P7). */
import type { KubeObject } from '../kubernetes.ts';
import type { BackendRef, RoutePlan, RulePlan } from '../plans/plan.ts';
import { weightOf } from '../plans/route-rules.ts';
import { titleOf } from './carrier.ts';
import { readShare } from './drift.ts';
import { liveRulesOf, partsOf } from './live-rules.ts';
import { type Sides, sideOf } from './traffic-weights.ts';

export type Adoption =
  | { readonly kind: 'adopted'; readonly sharePercent: number; readonly route: RoutePlan }
  | { readonly kind: 'refused'; readonly sentence: string };

/** A route created anew is adopted too: its uid becomes the plan's. */
export const adoptOriginals = (route: KubeObject, plan: RoutePlan, sides: Sides): Adoption => {
  const name = titleOf(plan);
  const uid = route.metadata.uid;
  const sharePercent = readShare(route, plan.namespace, sides);
  if (uid === undefined || sharePercent === null)
    return { kind: 'refused', sentence: `the rules of ${name} do not give the new side one share` };
  const wasThere = plan.rules.length > 0 && plan.rules.every((rule) => rule.newRefWasThere);
  const rules: RulePlan[] = [];
  for (const { index, refs } of liveRulesOf(route)) {
    const parts = partsOf(refs, plan.namespace, sides);
    if (parts.old + parts.new === 0) continue;
    const known = plan.rules.find((rule) => rule.index === index)?.newRefWasThere ?? wasThere;
    const hasNew = refs.some((ref) => sideOf(ref, plan.namespace, sides) === 'new');
    const newRefWasThere = known && hasNew;
    const originals = giveBack(refs, newRefWasThere, plan.namespace, sides);
    if (originals === null)
      return { kind: 'refused', sentence: `rule ${index} of ${name} does not name ${sides.oldPool}` };
    rules.push({ index, originals, newRefWasThere });
  }
  return { kind: 'adopted', sharePercent, route: { ...plan, uid, rules } };
};

/** null where the old pool has no ref to give the part back to. */
const giveBack = (
  refs: readonly BackendRef[],
  keepNew: boolean,
  routeNamespace: string,
  sides: Sides,
): readonly BackendRef[] | null => {
  const part = partsOf(refs, routeNamespace, sides).new;
  const olds = refs.filter((ref) => sideOf(ref, routeNamespace, sides) === 'old');
  const heir = olds.find((ref) => weightOf(ref) > 0) ?? olds[0];
  if (heir === undefined) return null;
  return refs.flatMap((ref) => {
    if (sideOf(ref, routeNamespace, sides) === 'new') return keepNew ? [{ ...ref, weight: 0 }] : [];
    return ref === heir ? [{ ...ref, weight: weightOf(ref) + part }] : [ref];
  });
};
