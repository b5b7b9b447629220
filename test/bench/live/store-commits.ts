import { openSqliteStore } from '../../../functions/adapters/store-sqlite.ts';
import { inMidLadder } from '../commit-sqlite.ts';

/** Commits on a file of their own, on the disk where Sluice commits. */
export interface StoreCommits {
  /** Milliseconds of each. */
  run(count: number): Promise<readonly number[]>;
  close(): void;
}

const WARM_UP = 100;

/** @param path of a file that is not there yet. */
export const openStoreCommits = async (path: string): Promise<StoreCommits> => {
  const records = await inMidLadder();
  const store = openSqliteStore({ path, now: () => 0 });
  let document = { ...records.document, revision: 1 };
  await store.commit({ expectedRevision: null, document, entries: [] });
  const commit = async (): Promise<number> => {
    const { revision, lastNowMs } = document;
    document = { ...document, revision: revision + 1, lastNowMs: lastNowMs + 1 };
    const entries = [{ ...records.entry, seq: revision }];
    const startedMs = performance.now();
    const { kind } = await store.commit({ expectedRevision: revision, document, entries });
    const ms = performance.now() - startedMs;
    if (kind !== 'committed') throw new Error(`the commit was not made: ${kind}`);
    return ms;
  };
  const run = async (count: number): Promise<readonly number[]> => {
    const ms: number[] = [];
    for (let index = 0; index < count; index += 1) ms.push(await commit());
    return ms;
  };
  await run(WARM_UP);
  return { run, close: () => store.close() };
};
