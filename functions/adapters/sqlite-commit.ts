import type { DatabaseSync } from 'node:sqlite';
import type { CommitBatch, CommitResult } from '../../workflows/ports.ts';
import { type CheckedBatch, checkBatch } from '../../workflows/rollout/check-batch.ts';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import { type RolloutDocument, SCHEMA_VERSION } from '../../workflows/rollout/stored.ts';
import { inTransaction } from './sqlite-transaction.ts';

function prepareStatements(db: DatabaseSync) {
  return {
    request: db.prepare('SELECT rolloutId FROM requests WHERE requestId = ?'),
    stored: db.prepare('SELECT revision, schemaVersion FROM rollouts WHERE rolloutId = ?'),
    lastSeq: db.prepare('SELECT max(seq) AS seq FROM journal WHERE rolloutId = ?'),
    holder: db.prepare('SELECT holder FROM locks WHERE key = ?'),
    insert: db.prepare(
      `INSERT INTO rollouts (revision, schemaVersion, state, document, wakeAtMs, finishedAtMs, poolKey, rolloutId, createdAtMs)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    update: db.prepare(
      `UPDATE rollouts SET revision = ?, schemaVersion = ?, state = ?, document = ?,
       wakeAtMs = ?, finishedAtMs = ?, poolKey = ? WHERE rolloutId = ?`,
    ),
    count: db.prepare(
      `INSERT INTO counters (name, lastNumber) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET lastNumber = max(lastNumber, excluded.lastNumber)`,
    ),
    watched: db.prepare('SELECT policy FROM watches WHERE rolloutId = ? ORDER BY policy'),
    unwatch: db.prepare('DELETE FROM watches WHERE rolloutId = ?'),
    watch: db.prepare('INSERT INTO watches (rolloutId, policy) VALUES (?, ?)'),
    entry: db.prepare('INSERT INTO journal (rolloutId, seq, entry) VALUES (?, ?, ?)'),
    acquire: db.prepare('INSERT INTO locks (key, holder) VALUES (?, ?) ON CONFLICT (key) DO NOTHING'),
    release: db.prepare('DELETE FROM locks WHERE key = ? AND holder = ?'),
    ask: db.prepare('INSERT INTO requests (requestId, rolloutId) VALUES (?, ?)'),
    attach: db.prepare('INSERT OR REPLACE INTO attachments (rolloutId, name, text) VALUES (?, ?, ?)'),
    leave: db.prepare('INSERT OR REPLACE INTO leftovers (id, dueAtMs, leftover) VALUES (?, ?, ?)'),
  };
}

type Statements = ReturnType<typeof prepareStatements>;

/** The commit of protocol P2 on one connection; throws what `node:sqlite` throws, and `checkBatch`'s failures. */
export function sqliteCommit(db: DatabaseSync): (batch: CommitBatch) => CommitResult {
  const sql = prepareStatements(db);
  return (batch) => {
    const checked = checkBatch(batch);
    return inTransaction(db, () => {
      const refusal = refusalOf(sql, batch, checked);
      if (refusal !== null) return refusal;
      write(sql, batch, checked);
      return { kind: 'committed' };
    });
  };
}

/** Everything is looked at before anything is written, so that a refused batch leaves nothing behind. */
function refusalOf(sql: Statements, batch: CommitBatch, checked: CheckedBatch): CommitResult | null {
  const { rolloutId } = checked.document;
  if (batch.requestId !== undefined) {
    const seen = sql.request.get(batch.requestId) as { rolloutId: string } | undefined;
    if (seen !== undefined) return { kind: 'duplicateRequest', rolloutId: seen.rolloutId };
  }
  const stored = sql.stored.get(rolloutId) as { revision: number; schemaVersion: number } | undefined;
  if (stored !== undefined && stored.schemaVersion > SCHEMA_VERSION) {
    throw storeFailure('document-newer', `A newer Sluice wrote ${rolloutId}; it is left alone.`);
  }
  if ((stored?.revision ?? null) !== batch.expectedRevision) return { kind: 'conflict' };
  const first = batch.entries[0];
  if (first !== undefined) {
    const last = sql.lastSeq.get(rolloutId) as { seq: number | null };
    const next = (last.seq ?? 0) + 1;
    if (first.seq < next) return { kind: 'conflict' };
    if (first.seq > next) throw storeFailure('journal-gap', `Entry ${first.seq} cannot follow ${next - 1}.`);
  }
  for (const key of batch.acquireLocks ?? []) {
    const held = sql.holder.get(key) as { holder: string } | undefined;
    if (held !== undefined && held.holder !== rolloutId) return { kind: 'locked', key, holder: held.holder };
  }
  return null;
}

function write(sql: Statements, batch: CommitBatch, checked: CheckedBatch): void {
  const { document } = checked;
  const { rolloutId } = document;
  const columns = [
    document.revision,
    document.schemaVersion,
    document.state,
    checked.documentJson,
    document.wakeAtMs,
    document.finishedAtMs,
    document.poolKey,
    rolloutId,
  ] as const;
  if (batch.expectedRevision === null) {
    sql.insert.run(...columns, document.createdAtMs);
    countName(sql, rolloutId);
  } else {
    sql.update.run(...columns);
  }
  writeWatches(sql, document);
  for (const [index, entry] of batch.entries.entries()) {
    sql.entry.run(rolloutId, entry.seq, checked.entryJsons[index] ?? '');
  }
  for (const key of batch.acquireLocks ?? []) sql.acquire.run(key, rolloutId);
  for (const key of batch.releaseLocks ?? []) sql.release.run(key, rolloutId);
  if (batch.requestId !== undefined) sql.ask.run(batch.requestId, rolloutId);
  for (const [name, text] of Object.entries(batch.attachments ?? {})) sql.attach.run(rolloutId, name, text);
  for (const leftover of batch.leftovers ?? []) {
    sql.leave.run(leftover.id, leftover.dueAtMs, JSON.stringify(leftover));
  }
}

/** `llm-to-h200-7` is the seventh of `llm-to-h200`; an id of another shape counts for nobody. */
function countName(sql: Statements, rolloutId: string): void {
  const match = /^(.+)-([1-9]\d{0,14})$/.exec(rolloutId);
  if (match?.[1] !== undefined) sql.count.run(match[1], Number(match[2]));
}

/** They hardly ever change: reading them costs less than writing them. A finished rollout watches nothing. */
function writeWatches(sql: Statements, document: RolloutDocument): void {
  const wanted = document.finishedAtMs === null ? [...new Set(document.watches)].toSorted() : [];
  const rows = sql.watched.all(document.rolloutId) as unknown as readonly { policy: string }[];
  if (rows.length === wanted.length && rows.every((row, index) => row.policy === wanted[index])) return;
  sql.unwatch.run(document.rolloutId);
  for (const policy of wanted) sql.watch.run(document.rolloutId, policy);
}
