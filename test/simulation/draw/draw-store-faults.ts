import type { Random } from '../../../simulator/scheduler/random.ts';
import type { TrialStoreFaults } from '../trial.ts';
import { several } from './pick.ts';

const MINUTE_MS = 60_000;

/** Rates for one seed: each kind is absent in one run, rare in another, frequent in a third. */
export const drawStoreFaults = (
  random: Random,
  { count, faultsForMs }: { readonly count: number; readonly faultsForMs: number },
): TrialStoreFaults => {
  const rate = (most: number): number => (random.chance(0.4) ? 0 : most * 10 ** -random.int(0, 2));
  const afterMs = (): number => random.int(60_000, faultsForMs);
  return {
    outage: rate(0.1),
    contend: rate(0.2),
    staleList: rate(0.3),
    loseAnswer: rate(0.1),
    outages: several(random, { more: 0.15, most: 2 }, () => ({
      afterMs: afterMs(),
      forMs: random.int(10_000, 8 * MINUTE_MS),
    })),
    restores: several(random, { more: 0.04, most: 1 }, () => ({
      afterMs: afterMs(),
      order: random.int(0, count - 1),
      commitsBack: random.int(1, 6),
    })),
  };
};
