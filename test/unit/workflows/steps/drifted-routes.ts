/** Routes as they are after our writes and after what others do to them. */
import * as fc from 'fast-check';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { BackendRef } from '../../../../workflows/plans/plan.ts';
import { nextFenceValue } from '../../../../workflows/steps/route-fence.ts';
import { attachPatch, weightsPatch } from '../../../../workflows/steps/traffic-patch.ts';
import {
  type PlannedRoute,
  patched,
  plannedRoute,
  poolRef,
  SIDES,
  share,
  weight,
} from './traffic-arbitrary.ts';

export const RUNS = { numRuns: 1500 };
export const NAMESPACE = SIDES.namespace;

export const order = ({ route, plan }: PlannedRoute, fence: number) => ({
  route,
  plan,
  sides: SIDES,
  fenceValue: nextFenceValue(route, 'r-1', fence),
});

export const take = (object: KubeObject | null): KubeObject => {
  if (object === null) throw new Error('the patch was refused');
  return object;
};

/** Attached, then set to the share. */
export const at = (planned: PlannedRoute, sharePercent: number): KubeObject => {
  const attached = take(patched(planned.route, attachPatch(order(planned, 2))));
  const next = { route: attached, plan: planned.plan };
  return take(patched(attached, weightsPatch({ ...order(next, 3), sharePercent })));
};

/** All but backendRefs of planned rules and our annotations. */
export const restOf = (route: KubeObject, { plan }: PlannedRoute): unknown => {
  const copy = structuredClone(route) as unknown as {
    metadata: { annotations?: Record<string, string> };
    spec: { rules: { backendRefs?: unknown }[] };
  };
  for (const rule of plan.rules) delete copy.spec.rules[rule.index]?.backendRefs;
  const { 'sluice.dev/fence': _, 'sluice.dev/before': __, ...annotations } = copy.metadata.annotations ?? {};
  return { ...copy, metadata: { ...copy.metadata, annotations } };
};

/** What people and controllers do to rules. */
const mishap = fc.oneof(
  fc.record({ kind: fc.constant('shuffle' as const), by: fc.nat({ max: 4 }) }),
  fc.record({ kind: fc.constant('drop' as const), rule: fc.nat({ max: 3 }), ref: fc.nat({ max: 4 }) }),
  fc.record({
    kind: fc.constant('weight' as const),
    rule: fc.nat({ max: 3 }),
    ref: fc.nat({ max: 4 }),
    weight,
  }),
  fc.record({
    kind: fc.constant('add' as const),
    rule: fc.nat({ max: 3 }),
    weight,
    name: fc.constantFrom('x', 'llm-new', 'llm'),
  }),
  fc.record({ kind: fc.constant('newRule' as const), weight, name: fc.constantFrom('x', 'llm-new', 'llm') }),
  fc.record({ kind: fc.constant('dropRule' as const), rule: fc.nat({ max: 3 }) }),
);

type Mishap = typeof mishap extends fc.Arbitrary<infer T> ? T : never;

const suffer = (route: KubeObject, what: Mishap): KubeObject => {
  const copy = structuredClone(route) as KubeObject & { spec: { rules: { backendRefs: BackendRef[] }[] } };
  const { rules } = copy.spec;
  const refs = 'rule' in what ? rules[what.rule % Math.max(1, rules.length)]?.backendRefs : undefined;
  if (what.kind === 'shuffle') rules.push(...rules.splice(0, what.by % Math.max(1, rules.length)));
  if (what.kind === 'drop' && refs !== undefined) refs.splice(what.ref % Math.max(1, refs.length), 1);
  if (what.kind === 'weight' && refs !== undefined && refs.length > 0) {
    const index = what.ref % refs.length;
    refs[index] = { ...refs[index], weight: what.weight } as BackendRef;
  }
  if (what.kind === 'add') refs?.push(poolRef(what.name, what.weight));
  if (what.kind === 'newRule') rules.unshift({ backendRefs: [poolRef(what.name, what.weight)] });
  if (what.kind === 'dropRule') rules.splice(what.rule % Math.max(1, rules.length), 1);
  return copy;
};

export const drifted = fc
  .tuple(plannedRoute, share, fc.array(mishap, { maxLength: 4 }), fc.boolean())
  .map(([planned, sharePercent, mishaps, attached]) => ({
    planned,
    live: mishaps.reduce(suffer, attached ? at(planned, sharePercent) : planned.route),
  }));
