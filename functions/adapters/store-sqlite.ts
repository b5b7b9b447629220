import type { StorePort } from '../../workflows/ports.ts';
import { sqliteCommit } from './sqlite-commit.ts';
import { storeErrorOf } from './sqlite-errors.ts';
import { openDatabase } from './sqlite-open.ts';
import { sqliteReads } from './sqlite-reads.ts';
import { sqliteRegistry } from './sqlite-registry.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there, but for reading. The folder must exist. */
  readonly path: string;
  /** The store's read time, ms since 1970 (protocol P9). */
  readonly now: () => number;
  /** Every write is then refused with `store-read-only`; another process may go on writing. */
  readonly readOnly?: boolean;
  /** How long a call waits for another process, before `store-busy`. */
  readonly busyTimeoutMs?: number;
  /** Bound on the file's size in pages of 4 KiB, beyond which is `store-full`. */
  readonly pagesMax?: number;
}

/**
 * The store in one SQLite file: WAL, each commit synced to the disk. Several processes may open the same file.
 * @throws RetryableError `store-full`, `store-busy`, `store-unavailable`, `store-newer`
 * @throws TerminalError `store-corrupt`, `store-missing` (read-only)
 */
export function openSqliteStore(options: SqliteStoreOptions): StorePort & { close(): void } {
  const { path, now } = options;
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeErrorOf(error, path);
    }
  };
  const { database, methods } = guarded(() => {
    const opened = openDatabase({
      path,
      readOnly: options.readOnly ?? false,
      busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
      pagesMax: options.pagesMax ?? null,
    });
    const commit = sqliteCommit(opened);
    return {
      database: opened,
      methods: { commit, ...sqliteReads(opened, now), ...sqliteRegistry(opened, now) },
    };
  });
  return {
    load: async (call) => guarded(() => methods.load(call)),
    commit: async (call) => guarded(() => methods.commit(call)),
    attachment: async (call) => guarded(() => methods.attachment(call)),
    due: async (call) => guarded(() => methods.due(call)),
    list: async (call) => guarded(() => methods.list(call)),
    watching: async (call) => guarded(() => methods.watching(call)),
    lookUpStart: async (call) => guarded(() => methods.lookUpStart(call)),
    journal: async (call) => guarded(() => methods.journal(call)),
    locks: async (call) => guarded(() => methods.locks(call)),
    recordIncident: async (call) => guarded(() => methods.recordIncident(call)),
    registry: async (call) => guarded(() => methods.registry(call)),
    setFreeze: async (call) => guarded(() => methods.setFreeze(call)),
    recordRejected: async (call) => guarded(() => methods.recordRejected(call)),
    leftovers: async (call) => guarded(() => methods.leftovers(call)),
    putLeftover: async (call) => guarded(() => methods.putLeftover(call)),
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}
