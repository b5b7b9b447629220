/**
 * The way back without the machine (protocol P5): when a snapshot cannot be read or the machine throws, an alert or
 * `sluice rollback --force` writes the stored originals, with a new fence. Its record's shape never changes.
 */
import { RESOURCES } from '../../workflows/kubernetes.ts';
import type { RollbackRecord } from '../../workflows/rollout/step.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { rollbackPatch } from '../../workflows/steps/rollback-patch.ts';
import { nextFenceValue } from '../../workflows/steps/route-fence.ts';
import { commitOnce } from './advance.ts';
import type { Shell } from './shell.ts';

const ATTEMPTS_MAX = 5;

/** Writes every route of the record back. What fails is logged as CRITICAL: a person must act. */
export const executeRollbackRecord = async (shell: Shell, rolloutId: string, why: string): Promise<void> => {
  const document = await raiseFence(shell, rolloutId);
  if (document === null || document.rollbackRecord === null) return;
  const record = JSON.parse(document.rollbackRecord) as RollbackRecord;
  shell.ports.log(
    'CRITICAL',
    'rollback-by-record',
    `${rolloutId}: the machine is broken, writing the originals back: ${why}`,
    { rolloutId },
  );
  const written = await Promise.all(record.routes.map((route) => writeBack(shell, document, record, route)));
  const failed = record.routes.filter((_, index) => written[index] !== true);
  if (failed.length > 0)
    shell.ports.log(
      'CRITICAL',
      'rollback-by-record-failed',
      `${rolloutId}: not written back: ${failed.map((route) => `${route.namespace}/${route.name}`).join(', ')}`,
      { rolloutId },
    );
};

/** A new decision: writes of older ones can no longer land. */
const raiseFence = async (shell: Shell, rolloutId: string): Promise<RolloutDocument | null> => {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { document } = await shell.ports.store.load({ rolloutId });
    if (document === null || document.finishedAtMs !== null) return null;
    const next = {
      ...document,
      revision: document.revision + 1,
      fence: document.fence + 1,
      lastCommitId: shell.nextCommitId(),
    };
    const result = await commitOnce(shell, {
      expectedRevision: document.revision,
      document: next,
      entries: [],
    });
    if (result?.kind === 'committed') return next;
  }
  return null;
};

const writeBack = async (
  shell: Shell,
  document: RolloutDocument,
  record: RollbackRecord,
  plan: RollbackRecord['routes'][number],
): Promise<boolean> => {
  const where = {
    cluster: record.cluster,
    resource: RESOURCES.httpRoute,
    namespace: plan.namespace,
    name: plan.name,
  };
  const sides = { oldPool: record.oldPool, newPool: record.newPool, namespace: record.namespace };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const found = await shell.ports.kubernetes.get(where);
    if (found.kind !== 'answer' || found.object === undefined) continue;
    const patch = rollbackPatch({
      route: found.object,
      plan,
      sides,
      fenceValue: nextFenceValue(found.object, document.rolloutId, document.fence),
      sharePercent: 0,
    });
    const answer = await shell.ports.kubernetes.jsonPatch({ ...where, patch });
    if (answer.kind === 'answer' && answer.status < 300) return true;
  }
  return false;
};
