import { type StoreFailureCode, storeFailure } from '../../workflows/rollout/store-failure.ts';

/** Primary result codes, https://sqlite.org/rescode.html */
const BY_RESULT: Readonly<Record<number, StoreFailureCode>> = {
  5: 'store-busy',
  6: 'store-busy',
  7: 'store-unavailable',
  8: 'store-read-only',
  10: 'store-unavailable',
  11: 'store-corrupt',
  13: 'store-full',
  14: 'store-unavailable',
  23: 'store-unavailable',
  26: 'store-corrupt',
};

const SENTENCES: Readonly<Partial<Record<StoreFailureCode, string>>> = {
  'store-full': 'No room left for the store',
  'store-busy': 'Another process holds the store',
  'store-unavailable': 'The store cannot be read or written',
  'store-corrupt': 'Not a store, or damaged',
  'store-read-only': 'The store is open for reading only',
};

/** SQLite's primary result code; null when it was not SQLite that failed. */
export function sqliteResult(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** The exception that the store's callers get for what `node:sqlite` threw; anything else is passed on. */
export function storeErrorOf(error: unknown, path: string): unknown {
  const result = sqliteResult(error);
  if (result !== null && error instanceof Error) {
    const code = BY_RESULT[result];
    if (code === undefined) return error;
    return storeFailure(code, `${SENTENCES[code] ?? 'The store failed'} (${path}): ${error.message}`, error);
  }
  // A call that was under way when the process closed its store: the sender's next try meets another process.
  if (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE') {
    return storeFailure('store-unavailable', `The store is closed (${path}).`, error);
  }
  return error;
}
