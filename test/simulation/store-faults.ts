import type { Random } from '../../simulator/scheduler/random.ts';
import type { StoreFaults } from '../../simulator/world/store.ts';
import type { TrialStoreFaults } from './trial.ts';

export interface StoreFaultMeans {
  readonly random: Random;
  /** Time since the trial's start, ms. */
  readonly sinceStartMs: () => number;
  /** Hears of each one that happens. */
  readonly happened: (kind: keyof StoreFaults) => void;
}

/** A trial's faults as the store asks for them. */
export const storeFaultsOf = (
  faults: TrialStoreFaults,
  { random, sinceStartMs, happened }: StoreFaultMeans,
): StoreFaults => {
  const told =
    (kind: keyof StoreFaults, happens: () => boolean): (() => boolean) =>
    () => {
      const is = happens();
      if (is) happened(kind);
      return is;
    };
  const isOut = (): boolean => {
    const nowMs = sinceStartMs();
    return faults.outages.some(({ afterMs, forMs }) => nowMs >= afterMs && nowMs < afterMs + forMs);
  };
  return {
    outage: told('outage', () => isOut() || random.chance(faults.outage)),
    contend: told('contend', () => random.chance(faults.contend)),
    staleList: told('staleList', () => random.chance(faults.staleList)),
    loseAnswer: told('loseAnswer', () => random.chance(faults.loseAnswer)),
  };
};
