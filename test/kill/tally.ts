/** Counts kills by moment and kind of effect, and rollouts by their ends. */
import type { KillClass } from './moment.ts';
import type { Kill, LateLandings } from './play.ts';

export interface TalliedRollout {
  readonly name: string;
  readonly seed: number;
  readonly end: string;
  readonly kills: readonly Kill[];
  readonly late: LateLandings;
  /** An operator paused it for a moment. */
  readonly wasPaused: boolean;
  readonly problems: readonly string[];
}

export interface Tally {
  readonly kills: number;
  /** By class, then by kind. */
  readonly byClass: Readonly<Record<KillClass, Readonly<Record<string, number>>>>;
  /** Requests of dead processes that were carried out when another one was at work. */
  readonly late: LateLandings;
  /** Kills that struck at any time. */
  readonly anywhen: number;
  readonly rollouts: number;
  readonly paused: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  /** Classes that too few kinds of effects occurred in. */
  readonly thin: readonly string[];
}

/** Kinds of effects that each of these classes must have. */
const KINDS_MIN = 3;
const WANTED: readonly KillClass[] = ['committed, not called', 'called, no outcome'];

const countsOf = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

export const tallyOf = (rollouts: readonly TalliedRollout[]): Tally => {
  const kills = rollouts.flatMap((rollout) => rollout.kills);
  const inClass = (name: KillClass): Readonly<Record<string, number>> =>
    countsOf(kills.filter((kill) => kill.class === name).map(({ kind }) => kind));
  const byClass: Tally['byClass'] = {
    'committed, not called': inClass('committed, not called'),
    'called, no outcome': inClass('called, no outcome'),
    reading: inClass('reading'),
    waiting: inClass('waiting'),
  };
  return {
    kills: kills.length,
    byClass,
    late: {
      accepted: rollouts.reduce((sum, { late }) => sum + late.accepted, 0),
      refused: rollouts.reduce((sum, { late }) => sum + late.refused, 0),
    },
    anywhen: kills.filter(({ meant }) => meant === null).length,
    rollouts: rollouts.length,
    paused: rollouts.filter(({ wasPaused }) => wasPaused).length,
    ends: countsOf(rollouts.map(({ name, end }) => `${name}: ${end}`)),
    violations: rollouts.flatMap(({ name, seed, problems }) =>
      problems.map((problem) => `${name}, seed ${seed}: ${problem}`),
    ),
    thin: WANTED.flatMap((name) => {
      const kinds = Object.keys(byClass[name]).length;
      return kinds < KINDS_MIN ? [`${name}: ${kinds} of ${KINDS_MIN} kinds of effects`] : [];
    }),
  };
};

const line = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(' · ') || 'none';

/** For people, a line each. */
export const tallyLines = (tally: Tally): readonly string[] => [
  `${tally.kills} kills by SIGKILL in ${tally.rollouts} rollouts, ${tally.anywhen} of them at any time`,
  ...Object.entries(tally.byClass).map(([name, counts]) => `  ${name.padEnd(22)} ${line(counts)}`),
  `  landed late            accepted ${tally.late.accepted} · refused ${tally.late.refused}`,
  `  paused meanwhile       ${tally.paused} rollouts`,
  `  ends                   ${line(tally.ends)}`,
  ...tally.thin.map((sentence) => `  too few: ${sentence}`),
  `${tally.violations.length} violations`,
  ...tally.violations.map((violation) => `  ${violation}`),
];
