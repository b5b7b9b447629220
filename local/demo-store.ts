/** The record of a demo in a SQLite file: the same store that the product uses. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openSqliteStore } from '../functions/adapters/store-sqlite.ts';
import { RetryableError, TerminalError } from '../workflows/errors.ts';
import type { StorePort } from '../workflows/ports.ts';
import type { JournalEntry, RolloutDocument } from '../workflows/rollout/stored.ts';
import type { DemoRecord } from './demo-result.ts';
import type { InputProblem, Read } from './input-problem.ts';
import { readJournal } from './read-journal.ts';

const PAGE = 500;

const MENDS: Readonly<Record<string, string>> = {
  'store-corrupt': 'Name a file that a demo wrote, or a new one.',
  'store-missing': 'Write one with `sluice demo --fast --store FILE`.',
  'store-newer': 'Use the newer Sluice, or another file.',
  'store-full': 'Make room on the disk, or name a file elsewhere.',
  'store-busy': 'Another process holds it; wait for it.',
};

const problemOf = (file: string, error: unknown): InputProblem => {
  if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
  const what = error.message.endsWith('.') ? error.message : `${error.message}.`;
  const mend = MENDS[error.code] ?? 'Check the path and its permissions.';
  return { file, line: null, column: null, code: error.code, what, mend };
};

/** Opens, works, closes; what is wrong with the file is a problem, not an exception. */
const inStore = async <T>(
  file: string,
  readOnly: boolean,
  work: (store: StorePort) => Promise<T>,
): Promise<Read<T>> => {
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const problem = {
      file,
      line: null,
      column: null,
      code: 'folder-missing',
      what: `There is no folder ${folder}.`,
    };
    return { kind: 'problems', problems: [{ ...problem, mend: 'Create it, or name another file.' }] };
  }
  try {
    const store = openSqliteStore({ path: file, now: () => Date.now(), readOnly });
    try {
      return { kind: 'ok', value: await work(store) };
    } finally {
      store.close();
    }
  } catch (error) {
    return { kind: 'problems', problems: [problemOf(file, error)] };
  }
};

/**
 * The last number that rollouts of the name were given in the file. Makes the file when it is not there, so that what
 * is wrong with it is known before the demo has run.
 */
export const lastNumberIn = (file: string, name: string): Promise<Read<number>> =>
  inStore(file, false, async (store) => {
    const { nextNumber } = await store.lookUpStart({ name, requestId: '', poolKey: '' });
    return nextNumber - 1;
  });

/** Writes document, journal and attachments as they stand. */
export const keepRecord = async (file: string, record: DemoRecord): Promise<Read<null>> => {
  const { document, entries, attachments, leftovers } = record;
  const kept = await inStore(file, false, (store) =>
    store.commit({ expectedRevision: null, document, entries, attachments, leftovers }),
  );
  if (kept.kind === 'problems') return kept;
  if (kept.value.kind === 'committed') return { kind: 'ok', value: null };
  const what = `It has a rollout ${document.rolloutId} already.`;
  const mend = 'Somebody else wrote to it meanwhile: run the demo again.';
  return {
    kind: 'problems',
    problems: [{ file, line: null, column: null, code: 'rollout-exists', what, mend }],
  };
};

export interface StoredRecord {
  readonly document: RolloutDocument;
  readonly entries: readonly JournalEntry[];
}

/** One rollout of the file, or all of them by id; null for an id that is not there, with those that are. */
export const readRecords = (
  file: string,
  rolloutId: string | null,
): Promise<Read<{ readonly records: readonly StoredRecord[] | null; readonly ids: readonly string[] }>> =>
  inStore(file, true, async (store) => {
    const ids: string[] = [];
    for (;;) {
      const last = ids.at(-1);
      const page = await store.list({ limit: PAGE, ...(last === undefined ? {} : { afterId: last }) });
      ids.push(...page.map((one) => one.rolloutId));
      if (page.length < PAGE) break;
    }
    if (rolloutId !== null && !ids.includes(rolloutId)) return { records: null, ids };
    const records: StoredRecord[] = [];
    for (const id of rolloutId === null ? ids : [rolloutId]) {
      const { document } = await store.load({ rolloutId: id });
      if (document !== null) records.push({ document, entries: await readJournal(store, id) });
    }
    return { records, ids };
  });
