/**
 * npm run sim -- [--rollouts N] [--from SEED] [--trial FILE] [--jobs N] [--json]
 *
 * Rollouts from seeds, each in a world that does its worst, judged by checkers that share nothing with the product.
 * Exit code 1: a rule was broken, or a situation never occurred that so many rollouts must bring.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBatch, seedsFor } from './batch.ts';
import { drawTrial } from './draw/draw-trial.ts';
import { type Found, judgeTrial, tryTrial } from './examine.ts';
import { readTrial } from './read-trial.ts';
import { reduce } from './reduce.ts';
import { type Totals, type TrialTally, totalsOf } from './tally.ts';
import { tellFound, tellHistory } from './tell.ts';
import type { Trial } from './trial.ts';
import { missingSituations } from './wanted-situations.ts';

const { values: flags } = parseArgs({
  options: {
    rollouts: { type: 'string', default: '200' },
    from: { type: 'string' },
    trial: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Failing trials are kept here, whole and reduced. */
const FAILURES = 'sim-failures';

/** A batch of fewer rollouts need not meet everything. */
const SITUATIONS_FROM = 1_500;

const REDUCED_MAX = 5;

const wholeNumber = (flag: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    say(`--${flag} takes a whole number, not ${JSON.stringify(text)}`);
    process.exit(2);
  }
  return value;
};

/** Says what is wrong with a trial, how to repeat it, and the shortest history that still shows it. */
const report = async (trial: Trial, found: readonly Found[], repeat: string): Promise<void> => {
  for (const one of found.slice(0, 5)) say(`  ${tellFound(one)}`);
  say(`  repeat: ${repeat}`);
  const [first] = found.filter(({ rule }) => rule !== 'I12');
  if (first === undefined) return;
  const reduced = await reduce(trial, first.rule);
  mkdirSync(FAILURES, { recursive: true });
  const file = join(FAILURES, `${String(trial.seed)}-${first.rule}.json`);
  writeFileSync(file, `${JSON.stringify(reduced.trial, null, 2)}\n`);
  say(`  reduced in ${String(reduced.runs)} runs; repeat it: npm run sim -- --trial ${file}`);
  const { run, found: still } = await tryTrial(reduced.trial);
  for (const one of still.slice(0, 3)) say(`  ${tellFound(one)}`);
  if (run !== null) for (const line of tellHistory(run.seen)) say(`    ${line}`);
};

const oneTrial = async (file: string): Promise<never> => {
  const trial = readTrial(JSON.parse(readFileSync(file, 'utf8')));
  const { run, found } = await judgeTrial(trial);
  for (const one of found) say(tellFound(one));
  if (run !== null) for (const line of tellHistory(run.seen, 2_000)) say(`  ${line}`);
  say(found.length === 0 ? 'no rule was broken' : `${String(found.length)} violations`);
  process.exit(found.length === 0 ? 0 : 1);
};

const percent = (part: number, of: number): string => `${((100 * part) / Math.max(1, of)).toFixed(1)} %`;

const tell = (totals: Totals, rate: number, failing: readonly TrialTally[]): void => {
  say(
    `${totals.rollouts} rollouts in ${totals.trials} trials, ${totals.virtualHours} virtual hours, ${rate.toFixed(1)} rollouts a second`,
  );
  say(
    `promoted ${totals.promoted} (${percent(totals.promoted, totals.rollouts)}), rolled back ${totals.rolledBack} (${percent(totals.rolledBack, totals.rollouts)}), failed ${totals.failed} (abandoned ${totals.abandoned}), refused at the door ${totals.notStarted}`,
  );
  say(
    `${String(Object.keys(totals.situations).length)} kinds of situations; ${failing.length} trials broke a rule`,
  );
};

if (flags.trial !== undefined) await oneTrial(flags.trial);
const from = flags.from === undefined ? Math.floor(Math.random() * 2 ** 30) : wholeNumber('from', flags.from);
const seeds = seedsFor(wholeNumber('rollouts', flags.rollouts), from);
const jobs = Math.max(1, wholeNumber('jobs', flags.jobs));
say(`${seeds.length} trials from seed ${from} on ${jobs} processes`);
const startMs = performance.now();
let toldMs = startMs;
const tallies = await runBatch({
  seeds,
  jobs,
  onTally: ({ seed, found }, done) => {
    if (found.length > 0) say(`seed ${seed}: ${[...new Set(found.map(({ rule }) => rule))].join(', ')}`);
    if (performance.now() - toldMs < 10_000) return;
    toldMs = performance.now();
    say(`${done} of ${seeds.length} trials`);
  },
});
const seconds = (performance.now() - startMs) / 1000;
const totals = totalsOf(tallies);
const rolloutsPerSecond = totals.rollouts / seconds;
const failing = tallies.filter(({ found }) => found.length > 0);
tell(totals, rolloutsPerSecond, failing);
for (const { seed, found } of failing.slice(0, REDUCED_MAX)) {
  say(`seed ${seed}:`);
  await report(drawTrial(seed), found, `npm run sim -- --rollouts 1 --from ${seed}`);
}
const missing = totals.rollouts >= SITUATIONS_FROM ? missingSituations(totals.situations) : [];
for (const situation of missing) say(`never occurred: ${situation}`);
if (flags.json)
  process.stdout.write(
    `${JSON.stringify({
      rollouts: totals.rollouts,
      promoted: totals.promoted,
      rolledBack: totals.rolledBack,
      failed: totals.failed,
      abandoned: totals.abandoned,
      violations: failing.reduce((sum, { found }) => sum + found.length, 0),
      seeds: failing.map(({ seed }) => seed),
      missing,
      situations: totals.situations,
      rolloutsPerSecond: Math.round(rolloutsPerSecond * 10) / 10,
      from,
    })}\n`,
  );
process.exitCode = failing.length > 0 || missing.length > 0 ? 1 : 0;
