/**
 * throughput.events.per.s, and beside it the limit: throughput.raw.per.s.
 *
 *   ours  every message of a whole rollout's journal through `advance`: load (read, parse, schema), step, commit (schema,
 *         checks, write, sync), on one SQLite file, one after the other; the rollout again and again under other ids
 *   raw   for each of them a transaction of the texts that it left behind (raw-sqlite.ts), on a file of its own
 *
 * One of each in turn, so that a slow moment of the disk meets both.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { advance } from '../../functions/runtime/advance.ts';
import { createShell, type Shell } from '../../functions/runtime/shell.ts';
import { must } from '../../workflows/assert.ts';
import type { Ports } from '../../workflows/ports.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { ROLLOUT } from '../helpers/simulated-rollout.ts';
import { type Figure, median, round, type Say, spread, sum } from './figure.ts';
import { openRawSqlite, type RawSqlite } from './raw-sqlite.ts';
import { restart } from './restart.ts';
import { HALF_HOUR_FILE, wholeRollout } from './whole-rollout.ts';

const WARM_UP = 5;
const ROLLOUTS = 25;

interface Bench {
  readonly shell: Shell;
  readonly raw: RawSqlite;
  /** The store's read time. */
  readonly clock: { nowMs: number };
}

interface Journal {
  readonly ended: RolloutDocument;
  readonly entries: readonly JournalEntry[];
}

/** The same under another id: effects, locks and messages name it. */
const renamed = (journal: Journal, index: number): Journal =>
  JSON.parse(JSON.stringify(journal).replaceAll(ROLLOUT, `${ROLLOUT}${index}`)) as Journal;

/** Milliseconds that each message but the start took. */
const run = async (bench: Bench, { ended, entries }: Journal): Promise<{ ours: number[]; raw: number[] }> => {
  const { shell, raw, clock } = bench;
  const { rolloutId } = ended;
  const [first, ...rest] = entries;
  const { kind } = await shell.ports.store.commit(restart(ended, must(first, 'first entry')));
  if (kind !== 'committed') throw new Error(`The start was not committed: ${kind}`);
  const times = { ours: [] as number[], raw: [] as number[] };
  for (const { message, atMs, seq } of rest) {
    clock.nowMs = atMs;
    const startedAtMs = performance.now();
    const advanced = await advance(shell, rolloutId, () => message);
    times.ours.push(performance.now() - startedAtMs);
    if (advanced.kind !== 'applied') throw new Error(`${rolloutId}, message ${seq}: ${advanced.kind}`);
    const texts = [JSON.stringify(advanced.document), JSON.stringify(advanced.entry)] as const;
    times.raw.push(raw.write(rolloutId, seq, ...texts));
  }
  return times;
};

const perSecond = (tookMs: readonly number[]): number => (1000 * tookMs.length) / sum(tookMs);

export const throughput = async (say: Say): Promise<readonly Figure[]> => {
  const { document, entries } = await wholeRollout({ seed: 1 }, HALF_HOUR_FILE);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const clock = { nowMs: 0 };
  const store = openSqliteStore({ path: join(folder, 'store.db'), now: () => clock.nowMs });
  const raw = openRawSqlite(join(folder, 'raw.db'));
  // Load, step and commit call no other port.
  const shell = createShell({
    ports: { store } as unknown as Ports,
    versions: VERSIONS,
    instanceId: 'bench',
  });
  const runs: Awaited<ReturnType<typeof run>>[] = [];
  for (let index = 0; index < WARM_UP + ROLLOUTS; index += 1) {
    const times = await run({ shell, raw, clock }, renamed({ ended: document, entries }, index));
    if (index >= WARM_UP) runs.push(times);
  }
  store.close();
  raw.close();
  rmSync(folder, { recursive: true });
  const ours = runs.map((one) => perSecond(one.ours));
  const limit = runs.map((one) => perSecond(one.raw));
  say(`${entries.length - 1} messages a rollout, ${ROLLOUTS} rollouts, by rollout:`);
  say(`messages a second: ${spread(ours, 0)}`);
  say(`raw transactions a second: ${spread(limit, 0)}`);
  return [
    {
      name: 'throughput.events.per.s',
      value: round(median(ours), 0),
      unit: '1/s',
      means: 'messages loaded, stepped and committed on SQLite, one after the other in one thread',
    },
    {
      name: 'throughput.raw.per.s',
      value: round(median(limit), 0),
      unit: '1/s',
      means: 'the limit: bare node:sqlite transactions of the same texts, as durable, in turn with ours',
    },
  ];
};
