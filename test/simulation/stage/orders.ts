import type { Order } from '../seen.ts';
import type { Trial, TrialOrder, TrialStack } from '../trial.ts';
import { CLUSTER_NAMES, policyOf, windowOf } from './rollout-text.ts';
import { EXAMPLE, namespaceOf, SECOND_ROUTE, stackObjects } from './stack-objects.ts';

/** Shared by both sides, or there for its own sake. */
const SHARED = new Set(['HTTPRoute', 'Gateway', 'InferenceObjective', 'Role']);

const oldObjects = (stack: TrialStack, index: number): Order['oldObjects'] =>
  stackObjects({ ...stack, newSideThere: false, neighbour: false }, index)
    .filter(({ kind }) => !SHARED.has(kind))
    .map(({ kind, metadata }) => ({ kind, name: metadata.name }));

/** Time that a trial's stacks let connections drain: their backend policies say so. */
const DRAIN_MS = 120_000;

/** What an order asks for, in the checkers' words. */
export const orderOf = (
  trial: Trial,
  order: TrialOrder,
  told: { readonly requestId: string; readonly rolloutId: string | null; readonly startMs: number },
): Order => {
  const stack = trial.stacks[order.stack];
  if (stack === undefined) throw new RangeError(`there is no stack ${order.stack}`);
  const { oldPool, newPool, route } = EXAMPLE[stack.type];
  const window = windowOf(order, told.startMs);
  return {
    requestId: told.requestId,
    rolloutId: told.rolloutId,
    cluster: CLUSTER_NAMES[stack.cluster],
    namespace: namespaceOf(order.stack),
    type: stack.type,
    source: stack.newSideThere ? 'existing' : 'manifests',
    oldPool,
    newPool,
    oldReplicas: stack.replicas,
    newReplicas: stack.replicas,
    routes: stack.secondRoute ? [route, SECOND_ROUTE] : [route],
    oldObjects: oldObjects(stack, order.stack),
    ladder: order.ladder.map(({ share, bakeMs, approval }) => ({ sharePercent: share, bakeMs, approval })),
    settleMs: order.settleMs,
    errorRatioMax: 0.01,
    errorSamplesMin: order.errorSamplesMin,
    floorPercent: order.floorPercent,
    onHoldForMs: order.onHoldForMs,
    retentionMs: order.retentionMs,
    retire: order.retire,
    drainMs: DRAIN_MS,
    policies: [policyOf(order.stack)],
    windows:
      window === null
        ? []
        : [0, 1, 2, 3].map((day) => ({
            fromMs: window.fromMs + day * 86_400_000,
            toMs: window.toMs + day * 86_400_000,
          })),
  };
};
