import type { Order } from '../seen.ts';
import type { Timeline } from './timeline.ts';

/**
 * How many replicas the old side had been given when the plan was made, which is what the new side needs for a share of 100
 * as well: an autoscaler, or a person, may have been there before.
 */
export const plannedReplicas = (timeline: Timeline, order: Order): number => {
  const planned = timeline
    .entries(order.rolloutId ?? '')
    .findLast(({ from, to }) => from === 'preflight' && to === 'deploying');
  const place = {
    cluster: order.cluster,
    resource: 'deployments.apps',
    namespace: order.namespace,
    name: order.oldPool,
  };
  const scaled = timeline
    .writes(place)
    .findLast(({ atMs, by, after }) => by === 'other' && after !== null && atMs <= (planned?.atMs ?? 0));
  const replicas = (scaled?.after?.['spec'] as { readonly replicas?: number } | undefined)?.replicas;
  return Math.min(order.oldReplicas, replicas ?? order.oldReplicas);
};
