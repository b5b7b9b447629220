/** A foreign change of a route, recognised by the value; managed fields only name the culprit. */
import type { KubeObject } from '../kubernetes.ts';
import { at } from '../plans/fields.ts';
import type { RoutePlan, RulePlan } from '../plans/plan.ts';
import { weightOf } from '../plans/route-rules.ts';
import type { Drift } from '../rollout/messages.ts';
import { titleOf } from './carrier.ts';
import {
  type LiveRule,
  type Located,
  liveRulesOf,
  liveSharePercent,
  locate,
  partsOf,
  weightsStand,
} from './live-rules.ts';
import { FENCE_ANNOTATION, readFence } from './route-fence.ts';
import { isTouched, type RuleWeights, ruleWeights, type Sides, sideOf } from './traffic-weights.ts';

/** Field manager of all our writes. */
export const FIELD_MANAGER = 'sluice';

export interface Expected {
  readonly rolloutId: string;
  readonly fence: number;
  readonly sides: Sides;
  /** Every route rule may stand at any of these, percent: a write may be under way. */
  readonly sharesPercent: readonly number[];
  /** False before the first write: then the originals without our ref are as good. */
  readonly attached: boolean;
}

/** Shares of two rules that differ by no more than this are one share: weights round. Percent. */
const SAME_SHARE_PERCENT = 0.1 + 1e-6;

/** Null when the route is as we left it. `route` null: it is gone. */
export const recogniseDrift = (
  route: KubeObject | null,
  plan: RoutePlan,
  expected: Expected,
): Drift | null => {
  const found = changeOfRoute(route, plan, expected);
  if (found === null) return null;
  const by = route === null ? 'unknown' : culprit(route, found.what === 'fence');
  const readable = route !== null && found.what !== 'routeDeleted';
  return {
    route: `${plan.namespace}/${plan.name}`,
    by,
    what: found.what,
    sharePercent: readable ? readShare(route, plan.namespace, expected.sides) : null,
    sentence: `${titleOf(plan)} ${found.sentence}${by === 'unknown' ? '' : `; last written by ${by}`}`,
  };
};

interface Change {
  readonly what: Drift['what'];
  readonly sentence: string;
}

const changeOfRoute = (route: KubeObject | null, plan: RoutePlan, expected: Expected): Change | null => {
  if (route === null) return { what: 'routeDeleted', sentence: 'is gone' };
  if (route.metadata.deletionTimestamp !== undefined)
    return { what: 'routeDeleted', sentence: 'is being deleted' };
  if (route.metadata.uid !== plan.uid)
    return { what: 'routeRecreated', sentence: 'was deleted and created again' };
  const fence = foreignFence(route, plan, expected);
  if (fence !== null) return { what: 'fence', sentence: fence };
  return changedRule(route, plan, expected);
};

const foreignFence = (route: KubeObject, plan: RoutePlan, expected: Expected): string | null => {
  const fence = readFence(route);
  if (fence === null) return null;
  if (fence.rolloutId !== expected.rolloutId) {
    // Left by a rollout that ended: it stays as provenance until our first write.
    if (!expected.attached && isPristine(route, plan, expected.sides)) return null;
    return `carries the fence of ${fence.rolloutId}`;
  }
  if (fence.direct) return 'was rolled back past Sluice';
  return fence.fence > expected.fence ? `carries fence ${fence.fence}, ours is ${expected.fence}` : null;
};

/** Nothing of ours in it yet: the originals as the plan found them. */
export const isPristine = (route: KubeObject, plan: RoutePlan, sides: Sides): boolean => {
  const live = liveRulesOf(route);
  return touchedRules(plan, sides).every((rule) => {
    const found = live[rule.index];
    if (found === undefined) return false;
    const located = locate(found.refs, rule, plan.namespace, sides);
    return untouched(found, rule, located);
  });
};

const untouched = (found: LiveRule, rule: RulePlan, located: Located): boolean =>
  located.extra.length === 0 &&
  (located.added === null || located.added < 0) &&
  rule.originals.every((original, index) => {
    const ref = found.refs[located.originals[index] ?? -1];
    return ref !== undefined && weightOf(ref) === weightOf(original);
  });

const touchedRules = (plan: RoutePlan, sides: Sides): readonly RulePlan[] =>
  plan.rules.filter((rule) => isTouched(rule, plan.namespace, sides));

const changedRule = (route: KubeObject, plan: RoutePlan, expected: Expected): Change | null => {
  const { sides } = expected;
  const live = liveRulesOf(route);
  const ours = new Set<number>();
  let weights: Change | null = null;
  for (const rule of touchedRules(plan, sides)) {
    ours.add(rule.index);
    const change = changeOf(live[rule.index], rule, plan, expected);
    if (change?.what === 'refs') return change;
    weights ??= change;
  }
  for (const rule of live) {
    if (ours.has(rule.index)) continue;
    const parts = partsOf(rule.refs, plan.namespace, sides);
    if (parts.old > 0 || parts.new > 0)
      return {
        what: 'refs',
        sentence: `has a rule ${rule.index}, not in the plan, that sends traffic to one of the pools`,
      };
  }
  return weights;
};

const changeOf = (
  found: LiveRule | undefined,
  rule: RulePlan,
  plan: RoutePlan,
  expected: Expected,
): Change | null => {
  const { sides } = expected;
  if (found === undefined) return { what: 'refs', sentence: `has no rule ${rule.index} any more` };
  const located = locate(found.refs, rule, plan.namespace, sides);
  if (!expected.attached && untouched(found, rule, located)) return null;
  if (located.extra.length > 0 || isMissing(rule, located, plan, sides))
    return { what: 'refs', sentence: `has other backends in rule ${rule.index} than the plan` };
  let first: RuleWeights | null = null;
  for (const share of expected.sharesPercent) {
    const weights = ruleWeights(rule, plan.namespace, sides, share);
    if (weightsStand(found.refs, located, weights, plan)) return null;
    if (isSameSplit(found, rule, plan, { sides, sharePercent: share, located })) return null;
    first ??= weights;
  }
  const stands = found.refs.map((ref) => `${ref.name} ${weightOf(ref)}`).join(', ');
  const wanted = [...(first?.originals ?? []), ...(first?.added === null ? [] : [first?.added ?? 0])];
  return {
    what: 'weights',
    sentence: `stands in rule ${rule.index} at ${stands} instead of ${wanted.join('/')}`,
  };
};

/** A target that gets nothing is not there (carrier.ts); what is neither side's has to be. */
const isMissing = (rule: RulePlan, located: Located, plan: RoutePlan, sides: Sides): boolean =>
  plan.carrier === undefined
    ? located.originals.includes(-1) || located.added === -1
    : rule.originals.some(
        (original, index) =>
          located.originals[index] === -1 && sideOf(original, plan.namespace, sides) === 'other',
      );

/**
 * The same share in somebody else's integers, as after `resume --adopt`: both sides together have the original part, the others
 * their original weights.
 */
const isSameSplit = (
  found: LiveRule,
  rule: RulePlan,
  plan: RoutePlan,
  wanted: { readonly sides: Sides; readonly sharePercent: number; readonly located: Located },
): boolean => {
  const { sides, sharePercent, located } = wanted;
  const parts = partsOf(found.refs, plan.namespace, sides);
  const planned = partsOf(rule.originals, plan.namespace, sides);
  if (parts.old + parts.new !== planned.old + planned.new) return false;
  if (tenthsOf((parts.new * 100) / (parts.old + parts.new)) !== tenthsOf(sharePercent)) return false;
  return rule.originals.every((original, index) => {
    const ref = found.refs[located.originals[index] ?? -1];
    return (
      ref !== undefined &&
      (sideOf(original, plan.namespace, sides) !== 'other' || weightOf(ref) === weightOf(original))
    );
  });
};

const tenthsOf = (percent: number): number => Math.floor(percent * 10 + 1e-6);

/**
 * The new side's share of a route as it stands, percent, rounded down to a tenth; null where its rules do not agree, or none
 * names a pool with weight.
 */
export const readShare = (route: KubeObject, routeNamespace: string, sides: Sides): number | null => {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const { refs } of liveRulesOf(route)) {
    const share = liveSharePercent(refs, routeNamespace, sides);
    if (share === null) continue;
    least = Math.min(least, share);
    most = Math.max(most, share);
  }
  if (most - least > SAME_SHARE_PERCENT || most < 0) return null;
  return tenthsOf(most) / 10;
};

/** The manager that wrote the rules (or our annotation) last, other than us. Our own manager may own them even after drift. */
export const culprit = (route: KubeObject, ofFence = false): string => {
  let name = 'unknown';
  let latest = '';
  for (const entry of route.metadata.managedFields ?? []) {
    if (entry.manager === undefined || entry.manager === FIELD_MANAGER || entry.subresource !== undefined)
      continue;
    const owned = ofFence
      ? at(entry.fieldsV1, 'f:metadata', 'f:annotations', `f:${FENCE_ANNOTATION}`)
      : at(entry.fieldsV1, 'f:spec', 'f:rules');
    const time = entry.time ?? '';
    if (owned === undefined || time < latest) continue;
    name = entry.manager;
    latest = time;
  }
  return name;
};
