import type { Act } from './acts.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { NodePools } from './node-pools.ts';
import { cordon } from './nodes.ts';
import type { Pods } from './pods.ts';

interface DrainParts {
  readonly engine: Engine;
  readonly pods: Pods;
  readonly nodePools: NodePools;
}

/** GKE waits this long for a node's pods at most. Source: GKE, "Node upgrade strategies". */
const DRAIN_MAX_MS = 3_600_000;

/** Shortest time between two evictions. */
const TURN_MS = 1_000;

/** Node after node: no new pods, the present ones evicted one after the other, then another machine. */
export function drainNodes(
  parts: DrainParts,
  cluster: Cluster,
  act: Extract<Act, { kind: 'nodesDrained' }>,
): void {
  const { engine, pods, nodePools } = parts;
  const waiting = [...cluster.nodes.values()]
    .filter(({ nodePool }) => nodePool === act.nodePool)
    .slice(0, act.nodes);
  const drain = (node: ClusterNode, giveUpAtMs: number): void => {
    const present = [...cluster.pods.values()].filter((pod) => pod.node === node);
    if (present.length === 0 || engine.now() >= giveUpAtMs || !cluster.nodes.has(node.name)) {
      nodePools.replaceNode(cluster, node);
      next();
      return;
    }
    const staying = present.find((pod) => !pod.deleting);
    if (staying !== undefined) pods.terminate(staying);
    engine.after(Math.max(TURN_MS, act.everyMs), () => drain(node, giveUpAtMs));
  };
  const next = (): void => {
    const node = waiting.shift();
    if (node === undefined) return;
    if (cluster.nodes.has(node.name)) cordon(cluster, node);
    drain(node, engine.now() + DRAIN_MAX_MS);
  };
  next();
}
