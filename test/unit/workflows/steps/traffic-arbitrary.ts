/** Arbitrary routes for the laws of traffic, and JSON Patch as the API server applies it. */
import * as fc from 'fast-check';
import { applyPatch, type Operation } from 'rfc6902';
import type { JsonPatch, KubeObject } from '../../../../workflows/kubernetes.ts';
import type { BackendRef, RoutePlan, RulePlan } from '../../../../workflows/plans/plan.ts';
import type { Sides } from '../../../../workflows/steps/traffic-weights.ts';

export const SIDES: Sides = { namespace: 'serving', oldPool: 'llm', newPool: 'llm-new' };

export const poolRef = (name: string, weight: number): BackendRef => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  weight,
});

/** Weights of all sizes, those far above the load balancer's range among them. */
export const weight = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 1000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) },
);

export const share = fc.oneof(
  fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10),
  fc.constantFrom(0, 1, 5, 10, 25, 50, 75, 90, 100),
);

const foreign = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.oneof(weight, fc.constant(0)), fc.boolean())
  .map(
    ([name, parts, isPool]): BackendRef =>
      isPool
        ? poolRef(`other-${name}`, parts)
        : { group: '', kind: 'Service', name: `other-${name}`, port: 80, weight: parts },
  );

const oldRef = fc.tuple(weight, fc.boolean(), fc.boolean()).map(([parts, absent, explicit]): BackendRef => {
  const { weight: _, ...bare } = poolRef(SIDES.oldPool, parts);
  const named = explicit ? { ...bare, namespace: SIDES.namespace } : bare;
  return absent ? named : { ...named, weight: parts };
});

/** The originals of a rule in which the old pool has a part. */
export const originals: fc.Arbitrary<{
  readonly refs: readonly BackendRef[];
  readonly newRefWasThere: boolean;
}> = fc
  .record({
    olds: fc.oneof(
      { weight: 5, arbitrary: fc.tuple(oldRef) },
      { weight: 1, arbitrary: fc.tuple(oldRef, oldRef) },
      { weight: 1, arbitrary: oldRef.map((ref) => [ref, { ...ref, weight: 0 }] as const) },
    ),
    others: fc.oneof(fc.constant([]), fc.array(foreign, { maxLength: 3 })),
    newRefWasThere: fc.boolean(),
    seed: fc.array(fc.nat({ max: 5 }), { minLength: 6, maxLength: 6 }),
  })
  .map(({ olds, others, newRefWasThere, seed }) => {
    const refs: BackendRef[] = [...olds, ...others, ...(newRefWasThere ? [poolRef(SIDES.newPool, 0)] : [])];
    for (const [index, value] of seed.entries()) {
      const [a, b] = [refs[index % refs.length], refs[value % refs.length]];
      if (a === undefined || b === undefined) continue;
      refs[index % refs.length] = b;
      refs[value % refs.length] = a;
    }
    return { refs, newRefWasThere };
  });

const match = (path: string) => [{ path: { type: 'PathPrefix', value: path } }];

export interface PlannedRoute {
  readonly route: KubeObject;
  readonly plan: RoutePlan;
}

/** A route before our first write, with its plan; rules of others and rules without part stand between ours. */
export const plannedRoute: fc.Arbitrary<PlannedRoute> = fc
  .record({
    rules: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: originals.map((rule) => ({ ours: true as const, ...rule })) },
        {
          weight: 1,
          arbitrary: fc
            .array(foreign, { maxLength: 2 })
            .map((refs) => ({ ours: false as const, refs, newRefWasThere: false })),
        },
      ),
      { minLength: 1, maxLength: 4 },
    ),
    annotations: fc.constantFrom(undefined, {}, { 'team/owner': 'a/b~c' }),
  })
  .filter(({ rules }) => rules.some((rule) => rule.ours))
  .map(({ rules, annotations }) => routeOf(rules, annotations));

const routeOf = (
  rules: readonly {
    readonly ours: boolean;
    readonly refs: readonly BackendRef[];
    readonly newRefWasThere: boolean;
  }[],
  annotations: Readonly<Record<string, string>> | undefined,
): PlannedRoute => {
  const planned: RulePlan[] = rules.flatMap((rule, index) =>
    rule.ours ? [{ index, originals: rule.refs, newRefWasThere: rule.newRefWasThere }] : [],
  );
  return {
    route: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: {
        name: 'routes-to-llm',
        namespace: SIDES.namespace,
        uid: 'uid-1',
        resourceVersion: '7',
        generation: 3,
        ...(annotations === undefined ? {} : { annotations }),
      },
      spec: {
        parentRefs: [{ name: 'inference-gateway' }],
        hostnames: ['llm.example'],
        rules: rules.map((rule, index) => ({ matches: match(`/${index}`), backendRefs: rule.refs })),
      },
    },
    plan: {
      namespace: SIDES.namespace,
      name: 'routes-to-llm',
      uid: 'uid-1',
      gateways: [{ namespace: SIDES.namespace, name: 'inference-gateway' }],
      rules: planned,
    },
  };
};

/** The object after the patch; null when the API server would answer 422. `test` of null passes on an absent path. */
export const patched = (object: KubeObject, patch: JsonPatch): KubeObject | null => {
  const copy = structuredClone(object);
  for (const op of patch) {
    if (op.op === 'test' && op.value === null) {
      if (applyPatch(structuredClone(copy), [{ op: 'remove', path: op.path }])[0] === null) return null;
      continue;
    }
    if (applyPatch(copy, [structuredClone(op) as Operation])[0] !== null) return null;
  }
  return copy;
};

export const refsOf = (route: KubeObject): readonly (readonly BackendRef[])[] =>
  (route['spec'] as { rules: { backendRefs: BackendRef[] }[] }).rules.map((rule) => rule.backendRefs);

/** The same route with other backendRefs in one rule. */
export const withRefs = (route: KubeObject, index: number, refs: readonly BackendRef[]): KubeObject => {
  const copy = structuredClone(route) as KubeObject & {
    spec: { rules: { backendRefs: readonly BackendRef[] }[] };
  };
  const rule = copy.spec.rules[index];
  if (rule !== undefined) rule.backendRefs = refs;
  return copy;
};
