import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** One stream of random numbers. Streams with different names do not disturb each other. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform whole number, both ends included. */
  integer(min: number, max: number): number;
  /** Events of a Poisson process with the given mean. */
  poisson(mean: number): number;
  /** Successes of `n` trials with probability `p`. */
  binomial(n: number, p: number): number;
  /** A whole number whose mean is `value`: rounded up with the probability of its fraction. */
  round(value: number): number;
}

/** FNV-1a, 32 bits. Source: RFC draft-eastlake-fnv. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

const EXACT_UNTIL = 12;

/** @param name names the stream: the same seed and name give the same numbers. */
export function createRandom(seed: number, name: string): Random {
  const generator = xoroshiro128plus(hash32(`${seed}/${name}`));
  const uniform = (): number => (generator.next() >>> 0) / 4294967296;
  /** Box and Muller's transform, one of the two values. */
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number): number => {
    if (mean <= 0) return 0;
    if (mean > EXACT_UNTIL) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    // Knuth's product of uniforms.
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = uniform(); product > limit; product *= uniform()) count++;
    return count;
  };
  const binomial = (n: number, p: number): number => {
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    if (p > 0.5) return n - binomial(n, 1 - p);
    const variance = n * p * (1 - p);
    if (variance > EXACT_UNTIL) {
      return Math.min(n, Math.max(0, Math.round(n * p + Math.sqrt(variance) * normal())));
    }
    // Geometric gaps between successes: as many draws as successes.
    const scale = Math.log1p(-p);
    let successes = -1;
    for (let trials = 0; trials <= n; successes++) trials += Math.floor(Math.log(1 - uniform()) / scale) + 1;
    return successes;
  };
  return {
    uniform,
    integer: (min, max) => min + Math.floor(uniform() * (max - min + 1)),
    poisson,
    binomial,
    round: (value) => Math.floor(value + uniform()),
  };
}
