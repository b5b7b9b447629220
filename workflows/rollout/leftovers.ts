import type { RolloutContext } from './context.ts';
import type { Leftover, RolloutDocument } from './stored.ts';

/**
 * What outlives a rollout (protocol P6): accelerators that were bought are kept for a time after a failure, because they
 * may have taken days to get; a side that could not be deleted, or was not to be, stays for a person.
 */
export const leftoversOf = (document: RolloutDocument, context: RolloutContext): readonly Leftover[] => {
  const cluster = document.poolKey.split('/').slice(0, 6).join('/');
  const found: Leftover[] = [];
  const whyLeft = whyNewSideIsLeft(context);
  if (context.nodePool !== null && context.ending !== null)
    found.push(nodePoolLeftover(document, context, context.nodePool, cluster));
  if (whyLeft !== null) found.push(newSideLeftover(document, context, whyLeft, cluster));
  if (context.ending === null && context.notDone.length > 0)
    found.push({
      id: `${document.rolloutId}/old-side`,
      rolloutId: document.rolloutId,
      kind: 'oldSide',
      cluster,
      name: context.course?.oldPool ?? '',
      reason: context.notDone.join('; '),
      dueAtMs: null,
      byHand:
        context.course?.unloadsOld === true
          ? unloadByHand(context.course.oldPool)
          : `kubectl delete inferencepool ${context.course?.oldPool ?? ''}`,
      attemptedAtMs: null,
    });
  return found;
};

/** No command does it: the entry is text within a ConfigMap. */
const unloadByHand = (adapter: string): string =>
  `move ${adapter} from ensureExist to ensureNotExist in the ConfigMap of the adapter syncer`;

/** These end with everything as it is. */
const LEFT_ALONE = new Set(['abandoned', 'oldSideLost']);

/** null: nothing that we created is left. */
const whyNewSideIsLeft = ({ ending, course, notDone }: RolloutContext): string | null => {
  if (ending === null || course?.hasObjects !== true) return null;
  if (LEFT_ALONE.has(ending.reason)) return `${ending.reason}: ${ending.sentence}`;
  return notDone.length === 0 ? null : notDone.join('; ');
};

const newSideLeftover = (
  document: RolloutDocument,
  context: RolloutContext,
  why: string,
  cluster: string,
): Leftover => {
  const carries =
    context.writtenPercent > 0 ? `; its share was ${context.writtenPercent} % and must be 0 first` : '';
  const deletions = context.created.map(({ plural, group, namespace, name }) => {
    const where = namespace === null ? '' : `--namespace ${namespace} `;
    return `kubectl delete ${where}${plural}${group === '' ? '' : `.${group}`}/${name}`;
  });
  return {
    id: `${document.rolloutId}/new-side`,
    rolloutId: document.rolloutId,
    kind: 'newSide',
    cluster,
    name: context.course?.newPool ?? '',
    reason: `${why}${carries}`,
    dueAtMs: null,
    byHand: [
      ...(deletions.length === 0 ? [] : [deletions.toReversed().join(' && ')]),
      ...(context.course?.loadsAdapter === true ? [unloadByHand(context.course.newPool)] : []),
    ].join('; '),
    attemptedAtMs: null,
  };
};

const nodePoolLeftover = (
  document: RolloutDocument,
  context: RolloutContext,
  nodePool: string,
  cluster: string,
): Leftover => {
  const configuredMs =
    context.ending?.outcome === 'rolledBack'
      ? (context.course?.afterNodePoolMs ?? null)
      : (context.course?.nodePool?.keepAfterFailureMs ?? null);
  // Pods that are left may carry traffic: who removes them removes what they run on.
  const isUsed = whyNewSideIsLeft(context) !== null;
  // One without a node is kept for nobody; that it could not be deleted yet is why it is here.
  const keepMs = !context.nodePoolReady ? 0 : isUsed ? null : configuredMs;
  const [, project, , location, , name] = cluster.split('/');
  return {
    id: `${document.rolloutId}/${nodePool}`,
    rolloutId: document.rolloutId,
    kind: 'nodePool',
    cluster,
    name: nodePool,
    reason: context.nodePoolReady
      ? `kept after ${context.ending?.reason ?? 'the end'}: ${isUsed ? 'the new side is left on it' : 'accelerators are hard to get'}`
      : 'it has no ready node and could not be deleted before the rollout ended',
    dueAtMs: keepMs === null ? null : context.nowMs + keepMs,
    byHand: `gcloud container node-pools delete ${nodePool} --cluster ${name ?? ''} --location ${location ?? ''} --project ${project ?? ''}`,
    attemptedAtMs: null,
  };
};
