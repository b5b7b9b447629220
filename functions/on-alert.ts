import type { CloudEvent } from '../workflows/door-types.ts';
import { isMachineUnknown, isOurFault } from '../workflows/errors.ts';
import type { Incident } from '../workflows/rollout/stored.ts';
import { applyIncident } from './runtime/apply-incident.ts';
import { decodeJson } from './runtime/decode.ts';
import { messageDoor } from './runtime/entrypoint.ts';
import { incidentOf } from './runtime/incident-message.ts';
import { executeRollbackRecord } from './runtime/rollback-record.ts';
import type { Shell } from './runtime/shell.ts';
import { settle } from './runtime/wake.ts';

/**
 * An incident of Cloud Monitoring. It is in the registry before it is acknowledged, whether or not a rollout wants it
 * (protocol P8); then every rollout that watches its policy hears of it. A duplicate that is accounted for still drains.
 */
export const createOnAlert = (shell: Shell): ((event: CloudEvent) => Promise<void>) =>
  messageDoor(shell, 'on-alert', async (event) => {
    const incident = incidentOf(decodeJson(event));
    if (incident === null) {
      shell.ports.log('NOTICE', 'alert-test', 'a test message came through the alert channel');
      return;
    }
    await shell.ports.store.recordIncident({ incident });
    const failures: unknown[] = [];
    // Whatever is wrong with one rollout, the others hear of it too.
    for (const rolloutId of await shell.ports.store.watching({ policy: incident.policy })) {
      try {
        await tell(shell, rolloutId, incident);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  });

const tell = async (shell: Shell, rolloutId: string, incident: Incident): Promise<void> => {
  try {
    const document = await applyIncident(shell, rolloutId, incident);
    if (document !== null) await settle(shell, document);
  } catch (error) {
    if (!isOurFault(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    await executeRollbackRecord(shell, rolloutId, {
      why: `alert ${incident.incidentId}: ${why}`,
      onlyOnceWritten: true,
    });
    // Other code may know the machine: the message comes again, and finds the traffic back.
    if (isMachineUnknown(error)) throw error;
  }
};
