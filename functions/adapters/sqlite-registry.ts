import type { DatabaseSync } from 'node:sqlite';
import type { StorePort } from '../../workflows/ports.ts';
import type { Freeze, Incident, Leftover, Rejected } from '../../workflows/rollout/stored.ts';
import { inTransaction } from './sqlite-transaction.ts';

interface IncidentRow {
  readonly openSeen: number;
  readonly closedSeen: number;
}

/** A method of the port before its answer becomes a promise. */
export type Sync<M extends keyof StorePort> = (
  call: Parameters<StorePort[M]>[0],
) => Awaited<ReturnType<StorePort[M]>>;

type RegistryMethod =
  | 'recordIncident'
  | 'registry'
  | 'setFreeze'
  | 'recordRejected'
  | 'leftovers'
  | 'putLeftover';

function prepareStatements(db: DatabaseSync) {
  return {
    seen: db.prepare('SELECT openSeen, closedSeen FROM incidents WHERE incidentId = ?'),
    put: db.prepare(
      `INSERT INTO incidents (incidentId, startedAtMs, receivedAtMs, openSeen, closedSeen, incident)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (incidentId) DO UPDATE SET
       startedAtMs = excluded.startedAtMs, receivedAtMs = excluded.receivedAtMs, openSeen = excluded.openSeen,
       closedSeen = excluded.closedSeen, incident = excluded.incident`,
    ),
    openAfterClosed: db.prepare('UPDATE incidents SET openSeen = 1, receivedAtMs = ? WHERE incidentId = ?'),
    incidents: db.prepare(
      `SELECT incident FROM incidents WHERE startedAtMs >= ?1 OR receivedAtMs >= ?1 ORDER BY startedAtMs, incidentId`,
    ),
    freeze: db.prepare('SELECT freeze FROM freeze'),
    setFreeze: db.prepare('INSERT OR REPLACE INTO freeze (one, freeze) VALUES (1, ?)'),
    thaw: db.prepare('DELETE FROM freeze'),
    reject: db.prepare(
      'INSERT INTO rejected (id, atMs, rejected) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING',
    ),
    leftovers: db.prepare('SELECT leftover FROM leftovers ORDER BY dueAtMs IS NULL, dueAtMs, id'),
    dueLeftovers: db.prepare('SELECT leftover FROM leftovers WHERE dueAtMs <= ? ORDER BY dueAtMs, id'),
    putLeftover: db.prepare('INSERT OR REPLACE INTO leftovers (id, dueAtMs, leftover) VALUES (?, ?, ?)'),
    dropLeftover: db.prepare('DELETE FROM leftovers WHERE id = ?'),
  };
}

type Statements = ReturnType<typeof prepareStatements>;

/** True when this state of the incident was not known. What is stored of a closed one never becomes open again. */
function record(sql: Statements, incident: Incident, receivedAtMs: number): boolean {
  const { incidentId, startedAtMs } = incident;
  const seen = sql.seen.get(incidentId) as unknown as IncidentRow | undefined;
  const closes = incident.state === 'closed';
  if (seen !== undefined && (closes ? seen.closedSeen : seen.openSeen) === 1) return false;
  if (seen?.closedSeen === 1) {
    sql.openAfterClosed.run(receivedAtMs, incidentId);
  } else {
    const openSeen = closes ? (seen?.openSeen ?? 0) : 1;
    sql.put.run(incidentId, startedAtMs, receivedAtMs, openSeen, closes ? 1 : 0, JSON.stringify(incident));
  }
  return true;
}

/** What is kept beside the rollouts: incidents, the freeze, refused messages, leftovers (protocol P6 to P8). */
export function sqliteRegistry(db: DatabaseSync, now: () => number): { [M in RegistryMethod]: Sync<M> } {
  const sql = prepareStatements(db);
  return {
    recordIncident: ({ incident }) => ({ isNew: inTransaction(db, () => record(sql, incident, now())) }),
    registry: ({ sinceMs }) => {
      const frozen = sql.freeze.get() as { freeze: string } | undefined;
      const rows = sql.incidents.all(sinceMs) as unknown as readonly { incident: string }[];
      return {
        incidents: rows.map((row) => JSON.parse(row.incident) as Incident),
        freeze: frozen === undefined ? null : (JSON.parse(frozen.freeze) as Freeze),
      };
    },
    setFreeze: ({ freeze }) => {
      if (freeze === null) sql.thaw.run();
      else sql.setFreeze.run(JSON.stringify(freeze));
    },
    recordRejected: ({ rejected }: { readonly rejected: Rejected }) => {
      sql.reject.run(rejected.id, rejected.atMs, JSON.stringify(rejected));
    },
    leftovers: ({ dueOnly }) => {
      const readAtMs = now();
      const rows = dueOnly ? sql.dueLeftovers.all(readAtMs) : sql.leftovers.all();
      const texts = rows as unknown as readonly { leftover: string }[];
      return { leftovers: texts.map((row) => JSON.parse(row.leftover) as Leftover), readAtMs };
    },
    putLeftover: ({ id, leftover }) => {
      if (leftover === null) sql.dropLeftover.run(id);
      else sql.putLeftover.run(id, leftover.dueAtMs, JSON.stringify(leftover));
    },
  };
}
