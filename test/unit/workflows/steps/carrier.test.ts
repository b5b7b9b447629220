import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import type { JsonPatch, KubeObject } from '../../../../workflows/kubernetes.ts';
import type { CarrierPlan, RoutePlan } from '../../../../workflows/plans/plan.ts';
import { annotationOf, realPatch, targetRef, viewOf } from '../../../../workflows/steps/carrier.ts';
import { recogniseDrift } from '../../../../workflows/steps/drift.ts';
import { isRolledBack, restorePatch, rollbackPatch } from '../../../../workflows/steps/rollback-patch.ts';
import { FENCE_ANNOTATION } from '../../../../workflows/steps/route-fence.ts';
import { standsAt } from '../../../../workflows/steps/stands-at.ts';
import { removeOldRefPatch, weightsPatch } from '../../../../workflows/steps/traffic-patch.ts';
import type { Sides } from '../../../../workflows/steps/traffic-weights.ts';

const SIDES: Sides = { namespace: 'team', oldPool: 'review-1', newPool: 'review-2' };
const CARRIER: CarrierPlan = {
  group: 'inference.networking.x-k8s.io',
  version: 'v1alpha2',
  plural: 'inferencemodelrewrites',
  kind: 'InferenceModelRewrite',
  pool: 'llm',
  alias: 'review',
  isCreated: false,
  listWasAbsent: false,
};

interface Target {
  readonly modelRewrite: string;
  readonly weight?: number;
}

const ruleFor = (alias: string, ...targets: readonly Target[]) => ({
  matches: [{ model: { type: 'Exact', value: alias } }],
  targets,
});

const rewrite = (...rules: readonly unknown[]): KubeObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModelRewrite',
  metadata: {
    name: 'names',
    namespace: 'team',
    uid: 'u1',
    resourceVersion: '7',
    annotations: { team: 'reviews' },
  },
  spec: { poolRef: { name: 'llm' }, rules },
});

const routeOf = (object: KubeObject, index: number, carrier = CARRIER): RoutePlan => {
  const rules = (viewOf(object, { ...NO_RULES, carrier })['spec'] as { rules: { backendRefs: never[] }[] })
    .rules;
  return {
    ...NO_RULES,
    carrier,
    rules: [{ index, originals: rules[index]?.backendRefs ?? [], newRefWasThere: false }],
  };
};

const NO_RULES: RoutePlan = { namespace: 'team', name: 'names', uid: 'u1', gateways: [], rules: [] };

const applied = (object: KubeObject, route: RoutePlan, patch: JsonPatch): KubeObject => {
  const next = structuredClone(object) as KubeObject;
  const failed = applyPatch(next, structuredClone(realPatch(object, route, patch)) as never).filter(Boolean);
  expect(failed).toEqual([]);
  return next;
};

const at = (object: KubeObject, route: RoutePlan, sharePercent: number): KubeObject =>
  applied(
    object,
    route,
    weightsPatch({
      route: viewOf(object, route),
      plan: route,
      sides: SIDES,
      fenceValue: 'r-1/2',
      sharePercent,
    }),
  );

const back = (object: KubeObject, route: RoutePlan): KubeObject => {
  const order = { plan: route, sides: SIDES, fenceValue: 'r-1/3' };
  const zero = applied(
    object,
    route,
    rollbackPatch({ ...order, route: viewOf(object, route), sharePercent: 0 }),
  );
  expect(isRolledBack(viewOf(zero, route), route, SIDES)).toBe(true);
  return applied(zero, route, restorePatch({ ...order, route: viewOf(zero, route) }) ?? []);
};

const targetsOf = (object: KubeObject, index: number): unknown =>
  (object['spec'] as { rules: { targets: unknown }[] }).rules[index]?.targets;

describe('an adapter’s weights as an HTTPRoute has them', () => {
  test('a rule for the alias alone is seen, rules of other names are empty and keep their places', () => {
    const object = rewrite(
      ruleFor('base', { modelRewrite: 'review-1' }),
      ruleFor('review', { modelRewrite: 'review-1', weight: 3 }, { modelRewrite: 'other', weight: 1 }),
      { matches: [...ruleFor('review').matches, ...ruleFor('b').matches], targets: [{ modelRewrite: 'x' }] },
      { targets: [{ modelRewrite: 'y' }] },
    );
    expect(viewOf(object, routeOf(object, 1))['spec']).toEqual({
      rules: [
        { backendRefs: [] },
        { backendRefs: [targetRef('review-1', 3), targetRef('other', 1)] },
        { backendRefs: [] },
        { backendRefs: [] },
      ],
    });
  });

  test('a share of 0 is an absent target, one of 100 leaves the old one out, and all weights are explicit', () => {
    const object = rewrite(ruleFor('review', { modelRewrite: 'review-1' }));
    const route = routeOf(object, 0);
    const shares = [0, 1, 25, 99, 100].map((share) => targetsOf(at(object, route, share), 0));
    expect(shares).toEqual([
      [{ modelRewrite: 'review-1' }],
      [
        { modelRewrite: 'review-1', weight: 99 },
        { modelRewrite: 'review-2', weight: 1 },
      ],
      [
        { modelRewrite: 'review-1', weight: 75 },
        { modelRewrite: 'review-2', weight: 25 },
      ],
      [
        { modelRewrite: 'review-1', weight: 1 },
        { modelRewrite: 'review-2', weight: 99 },
      ],
      [{ modelRewrite: 'review-2', weight: 100 }],
    ]);
    for (const share of [1, 25, 99, 100]) {
      const written = viewOf(at(object, route, share), route);
      expect(standsAt(written, route, SIDES, share)).toBe(true);
      const expected = { rolloutId: 'r-1', fence: 2, sides: SIDES, attached: true };
      expect(recogniseDrift(written, route, { ...expected, sharesPercent: [share] })).toBeNull();
      expect(recogniseDrift(written, route, { ...expected, sharesPercent: [50] })?.what).toBe('weights');
    }
  });

  test('a target that others took away, or a rule that moved, is a drift of refs', () => {
    const object = rewrite(
      ruleFor('review', { modelRewrite: 'review-1', weight: 1 }, { modelRewrite: 'other', weight: 1 }),
    );
    const route = routeOf(object, 0);
    const expected = { rolloutId: 'r-1', fence: 2, sides: SIDES, attached: true, sharesPercent: [50] };
    const seen = (changed: KubeObject) => recogniseDrift(viewOf(changed, route), route, expected)?.what;
    expect(
      seen(
        rewrite(
          ruleFor('review', { modelRewrite: 'review-1', weight: 1 }, { modelRewrite: 'review-2', weight: 1 }),
        ),
      ),
    ).toBe('refs');
    expect(
      seen(rewrite(ruleFor('a', { modelRewrite: 'b' }), ruleFor('review', { modelRewrite: 'review-1' }))),
    ).toBe('refs');
  });

  test('fences of two aliases on one object do not meet', () => {
    const object = rewrite(
      ruleFor('review', { modelRewrite: 'review-1' }),
      ruleFor('chat', { modelRewrite: 'review-1' }),
    );
    const route = routeOf(object, 0);
    const other = routeOf(object, 1, { ...CARRIER, alias: 'chat' });
    const written = at(at(object, route, 25), other, 50);
    expect(written.metadata.annotations).toMatchObject({
      team: 'reviews',
      [annotationOf(FENCE_ANNOTATION, 'review')]: 'r-1/2',
      [annotationOf(FENCE_ANNOTATION, 'chat')]: 'r-1/2',
    });
    expect(written.metadata.annotations?.[FENCE_ANNOTATION]).toBeUndefined();
    expect(viewOf(written, route).metadata.annotations?.[FENCE_ANNOTATION]).toBe('r-1/2');
    expect(standsAt(viewOf(written, route), route, SIDES, 25)).toBe(true);
    expect(standsAt(viewOf(written, other), other, SIDES, 50)).toBe(true);
  });

  test('an InferenceModel without targets gets them and loses them again', () => {
    const carrier = {
      ...CARRIER,
      kind: 'InferenceModel',
      plural: 'inferencemodels',
      listWasAbsent: true,
      alias: 'review-1',
    };
    const object: KubeObject = {
      apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
      kind: 'InferenceModel',
      metadata: rewrite().metadata,
      spec: { modelName: 'review-1', poolRef: { name: 'llm' } },
    };
    const route = routeOf(object, 0, carrier);
    const written = at(object, route, 10);
    expect(written['spec']).toEqual({
      modelName: 'review-1',
      poolRef: { name: 'llm' },
      targetModels: [
        { name: 'review-1', weight: 90 },
        { name: 'review-2', weight: 10 },
      ],
    });
    expect(back(written, route)['spec']).toEqual(object['spec']);
  });

  test('after a promotion the alias stays with the new target alone', () => {
    const object = rewrite(ruleFor('review', { modelRewrite: 'review-1', weight: 7 }));
    const route = routeOf(object, 0);
    const full = at(object, route, 100);
    const order = { plan: route, sides: SIDES, fenceValue: 'r-1/9', route: viewOf(full, route) };
    const closed = applied(full, route, removeOldRefPatch(order) ?? []);
    expect(targetsOf(closed, 0)).toEqual([{ modelRewrite: 'review-2', weight: 100 }]);
    expect(Object.keys(closed.metadata.annotations ?? {})).toEqual([
      'team',
      annotationOf(FENCE_ANNOTATION, 'review'),
    ]);
  });

  test('whatever was there comes back byte for byte, and nobody else’s rule changes on the way', () => {
    const weight = fc.integer({ min: 1, max: 500 });
    const name = fc.constantFrom('a', 'b', 'c');
    const others = fc.uniqueArray(fc.record({ modelRewrite: name, weight }), {
      selector: (target) => target.modelRewrite,
      maxLength: 3,
    });
    const share = fc.constantFrom(1, 5, 25, 50, 99, 100);
    let cases = 0;
    fc.assert(
      fc.property(
        fc.record({
          foreign: others,
          own: weight,
          percent: share,
          bare: fc.boolean(),
          place: fc.nat({ max: 2 }),
        }),
        ({ foreign, own, percent, bare, place }) => {
          const targets: readonly Target[] =
            bare && foreign.length === 0
              ? [{ modelRewrite: 'review-1' }]
              : [...foreign, { modelRewrite: 'review-1', weight: own }];
          const rules: unknown[] = [
            ruleFor('x', { modelRewrite: 'review-1' }),
            ruleFor('y', { modelRewrite: 'review-2', weight: 3 }),
          ];
          rules.splice(place, 0, ruleFor('review', ...targets));
          const object = rewrite(...rules);
          const route = routeOf(object, place);
          const written = at(object, route, percent);
          const stands = targetsOf(written, place) as readonly Target[];
          const part = (of: string) => stands.find(({ modelRewrite }) => modelRewrite === of)?.weight ?? 0;
          const total = part('review-1') + part('review-2');
          const isWhole = (target: Target) => Number.isInteger(target.weight) && (target.weight ?? 0) >= 1;
          expect(part('review-2') === 0 || stands.every(isWhole)).toBe(true);
          expect((part('review-2') * 100) / total).toBeLessThanOrEqual(percent);
          const isRest = (_: unknown, index: number) => index !== place;
          const rest = (from: KubeObject) => (from['spec'] as { rules: unknown[] }).rules.filter(isRest);
          expect(rest(written)).toEqual(rest(object));
          const again = back(written, route);
          expect(JSON.stringify(again['spec'])).toBe(JSON.stringify(object['spec']));
          cases += 1;
        },
      ),
      { numRuns: 300 },
    );
    console.log(`carrier: ${cases} objects written and restored`);
  });
});
