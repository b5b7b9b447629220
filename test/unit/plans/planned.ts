import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import type { Manifests, RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { CLUSTER, NAMESPACE } from './a-cluster.ts';

export const planned = (
  spec: RolloutSpec,
  manifests: Manifests,
  observed: ObservedCluster,
): { readonly plan: Plan; readonly hash: string } => {
  const result = planRollout(spec, manifests, observed);
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.findings, null, 1));
  return result;
};

/** What changes by itself: order of lists and keys, versions, times, statuses. */
export const disturbed = (observed: ObservedCluster): ObservedCluster => {
  const noise = (object: KubeObject, index: number): KubeObject => {
    const { metadata, ...rest } = object;
    return {
      ...Object.fromEntries(Object.entries(rest).reverse()),
      metadata: {
        managedFields: [{ manager: 'kubelet', time: '2026-11-22T10:00:00Z' }],
        ...Object.fromEntries(Object.entries(metadata).reverse()),
        resourceVersion: `${9000 + index}`,
        creationTimestamp: '2026-11-22T10:00:00Z',
      },
    } as unknown as KubeObject;
  };
  const lists = Object.fromEntries(
    Object.entries(observed).map(([key, value]) => {
      const isObjects =
        Array.isArray(value) && value.some((one) => (one as { metadata?: unknown }).metadata !== undefined);
      return [key, isObjects ? (value as readonly KubeObject[]).map(noise).reverse() : value];
    }),
  );
  return { ...observed, ...lists, oldModels: [...observed.oldModels].reverse() };
};

/** The locks that keep rollouts of adapters out of a pool, in the order of their texts. */
export const slotLocks = (pool: string): readonly string[] =>
  Array.from({ length: 16 }, (_, slot) => `${CLUSTER}/${NAMESPACE}/${pool}/slots/${slot}`).sort();
