import type { GkeAnswer, GkePort } from '../../workflows/ports.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Handled, Handlers } from './handlers.ts';
import type { NodePools } from './node-pools.ts';

export function gkeHandlers(
  engine: Engine,
  clusters: ReadonlyMap<string, Cluster>,
  nodePools: NodePools,
): Handlers<GkePort> {
  const on = <T>(name: string, read: (cluster: Cluster) => GkeAnswer<T>): Handled<GkeAnswer<T>> => {
    const cluster = clusters.get(name);
    const tookMs = engine.drawQuietly('apiCall');
    if (cluster !== undefined) return { value: read(cluster), tookMs };
    return { value: { kind: 'error', code: 'NOT_FOUND', message: `Not found: ${name}.` }, tookMs };
  };
  const found = <T>(value: T | undefined, what: string): GkeAnswer<T> =>
    value === undefined
      ? { kind: 'error', code: 'NOT_FOUND', message: `Not found: ${what}.` }
      : { kind: 'ok', value };
  return {
    getNodePool: (call) =>
      on(call.cluster, (cluster) =>
        found(cluster.nodePools.get(call.nodePool), `${call.cluster}/nodePools/${call.nodePool}`),
      ),
    listNodePools: (call) =>
      on(call.cluster, (cluster) => ({ kind: 'ok', value: [...cluster.nodePools.values()] })),
    createNodePool: (call) => on(call.cluster, (cluster) => nodePools.create(cluster, call.nodePool)),
    deleteNodePool: (call) => on(call.cluster, (cluster) => nodePools.remove(cluster, call.nodePool)),
    getOperation: (call) =>
      on(call.cluster, (cluster) =>
        // Both the short name and the full resource name are accepted.
        found(cluster.operations.get(call.operation.split('/').at(-1) ?? '')?.value, call.operation),
      ),
    listOperations: (call) =>
      on(call.cluster, (cluster) => ({
        kind: 'ok',
        value: [...cluster.operations.values()].map(({ value }) => value),
      })),
  };
}
