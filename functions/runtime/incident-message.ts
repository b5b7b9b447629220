/** Cloud Monitoring's notification on a Pub/Sub channel, versions 1.2 and "test", as captured from the real service. */
import * as z from 'zod';
import { TerminalError } from '../../workflows/errors.ts';
import type { Incident } from '../../workflows/rollout/stored.ts';

/** Of a date that can be one: what is beyond is no time, and could not be stored. */
const seconds = z.number().min(0).max(8_640_000_000_000).nullable().default(null);

/** Only for people: no reason to lose an alert. */
const words = z.string().catch('');

const notification = z.object({
  version: z.string(),
  incident: z.object({
    incident_id: z.string().min(1),
    state: z.string(),
    started_at: seconds,
    ended_at: seconds.catch(null),
    summary: words,
    policy_name: words,
    condition: z.object({ name: words }).nullable().optional(),
  }),
});

/** null: a test message, to be acknowledged and ignored. @throws TerminalError `incident-malformed`. */
export const incidentOf = (json: unknown): Incident | null => {
  const parsed = notification.safeParse(json);
  if (!parsed.success)
    throw new TerminalError('incident-malformed', 'not a notification of Cloud Monitoring');
  const { version, incident } = parsed.data;
  if (version === 'test') return null;
  const state = incident.state.toLowerCase();
  if (state !== 'open' && state !== 'closed')
    throw new TerminalError(
      'incident-malformed',
      `incident ${incident.incident_id} has the state "${incident.state}"`,
    );
  // projects/P/alertPolicies/ID/conditions/CID
  const policy = incident.condition?.name.split('/conditions/')[0] ?? '';
  if (policy === '' || incident.started_at === null)
    throw new TerminalError(
      'incident-malformed',
      `incident ${incident.incident_id} names no policy or no start`,
    );
  return {
    incidentId: incident.incident_id,
    state,
    policy,
    policyDisplayName: incident.policy_name,
    startedAtMs: incident.started_at * 1000,
    endedAtMs: incident.ended_at === null ? null : incident.ended_at * 1000,
    summary: incident.summary.slice(0, 500),
  };
};
