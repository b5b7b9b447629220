import type { Random } from '../../simulator/scheduler/random.ts';
import type { StoreFaults } from '../../simulator/world/store.ts';
import type { TrialStoreFaults } from './trial.ts';

/** A trial's faults as the store asks for them. @param sinceStartMs the time, counted from the trial's start. */
export const storeFaultsOf = (
  faults: TrialStoreFaults,
  random: Random,
  sinceStartMs: () => number,
): StoreFaults => {
  const isOut = (): boolean => {
    const nowMs = sinceStartMs();
    return faults.outages.some(({ afterMs, forMs }) => nowMs >= afterMs && nowMs < afterMs + forMs);
  };
  return {
    outage: () => isOut() || random.chance(faults.outage),
    contend: () => random.chance(faults.contend),
    staleList: () => random.chance(faults.staleList),
    loseAnswer: () => random.chance(faults.loseAnswer),
  };
};
