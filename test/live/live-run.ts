/** A live demo, run to its end: the world in this process, Sluice in another. */
import { readDemo } from '../../local/demo-input.ts';
import type { DemoRun } from '../../local/demo-result.ts';
import type { DemoEnd, DemoWatcher } from '../../local/demo-watch.ts';
import { type LiveWorld, runLiveDemo } from '../../local/run-live-demo.ts';

/** As `npm run demo` runs it. */
export const SPEED = 60;

export interface LiveRunOptions {
  readonly scenario: string;
  /** Of the world's own clients, virtual. */
  readonly requestsPerSecond: number;
  readonly watcher?: DemoWatcher;
  /** Everything runs; the rollout is not started yet. */
  readonly onUp: (up: LiveWorld) => void;
  /** The rollout has ended, and everything still runs. */
  readonly beforeDown: () => Promise<void>;
}

/** @throws Error when the demo is refused or does not run to its end. */
export const liveRun = async (options: LiveRunOptions): Promise<DemoRun> => {
  const read = readDemo({ scenario: options.scenario });
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  let ended: DemoEnd | null = null;
  const settings = {
    seed: 1,
    requestsPerSecond: options.requestsPerSecond,
    speed: SPEED,
    storePath: null,
    interrupted: new AbortController().signal,
    onUp: options.onUp,
    onEnd: async (end: DemoEnd): Promise<void> => {
      ended = end;
      await options.beforeDown();
    },
  };
  await runLiveDemo(read.value, settings, options.watcher);
  const end = ended as DemoEnd | null;
  if (end?.kind !== 'ran') throw new Error(`it did not run: ${JSON.stringify(end)}`);
  return end.run;
};
