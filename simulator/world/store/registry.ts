import type { StorePort } from '../../../workflows/ports.ts';
import type { Incident, Leftover } from '../../../workflows/rollout/stored.ts';
import type { StoreRecords } from './records.ts';
import { compareText } from './sorted-list.ts';

/** True when this state of the incident was not known; a closed one stays closed. */
export function recordIncident(records: StoreRecords, incident: Incident, receivedAtMs: number): boolean {
  const known = records.incidents.get(incident.incidentId);
  const closes = incident.state === 'closed';
  if (closes ? known?.closedSeen : known?.openSeen) return false;
  records.incidents.set(incident.incidentId, {
    incident: known?.closedSeen === true ? known.incident : Object.freeze(incident),
    receivedAtMs,
    openSeen: !closes || known?.openSeen === true,
    closedSeen: closes || known?.closedSeen === true,
  });
  return true;
}

/** Incidents that started or were received at or after `sinceMs`, by start. */
export function incidentsSince(records: StoreRecords, sinceMs: number): readonly Incident[] {
  const found: Incident[] = [];
  for (const { incident, receivedAtMs } of records.incidents.values()) {
    if (incident.startedAtMs >= sinceMs || receivedAtMs >= sinceMs) found.push(incident);
  }
  return found.sort((a, b) => a.startedAtMs - b.startedAtMs || compareText(a.incidentId, b.incidentId));
}

/** By due time, those without one last. */
export function leftoversOf(records: StoreRecords, dueBeforeMs: number | null): readonly Leftover[] {
  const all = [...records.leftovers.values()];
  const found =
    dueBeforeMs === null ? all : all.filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= dueBeforeMs);
  const order = ({ dueAtMs }: Leftover) => dueAtMs ?? Number.MAX_VALUE;
  return found.sort((a, b) => order(a) - order(b) || compareText(a.id, b.id));
}

type Answer<M extends keyof StorePort> = Awaited<ReturnType<StorePort[M]>>;

export function lookUpStart(
  records: StoreRecords,
  call: Parameters<StorePort['lookUpStart']>[0],
  readAtMs: number,
): Answer<'lookUpStart'> {
  return {
    rolloutId: records.requests.get(call.requestId) ?? null,
    nextNumber: (records.counters.get(call.name) ?? 0) + 1,
    holder: records.locks.get(call.poolKey) ?? null,
    readAtMs,
  };
}
