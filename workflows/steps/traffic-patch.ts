/**
 * JSON Patches of forward writes on a route: they test uid and resourceVersion, so that nothing written since the read is
 * ever overwritten (P4). Only weights, our ref and our annotations change (I9).
 */
import type { JsonPatch, JsonPatchOp, KubeObject } from '../kubernetes.ts';
import type { RoutePlan } from '../plans/plan.ts';
import { weightOf } from '../plans/route-rules.ts';
import { addedRef, expectedRefs, type LiveRule, liveRulesOf, locate, partsOf } from './live-rules.ts';
import {
  annotate,
  BEFORE_ANNOTATION,
  BEFORE_BYTES_MAX,
  beforeBytes,
  beforeValue,
  FENCE_ANNOTATION,
} from './route-fence.ts';
import { isTouched, ruleWeights, type Sides, sideOf } from './traffic-weights.ts';

export interface PatchOrder {
  /** As it was read just now. */
  readonly route: KubeObject;
  readonly plan: RoutePlan;
  readonly sides: Sides;
  /** Value of the fence annotation. */
  readonly fenceValue: string;
}

/** Tests that nobody wrote the object since it was read, a status included. */
export const testUnchanged = (object: KubeObject): readonly JsonPatchOp[] => [
  { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
  { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
];

/** Adds the new pool's ref with weight 0 to every rule of the plan. */
export const attachPatch = (order: PatchOrder): JsonPatch => weightsPatch({ ...order, sharePercent: 0 });

/**
 * Sets the weights for a share. Where others have removed or added refs, and the caller has been told to write ours
 * again, the rule's refs are put back whole.
 */
export const weightsPatch = (order: PatchOrder & { readonly sharePercent: number }): JsonPatch => {
  const { route, plan, sides, sharePercent } = order;
  const ops: JsonPatchOp[] = [...testUnchanged(route)];
  const live = liveRulesOf(route);
  for (const rule of plan.rules) {
    const found = live[rule.index];
    if (found === undefined || !isTouched(rule, plan.namespace, sides)) continue;
    const weights = ruleWeights(rule, plan.namespace, sides, sharePercent);
    const located = locate(found.refs, rule, plan.namespace, sides);
    if (located.extra.length > 0 || located.originals.includes(-1)) {
      const value = expectedRefs(rule, plan.namespace, sides, weights);
      ops.push({ op: 'replace', path: refsPath(found), value });
      continue;
    }
    for (const [index, place] of located.originals.entries())
      ops.push(...setWeight(found, place, weights.originals[index] ?? 0));
    if (located.added === null || weights.added === null) continue;
    if (located.added >= 0) ops.push(...setWeight(found, located.added, weights.added));
    else
      ops.push({
        op: 'add',
        path: `${refsPath(found)}/-`,
        value: addedRef(rule, plan.namespace, sides, weights.added),
      });
  }
  return [...ops, ...annotate(route, forwardAnnotations(order))];
};

/** A new fence and nothing else. Tests the uid only: weights stay as they are, whoever wrote them. */
export const fencePatch = (object: KubeObject, fenceValue: string): JsonPatch => [
  { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
  ...annotate(object, { [FENCE_ANNOTATION]: fenceValue }),
];

/**
 * Closing write of a promotion: the old pool's refs go, all else stays, `sluice.dev/before` with it. null while an old ref
 * has weight, or where a rule would be left without any (I13).
 */
export const removeOldRefPatch = (order: PatchOrder): JsonPatch | null => {
  const { route, plan, sides } = order;
  const ops: JsonPatchOp[] = [...testUnchanged(route)];
  const live = liveRulesOf(route);
  for (const rule of plan.rules) {
    const found = live[rule.index];
    if (found === undefined || !isTouched(rule, plan.namespace, sides)) continue;
    const parts = partsOf(found.refs, plan.namespace, sides);
    if (parts.old > 0 || parts.new === 0) return null;
    const places = oldPlaces(found, plan, sides);
    for (const index of places.reverse()) ops.push({ op: 'remove', path: `${refsPath(found)}/${index}` });
  }
  return [...ops, ...annotate(route, { [FENCE_ANNOTATION]: order.fenceValue }, [BEFORE_ANNOTATION])];
};

/** Where the old pool stands in a live rule, ascending. */
const oldPlaces = (found: LiveRule, plan: RoutePlan, sides: Sides): number[] =>
  [...found.refs.keys()].filter((index) => {
    const ref = found.refs[index];
    return ref !== undefined && sideOf(ref, plan.namespace, sides) === 'old';
  });

export const refsPath = (rule: LiveRule): string => `/spec/rules/${rule.index}/backendRefs`;

/** `add` also works where there is no weight; nothing is sent for what stands already. */
const setWeight = (rule: LiveRule, index: number, weight: number): readonly JsonPatchOp[] => {
  const ref = rule.refs[index];
  if (ref === undefined || weightOf(ref) === weight) return [];
  return [{ op: 'add', path: `${refsPath(rule)}/${index}/weight`, value: weight }];
};

/** The originals go along with the first write, and again where somebody stripped or outdated them. */
const forwardAnnotations = ({ route, plan, fenceValue }: PatchOrder): Readonly<Record<string, string>> => {
  const before = beforeValue(plan.rules);
  const fits = beforeBytes(plan.rules) <= BEFORE_BYTES_MAX;
  const stands = route.metadata.annotations?.[BEFORE_ANNOTATION] === before;
  return { [FENCE_ANNOTATION]: fenceValue, ...(fits && !stands ? { [BEFORE_ANNOTATION]: before } : {}) };
};
