/**
 * The way back without the machine (protocol P5): when a snapshot cannot be read or the machine throws, an alert or
 * `sluice rollback --force` writes the stored originals, with a new fence. Its record's shape never changes.
 */
import { type RollbackRecord, readRollbackRecord } from '../../workflows/rollout/planned-texts.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { realPatch, resourceOf, viewOf } from '../../workflows/steps/carrier.ts';
import { rollbackPatch } from '../../workflows/steps/rollback-patch.ts';
import { nextFenceValue } from '../../workflows/steps/route-fence.ts';
import { advance } from './advance.ts';
import { all } from './all.ts';
import type { Shell } from './shell.ts';

const ATTEMPTS_MAX = 5;

export interface RecordOrder {
  readonly why: string;
  /** An alert is nothing to a rollout that has no record yet; a person who wants it to end is. */
  readonly onlyOnceWritten: boolean;
}

/**
 * Writes every route of the record back. What fails is logged as CRITICAL: a person must act. False: there is nothing to
 * be done without the machine.
 */
export const executeRollbackRecord = async (
  shell: Shell,
  rolloutId: string,
  { why, onlyOnceWritten }: RecordOrder,
): Promise<boolean> => {
  const document = await raiseFence(shell, rolloutId, { why, onlyOnceWritten });
  if (document === null) return false;
  if (document.rollbackRecord === null) return true;
  const record = readRollbackRecord(document.rollbackRecord);
  if (record === null) {
    shell.ports.log(
      'CRITICAL',
      'rollback-by-record-failed',
      `${rolloutId}: the machine is broken, and what was kept of the originals cannot be read: ${why}`,
      { rolloutId },
    );
    return true;
  }
  shell.ports.log(
    'CRITICAL',
    'rollback-by-record',
    `${rolloutId}: the machine is broken, writing the originals back: ${why}`,
    { rolloutId },
  );
  const written = await all(record.routes.map((route) => writeBack(shell, document, record, route)));
  const failed = record.routes.filter((_, index) => written[index] !== true);
  if (failed.length > 0)
    shell.ports.log(
      'CRITICAL',
      'rollback-by-record-failed',
      `${rolloutId}: not written back: ${failed.map((route) => `${route.namespace}/${route.name}`).join(', ')}`,
      { rolloutId },
    );
  return true;
};

/** A new decision, journalled: writes of older ones can no longer land. */
const raiseFence = async (
  shell: Shell,
  rolloutId: string,
  { why, onlyOnceWritten }: RecordOrder,
): Promise<RolloutDocument | null> => {
  const advanced = await advance(shell, rolloutId, (document) =>
    // The old side goes: its traffic cannot be given back any more.
    document.state === 'retiring' || (onlyOnceWritten && document.rollbackRecord === null)
      ? null
      : { kind: 'recordExecuted', messageId: `record/${document.fence}`, why },
  );
  return advanced.kind === 'applied' ? advanced.document : null;
};

const writeBack = async (
  shell: Shell,
  document: RolloutDocument,
  record: RollbackRecord,
  plan: RollbackRecord['routes'][number],
): Promise<boolean> => {
  const where = {
    cluster: record.cluster,
    resource: resourceOf(plan),
    namespace: plan.namespace,
    name: plan.name,
  };
  const sides = { oldPool: record.oldPool, newPool: record.newPool, namespace: record.namespace };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const found = await shell.ports.kubernetes.get(where);
    if (found.kind !== 'answer' || found.object === undefined) continue;
    const route = viewOf(found.object, plan);
    const fenceValue = nextFenceValue(route, document.rolloutId, document.fence);
    const patch = rollbackPatch({ route, plan, sides, fenceValue, sharePercent: 0 });
    const answer = await shell.ports.kubernetes.jsonPatch({
      ...where,
      patch: realPatch(found.object, plan, patch),
    });
    if (answer.kind === 'answer' && answer.status < 300) return true;
  }
  return false;
};
