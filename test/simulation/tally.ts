import type { Found } from './examine.ts';
import type { TrialRun } from './run-trial.ts';
import { type Situations, situationsOf } from './situations.ts';

/** What came of one trial, small enough to be sent between processes. */
export interface TrialTally {
  readonly seed: number;
  readonly rollouts: number;
  readonly notStarted: number;
  readonly promoted: number;
  readonly rolledBack: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly virtualHours: number;
  readonly found: readonly Found[];
  readonly situations: Situations;
}

export const tallyOf = (seed: number, run: TrialRun | null, found: readonly Found[]): TrialTally => {
  const documents = run === null ? [] : [...run.cloud.store.truth.documents.values()];
  const count = (state: string): number => documents.filter((document) => document.state === state).length;
  const situations = run === null ? {} : situationsOf(run);
  return {
    seed,
    rollouts: documents.length,
    notStarted: (run?.trial.orders.length ?? 0) - documents.length,
    promoted: count('promoted'),
    rolledBack: count('rolledBack'),
    failed: count('failed'),
    abandoned: situations['applied command abandon'] ?? 0,
    virtualHours: run === null ? 0 : (run.seen.endMs - run.seen.startMs) / 3_600_000,
    found,
    situations,
  };
};

export interface Totals {
  readonly rollouts: number;
  readonly promoted: number;
  readonly rolledBack: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly notStarted: number;
  readonly trials: number;
  readonly virtualHours: number;
  readonly situations: Situations;
}

export const totalsOf = (tallies: readonly TrialTally[]): Totals => {
  const sum = (of: (tally: TrialTally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  const situations: Record<string, number> = {};
  for (const tally of tallies)
    for (const [situation, times] of Object.entries(tally.situations))
      situations[situation] = (situations[situation] ?? 0) + times;
  return {
    trials: tallies.length,
    rollouts: sum(({ rollouts }) => rollouts),
    notStarted: sum(({ notStarted }) => notStarted),
    promoted: sum(({ promoted }) => promoted),
    rolledBack: sum(({ rolledBack }) => rolledBack),
    failed: sum(({ failed }) => failed),
    abandoned: sum(({ abandoned }) => abandoned),
    virtualHours: Math.round(sum(({ virtualHours }) => virtualHours)),
    situations: Object.fromEntries(
      Object.entries(situations).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    ),
  };
};
