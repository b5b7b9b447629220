/**
 * The way back. A rollback tests the route's uid and the facts it edits (name, kind, group at each place) and not
 * resourceVersion, which status writes keep bumping (P4). It finds refs wherever others have moved them, leaves foreign
 * backends alone, and never leaves a rule without weight.
 */
import type { JsonPatch, JsonPatchOp, KubeObject } from '../kubernetes.ts';
import type { BackendRef, RoutePlan, RulePlan } from '../plans/plan.ts';
import { weightOf } from '../plans/route-rules.ts';
import {
  type LiveRule,
  liveRulesOf,
  liveSharePercent,
  locate,
  type PairedRule,
  pairRules,
  partsOf,
} from './live-rules.ts';
import { annotate, BEFORE_ANNOTATION, FENCE_ANNOTATION } from './route-fence.ts';
import { type PatchOrder, refsPath, testUnchanged } from './traffic-patch.ts';
import { ruleWeights, type Sides, sideOf } from './traffic-weights.ts';

/** The CRD's bound of a rule's backendRefs. */
const REFS_MAX = 16;

/** Each pass but the last brings back a ref of a rule; more rules than this a route cannot have. */
const PASSES_MAX = 16;

/** A rule as it is to be; `places` are the refs that the write decides on, null when the list itself changes. */
interface Edit {
  readonly live: LiveRule;
  readonly refs: readonly BackendRef[];
  readonly places: readonly number[] | null;
}

/**
 * Brings the new side down to a share (0: the originals' integers); a rule that gives it less already stays below. Applies
 * to any state of the route, drifted or created anew. Always writes the fence.
 */
export const rollbackPatch = (order: PatchOrder & { readonly sharePercent: number }): JsonPatch => {
  const { route, plan, sides, sharePercent } = order;
  const live = liveRulesOf(route);
  let pass = editsOf(live, plan, sides, sharePercent);
  let edits = pass;
  // Refs that come back may pair the rules differently: decided again on the outcome, so that one write arrives.
  for (let count = 1; count < PASSES_MAX && pass.some((edit) => edit.places === null); count += 1) {
    pass = editsOf(after(live, edits), plan, sides, sharePercent);
    edits = merge(live, edits, pass);
  }
  // On the way to 0 nobody can be wronged. A step in between might raise what somebody has lowered since: it tests all.
  const uidOnly: JsonPatch = [{ op: 'test', path: '/metadata/uid', value: route.metadata.uid }];
  return [
    ...(sharePercent === 0 ? uidOnly : testUnchanged(route)),
    ...edits.flatMap(editOps),
    ...annotate(route, { [FENCE_ANNOTATION]: order.fenceValue }),
  ];
};

const editsOf = (
  live: readonly LiveRule[],
  plan: RoutePlan,
  sides: Sides,
  sharePercent: number,
): readonly Edit[] => {
  const { pairs, unpaired } = pairRules(live, plan, sides);
  return [
    ...pairs.map((pair) => backTo(pair, plan, sides, sharePercent)),
    ...unpaired.flatMap((rule) => takeWeight(rule, plan, sides)),
  ];
};

const after = (live: readonly LiveRule[], edits: readonly Edit[]): readonly LiveRule[] =>
  live
    .map((rule) => edits.find((edit) => edit.live === rule))
    .map((edit, index) => ({
      index,
      refs: edit?.refs ?? live[index]?.refs ?? [],
    }));

/** Every rule that either pass touched, as the later one leaves it. */
const merge = (live: readonly LiveRule[], first: readonly Edit[], second: readonly Edit[]): readonly Edit[] =>
  live.flatMap((rule): readonly Edit[] => {
    const before = first.find((edit) => edit.live.index === rule.index);
    const last = second.find((edit) => edit.live.index === rule.index);
    const refs = last?.refs ?? before?.refs;
    if (refs === undefined) return [];
    if (before?.places === null || last?.places === null) return [{ live: rule, refs, places: null }];
    const places = [...new Set([...(before?.places ?? []), ...(last?.places ?? [])])];
    return [{ live: rule, refs, places }];
  });

const backTo = ({ live, rule }: PairedRule, plan: RoutePlan, sides: Sides, sharePercent: number): Edit => {
  const stands = liveSharePercent(live.refs, plan.namespace, sides) ?? 0;
  const planned = ruleWeights(rule, plan.namespace, sides, Math.min(sharePercent, stands));
  const located = locate(live.refs, rule, plan.namespace, sides);
  const weights = new Map<number, number>();
  const missing: BackendRef[] = [];
  for (const [index, place] of located.originals.entries()) {
    const original = rule.originals[index];
    const weight = planned.originals[index] ?? 0;
    if (place >= 0) weights.set(place, weight);
    else if (original !== undefined && weight > 0 && sideOf(original, plan.namespace, sides) === 'old')
      missing.push(weight === original.weight ? original : { ...original, weight });
  }
  if (located.added !== null && located.added >= 0) weights.set(located.added, planned.added ?? 0);
  for (const index of located.extra) {
    const ref = live.refs[index];
    if (ref !== undefined && sideOf(ref, plan.namespace, sides) === 'new') weights.set(index, 0);
  }
  return edit(live, weights, missing, (ref) => sideOf(ref, plan.namespace, sides) === 'new');
};

/** A rule that the plan does not know: what it gives the new side goes to the old one, all else stays. */
const takeWeight = (live: LiveRule, plan: RoutePlan, sides: Sides): readonly Edit[] => {
  const taken = partsOf(live.refs, plan.namespace, sides).new;
  if (taken === 0) return [];
  const isNew = (ref: BackendRef): boolean => sideOf(ref, plan.namespace, sides) === 'new';
  const weights = new Map<number, number>();
  for (const [index, ref] of live.refs.entries()) if (isNew(ref)) weights.set(index, 0);
  const heir = live.refs.findIndex((ref) => sideOf(ref, plan.namespace, sides) === 'old');
  const old = live.refs[heir];
  if (old !== undefined) {
    weights.set(heir, weightOf(old) + taken);
    return [edit(live, weights, [], isNew)];
  }
  const model = live.refs.find(isNew);
  const missing = model === undefined ? [] : [{ ...model, name: sides.oldPool, weight: taken }];
  return [edit(live, weights, missing, isNew)];
};

/** Where the list would grow too long, what may go is the ref that has just lost its weight. */
const edit = (
  live: LiveRule,
  weights: ReadonlyMap<number, number>,
  missing: readonly BackendRef[],
  mayGo: (ref: BackendRef) => boolean,
): Edit => {
  const kept = live.refs.map((ref, index) => {
    const weight = weights.get(index);
    return weight === undefined ? ref : { ...ref, weight };
  });
  if (missing.length === 0) return { live, refs: kept, places: [...weights.keys()] };
  const isFull = kept.length + missing.length > REFS_MAX;
  const room = isFull ? kept.filter((ref) => !mayGo(ref)) : kept;
  return { live, refs: [...room, ...missing], places: null };
};

const editOps = ({ live, refs, places }: Edit): readonly JsonPatchOp[] => {
  if (places === null)
    return [
      { op: 'test', path: refsPath(live), value: live.refs },
      { op: 'replace', path: refsPath(live), value: refs },
    ];
  const ops: JsonPatchOp[] = [];
  for (const index of places) {
    const ref = live.refs[index];
    if (ref === undefined) continue;
    const place = `${refsPath(live)}/${index}`;
    for (const fact of ['name', 'kind', 'group', 'namespace'] as const)
      if (ref[fact] !== undefined) ops.push({ op: 'test', path: `${place}/${fact}`, value: ref[fact] });
    // Sent even where it stands already: whatever is written between our read and this patch is overwritten.
    ops.push({ op: 'add', path: `${place}/weight`, value: refs[index]?.weight ?? 0 });
  }
  return ops;
};

/** Does the new side have weight in any rule of the route, ours or not? */
export const newHasWeight = (route: KubeObject, routeNamespace: string, sides: Sides): boolean =>
  liveRulesOf(route).some(({ refs }) => partsOf(refs, routeNamespace, sides).new > 0);

/**
 * Nothing on the route is ours: no ref of the new pool, and no note of what stood there before. Then nothing is to be put
 * back, and what others made of it since the plan is theirs (I9).
 */
export const isUntouched = (route: KubeObject, plan: RoutePlan, sides: Sides): boolean =>
  route.metadata.annotations?.[BEFORE_ANNOTATION] === undefined &&
  liveRulesOf(route).every(({ refs }) => refs.every((ref) => sideOf(ref, plan.namespace, sides) !== 'new'));

/**
 * Has the rollback arrived: the new side at 0 in every rule, and in the plan's rules every ref of the originals that is
 * there at its original weight, the old pool's among them? Foreign backends do not matter.
 */
export const isRolledBack = (route: KubeObject, plan: RoutePlan, sides: Sides): boolean => {
  if (newHasWeight(route, plan.namespace, sides)) return false;
  return pairRules(liveRulesOf(route), plan, sides).pairs.every(({ live, rule }) => {
    const located = locate(live.refs, rule, plan.namespace, sides);
    return rule.originals.every((original, index) => {
      const ref = live.refs[located.originals[index] ?? -1];
      if (ref !== undefined) return weightOf(ref) === weightOf(original);
      return sideOf(original, plan.namespace, sides) !== 'old' || weightOf(original) === 0;
    });
  });
};

/**
 * Closing write after a rollback: originals byte for byte, our ref gone unless it was there before, `sluice.dev/before` gone.
 * Where others added or took refs only ours goes. null while the new side still has weight (I13), or when a rule would be left
 * without refs.
 */
export const restorePatch = (order: PatchOrder): JsonPatch | null => {
  const { route, plan, sides } = order;
  if (newHasWeight(route, plan.namespace, sides)) return null;
  const ops: JsonPatchOp[] = [...testUnchanged(route)];
  for (const { live, rule } of pairRules(liveRulesOf(route), plan, sides).pairs) {
    const rest = restOf(live, rule, plan, sides);
    if (rest.length === 0) return null;
    ops.push(...rest.ops);
  }
  return [...ops, ...annotate(route, { [FENCE_ANNOTATION]: order.fenceValue }, [BEFORE_ANNOTATION])];
};

const restOf = (
  live: LiveRule,
  rule: RulePlan,
  plan: RoutePlan,
  sides: Sides,
): { readonly ops: readonly JsonPatchOp[]; readonly length: number } => {
  const located = locate(live.refs, rule, plan.namespace, sides);
  const isOurs = located.extra.length === 0 && !located.originals.includes(-1);
  if (isOurs) {
    const same = JSON.stringify(live.refs) === JSON.stringify(rule.originals);
    const ops: JsonPatchOp[] = same ? [] : [{ op: 'replace', path: refsPath(live), value: rule.originals }];
    return { ops, length: rule.originals.length };
  }
  if (located.added === null || located.added < 0) return { ops: [], length: live.refs.length };
  return {
    ops: [{ op: 'remove', path: `${refsPath(live)}/${located.added}` }],
    length: live.refs.length - 1,
  };
};
