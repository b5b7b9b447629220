/** What is wrong with a run: the checkers' answers, and what the product itself could not hide. */
import { replay } from '../../workflows/rollout/replay.ts';
import { CHECKERS } from './checkers/all.ts';
import { type RunOptions, runTrial, type TrialRun } from './run-trial.ts';
import type { Rule, Seen } from './seen.ts';
import { nextVersions } from './stage/next-version.ts';
import type { Trial } from './trial.ts';

/** The invariants; `error`: the product stumbled over itself; `replay`: a journal that does not lead to its document. */
export type FoundRule = Rule | 'I12' | 'error' | 'replay';

export interface Found {
  readonly rule: FoundRule;
  readonly atMs: number;
  readonly rolloutId: string | null;
  readonly sentence: string;
}

/** Log codes that only a fault of the program leaves. */
const STUMBLES = new Set(['unexpected', 'api-failed']);

/** All that the checkers say of what was seen. */
export const checkSeen = (seen: Seen): readonly Found[] => CHECKERS.flatMap(({ checker }) => checker(seen));

/** All that is wrong with the run itself. */
export const examine = (run: TrialRun): readonly Found[] => [
  ...checkSeen(run.seen),
  ...stumbles(run),
  ...replays(run),
];

const stumbles = ({ cloud }: TrialRun): readonly Found[] =>
  cloud.log
    .filter(({ code, message }) => STUMBLES.has(code) || /^\w*Error\b|\n\s+at /.test(message))
    .slice(0, 3)
    .map(({ atMs, code, message, fields }) => ({
      rule: 'error',
      atMs,
      rolloutId: typeof fields['rolloutId'] === 'string' ? fields['rolloutId'] : null,
      sentence: `${code}: ${message.slice(0, 300)}`,
    }));

const replays = ({ cloud, seen }: TrialRun): readonly Found[] => {
  const restored = new Set(
    seen.sightings.flatMap((sighting) =>
      sighting.kind === 'fault' && sighting.what === 'restored' ? [sighting.whom] : [],
    ),
  );
  const { documents, journals } = cloud.store.truth;
  return [...documents.values()].flatMap((document): readonly Found[] => {
    const { rolloutId } = document;
    if (restored.has(rolloutId)) return [];
    const replayed = replay(document, [...(journals.get(rolloutId) ?? [])], nextVersions());
    if (replayed.kind === 'matches') return [];
    const sentence = `the journal does not lead to the document: ${JSON.stringify(replayed).slice(0, 300)}`;
    return [{ rule: 'replay', atMs: seen.endMs, rolloutId, sentence }];
  });
};

const withoutCrashes = (trial: Trial): Trial => ({
  ...trial,
  calls: trial.calls === null ? null : { ...trial.calls, crash: 0, freeze: 0 },
});

/** A run that threw is a finding too: the simulation noticed an await outside a port, or the product never came to rest. */
export const tryTrial = async (
  trial: Trial,
  options?: RunOptions,
): Promise<{ readonly run: TrialRun | null; readonly found: readonly Found[] }> => {
  try {
    const run = await runTrial(trial, options);
    return { run, found: examine(run) };
  } catch (thrown) {
    const sentence = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return {
      run: null,
      found: [{ rule: 'error', atMs: 0, rolloutId: null, sentence: sentence.slice(0, 600) }],
    };
  }
};

/**
 * Runs and examines a trial. A violation that the same trial without crashes and freezes does not show is one of I12 as
 * well: killing Sluice changed what must not change.
 */
export const judgeTrial = async (
  trial: Trial,
): Promise<{ readonly run: TrialRun | null; readonly found: readonly Found[] }> => {
  const judged = await tryTrial(trial);
  const mayCrash = trial.calls !== null && (trial.calls.crash > 0 || trial.calls.freeze > 0);
  if (judged.found.length === 0 || !mayCrash) return judged;
  const calm = await tryTrial(withoutCrashes(trial));
  const shown = new Set(calm.found.map(({ rule }) => rule));
  const fromCrashes = judged.found.filter(({ rule }) => !shown.has(rule));
  return {
    run: judged.run,
    found: [...judged.found, ...fromCrashes.map((found): Found => ({ ...found, rule: 'I12' }))],
  };
};
