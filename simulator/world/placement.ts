import type { Cluster, ClusterNode } from './cluster.ts';
import { type Fields, selects, text } from './fields.ts';
import type { PodNeeds } from './pod.ts';

/** Whether a toleration bears a taint. Source: Kubernetes, "Taints and Tolerations". */
function tolerates(toleration: Fields, taint: ClusterNode['taints'][number]): boolean {
  const effect = text(toleration['effect']) ?? '';
  if (effect !== '' && effect !== taint.effect) return false;
  const key = text(toleration['key']) ?? '';
  const exists = toleration['operator'] === 'Exists';
  if (key === '') return exists;
  return key === taint.key && (exists || (text(toleration['value']) ?? '') === taint.value);
}

/** GKE's admission adds the toleration of the GPU taint to pods that ask for GPUs. */
const GPU_TAINT = 'nvidia.com/gpu';

function fits(needs: PodNeeds, node: ClusterNode): boolean {
  if (node.cordoned || node.gpus - node.gpusUsed < needs.gpus) return false;
  // A pod without GPUs stays off the machines that have them, unless it names them.
  const named = Object.keys(needs.nodeSelector).length > 0;
  if (node.gpus > 0 && needs.gpus === 0 && !named) return false;
  if (named && !selects(needs.nodeSelector, node.labels)) return false;
  return node.taints.every(
    (taint) =>
      taint.effect === 'PreferNoSchedule' ||
      (taint.key === GPU_TAINT && needs.gpus > 0) ||
      needs.tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/**
 * The node for a pod: of the oldest node pool that has one that fits, the one with the most free GPUs; null when none
 * fits. So a stack that names no machines runs on the cluster's own, not on those made for somebody else.
 */
export function placeFor(cluster: Cluster, needs: PodNeeds): ClusterNode | null {
  let best: ClusterNode | null = null;
  for (const node of cluster.nodes.values()) {
    if (best !== null && node.nodePool !== best.nodePool) continue;
    if (!fits(needs, node)) continue;
    if (best === null || node.gpus - node.gpusUsed > best.gpus - best.gpusUsed) best = node;
  }
  return best;
}
