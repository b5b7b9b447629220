import { drawTrial } from '../draw/draw-trial.ts';

/** Fleets take long and show no more of one bug than a few rollouts do. */
const ORDERS_MAX = 3;

/** So many seeds from one on, those of trials with many rollouts left out. */
export const smallSeeds = (fromSeed: number, count: number): readonly number[] => {
  const seeds: number[] = [];
  for (let seed = fromSeed; seeds.length < count; seed += 1)
    if (drawTrial(seed).orders.length <= ORDERS_MAX) seeds.push(seed);
  return seeds;
};
