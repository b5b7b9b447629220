/**
 * commit.sqlite.p50, and beside it what SQLite itself takes: commit.raw.p50 and commit.vs.raw.
 *
 *   ours  one commit through the store's port on a file, checks and stringify included: the document of a rollout in the
 *         middle of its ladder and the journal entry of a minute, written ahead and synced to the disk (WAL, FULL)
 *   raw   a transaction of the same two texts with the same settings (raw-sqlite.ts), on a file of its own beside it
 *
 * One of each in turn, and which of the two is first changes each time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { must } from '../../workflows/assert.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { bakesAt, documentOf, journalOf, runUntil } from '../helpers/simulated-rollout.ts';
import { type Figure, median, round, type Say, spread } from './figure.ts';
import { openRawSqlite } from './raw-sqlite.ts';
import { HALF_HOUR_FILE, startOn } from './whole-rollout.ts';

const WARM_UP = 200;
const COMMITS = 1_000;

/** What is committed. */
export interface Records {
  readonly document: RolloutDocument;
  readonly entry: JournalEntry;
}

/** A rollout in the middle of its ladder, and the journal entry of a minute. */
export const inMidLadder = async (): Promise<Records> => {
  const { cloud, rolloutId } = await startOn({ seed: 1 }, HALF_HOUR_FILE);
  await runUntil(cloud, () => bakesAt(cloud, 25));
  const entry = journalOf(cloud, rolloutId).findLast(({ message }) => message.kind === 'observed');
  return { document: documentOf(cloud, rolloutId), entry: must(entry, 'entry of a minute') };
};

interface Times {
  readonly ours: number[];
  readonly raw: number[];
}

const measure = async (folder: string, { document: first, entry: given }: Records): Promise<Times> => {
  const store = openSqliteStore({ path: join(folder, 'store.db'), now: () => 0 });
  const raw = openRawSqlite(join(folder, 'raw.db'));
  let document = { ...first, revision: 1 };
  await store.commit({ expectedRevision: null, document, entries: [] });
  const times: Times = { ours: [], raw: [] };
  for (let index = 1; index <= WARM_UP + COMMITS; index += 1) {
    document = { ...document, revision: document.revision + 1, lastNowMs: first.lastNowMs + index };
    const entry = { ...given, seq: index };
    const texts = [JSON.stringify(document), JSON.stringify(entry)] as const;
    const before = index % 2 === 0 ? raw.write(document.rolloutId, index, ...texts) : 0;
    const startedAtMs = performance.now();
    const { kind } = await store.commit({
      expectedRevision: document.revision - 1,
      document,
      entries: [entry],
    });
    const oursMs = performance.now() - startedAtMs;
    const rawMs = index % 2 === 0 ? before : raw.write(document.rolloutId, index, ...texts);
    if (kind !== 'committed') throw new Error(`The commit was not made: ${kind}`);
    if (index <= WARM_UP) continue;
    times.ours.push(oursMs);
    times.raw.push(rawMs);
  }
  store.close();
  raw.close();
  return times;
};

/** Median times of one synced commit, ms, and their ratio. */
export const commitSqlite = async (say: Say): Promise<readonly Figure[]> => {
  const records = await inMidLadder();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const { ours, raw } = await measure(folder, records);
  rmSync(folder, { recursive: true });
  const bytes = [records.document, records.entry].map((record) => JSON.stringify(record).length);
  say(`document ${bytes[0]} bytes, entry ${bytes[1]} bytes`);
  say(`commit: ${spread(ours)} ms`);
  say(`raw transaction: ${spread(raw)} ms`);
  return [
    {
      name: 'commit.sqlite.p50',
      value: round(median(ours)),
      unit: 'ms',
      means: 'one checked, synced commit of a document in mid-ladder and its journal entry',
    },
    {
      name: 'commit.raw.p50',
      value: round(median(raw)),
      unit: 'ms',
      means: 'the limit: a bare node:sqlite transaction of the same two texts, as durable, in turn with ours',
    },
    {
      name: 'commit.vs.raw',
      value: round(median(ours) / median(raw), 2),
      unit: 'ratio',
      means: 'the first over the second',
    },
  ];
};
