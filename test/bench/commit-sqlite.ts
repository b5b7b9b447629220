/**
 * commit.sqlite.p50: one commit through the store's port on a file, checks and stringify included: the document of a
 * rollout in the middle of its ladder and the journal entry of a minute, written ahead and synced to the disk (WAL, FULL).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { must } from '../../workflows/assert.ts';
import { bakesAt, documentOf, journalOf, runUntil } from '../helpers/simulated-rollout.ts';
import { type Figure, median, round, type Say, spread } from './figure.ts';
import { HALF_HOUR_FILE, startOn } from './whole-rollout.ts';

const WARM_UP = 200;
const COMMITS = 1_000;

/** Median time of one synced commit, ms. */
export const commitSqliteP50 = async (say: Say): Promise<readonly Figure[]> => {
  const { cloud, rolloutId } = await startOn({ seed: 1 }, HALF_HOUR_FILE);
  await runUntil(cloud, () => bakesAt(cloud, 25));
  const first = documentOf(cloud, rolloutId);
  const entry = must(
    journalOf(cloud, rolloutId).findLast(({ message }) => message.kind === 'observed'),
    'entry of a minute',
  );
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const store = openSqliteStore({ path: join(folder, 'store.db'), now: () => 0 });
  let document = { ...first, revision: 1 };
  await store.commit({ expectedRevision: null, document, entries: [] });
  const tookMs: number[] = [];
  for (let index = 1; index <= WARM_UP + COMMITS; index += 1) {
    document = { ...document, revision: document.revision + 1, lastNowMs: first.lastNowMs + index };
    const batch = {
      expectedRevision: document.revision - 1,
      document,
      entries: [{ ...entry, seq: index }],
    };
    const startedAtMs = performance.now();
    const { kind } = await store.commit(batch);
    if (index > WARM_UP) tookMs.push(performance.now() - startedAtMs);
    if (kind !== 'committed') throw new Error(`The commit was not made: ${kind}`);
  }
  store.close();
  rmSync(folder, { recursive: true });
  say(`document ${JSON.stringify(document).length} bytes, entry ${JSON.stringify(entry).length} bytes`);
  say(`commit: ${spread(tookMs)} ms`);
  return [
    {
      name: 'commit.sqlite.p50',
      value: round(median(tookMs)),
      unit: 'ms',
      means: 'one checked, synced commit of a document in mid-ladder and its journal entry',
    },
  ];
};
