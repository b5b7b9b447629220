/**
 * Every way in which a store fails, and who acts next (errors.ts). One table for all stores, so that callers meet
 * the same codes whatever stands behind the port.
 */
import { InvariantError, RetryableError, TerminalError } from '../errors.ts';

type Blame = 'retryable' | 'terminal' | 'invariant';

const FAILURES = {
  /** No room left; works again when there is. */
  'store-full': 'retryable',
  /** Others write; nothing of this call happened. */
  'store-busy': 'retryable',
  /** Not reached, or no answer came: a write may have happened. */
  'store-unavailable': 'retryable',
  /** Written by a newer Sluice than this one; left alone (protocol P1). */
  'document-newer': 'retryable',
  'store-newer': 'retryable',
  'document-too-large': 'terminal',
  'entry-too-large': 'terminal',
  'attachment-too-large': 'terminal',
  /** Not a database, another program's database, or a damaged one. */
  'store-corrupt': 'terminal',
  'store-missing': 'terminal',
  'store-read-only': 'terminal',
  'document-broken': 'invariant',
  /** Something that JSON or Firestore would lose or refuse: undefined, NaN, an array in an array. */
  'not-storable': 'invariant',
  'revision-step': 'invariant',
  'journal-gap': 'invariant',
  'journal-foreign': 'invariant',
} as const satisfies Record<string, Blame>;

export type StoreFailureCode = keyof typeof FAILURES;

/** google.rpc.Code names that a document database answers with. */
const BY_STATUS: Readonly<Record<string, StoreFailureCode>> = {
  ABORTED: 'store-busy',
  UNAVAILABLE: 'store-unavailable',
  DEADLINE_EXCEEDED: 'store-unavailable',
};

function isFailureCode(code: string): code is StoreFailureCode {
  return Object.hasOwn(FAILURES, code);
}

/**
 * The exception for a failure of a store; not thrown here. `code` is a StoreFailureCode or a google.rpc.Code name;
 * an unknown one counts as `store-unavailable`, because trying again is always allowed.
 */
export function storeFailure(code: string, message: string, cause?: unknown): Error {
  const known = isFailureCode(code) ? code : (BY_STATUS[code] ?? 'store-unavailable');
  const options = cause === undefined ? undefined : { cause };
  switch (FAILURES[known]) {
    case 'retryable':
      return new RetryableError(known, message, options);
    case 'terminal':
      return new TerminalError(known, message, options);
    case 'invariant':
      return new InvariantError(known, message, options);
  }
}
