/**
 * npm run sim:mutants -- [--json] [--hunt] [--fresh N] [--only NAME,…] [--from SEED] [--most N] [--reduce N] [--jobs N]
 *
 * Plants one bug after the other and asks whether its checker reports it: in the trial that is known to show it, and in
 * how many of N fresh ones. `--hunt` looks for that trial anew from fresh seeds and keeps it; a mutant without a known
 * trial is always hunted. Exit code 1: a mutant broke the golden rollouts, or its checker did not report it.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { MUTANTS } from './all-mutants.ts';
import { type Examined, type ExamineOptions, examineMutant } from './examine-mutant.ts';
import { PlantedProcess } from './planted-process.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    hunt: { type: 'boolean', default: false },
    fresh: { type: 'string', default: '0' },
    only: { type: 'string' },
    from: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 30)) },
    most: { type: 'string', default: '400' },
    reduce: { type: 'string', default: '60' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const wholeNumber = (flag: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    say(`--${flag} takes a whole number, not ${JSON.stringify(text)}`);
    process.exit(2);
  }
  return value;
};

const only = flags.only?.split(',') ?? null;
const wanted = MUTANTS.filter(({ name }) => only === null || only.includes(name));
if (wanted.length === 0) {
  say(`there is no mutant ${flags.only ?? ''}`);
  process.exit(2);
}

const options: ExamineOptions = {
  hunt: flags.hunt,
  fresh: wholeNumber('fresh', flags.fresh),
  fromSeed: wholeNumber('from', flags.from),
  trialsMax: wholeNumber('most', flags.most),
  reductionsMax: wholeNumber('reduce', flags.reduce),
};

const tell = ({ mutant, caughtBy, seed, sibling, fresh, why, seconds }: Examined): string => {
  const often = fresh === null ? '' : `, in ${fresh.caught} of ${fresh.trials} fresh trials`;
  const what =
    caughtBy === null
      ? `NOT CAUGHT: ${why ?? ''}`
      : `caught by ${caughtBy}, seed ${String(seed)}${sibling === 0 ? '' : ` (sibling ${String(sibling)})`}${often}`;
  return `${mutant.name} (${mutant.rule}): ${what}; ${seconds.toFixed(0)} s`;
};

const results = new Map<string, Examined>();
const waiting = [...wanted];
const work = async (): Promise<void> => {
  let healthy = new PlantedProcess(null);
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    if (!healthy.isAlive) healthy = new PlantedProcess(null);
    const examined = await examineMutant(mutant, healthy, options);
    results.set(mutant.name, examined);
    say(tell(examined));
  }
  if (healthy.isAlive) await healthy.end();
};

const startMs = performance.now();
await Promise.all(Array.from({ length: Math.max(1, wholeNumber('jobs', flags.jobs)) }, work));
const all = wanted.flatMap(({ name }) => results.get(name) ?? []);
const missed = all.filter(({ caughtBy }) => caughtBy === null);
say(
  `${all.length - missed.length} of ${all.length} mutants caught by their checkers in ${((performance.now() - startMs) / 1000).toFixed(0)} s`,
);
if (flags.json)
  process.stdout.write(
    `${JSON.stringify(
      all.map(({ mutant, caughtBy, seed, rollouts, fresh }) => ({
        name: mutant.name,
        rule: mutant.rule,
        caughtBy,
        seed,
        rollouts,
        ...(fresh === null ? {} : { fresh }),
      })),
    )}\n`,
  );
process.exitCode = missed.length > 0 ? 1 : 0;
