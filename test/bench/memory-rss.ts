/**
 * memory.rss: the largest resident set of one process, sampled throughout one virtual minute in which 1,000 rollouts
 * are all in mid-ladder (25 %, baking) and every one of them is woken through the door on-wake. See memory-child.ts for
 * what is in the process.
 *
 * It runs with the heap of an instance of 256 MiB (HEAP). On a machine with much memory V8 would rather let garbage pile
 * up than collect it, the more so as virtual time leaves it no idle moment: what that comes to is measured once and said.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, median, round, type Say } from './figure.ts';
import type { MemoryReport } from './memory-child.ts';

const RUNS = 3;
const HEAP = ['--max-old-space-size=128', '--max-semi-space-size=8'] as const;

const MIB = 1024 * 1024;

const measure = async (flags: readonly string[]): Promise<MemoryReport> => {
  const child = join(import.meta.dirname, 'memory-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, child]);
  return JSON.parse(stdout) as MemoryReport;
};

export const memoryRss = async (say: Say): Promise<readonly Figure[]> => {
  const reports: MemoryReport[] = [];
  for (let run = 0; run < RUNS; run += 1) reports.push(await measure(HEAP));
  const unbounded = await measure([]);
  for (const report of reports) {
    say(
      `${round(report.rssMax / MIB, 1)} MiB at most (${round(report.rssStart / MIB, 1)} before the rollouts were there, ${round(report.heapUsed / MIB, 1)} of heap in use at the end)`,
    );
    say(
      `  ${report.rollouts} rollouts, ${report.woken} of them woken in the minute, ${report.awakeMax} wakes at once, ${report.portCalls} port calls`,
    );
  }
  say(`without a bound of the heap: ${round(unbounded.rssMax / MIB, 1)} MiB at most`);
  const incomplete = reports.find(({ woken, rollouts }) => woken < rollouts);
  if (incomplete !== undefined) throw new Error(`only ${incomplete.woken} rollouts were woken`);
  return [
    {
      name: 'memory.rss',
      value: round(median(reports.map(({ rssMax }) => rssMax)) / MIB, 1),
      unit: 'MiB',
      means: `one process (${HEAP.join(' ')}): doors, runtime, SQLite store of 1,000 rollouts in mid-ladder, all awake; and the simulated cluster behind its ports`,
    },
  ];
};
