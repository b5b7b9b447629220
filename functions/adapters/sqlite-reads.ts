import type { DatabaseSync } from 'node:sqlite';
import type { RolloutSummary } from '../../workflows/ports.ts';
import { parseDocument } from '../../workflows/rollout/parse-document.ts';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { Sync } from './sqlite-registry.ts';

type ReadMethod = 'load' | 'attachment' | 'due' | 'list' | 'watching' | 'lookUpStart' | 'journal' | 'locks';

/** One statement for each set of filters, so that each has its index. */
function listStatement(db: DatabaseSync, filter: string) {
  return db.prepare(
    `SELECT rolloutId, state, wakeAtMs, poolKey, createdAtMs, finishedAtMs FROM rollouts
     WHERE rolloutId > :afterId ${filter} ORDER BY rolloutId LIMIT :limit`,
  );
}

function prepareReads(db: DatabaseSync) {
  return {
    document: db.prepare('SELECT document FROM rollouts WHERE rolloutId = ?'),
    attachment: db.prepare('SELECT text FROM attachments WHERE rolloutId = ? AND name = ?'),
    due: db.prepare(
      'SELECT rolloutId, wakeAtMs FROM rollouts WHERE wakeAtMs <= ? ORDER BY wakeAtMs, rolloutId LIMIT ?',
    ),
    dueAfter: db.prepare(
      `SELECT rolloutId, wakeAtMs FROM rollouts WHERE wakeAtMs <= ? AND (wakeAtMs, rolloutId) > (?, ?)
       ORDER BY wakeAtMs, rolloutId LIMIT ?`,
    ),
    all: listStatement(db, ''),
    unfinished: listStatement(db, 'AND finishedAtMs IS NULL'),
    ofPool: listStatement(db, 'AND poolKey = :poolKey'),
    unfinishedOfPool: listStatement(db, 'AND poolKey = :poolKey AND finishedAtMs IS NULL'),
    watching: db.prepare('SELECT rolloutId FROM watches WHERE policy = ? ORDER BY rolloutId'),
    request: db.prepare('SELECT rolloutId FROM requests WHERE requestId = ?'),
    counter: db.prepare('SELECT lastNumber FROM counters WHERE name = ?'),
    holder: db.prepare('SELECT holder FROM locks WHERE key = ?'),
    journal: db.prepare('SELECT entry FROM journal WHERE rolloutId = ? AND seq > ? ORDER BY seq LIMIT ?'),
  };
}

/** The reads of rollouts, each by an index; times are read before the rows, never after. */
export function sqliteReads(db: DatabaseSync, now: () => number): { [M in ReadMethod]: Sync<M> } {
  const sql = prepareReads(db);
  const holder = (key: string) => (sql.holder.get(key) as { holder: string } | undefined)?.holder ?? null;
  return {
    load: ({ rolloutId }) => {
      const readAtMs = now();
      const row = sql.document.get(rolloutId) as { document: string } | undefined;
      return { document: row === undefined ? null : readDocument(row.document, rolloutId), readAtMs };
    },
    attachment: ({ rolloutId, name }) =>
      (sql.attachment.get(rolloutId, name) as { text: string } | undefined)?.text ?? null,
    due: ({ limit, after }) => {
      const readAtMs = now();
      const rows =
        after === undefined
          ? sql.due.all(readAtMs, limit)
          : sql.dueAfter.all(readAtMs, after.wakeAtMs, after.rolloutId, limit);
      const due = rows as unknown as readonly { rolloutId: string; wakeAtMs: number }[];
      return { rollouts: due.map(({ rolloutId, wakeAtMs }) => ({ rolloutId, wakeAtMs })), readAtMs };
    },
    list: ({ unfinished, poolKey, limit, afterId = '' }) => {
      const rows =
        poolKey === undefined
          ? (unfinished === true ? sql.unfinished : sql.all).all({ afterId, limit })
          : (unfinished === true ? sql.unfinishedOfPool : sql.ofPool).all({ afterId, limit, poolKey });
      return (rows as unknown as readonly RolloutSummary[]).map((row) => ({ ...row }));
    },
    watching: ({ policy }) =>
      (sql.watching.all(policy) as unknown as readonly { rolloutId: string }[]).map((row) => row.rolloutId),
    lookUpStart: ({ name, requestId, poolKey }) => {
      const readAtMs = now();
      const request = sql.request.get(requestId) as { rolloutId: string } | undefined;
      const counter = sql.counter.get(name) as { lastNumber: number } | undefined;
      const nextNumber = (counter?.lastNumber ?? 0) + 1;
      return { rolloutId: request?.rolloutId ?? null, nextNumber, holder: holder(poolKey), readAtMs };
    },
    journal: ({ rolloutId, afterSeq, limit }) => {
      const rows = sql.journal.all(rolloutId, afterSeq, limit) as unknown as readonly { entry: string }[];
      return rows.map((row) => JSON.parse(row.entry) as JournalEntry);
    },
    locks: ({ keys }) => keys.map(holder),
  };
}

function readDocument(text: string, rolloutId: string): RolloutDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw storeFailure('document-broken', `The document of ${rolloutId} is not JSON.`, error);
  }
  return parseDocument(value);
}
