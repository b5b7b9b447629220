import { expect } from 'vitest';
import type { CommitBatch, StorePort } from '../../../workflows/ports.ts';
import type { Rejected, RolloutDocument } from '../../../workflows/rollout/stored.ts';
import { aDocument } from '../../helpers/stored-records.ts';

/** A store under test, empty, with what only its owner can do to it. */
export interface StoreBench {
  readonly port: StorePort;
  /** A second handle on the same records, as another process would have. */
  readonly second: StorePort;
  readonly setNow: (nowMs: number) => void;
  /** Puts a document there as it is, past all checks. */
  readonly plant: (document: RolloutDocument) => void;
  /** The document as it stands, unread by the product. */
  readonly stored: (rolloutId: string) => unknown;
  readonly rejected: () => readonly Rejected[];
  readonly close: () => void;
}

/** One sentence of the contract, and what proves it. */
export type Case = readonly [name: string, body: (bench: StoreBench) => Promise<void>];

export const POOL = aDocument().poolKey;

export function batch(document: RolloutDocument, given: Partial<CommitBatch> = {}): CommitBatch {
  return {
    expectedRevision: document.revision === 1 ? null : document.revision - 1,
    document,
    entries: [],
    ...given,
  };
}

/** Commits a new rollout, which must succeed. */
export async function create(
  port: StorePort,
  document: Partial<RolloutDocument> = {},
  given: Partial<CommitBatch> = {},
): Promise<RolloutDocument> {
  const whole = aDocument(document);
  expect(await port.commit(batch(whole, given))).toEqual({ kind: 'committed' });
  return whole;
}

/** Commits the next revision, which must succeed. */
export async function advance(
  port: StorePort,
  before: RolloutDocument,
  change: Partial<RolloutDocument>,
  given: Partial<CommitBatch> = {},
): Promise<RolloutDocument> {
  const next = { ...before, ...change, revision: before.revision + 1 };
  expect(await port.commit(batch(next, given))).toEqual({ kind: 'committed' });
  return next;
}

export function failsWith(code: string) {
  return expect.objectContaining({ code });
}

export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ answeredInstead: value }),
    (error: unknown) => error,
  );
}
