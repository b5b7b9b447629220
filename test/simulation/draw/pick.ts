import type { Random } from '../../../simulator/scheduler/random.ts';

/** One of them, each as likely as another. @throws RangeError when there is none. */
export const pick = <T>(random: Random, options: readonly T[]): T => {
  const found = options[random.int(0, options.length - 1)];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
};

/** One of them, as likely as its weight is large; integer weights. */
export const pickWeighted = <T>(random: Random, options: readonly (readonly [number, T])[]): T => {
  const total = options.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.int(1, total);
  for (const [weight, option] of options) {
    left -= weight;
    if (left <= 0) return option;
  }
  throw new RangeError('nothing to pick from');
};

/** Zero or more things: each time with the probability `more`, at most `most`. */
export const several = <T>(
  random: Random,
  { more, most }: { readonly more: number; readonly most: number },
  draw: () => T,
): T[] => {
  const drawn: T[] = [];
  while (drawn.length < most && random.chance(more)) drawn.push(draw());
  return drawn;
};

/** The same generator some draws later: its first numbers are much alike for neighbouring seeds. */
export const drawnOn = (random: Random): Random => {
  for (let count = 0; count < 5; count += 1) random.int(0, 1_000);
  return random;
};
