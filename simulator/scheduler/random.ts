import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { hash32 } from '../world/random.ts';

/** Draws of one seeded generator. */
export interface Random {
  /** True with the probability `p`; draws nothing when `p` is 0. */
  chance(p: number): boolean;
  /** An integer, both ends included. */
  int(from: number, to: number): number;
  /** Between the two, small values as likely as large ones by order of magnitude; `from` > 0. Rounded to a whole number. */
  magnitude(from: number, to: number): number;
}

export function randomOf(generator: RandomGenerator): Random {
  return {
    chance: (p) => p > 0 && uniformFloat64(generator) < p,
    int: (from, to) => uniformInt(generator, from, to),
    magnitude: (from, to) => Math.round(from * (to / from) ** uniformFloat64(generator)),
  };
}

/**
 * A generator of its own for each `stream`, so that draws of one part do not move another's. The seed is hashed:
 * the generator's first numbers are much alike for neighbouring seeds.
 */
export function createRandom(seed: number, stream: string): Random {
  return randomOf(xoroshiro128plus(hash32(`${stream}/${seed}`)));
}
