/**
 * What SQLite itself takes for a commit of ours: one text replaced and one added, in one transaction with the store's
 * settings. No columns that are searched, no look at what stands there, no checks, texts that are there already.
 */
import { DatabaseSync } from 'node:sqlite';

export interface RawSqlite {
  /** Returns the milliseconds that the transaction took. */
  readonly write: (rolloutId: string, seq: number, documentText: string, entryText: string) => number;
  readonly close: () => void;
}

export const openRawSqlite = (path: string): RawSqlite => {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec(`
    CREATE TABLE documents (id TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
    CREATE TABLE journal (id TEXT NOT NULL, seq INTEGER NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (id, seq)) STRICT, WITHOUT ROWID;
  `);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const document = database.prepare(
    'INSERT INTO documents (id, document) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document',
  );
  const entry = database.prepare('INSERT INTO journal (id, seq, entry) VALUES (?, ?, ?)');
  const commit = database.prepare('COMMIT');
  return {
    write: (rolloutId, seq, documentText, entryText) => {
      const fromMs = performance.now();
      begin.run();
      document.run(rolloutId, documentText);
      entry.run(rolloutId, seq, entryText);
      commit.run();
      return performance.now() - fromMs;
    },
    close: () => database.close(),
  };
};
