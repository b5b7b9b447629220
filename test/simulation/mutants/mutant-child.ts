/** A process with one mutant planted, or with none: runs what it is sent and says which rules were broken. */
import { drawTrial } from '../draw/draw-trial.ts';
import { type Emphasis, emphasised } from '../draw/emphasis.ts';
import { checkSeen } from '../examine.ts';
import { reduce } from '../reduce.ts';
import { runTrial } from '../run-trial.ts';
import type { Rule } from '../seen.ts';
import type { Trial } from '../trial.ts';
import { goldenRun } from './golden-run.ts';

export type Ask =
  | { readonly kind: 'golden' }
  | { readonly kind: 'seed'; readonly seed: number; readonly emphasis?: Emphasis | undefined }
  | { readonly kind: 'trial'; readonly trial: Trial }
  | { readonly kind: 'reduce'; readonly trial: Trial; readonly rule: Rule; readonly runsMax: number };

export interface Broken {
  readonly rule: string;
  readonly sentence: string;
}

export type Reply =
  /** null: the golden rollouts ended as they should. */
  | { readonly kind: 'golden'; readonly wrong: string | null }
  | {
      readonly kind: 'ran';
      readonly trial: Trial;
      readonly rollouts: number;
      /** The first violation of each rule. */
      readonly broken: readonly Broken[];
      /** What was thrown: such a run proves nothing about a mutant. */
      readonly thrown: string | null;
    }
  | { readonly kind: 'reduced'; readonly trial: Trial };

const firstOfEachRule = (found: readonly Broken[]): readonly Broken[] => {
  const first = new Map<string, Broken>();
  for (const { rule, sentence } of found) if (!first.has(rule)) first.set(rule, { rule, sentence });
  return [...first.values()];
};

const run = async (trial: Trial): Promise<Reply> => {
  const rollouts = trial.orders.length;
  try {
    const { seen } = await runTrial(trial);
    return { kind: 'ran', trial, rollouts, broken: firstOfEachRule(checkSeen(seen)), thrown: null };
  } catch (thrown) {
    return { kind: 'ran', trial, rollouts, broken: [], thrown: String(thrown) };
  }
};

const answer = async (ask: Ask): Promise<Reply> => {
  switch (ask.kind) {
    case 'golden':
      return { kind: 'golden', wrong: await goldenRun().catch((thrown: unknown) => String(thrown)) };
    case 'seed':
      return run(emphasised(drawTrial(ask.seed), ask.emphasis));
    case 'trial':
      return run(ask.trial);
    case 'reduce':
      return { kind: 'reduced', trial: (await reduce(ask.trial, ask.rule, ask.runsMax)).trial };
    default:
      return ask satisfies never;
  }
};

process.on('message', (ask: Ask) => {
  void answer(ask).then((reply) => process.send?.(reply));
});
