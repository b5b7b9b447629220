import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { aDocument, anEntry } from '../helpers/stored-records.ts';

const WARM_UP = 200;
const COMMITS = 1_000;
/** Of a rollout in the middle of its ladder. */
const TEXT_BYTES = 12_000;

/** Median time of one synced commit of a 40 KB document with its journal entry, ms. */
export async function commitSqliteP50(): Promise<{ name: string; value: number; unit: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const store = openSqliteStore({ path: join(folder, 'store.db'), now: () => 0 });
  const text = JSON.stringify({ text: 'x'.repeat(TEXT_BYTES) });
  let document = aDocument({ spec: text, plan: text, snapshot: text });
  await store.commit({ expectedRevision: null, document, entries: [] });
  const tookMs: number[] = [];
  for (let index = 1; index <= WARM_UP + COMMITS; index += 1) {
    document = { ...document, revision: document.revision + 1, wakeAtMs: index };
    const batch = { expectedRevision: document.revision - 1, document, entries: [anEntry(index)] };
    const startedAtMs = performance.now();
    const { kind } = await store.commit(batch);
    if (index > WARM_UP) tookMs.push(performance.now() - startedAtMs);
    if (kind !== 'committed') throw new Error(`The commit was not made: ${kind}`);
  }
  store.close();
  rmSync(folder, { recursive: true });
  const median = tookMs.toSorted((a, b) => a - b)[COMMITS / 2] ?? Number.NaN;
  return { name: 'commit.sqlite.p50', value: Number(median.toFixed(3)), unit: 'ms' };
}
