import { must } from '../../../workflows/assert.ts';
import { NODE_POOL_OWNER_LABEL } from '../../../workflows/plans/plan-create.ts';
import type { Hand, HandResult } from './hand.ts';

const POLL_MS = 15_000;

const again = (why: string): HandResult => ({ kind: 'again', inMs: POLL_MS, why });

const DONE: HandResult = { kind: 'outcome', outcome: { kind: 'nodePoolDeleted' } };

/**
 * Deletes the node pool that we created, and is done when it is gone. The call carries no version to test, so the pool
 * is looked at first: one without our label is not ours, whatever its name.
 */
export const deleteNodePool: Hand<'deleteNodePool'> = async (ports, job) => {
  const { cluster } = must(job.plan, 'plan');
  const { nodePool } = job.effect;
  const found = await ports.gke.getNodePool({ cluster, nodePool });
  if (found.kind === 'noAnswer') return again(found.why);
  if (found.kind === 'error')
    return found.code === 'NOT_FOUND'
      ? afterAbsence(nodePool, await ports.gke.listOperations({ cluster }))
      : again(found.message);
  if (found.value.config.resourceLabels?.[NODE_POOL_OWNER_LABEL] !== job.rolloutId) {
    ports.log('ERROR', 'node-pool-not-ours', `node pool ${nodePool} is not of this rollout and is kept`, {
      rolloutId: job.rolloutId,
      cluster,
    });
    return DONE;
  }
  if (found.value.status === 'STOPPING') return again(`node pool ${nodePool} is being deleted`);
  const answer = await ports.gke.deleteNodePool({ cluster, nodePool });
  if (answer.kind === 'ok') return again(`operation ${answer.value.name} runs`);
  if (answer.kind === 'noAnswer') return again(answer.why);
  return answer.code === 'NOT_FOUND' ? DONE : again(`${answer.code}: ${answer.message}`);
};

/** Absent, but perhaps still being made by an operation whose answer was lost: then it will be there to delete. */
const afterAbsence = (
  nodePool: string,
  operations: Awaited<ReturnType<Parameters<Hand<'deleteNodePool'>>[0]['gke']['listOperations']>>,
): HandResult => {
  if (operations.kind !== 'ok') return again(`operations of the cluster are not known`);
  const running = operations.value.some(
    (one) =>
      one.status !== 'DONE' &&
      one.operationType === 'CREATE_NODE_POOL' &&
      one.targetLink.endsWith(`/nodePools/${nodePool}`),
  );
  return running ? again(`node pool ${nodePool} is still being made`) : DONE;
};
