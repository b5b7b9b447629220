import type { IncidentMessage } from '../../../simulator/world/incident-message.ts';
import type { Trial } from '../trial.ts';
import type { Recorder } from './recorder.ts';

const FROZEN = /^frozen until (\d+)$/;

const process = (recorder: Recorder, name: string, what: string): void => {
  const atMs = recorder.nowMs;
  if (what === 'crashed') recorder.add({ kind: 'fault', atMs, what: 'crashed', whom: name, forMs: null });
  const frozen = FROZEN.exec(what);
  if (frozen !== null)
    recorder.add({ kind: 'fault', atMs, what: 'frozen', whom: name, forMs: Number(frozen[1]) - atMs });
};

/** The kinds of faults that the seed may choose, once each, for the whole phase; and those that have their own time. */
const rates = (recorder: Recorder, trial: Trial, startMs: number): void => {
  const groups: readonly (readonly [string, Readonly<Record<string, unknown>> | null])[] = [
    ['calls', trial.calls as Readonly<Record<string, unknown>> | null],
    ['platform', trial.platform as Readonly<Record<string, unknown>> | null],
    ['store', trial.store as Readonly<Record<string, unknown>> | null],
    ['answers', trial.answers as Readonly<Record<string, unknown>> | null],
  ];
  for (const [whom, group] of groups)
    for (const [kind, rate] of Object.entries(group ?? {}))
      if (typeof rate === 'number' && rate > 0 && !kind.endsWith('Ms'))
        recorder.add({
          kind: 'fault',
          atMs: startMs,
          what: `${whom}.${kind}`,
          whom,
          forMs: trial.faultsForMs,
        });
  for (const { afterMs, forMs } of trial.store?.outages ?? [])
    recorder.add({ kind: 'fault', atMs: startMs + afterMs, what: 'outage', whom: 'store', forMs });
};

const incident = (recorder: Recorder, message: IncidentMessage, atMs: number): void => {
  // Somebody tries the channel: no incident, whatever it looks like.
  if (message.version === 'test') return;
  const { incident_id: id, state, condition_name, policy_name, started_at } = message.incident;
  recorder.add({
    kind: 'sent',
    atMs,
    via: 'alerts',
    id: `${id}/${state}`,
    action: 'alert',
    rolloutId: null,
    body: { state, condition_name, policy_name, condition: message.incident.condition.name, started_at },
  });
};

export const recordFaults = { process, rates, incident };
