import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BackendRef, RulePlan } from '../../../../workflows/plans/plan.ts';
import { realSharePercent, ruleWeights, sideOf } from '../../../../workflows/steps/traffic-weights.ts';
import { originals, plannedRoute, poolRef, SIDES, share } from './traffic-arbitrary.ts';

const RUNS = { numRuns: 3000 };

const ruleOf = (refs: readonly BackendRef[], newRefWasThere = false): RulePlan => ({
  index: 0,
  originals: refs,
  newRefWasThere,
});

const weigh = (refs: readonly BackendRef[], sharePercent: number) => {
  const { originals: weights, added } = ruleWeights(ruleOf(refs), SIDES.namespace, SIDES, sharePercent);
  return added === null ? weights : [...weights, added];
};

interface Parts {
  readonly olds: readonly number[];
  readonly news: readonly number[];
  readonly others: readonly number[];
  readonly all: readonly number[];
}

const partsAt = (rule: RulePlan, sharePercent: number): Parts => {
  const weights = ruleWeights(rule, SIDES.namespace, SIDES, sharePercent);
  const of = (side: string) =>
    weights.originals.filter((_, index) => {
      const ref = rule.originals[index];
      return ref !== undefined && sideOf(ref, SIDES.namespace, SIDES) === side;
    });
  const news = [...of('new'), ...(weights.added === null ? [] : [weights.added])];
  const olds = of('old');
  const others = of('other');
  return { olds, news, others, all: [...olds, ...news, ...others] };
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const anyRule = originals.map(({ refs, newRefWasThere }) => ruleOf(refs, newRefWasThere));

describe('weights that people read', () => {
  const llm = poolRef('llm', 1);
  const other = (weight: number) => poolRef('other', weight);
  test.each<[string, readonly BackendRef[], number, readonly number[]]>([
    ['just the two pools share in percent', [llm], 10, [90, 10]],
    ['the originals do not matter to two pools', [poolRef('llm', 1_000_000)], 25, [75, 25]],
    ['tenths of a percent', [llm], 2.5, [975, 25]],
    ['tenths that are whole', [llm], 50, [50, 50]],
    ['everything', [llm], 100, [0, 100]],
    ['nothing is the original', [poolRef('llm', 70_000)], 0, [70_000, 0]],
    ['an absent weight is 1', [{ ...llm, weight: undefined } as unknown as BackendRef], 0, [1, 0]],
    ['a backend without part stays without', [llm, other(0)], 30, [70, 0, 30]],
    ['others keep their integers where they can', [poolRef('llm', 50), other(50)], 10, [45, 50, 5]],
    ['all is multiplied where they cannot', [llm, other(1)], 10, [9, 10, 1]],
    ['the whole part moves', [poolRef('llm', 30), other(70)], 100, [0, 70, 30]],
    ['the pool named twice', [llm, llm], 10, [45, 45, 10]],
    ['the pool named twice in odd parts', [llm, poolRef('llm', 2)], 25, [25, 50, 25]],
    ['large originals are brought into range', [poolRef('llm', 5000), other(5000)], 10, [9, 10, 1]],
    ['a share that no weight expresses is rounded down', [llm, other(999)], 10, [1, 999, 0]],
    ['a rule without part of the old pool stays', [other(3)], 10, [3, 0]],
  ])('%s', (_, refs, sharePercent, expected) => {
    expect(weigh(refs, sharePercent)).toEqual(expected);
  });

  test('a ref of the new pool that was there takes the weight in its place', () => {
    const rule = ruleOf([poolRef('llm-new', 0), poolRef('llm', 1)], true);
    expect(ruleWeights(rule, SIDES.namespace, SIDES, 10)).toEqual({
      originals: [10, 90],
      added: null,
      realSharePercent: 10,
    });
  });
});

describe('laws of the weights of any rule', () => {
  test('no weight leaves 0 to 1000, and all are whole numbers, at any share above 0 that moves something', () => {
    fc.assert(
      fc.property(anyRule, share, (rule, sharePercent) => {
        const parts = partsAt(rule, sharePercent);
        fc.pre(sum(parts.news) > 0);
        for (const weight of parts.all) {
          expect(Number.isInteger(weight)).toBe(true);
          expect(weight).toBeGreaterThanOrEqual(0);
          expect(weight).toBeLessThanOrEqual(1000);
        }
      }),
      RUNS,
    );
  });

  test('a rule never loses all its weight', () => {
    fc.assert(
      fc.property(anyRule, share, (rule, sharePercent) => {
        expect(sum(partsAt(rule, sharePercent).all)).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  test('the new side never gets more than its share of the old part, and the figure for the plan says how much', () => {
    fc.assert(
      fc.property(anyRule, share, (rule, sharePercent) => {
        const { olds, news } = partsAt(rule, sharePercent);
        const real = (sum(news) * 100) / (sum(olds) + sum(news));
        const said = ruleWeights(rule, SIDES.namespace, SIDES, sharePercent).realSharePercent;
        expect(real).toBeLessThanOrEqual(sharePercent + 1e-9);
        expect(said).toBeCloseTo(real, 9);
      }),
      RUNS,
    );
  });

  test('a larger share never gives the new side less', () => {
    fc.assert(
      fc.property(anyRule, share, share, (rule, a, b) => {
        const real = (value: number) => ruleWeights(rule, SIDES.namespace, SIDES, value).realSharePercent;
        expect(real(Math.max(a, b))).toBeGreaterThanOrEqual(real(Math.min(a, b)));
      }),
      RUNS,
    );
  });

  test('100 leaves the old pool nothing', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        const { olds, news } = partsAt(rule, 100);
        expect(sum(olds)).toBe(0);
        expect(sum(news)).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  test('0 is the original integers, and 0 for the new side', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        const weights = ruleWeights(rule, SIDES.namespace, SIDES, 0);
        expect(weights.originals).toEqual(rule.originals.map((ref) => ref.weight ?? 1));
        expect(weights.added).toBe(rule.newRefWasThere ? null : 0);
      }),
      RUNS,
    );
  });

  test('with just the two pools every tenth of a percent is exact', () => {
    fc.assert(
      fc.property(anyRule, share, (rule, sharePercent) => {
        fc.pre(sharePercent > 0 && sum(partsAt(rule, 0).others) === 0);
        const { olds, news } = partsAt(rule, sharePercent);
        expect(sum(news) * 1000).toBe(Math.round(sharePercent * 10) * (sum(olds) + sum(news)));
      }),
      RUNS,
    );
  });

  test('others keep their proportion: exactly where integers up to 1000 can say it, else no backend loses its last bit', () => {
    fc.assert(
      fc.property(anyRule, share, (rule, sharePercent) => {
        const before = partsAt(rule, 0);
        const after = partsAt(rule, sharePercent);
        const oldPart = sum(before.olds);
        const newPart = sum(after.olds) + sum(after.news);
        const unit = [oldPart, ...before.others].filter((value) => value > 0).reduce(gcd);
        const exact = [oldPart, ...before.others].every((value) => value / unit <= 1000);
        for (const [index, weight] of before.others.entries()) {
          const now = after.others[index] ?? -1;
          expect(now > 0).toBe(weight > 0);
          // Old refs of odd parts have a finer unit than their sum; then a multiple of it may be out of range.
          const mustFit = exact && before.olds.length === 1;
          expect(mustFit ? now * oldPart : 0).toBe(mustFit ? weight * newPart : 0);
        }
      }),
      RUNS,
    );
  });

  test('a share that weights up to 1000 can express beside the others is exact', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 20 }),
        (fresh, old, beside, factor) => {
          const tenths = (fresh * 1000) / (fresh + old);
          if (!Number.isInteger(tenths)) return;
          const rule = ruleOf([poolRef('llm', (fresh + old) * factor), poolRef('other', beside * factor)]);
          const real = ruleWeights(rule, SIDES.namespace, SIDES, tenths / 10).realSharePercent;
          expect(real).toBeCloseTo(tenths / 10, 9);
        },
      ),
      RUNS,
    );
  });

  test('what is written for a share is written for the share that it really is', () => {
    fc.assert(
      fc.property(anyRule, share, (rule, sharePercent) => {
        const first = ruleWeights(rule, SIDES.namespace, SIDES, sharePercent);
        fc.pre(sum(partsAt(rule, 0).others) > 0);
        expect(
          ruleWeights(rule, SIDES.namespace, SIDES, first.realSharePercent).realSharePercent,
        ).toBeCloseTo(first.realSharePercent, 9);
      }),
      RUNS,
    );
  });

  test('the real share of a plan is the smallest of its rules', () => {
    fc.assert(
      fc.property(fc.array(plannedRoute, { minLength: 1, maxLength: 3 }), share, (routes, sharePercent) => {
        const shares = routes.flatMap(({ plan }) =>
          plan.rules.map((rule) => ruleWeights(rule, plan.namespace, SIDES, sharePercent).realSharePercent),
        );
        const plans = routes.map(({ plan }) => plan);
        expect(realSharePercent(plans, SIDES, sharePercent)).toBeCloseTo(
          Math.min(sharePercent, ...shares),
          9,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
