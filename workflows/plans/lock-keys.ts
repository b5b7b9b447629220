/**
 * What a rollout locks (protocol P6), by canonical cluster name. The key of a pool is the document's `poolKey`, for the
 * old and for the new pool alike: a rollout whose new pool is another one's old pool meets it here.
 */

export const poolLockKey = (cluster: string, namespace: string, pool: string): string =>
  `${cluster}/${namespace}/${pool}`;

export const routeLockKey = (cluster: string, namespace: string, route: string): string =>
  `${cluster}/${namespace}/httproutes/${route}`;

export const nodePoolLockKey = (cluster: string, nodePool: string): string =>
  `${cluster}/nodePools/${nodePool}`;
