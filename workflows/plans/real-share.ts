import type { RolloutSpec } from '../spec/rollout-spec.ts';
import type { BackendRef, RoutePlan } from './plan.ts';
import { refersTo, weightOf } from './route-rules.ts';

/** Largest weight that the load balancer's URL map takes. */
const WEIGHT_MAX = 1000;

/**
 * The largest share not above the wanted one that every rule can express with weights up to 1000, percent. Foreign backends
 * keep their proportion, so a rule with them is scaled by a whole number and only the old pool's part is divided.
 */
export const realSharePercent = (
  spec: RolloutSpec,
  routes: readonly RoutePlan[],
  sharePercent: number,
): number => {
  let real = sharePercent;
  for (const route of routes) {
    const isOld = (ref: BackendRef): boolean =>
      refersTo(ref, route.namespace, { namespace: spec.namespace, name: spec.from.pool });
    for (const rule of route.rules) real = Math.min(real, shareOfRule(rule.originals, isOld, sharePercent));
  }
  return real;
};

const shareOfRule = (
  refs: readonly BackendRef[],
  isOld: (ref: BackendRef) => boolean,
  sharePercent: number,
): number => {
  const part = refs.filter(isOld).reduce((sum, ref) => sum + weightOf(ref), 0);
  const others = refs.filter((ref) => !isOld(ref)).map(weightOf);
  // Alone, or beside weights of 0, the pool's part may be written as 1000: tenths of a percent are exact.
  if (others.every((weight) => weight === 0)) return sharePercent;
  let best = 0;
  for (let scale = 1; scale * Math.max(part, ...others) <= WEIGHT_MAX; scale += 1) {
    const whole = part * scale;
    best = Math.max(best, (Math.floor((whole * sharePercent) / 100 + 1e-9) * 100) / whole);
  }
  return Math.floor(best * 10 + 1e-9) / 10 > sharePercent ? sharePercent : best;
};
