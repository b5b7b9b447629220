/**
 * memory.per.1000: what a thousand unfinished rollouts come to, in the process of memory.rss (memory-child.ts) with
 * `--expose-gc`. Heap is what it holds after a collection, less what it held before there were any rollouts.
 *
 *   memory.per.1000        heap while all of them are awake at once: the looks and documents of more than 1,000 wakes
 *   memory.per.1000.idle   heap once the last wake has returned; what the simulated cluster and Pub/Sub remember of those
 *                          minutes is in it
 *   memory.per.1000.file   the SQLite file: documents in mid-ladder with their whole journals, indexes
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, round, type Say } from './figure.ts';
import type { MemoryReport } from './memory-child.ts';

const MIB = 1024 * 1024;

export const memoryPer1000 = async (say: Say): Promise<readonly Figure[]> => {
  const child = join(import.meta.dirname, 'memory-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child]);
  const { live, fileBytes, rollouts, woken } = JSON.parse(stdout) as MemoryReport;
  if (live === null) throw new Error('the child could not collect its garbage');
  if (woken < rollouts) throw new Error(`only ${woken} of ${rollouts} rollouts were woken`);
  const mib = (bytes: number): number => round((1000 * bytes) / rollouts / MIB, 1);
  say(
    `${rollouts} rollouts; heap ${mib(live.before)} MiB before them, ${mib(live.awake)} with ${live.awakeNow} wakes under way, ${mib(live.asleep)} with none`,
  );
  return [
    {
      name: 'memory.per.1000',
      value: mib(live.awake - live.before),
      unit: 'MiB',
      means: 'live heap of 1000 unfinished rollouts, all awake at once',
    },
    {
      name: 'memory.per.1000.idle',
      value: mib(live.asleep - live.before),
      unit: 'MiB',
      means: 'the same with none awake; most of it is what the simulated cluster remembers',
    },
    {
      name: 'memory.per.1000.file',
      value: mib(fileBytes),
      unit: 'MiB',
      means: 'SQLite file of 1000 rollouts in mid-ladder, journals included',
    },
  ];
};
