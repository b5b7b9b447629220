/** Where new pods run (protocol P6): nodeSelector and toleration, in the templates that the new pool selects and nowhere else. */
import type { KubeObject } from '../kubernetes.ts';
import type { GkeTaint } from '../ports.ts';
import { at, fieldsOf, itemsOf, textAt } from './fields.ts';

export const NODE_POOL_LABEL = 'cloud.google.com/gke-nodepool';
export const ROLLOUT_TAINT = 'sluice.dev/rollout';

/** Stands for the name of the node pool that is created: it contains the attempt, so the plan cannot know it. */
export const NODE_POOL_PLACEHOLDER = '{nodePool}';

/** Kubernetes' spelling of GKE's taint effects. */
export const TAINT_EFFECTS = {
  NO_SCHEDULE: 'NoSchedule',
  PREFER_NO_SCHEDULE: 'PreferNoSchedule',
  NO_EXECUTE: 'NoExecute',
} as const;

export interface Placement {
  /** null: a pool is created, its name is not known yet. */
  readonly nodePool: string | null;
  /** The pool's taint of ours; null where it has none. */
  readonly taint: GkeTaint | null;
}

/** The workload with its template bound to the node pool. The caller has checked that nothing contradicts. */
export const placeWorkload = (workload: KubeObject, placement: Placement): KubeObject => {
  const spec = fieldsOf(workload['spec']);
  const template = fieldsOf(spec['template']);
  const podSpec = fieldsOf(template['spec']);
  const { taint } = placement;
  const tolerations = itemsOf(podSpec['tolerations']);
  const isThere = tolerations.some((one) => textAt(one, 'key') === ROLLOUT_TAINT);
  const added =
    taint === null || isThere
      ? []
      : [{ key: taint.key, operator: 'Equal', value: taint.value, effect: TAINT_EFFECTS[taint.effect] }];
  const all = [...tolerations, ...added];
  return {
    ...workload,
    spec: {
      ...spec,
      template: {
        ...template,
        spec: {
          ...podSpec,
          nodeSelector: {
            ...fieldsOf(at(podSpec, 'nodeSelector')),
            [NODE_POOL_LABEL]: placement.nodePool ?? NODE_POOL_PLACEHOLDER,
          },
          ...(all.length > 0 ? { tolerations: all } : {}),
        },
      },
    },
  };
};
