/** Many trials, on as many processes as there are cores; the result does not depend on how many there are. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { drawTrial } from './draw/draw-trial.ts';
import type { TrialTally } from './tally.ts';

/** Seeds from `from` on, until their orders are at least so many. */
export const seedsFor = (rollouts: number, from: number): readonly number[] => {
  const seeds: number[] = [];
  let orders = 0;
  for (let seed = from; orders < rollouts; seed += 1) {
    seeds.push(seed);
    orders += drawTrial(seed).orders.length;
  }
  return seeds;
};

export interface BatchOptions {
  readonly seeds: readonly number[];
  readonly jobs: number;
  readonly onTally?: (tally: TrialTally, done: number) => void;
}

const CHILD = join(import.meta.dirname, 'trial-child.ts');

/** Seeds that a process has before it answered: it never waits for the next. */
const AHEAD = 2;

/** Tallies in the order of the seeds. @throws Error when a process dies. */
export const runBatch = async ({ seeds, jobs, onTally }: BatchOptions): Promise<readonly TrialTally[]> => {
  const tallies = new Map<number, TrialTally>();
  let next = 0;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(CHILD, { execArgv: ['--max-semi-space-size=32'] });
      let open = 0;
      const feed = (): void => {
        while (open < AHEAD && next < seeds.length) {
          child.send(seeds[next] ?? 0);
          next += 1;
          open += 1;
        }
        if (open === 0) child.disconnect();
      };
      child.on('message', (tally: TrialTally) => {
        open -= 1;
        tallies.set(tally.seed, tally);
        onTally?.(tally, tallies.size);
        feed();
      });
      child.on('exit', (code) => {
        if (open === 0 && code === 0) resolve();
        else reject(new Error(`a process of the batch ended with ${String(code)} and ${open} trials open`));
      });
      feed();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, work));
  return seeds.flatMap((seed) => tallies.get(seed) ?? []);
};
