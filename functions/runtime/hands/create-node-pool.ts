import { must } from '../../../workflows/assert.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { fillInNodePool } from '../../../workflows/plans/fill-in.ts';
import { isPodReady as isReady } from '../../../workflows/plans/inference-pool.ts';
import { NODE_POOL_LABEL } from '../../../workflows/plans/place-workloads.ts';
import { NODE_POOL_OWNER_LABEL } from '../../../workflows/plans/plan-create.ts';
import type { GkeAnswer, GkeOperation, NodePool, Ports } from '../../../workflows/ports.ts';
import { isWantedNow } from './fence-check.ts';
import type { Hand, HandResult } from './hand.ts';

const POLL_MS = 15_000;

const again = (why: string): HandResult => ({ kind: 'again', inMs: POLL_MS, why });

interface Wanted {
  readonly cluster: string;
  readonly name: string;
  readonly rolloutId: string;
}

/**
 * Creates the node pool and watches its operation to the end. The attempt is in the name and was committed before
 * (protocol P6): a crash between call and answer finds the same name again and adopts it by its label.
 */
export const createNodePool: Hand<'createNodePool'> = async (ports, job) => {
  const { cluster, nodePool: planned } = must(job.plan, 'plan');
  const wanted: Wanted = { cluster, name: job.effect.nodePool, rolloutId: job.rolloutId };
  const found = await ports.gke.getNodePool({ cluster, nodePool: wanted.name });
  if (found.kind === 'ok') return watch(ports, wanted, found.value);
  if (found.kind === 'noAnswer' || found.code !== 'NOT_FOUND')
    return found.kind === 'error' && found.code === 'PERMISSION_DENIED'
      ? failed(wanted, `permission: ${found.message}`, false)
      : again(`node pool ${wanted.name}: ${found.kind === 'noAnswer' ? found.why : found.message}`);
  const operation = await findOperation(ports, wanted);
  if (operation.kind === 'unknown') return again(operation.why);
  if (operation.found !== null) {
    // The pool is not there although its creation was asked for: under way, or it failed and left nothing.
    const { error, status } = operation.found;
    return status === 'DONE' && error !== undefined
      ? failed(wanted, classify(error), false)
      : again(`operation ${operation.found.name} is ${status}`);
  }
  if (!(await isWantedNow(ports, job))) return { kind: 'stale' };
  const answer = await ports.gke.createNodePool({
    cluster,
    nodePool: fillInNodePool(must(planned, 'node pool of the plan').nodePool, wanted.name, job.rolloutId),
  });
  return afterCreate(wanted, answer);
};

const failed = (wanted: Wanted, reason: string, anyReadyNode: boolean): HandResult => ({
  kind: 'outcome',
  outcome: { kind: 'nodePoolFailed', nodePool: wanted.name, reason, anyReadyNode },
});

const afterCreate = (wanted: Wanted, answer: GkeAnswer<GkeOperation>): HandResult => {
  if (answer.kind === 'ok') return again(`operation ${answer.value.name} runs`);
  if (answer.kind === 'noAnswer') return again(`no answer (${answer.why})`);
  const { code, message, reason } = answer;
  switch (code) {
    case 'ALREADY_EXISTS':
    case 'ABORTED':
    case 'INTERNAL':
    case 'UNAVAILABLE':
    case 'NOT_FOUND':
      return again(`${code}: ${message}`);
    case 'FAILED_PRECONDITION':
      // One operation at a time per cluster: ours comes next.
      return reason === 'CLUSTER_ALREADY_HAS_OPERATION' || /operation/i.test(message)
        ? again(message)
        : failed(wanted, `refused: ${message}`, false);
    case 'RESOURCE_EXHAUSTED':
      return /too many operations|per minute/i.test(message)
        ? again(message)
        : failed(wanted, `quota: ${message}`, false);
    case 'PERMISSION_DENIED':
    case 'UNAUTHENTICATED':
      return failed(wanted, `permission: ${message}`, false);
    case 'INVALID_ARGUMENT':
      return failed(wanted, `refused: ${message}`, false);
  }
};

const watch = async (ports: Ports, wanted: Wanted, pool: NodePool): Promise<HandResult> => {
  if (pool.config.resourceLabels?.[NODE_POOL_OWNER_LABEL] !== wanted.rolloutId)
    return failed(wanted, `name taken: node pool ${wanted.name} exists and is not of this rollout`, false);
  if (pool.status === 'RUNNING')
    return { kind: 'outcome', outcome: { kind: 'nodePoolCreated', nodePool: wanted.name } };
  const operation = await findOperation(ports, wanted);
  if (operation.kind === 'unknown') return again(operation.why);
  const { found } = operation;
  const isOver = found === null || found.status === 'DONE';
  const isBroken = pool.status === 'ERROR' || pool.status === 'RUNNING_WITH_ERROR';
  if (!isOver || (!isBroken && found?.error === undefined))
    return again(`node pool ${wanted.name} is ${pool.status ?? 'being made'}`);
  const ready = await anyReadyNode(ports, wanted);
  if (ready === null) return again('nodes could not be listed');
  return failed(
    wanted,
    found?.error === undefined ? `node pool is ${pool.status ?? 'unknown'}` : classify(found.error),
    ready,
  );
};

type Found =
  | { readonly kind: 'known'; readonly found: GkeOperation | null }
  | { readonly kind: 'unknown'; readonly why: string };

/** The operation that creates the pool; the answer to the create call may have been lost, so it is looked for. */
const findOperation = async (ports: Ports, wanted: Wanted): Promise<Found> => {
  const answer = await ports.gke.listOperations({ cluster: wanted.cluster });
  if (answer.kind === 'noAnswer') return { kind: 'unknown', why: `operations: ${answer.why}` };
  if (answer.kind === 'error') return { kind: 'unknown', why: `operations: ${answer.message}` };
  const found = answer.value.find(
    (operation) =>
      operation.operationType === 'CREATE_NODE_POOL' &&
      operation.targetLink.endsWith(`/nodePools/${wanted.name}`),
  );
  return { kind: 'known', found: found ?? null };
};

/** Who can help: another zone or capacity (`stockout`), a person (`quota`, `permission`), nobody yet. */
const classify = (error: NonNullable<GkeOperation['error']>): string => {
  const { code, condition, message } = error;
  if (condition === 'GCE_STOCKOUT' || /GCE_STOCKOUT|ZONE_RESOURCE_POOL_EXHAUSTED/.test(message))
    return `stockout: ${message}`;
  if (condition === 'GCE_QUOTA_EXCEEDED' || /QUOTA/i.test(message)) return `quota: ${message}`;
  if (code === 'PERMISSION_DENIED') return `permission: ${message}`;
  return `${code}: ${message}`;
};

/** Null when nobody knows. Nodes have a Ready condition like pods. */
const anyReadyNode = async (ports: Ports, wanted: Wanted): Promise<boolean | null> => {
  const answer = await ports.kubernetes.list({
    cluster: wanted.cluster,
    resource: RESOURCES.node,
    namespace: null,
    labelSelector: `${NODE_POOL_LABEL}=${wanted.name}`,
  });
  return answer.kind === 'answer' && answer.object !== undefined ? answer.object.items.some(isReady) : null;
};
