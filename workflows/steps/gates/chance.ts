/**
 * The statistics of the gates. Own code, because the libraries at hand are either two hundred packages for one
 * function or stop their series early at the sizes that a busy rung reaches (500,000 requests).
 */

/** Coefficients of the Lanczos approximation with g = 7, n = 9 (Godfrey 2001), good to 15 digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Natural logarithm of the gamma function for x >= 0.5. */
export const logGamma = (x: number): number => {
  const z = x - 1;
  const t = z + 7.5;
  let sum: number = LANCZOS[0];
  for (let index = 1; index < LANCZOS.length; index += 1) sum += (LANCZOS[index] ?? 0) / (z + index);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
};

const TINY = 1e-300;
const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

/** Continued fraction DLMF 8.17.22 by the modified Lentz method; converges fast for x below the mean. */
const betaFraction = (x: number, a: number, b: number): number => {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  // Needs some sqrt(max(a, b)) terms: never fewer than the largest rung asks for.
  const terms = 200 + Math.ceil(4 * Math.sqrt(Math.max(a, b)));
  for (let m = 1; m <= terms; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return fraction;
};

/** Regularized incomplete beta function I_x(a, b), for a, b > 0 (DLMF 8.17). */
export const regularizedBeta = (x: number, a: number, b: number): number => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(
    logGamma(a + b) -
      logGamma(a + 1) -
      logGamma(b + 1) +
      Math.log(a) +
      Math.log(b) +
      a * Math.log(x) +
      b * Math.log1p(-x),
  );
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
};

/**
 * Chance of `x` or more of `n` when each has the chance `p`: the binomial upper tail, I_p(x, n − x + 1)
 * (DLMF 8.17.5). Real `x` and `n` are taken as the same function's values between the whole ones.
 */
export const binomialTail = (x: number, n: number, p: number): number => {
  if (x <= 0) return 1;
  if (x > n) return 0;
  return regularizedBeta(p, x, n - x + 1);
};

/**
 * Chance that Student's t with `df` degrees of freedom is `t` or more, for t >= 0: half of I_x(df / 2, 1 / 2) at
 * x = df / (df + t²) (Abramowitz and Stegun 26.7.1 and 26.5.27).
 */
export const studentTail = (t: number, df: number): number =>
  regularizedBeta(df / (df + t ** 2), df / 2, 0.5) / 2;

/** Chance that a one-sided test calls a healthy rung broken. */
export const ALPHA = 0.01;

/** Upper quantile of the standard normal at ALPHA. */
export const Z_ALPHA = 2.3263478740408408;

/** One bunch in an otherwise quiet rung gives any number: beyond this it says no more. */
const DESIGN_EFFECT_MAX = 10;

/**
 * How many times the variance of x/n is that of independent requests: 1 for independent ones, more when failures come
 * in bunches (Kish 1965). Estimated from the differences between a pod's consecutive minutes (von Neumann 1941), so
 * that pods may differ: a side whose one bad pod always fails is a bad side, not a lucky draw.
 */
export const designEffect = (sums: {
  readonly x: number;
  readonly n: number;
  readonly pairs: number;
  readonly q: number;
}): number => {
  const { x, n, pairs, q } = sums;
  if (pairs < 1 || x <= 0 || x >= n) return 1;
  const p = x / n;
  return Math.min(DESIGN_EFFECT_MAX, Math.max(1, q / pairs / (p * (1 - p))));
};

/**
 * z of "new exceeds old by more than `margin`" with Agresti and Caffo's (2000) added successes and failures, which
 * keeps the variance from vanishing where nothing failed. Broken when above Z_ALPHA.
 */
export const excessZ = (
  one: { readonly x: number; readonly n: number },
  other: { readonly x: number; readonly n: number },
  margin: number,
): number => {
  const p = (one.x + 1) / (one.n + 2);
  const q = (other.x + 1) / (other.n + 2);
  const variance = (p * (1 - p)) / (one.n + 2) + (q * (1 - q)) / (other.n + 2);
  return (p - q - margin) / Math.sqrt(variance);
};

/**
 * How many standard deviations `count` of `total` lies below what a share brings (negative: above); normal
 * approximation of the binomial.
 */
export const shortfallZ = (count: number, total: number, share: number): number =>
  total <= 0 ? 0 : (share * total - count) / Math.sqrt(total * share * (1 - share));
