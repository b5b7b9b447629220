import type { Incident, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { advance } from './advance.ts';
import type { Shell } from './shell.ts';

/** The incident as a message to one rollout. The same incident in the same state counts once (protocol P7). */
export const applyIncident = async (
  shell: Shell,
  rolloutId: string,
  incident: Incident,
): Promise<RolloutDocument | null> => {
  const advanced = await advance(shell, rolloutId, () => ({
    kind: 'alert',
    messageId: `incident/${incident.incidentId}/${incident.state}`,
    incident,
  }));
  return advanced.kind === 'missing' ? null : advanced.document;
};
