import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import type { JsonPatch, KubeObject } from '../../../workflows/kubernetes.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import { realPatch, viewOf } from '../../../workflows/steps/carrier.ts';
import { restorePatch, rollbackPatch } from '../../../workflows/steps/rollback-patch.ts';
import { weightsPatch } from '../../../workflows/steps/traffic-patch.ts';
import { sidesOf, TARGET_WEIGHT_MAX } from '../../../workflows/steps/traffic-weights.ts';
import {
  anAdapterCluster,
  anAdapterSpec,
  anInferenceModel,
  aRewrite,
  modelEra,
  ruleOf,
  type Target,
} from './an-adapter.ts';
import { planned } from './planned.ts';

const SHARES = [1, 5, 25, 50, 99] as const;
const LADDER = [...SHARES, 100].map((share) => ({ share, bake: '10m' }));
const OURS = ['food-review-1', 'food-review-2'];

const spec = anAdapterSpec({}, { ladder: LADDER });

const weightArbitrary = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 9999 }));

/** Explicit weights on all targets or on none; the old version among others. */
const targetsArbitrary = fc
  .tuple(fc.boolean(), fc.array(weightArbitrary, { minLength: 1, maxLength: 5 }), fc.nat())
  .map(([isWeighed, weights, at]): readonly Target[] =>
    weights.map((weight, index) => ({
      modelRewrite: index === at % weights.length ? 'food-review-1' : `other-${index}`,
      ...(isWeighed ? { weight } : {}),
    })),
  );

const foreignRule = ruleOf(
  ['menu'],
  { modelRewrite: 'menu-1', weight: 3 },
  { modelRewrite: 'menu-2', weight: 7 },
);

const apply = (object: KubeObject, patch: JsonPatch): KubeObject => {
  const copy = structuredClone(object);
  // API servers take what is not there for null.
  const ops = patch.filter((op) => op.op !== 'test' || op.value !== null);
  const failed = applyPatch(copy, structuredClone(ops) as never).filter((one) => one !== null);
  expect(failed).toEqual([]);
  return copy;
};

/** The object at a share, as the API server would hold it. */
const writtenAt = (object: KubeObject, plan: Plan, sharePercent: number): KubeObject => {
  const [route] = plan.routes;
  if (route === undefined) throw new Error('no carrier');
  const order = { plan: route, sides: sidesOf(plan), fenceValue: `r/${sharePercent}` };
  const patch = weightsPatch({ ...order, route: viewOf(object, route), sharePercent });
  return apply(object, realPatch(object, route, patch));
};

const rulesOf = (object: KubeObject) =>
  (object['spec'] as { rules: { matches: { model: { value: string } }[]; targets: Target[] }[] }).rules;

const sumOf = (targets: readonly Target[], ...names: readonly string[]): bigint =>
  targets
    .filter(({ modelRewrite }) => names.includes(modelRewrite))
    .reduce((sum, { weight }) => sum + BigInt(weight ?? 1), 0n);

const expectExact = (before: readonly Target[], after: readonly Target[], share: number): void => {
  for (const { weight = Number.NaN } of after) {
    expect(Number.isInteger(weight) && weight >= 1 && weight <= TARGET_WEIGHT_MAX).toBe(true);
  }
  const ours = sumOf(after, ...OURS);
  expect(100n * sumOf(after, 'food-review-2')).toBe(BigInt(share) * ours);
  // Nobody else’s part changes: theirs to the old version’s is what theirs to both is now.
  for (const { modelRewrite } of before.filter(({ modelRewrite: name }) => !OURS.includes(name)))
    expect(sumOf(after, modelRewrite) * sumOf(before, 'food-review-1')).toBe(
      sumOf(before, modelRewrite) * ours,
    );
};

describe('the weights of an adapter', () => {
  test('are integers whose split is exact, beside foreign targets and in several rules', () => {
    let splits = 0;
    fc.assert(
      fc.property(targetsArbitrary, targetsArbitrary, (first, second) => {
        const rules = [foreignRule, ruleOf(['food-review'], ...first), ruleOf(['food-review'], ...second)];
        const object = aRewrite('review', rules);
        const { plan } = planned(spec, [], anAdapterCluster({ rewrites: [object] }));
        expect(plan.ladder.map((rung) => rung.realSharePercent)).toEqual([...SHARES, 100]);
        for (const share of SHARES) {
          const [foreign, ...mine] = rulesOf(writtenAt(object, plan, share));
          expect(foreign).toEqual(foreignRule);
          expectExact(first, mine[0]?.targets ?? [], share);
          expectExact(second, mine[1]?.targets ?? [], share);
          splits += 2;
        }
      }),
      { numRuns: 300 },
    );
    console.log(`splits of adapters: ${splits}`);
    expect(splits).toBeGreaterThanOrEqual(3000);
  });

  test('leave the old version out at 100, and the targets as they were after a rollback, byte for byte', () => {
    fc.assert(
      fc.property(targetsArbitrary, fc.constantFrom(...SHARES, 100), (targets, share) => {
        const object = aRewrite('review', [ruleOf(['food-review'], ...targets), foreignRule]);
        const { plan } = planned(spec, [], anAdapterCluster({ rewrites: [object] }));
        const [route] = plan.routes;
        if (route === undefined) throw new Error('no carrier');
        const moved = writtenAt(object, plan, share);
        const isOldThere = sumOf(rulesOf(moved)[0]?.targets ?? [], 'food-review-1') > 0n;
        const order = { plan: route, sides: sidesOf(plan), fenceValue: 'r/9' };
        const viewed = (seen: KubeObject) => ({ ...order, route: viewOf(seen, route) });
        const zero = apply(
          moved,
          realPatch(moved, route, rollbackPatch({ ...viewed(moved), sharePercent: 0 })),
        );
        const back = apply(zero, realPatch(zero, route, restorePatch(viewed(zero)) ?? []));
        expect(isOldThere).toBe(share < 100);
        expect(JSON.stringify(back['spec'])).toBe(JSON.stringify(object['spec']));
      }),
      { numRuns: 200 },
    );
  });

  test('just two versions get numbers that people read', () => {
    const object = aRewrite('review', [ruleOf(['food-review'], { modelRewrite: 'food-review-1' })]);
    const { plan } = planned(spec, [], anAdapterCluster({ rewrites: [object] }));
    const written = SHARES.map((share) =>
      rulesOf(writtenAt(object, plan, share))[0]
        ?.targets.map(({ weight }) => weight)
        .join('/'),
    );
    expect(written).toEqual(['99/1', '95/5', '75/25', '50/50', '1/99']);
  });

  test('are the same in an InferenceModel', () => {
    const targetModels = [
      { name: 'food-review-1', weight: 70 },
      { name: 'spare', weight: 30 },
    ];
    const object = anInferenceModel('review', 'food-review', targetModels);
    const { plan } = planned(spec, [], modelEra([object]));
    const written = SHARES.map(
      (share) => (writtenAt(object, plan, share)['spec'] as { targetModels: unknown }).targetModels,
    );
    expect(written[1]).toEqual([
      { name: 'food-review-1', weight: 133 },
      { name: 'spare', weight: 60 },
      { name: 'food-review-2', weight: 7 },
    ]);
    expect(written).toHaveLength(5);
  });
});
