import type { CommitBatch, CommitResult } from '../../../workflows/ports.ts';
import type { StoreFailure } from './checks.ts';
import type { StoreRecords } from './records.ts';

/** What stands in the way of a batch that is sound in itself; null: it can be written. Looks at everything, writes nothing. */
export function refusalOf(records: StoreRecords, batch: CommitBatch): CommitResult | StoreFailure | null {
  const { rolloutId } = batch.document;
  if (batch.requestId !== undefined) {
    const seen = records.requests.get(batch.requestId);
    if (seen !== undefined) return { kind: 'duplicateRequest', rolloutId: seen };
  }
  const unreadable = records.unreadable.get(rolloutId);
  if (unreadable?.code === 'document-newer') return unreadable;
  if ((records.documents.get(rolloutId)?.revision ?? null) !== batch.expectedRevision)
    return { kind: 'conflict' };
  const first = batch.entries[0];
  if (first !== undefined) {
    const next = (records.journals.get(rolloutId)?.length ?? 0) + 1;
    if (first.seq < next) return { kind: 'conflict' };
    if (first.seq > next) return { code: 'journal-gap', message: `entry ${first.seq} after ${next - 1}` };
  }
  for (const key of batch.acquireLocks ?? []) {
    const holder = records.locks.get(key);
    if (holder !== undefined && holder !== rolloutId) return { kind: 'locked', key, holder };
  }
  return null;
}

/** Writes a batch that nothing stands in the way of. */
export function writeBatch(records: StoreRecords, batch: CommitBatch, atMs: number): void {
  const { document } = batch;
  const { rolloutId } = document;
  if (batch.expectedRevision === null) countName(records.counters, rolloutId);
  const journal = records.journals.get(rolloutId);
  if (journal === undefined) records.journals.set(rolloutId, [...batch.entries]);
  else journal.push(...batch.entries);
  const { acquireLocks = [], releaseLocks = [] } = batch;
  for (const key of acquireLocks) records.locks.set(key, rolloutId);
  for (const key of releaseLocks) if (records.locks.get(key) === rolloutId) records.locks.delete(key);
  if (batch.requestId !== undefined) records.requests.set(batch.requestId, rolloutId);
  if (batch.attachments !== undefined) attach(records.attachments, rolloutId, batch.attachments);
  for (const leftover of batch.leftovers ?? []) records.leftovers.set(leftover.id, Object.freeze(leftover));
  records.put(document, atMs, acquireLocks.length + releaseLocks.length > 0);
}

/** `llm-to-h200-7` was the seventh of `llm-to-h200`. */
function countName(counters: Map<string, number>, rolloutId: string): void {
  const dash = rolloutId.lastIndexOf('-');
  const number = Number(rolloutId.slice(dash + 1));
  if (dash < 1 || !/^[1-9]\d{0,14}$/.test(rolloutId.slice(dash + 1))) return;
  const name = rolloutId.slice(0, dash);
  counters.set(name, Math.max(counters.get(name) ?? 0, number));
}

function attach(
  attachments: Map<string, Map<string, string>>,
  rolloutId: string,
  texts: Readonly<Record<string, string>>,
): void {
  const kept = attachments.get(rolloutId) ?? new Map<string, string>();
  for (const [name, text] of Object.entries(texts)) kept.set(name, text);
  attachments.set(rolloutId, kept);
}
