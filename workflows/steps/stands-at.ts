import type { KubeObject } from '../kubernetes.ts';
import type { RoutePlan } from '../plans/plan.ts';
import { liveRulesOf, locate, weightsStand } from './live-rules.ts';
import { isTouched, ruleWeights, type Sides } from './traffic-weights.ts';

/** Every touched rule has exactly the weights that we write for the share, and no ref is missing or added. */
export const standsAt = (route: KubeObject, plan: RoutePlan, sides: Sides, sharePercent: number): boolean => {
  const live = liveRulesOf(route);
  return plan.rules.every((rule) => {
    if (!isTouched(rule, plan.namespace, sides)) return true;
    const found = live[rule.index];
    if (found === undefined) return false;
    const located = locate(found.refs, rule, plan.namespace, sides);
    const weights = ruleWeights(rule, plan.namespace, sides, sharePercent);
    return located.extra.length === 0 && weightsStand(found.refs, located, weights, plan);
  });
};
