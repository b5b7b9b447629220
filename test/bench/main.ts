/**
 * The bench. `node test/bench/main.ts [--json] [NAME…]`: all figures, or those whose names begin with one of the given.
 * Standard output carries the result only; what it was measured on goes to standard error. Nothing is asserted.
 */
import { alertToWritten } from './alert-to-written.ts';
import { commitSqlite } from './commit-sqlite.ts';
import { faultToWritten } from './fault-to-written.ts';
import { type Figure, printFigures, type Say } from './figure.ts';
import { memoryPer1000 } from './memory-per-1000.ts';
import { memoryRss } from './memory-rss.ts';
import { overheadRatio } from './overhead-ratio.ts';
import { rolloutsPerSecond } from './rollouts-per-second.ts';
import { simRollouts } from './sim-rollouts.ts';
import { stepSpeed } from './step-speed.ts';
import { throughput } from './throughput.ts';
import { tickIdleRatio } from './tick-idle-ratio.ts';

/** What each figure should be; a name without one is reported only. */
const AIMS: Readonly<Record<string, string>> = {
  'step.vs.bare': '≤ 2',
  'tick.idle.ratio': '≤ 1.5',
  'memory.rss': '≤ 250',
  'overhead.ratio': '≤ 1.1',
  'fault.to.written': '≤ 15',
  'alert.to.written.p99': '≤ 250',
  'rollouts.per.second': '≥ 20',
  'sim.rollouts.per.s': '≥ 20',
};

type Bench = (say: Say) => Promise<readonly Figure[]>;

const BENCHES: readonly (readonly [names: readonly string[], run: Bench])[] = [
  [['step.vs.bare', 'step.p50'], stepSpeed],
  [['commit.sqlite.p50', 'commit.raw.p50', 'commit.vs.raw'], commitSqlite],
  [['throughput.events.per.s', 'throughput.raw.per.s'], throughput],
  [['tick.idle.ratio'], tickIdleRatio],
  [['memory.rss'], memoryRss],
  [['memory.per.1000'], memoryPer1000],
  [['overhead.ratio'], overheadRatio],
  [['fault.to.written'], faultToWritten],
  [['alert.to.written.p50', 'alert.to.written.p99', 'alert.bare.patch', 'alert.commit'], alertToWritten],
  [['rollouts.per.second'], rolloutsPerSecond],
  [['sim.rollouts.per.s'], simRollouts],
];

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const isWanted = (names: readonly string[]): boolean =>
  wanted.length === 0 || names.some((name) => wanted.some((prefix) => name.startsWith(prefix)));

const figures: Figure[] = [];
for (const [names, run] of BENCHES) {
  if (!isWanted(names)) continue;
  process.stderr.write(`${names.join(', ')}\n`);
  figures.push(...(await run((line) => void process.stderr.write(`  ${line}\n`))));
}

printFigures(figures, { json: process.argv.includes('--json'), aims: AIMS });
