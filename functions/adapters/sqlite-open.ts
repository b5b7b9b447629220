import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import { sqliteResult } from './sqlite-errors.ts';
import { APPLICATION_ID, LAYOUT, LAYOUT_VERSION } from './sqlite-schema.ts';
import { inTransaction } from './sqlite-transaction.ts';

export interface SqliteFile {
  readonly path: string;
  readonly readOnly: boolean;
  /** How long a call waits for another process before `store-busy`. */
  readonly busyTimeoutMs: number;
  /** Bound on the file's size, in pages of 4 KiB; null: the disk's. */
  readonly pagesMax: number | null;
}

const BUSY = 5;
const READ_ONLY = 8;
const CANNOT_OPEN = 14;
const PAUSE_MS = 10;

/** Opens the file and brings its tables about. @throws what `node:sqlite` throws, and `store-*` failures. */
export function openDatabase(file: SqliteFile): DatabaseSync {
  if (file.readOnly && !existsSync(file.path))
    throw storeFailure('store-missing', `No such file: ${file.path}`);
  const database = file.readOnly
    ? openToRead(file)
    : new DatabaseSync(file.path, { timeout: file.busyTimeoutMs });
  try {
    const version = layoutVersion(database, file.path);
    if (file.readOnly) {
      if (version === 0) throw storeFailure('store-corrupt', `An empty file is no store: ${file.path}`);
    } else {
      prepareToWrite(database, file);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * A database in WAL mode wants to write its shared-memory file even to be read. Where the folder forbids that and no
 * log is left beside it, the file cannot change under us, and is read as immutable.
 */
function openToRead(file: SqliteFile): DatabaseSync {
  const options = { readOnly: true, timeout: file.busyTimeoutMs };
  const database = new DatabaseSync(file.path, options);
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    const result = sqliteResult(error);
    if ((result !== CANNOT_OPEN && result !== READ_ONLY) || hasLog(file.path)) throw error;
    const url = pathToFileURL(resolve(file.path));
    url.searchParams.set('immutable', '1');
    return new DatabaseSync(url, options);
  }
}

function hasLog(path: string): boolean {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  return log !== undefined && log.size > 0;
}

/** 0: a new file. Reads only, so that another program's database is not touched. */
function layoutVersion(database: DatabaseSync, path: string): number {
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  if (tables.tables === 0) return 0;
  if (pragma(database, 'application_id') !== APPLICATION_ID) {
    throw storeFailure('store-corrupt', `The database of another program: ${path}`);
  }
  if (version > LAYOUT_VERSION) {
    throw storeFailure('store-newer', `A newer Sluice wrote this store (layout ${version}): ${path}`);
  }
  return version;
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Readonly<Record<string, number>>;
  return row[name] ?? 0;
}

function prepareToWrite(database: DatabaseSync, file: SqliteFile): void {
  switchToWal(database, file.busyTimeoutMs);
  database.exec('PRAGMA synchronous = FULL');
  if (file.pagesMax !== null) database.exec(`PRAGMA max_page_count = ${Math.floor(file.pagesMax)}`);
  if (layoutVersion(database, file.path) > 0) return;
  inTransaction(database, () => {
    // Looked at again under the lock: another process may have been first.
    if (layoutVersion(database, file.path) === 0) database.exec(LAYOUT);
  });
}

/** The one statement for which SQLite does not wait while another process does the same to a new file. */
function switchToWal(database: DatabaseSync, patienceMs: number): void {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (sqliteResult(error) !== BUSY || waitedMs >= patienceMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
