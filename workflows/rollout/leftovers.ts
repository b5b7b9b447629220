import type { RolloutContext } from './context.ts';
import type { Leftover, RolloutDocument } from './stored.ts';

/**
 * What outlives a rollout (protocol P6): accelerators that were bought are kept for a time after a failure, because they
 * may have taken days to get; an old side that could not be retired stays for a person.
 */
export const leftoversOf = (document: RolloutDocument, context: RolloutContext): readonly Leftover[] => {
  const cluster = document.poolKey.split('/').slice(0, 6).join('/');
  const found: Leftover[] = [];
  if (context.nodePool !== null && context.ending !== null)
    found.push(nodePoolLeftover(document, context, context.nodePool, cluster));
  if (context.ending === null && context.notDone.length > 0)
    found.push({
      id: `${document.rolloutId}/old-side`,
      rolloutId: document.rolloutId,
      kind: 'oldSide',
      cluster,
      name: context.course?.oldPool ?? '',
      reason: context.notDone.join('; '),
      dueAtMs: null,
      byHand: `kubectl delete inferencepool ${context.course?.oldPool ?? ''}`,
      attemptedAtMs: null,
    });
  return found;
};

const nodePoolLeftover = (
  document: RolloutDocument,
  context: RolloutContext,
  nodePool: string,
  cluster: string,
): Leftover => {
  const keepMs =
    context.ending?.outcome === 'rolledBack'
      ? (context.course?.afterNodePoolMs ?? null)
      : (context.course?.nodePool?.keepAfterFailureMs ?? null);
  const [, project, , location, , name] = cluster.split('/');
  return {
    id: `${document.rolloutId}/${nodePool}`,
    rolloutId: document.rolloutId,
    kind: 'nodePool',
    cluster,
    name: nodePool,
    reason: `kept after ${context.ending?.reason ?? 'the end'}: accelerators are hard to get`,
    dueAtMs: keepMs === null ? null : context.nowMs + keepMs,
    byHand: `gcloud container node-pools delete ${nodePool} --cluster ${name ?? ''} --location ${location ?? ''} --project ${project ?? ''}`,
    attemptedAtMs: null,
  };
};
