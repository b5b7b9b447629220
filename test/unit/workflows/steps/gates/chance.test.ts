import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  binomialTail,
  designEffect,
  excessZ,
  logGamma,
  regularizedBeta,
  shortfallZ,
  studentTail,
} from '../../../../../workflows/steps/gates/chance.ts';

/** P(X >= x) by its definition, for small n. */
const tailBySum = (x: number, n: number, p: number): number => {
  let sum = 0;
  for (let k = x; k <= n; k += 1) {
    let term = 1;
    for (let index = 1; index <= k; index += 1) term *= (n - k + index) / index;
    sum += term * p ** k * (1 - p) ** (n - k);
  }
  return sum;
};

/** Distance from the expected value, relative to it. */
const error = (value: number, expected: number): number => Math.abs(value / expected - 1);

describe('the upper tail of Student’s t', () => {
  // Quantiles of the printed table (Abramowitz and Stegun 26.10); the last is nearly the normal's.
  test.each([
    [1, 0.01, 31.821],
    [4, 0.01, 3.747],
    [4, 0.05, 2.132],
    [9, 0.01, 2.821],
    [30, 0.005, 2.75],
    [120, 0.01, 2.358],
  ])('df %i: %f is beyond %f', (df, chance, t) => {
    expect(error(studentTail(t, df), chance)).toBeLessThan(2e-3);
  });

  test('is a half at 0 and nothing at infinity', () => {
    expect([studentTail(0, 7), studentTail(Number.POSITIVE_INFINITY, 4)]).toEqual([0.5, 0]);
  });
});

describe('the binomial tail', () => {
  // Values of I_x(a, b) by stdlib-js 0.2.3 (math/base/special/betainc, after Boost); the symmetric one is exact.
  test.each([
    [0.01, 5, 2837, 0.9999999870444791],
    [0.01, 12, 189, 0.00000107882522953978],
    [0.01, 5001, 495_000, 0.49623878473962696],
    [0.05, 27_200, 512_800, 0.10648166576099867],
    [0.01, 5541, 534_460, 0.027704271692328877],
    [0.05, 1100, 19_000, 0.0012593890108579067],
    [0.01, 540, 53_000, 0.4264645660728399],
    [0.5, 250_000, 250_000, 0.5],
  ])('I_%f(%i, %i)', (x, a, b, expected) => {
    expect(error(regularizedBeta(x, a, b), expected)).toBeLessThanOrEqual(2e-8);
  });

  test('is the sum that it stands for', () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (x, n, p) => {
          fc.pre(x <= n);
          expect(error(binomialTail(x, n, p), tailBySum(x, n, p))).toBeLessThanOrEqual(1e-9);
        },
      ),
    );
  });

  test('falls with x, rises with p, and stays between 0 and 1', () => {
    const counts = fc.double({ min: 0.1, max: 1e5, noNaN: true });
    const chances = fc.double({ min: 1e-4, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(counts, counts, chances, (one, more, p) => {
        const n = one + more;
        const tail = binomialTail(one, n, p);
        expect(tail).toBeGreaterThanOrEqual(0);
        expect(tail).toBeLessThanOrEqual(1 + 1e-9);
        expect(binomialTail(Math.min(n, one * 1.1), n, p)).toBeLessThanOrEqual(tail + 1e-9);
        expect(binomialTail(one, n, p * 1.1)).toBeGreaterThanOrEqual(tail - 1e-9);
      }),
    );
  });

  test('its ends', () => {
    expect([binomialTail(0, 10, 0.1), binomialTail(11, 10, 0.1)]).toEqual([1, 0]);
    expect([regularizedBeta(0, 2, 3), regularizedBeta(1, 2, 3)]).toEqual([0, 1]);
    expect(error(logGamma(0.5), Math.log(Math.sqrt(Math.PI)))).toBeLessThanOrEqual(1e-13);
    expect(error(logGamma(171), Math.log(7.257415615307994e306))).toBeLessThanOrEqual(1e-13);
  });
});

describe('the design effect', () => {
  /** Cells of one pod, minute after minute. */
  const minutes = (...cells: readonly (readonly [number, number])[]) => {
    const sums = { x: 0, n: 0, pairs: 0, q: 0 };
    for (const [index, [x, n]] of cells.entries()) {
      sums.x += x;
      sums.n += n;
      const before = cells[index - 1];
      if (before === undefined) continue;
      sums.pairs += 1;
      sums.q += ((x / n - before[0] / before[1]) ** 2 * n * before[1]) / (n + before[1]);
    }
    return sums;
  };
  test.each([
    ['evenly spread failures: never below 1', minutes([1, 100], [1, 100], [1, 100]), 1],
    ['one cell says nothing', minutes([50, 100]), 1],
    ['no failures', minutes([0, 100], [0, 100]), 1],
    ['nothing but failures', minutes([100, 100], [100, 100]), 1],
    ['a mild bunch', minutes([0, 100], [5, 100], [0, 100]), (0.05 ** 2 * 50) / ((5 / 300) * (295 / 300))],
    ['all in one minute, capped', minutes([0, 100], [100, 100], [0, 100], [0, 100]), 10],
  ])('%s', (_name, sums, expected) => {
    expect(designEffect(sums)).toBeCloseTo(expected, 10);
  });
});

describe('normal approximations', () => {
  test('excess over a margin', () => {
    // (31/1002 − 11/1002 − 0.005) over the root of both variances.
    const variance = (p: number): number => (p * (1 - p)) / 1002;
    expect(excessZ({ x: 30, n: 1000 }, { x: 10, n: 1000 }, 0.005)).toBeCloseTo(
      (20 / 1002 - 0.005) / Math.sqrt(variance(31 / 1002) + variance(11 / 1002)),
      10,
    );
    expect(excessZ({ x: 0, n: 1000 }, { x: 0, n: 1000 }, 0.005)).toBeLessThan(0);
  });

  test('shortfall of a share', () => {
    expect(shortfallZ(0, 240, 0.25)).toBeCloseTo(60 / Math.sqrt(45), 10);
    expect(shortfallZ(60, 240, 0.25)).toBe(0);
    expect(shortfallZ(0, 0, 0.25)).toBe(0);
  });
});
