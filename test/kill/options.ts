import { parseArgs } from 'node:util';
import type { KillStore } from './kill-store.ts';
import { sqliteKillStore } from './sqlite-kill-store.ts';

export interface KillOptions {
  /** Kills, all rollouts together. */
  readonly times: number;
  readonly store: KillStore;
  readonly seed: number;
  readonly json: boolean;
  /** The store forgets its last commit at each kill: that must be found. */
  readonly breakStore: boolean;
  /** Rollouts at one time. */
  readonly lanes: number;
  /** Virtual per real time, at most. */
  readonly speed: number;
  /** Keeps state folders and journals of rollouts in which something was found. */
  readonly keep: boolean;
  /** Tells what is being done. */
  readonly say: (line: string) => void;
}

const STORES: Readonly<Record<string, () => KillStore>> = { sqlite: sqliteKillStore };

const USAGE = `kill tests: Sluice is killed by SIGKILL while it rolls out, and started again
  --times N          kills, all rollouts together (20)
  --store NAME       ${Object.keys(STORES).join(', ')} (sqlite)
  --seed N           what is drawn (1)
  --lanes N          rollouts at one time (2)
  --speed N          virtual per real time, at most (60)
  --break lost-commit  the store forgets its last commit at each kill: exit code 1 shows that it is noticed
  --keep             keep the state folders of rollouts in which something was found
  --json             the result as one object`;

const wholeNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} takes a whole number from 1, not ${text}`);
  return value;
};

/** @throws Error with what is wrong with the command line. */
export const readOptions = (args: readonly string[]): KillOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      times: { type: 'string', default: '20' },
      store: { type: 'string', default: 'sqlite' },
      seed: { type: 'string', default: '1' },
      lanes: { type: 'string', default: '2' },
      speed: { type: 'string', default: '60' },
      break: { type: 'string' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const store = STORES[values.store];
  if (store === undefined) throw new Error(`--store ${values.store} is not known\n${USAGE}`);
  if (values.break !== undefined && values.break !== 'lost-commit')
    throw new Error(`--break ${values.break} is not known\n${USAGE}`);
  return {
    times: wholeNumber('times', values.times),
    store: store(),
    seed: wholeNumber('seed', values.seed),
    json: values.json,
    breakStore: values.break === 'lost-commit',
    lanes: wholeNumber('lanes', values.lanes),
    speed: wholeNumber('speed', values.speed),
    keep: values.keep,
    say: (line) => void process.stderr.write(`${line}\n`),
  };
};
