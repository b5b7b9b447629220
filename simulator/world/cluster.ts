import type { GkeOperation, NodePool } from '../../workflows/ports.ts';
import type { Engine } from './engine.ts';
import type { WorldKubeServer } from './kubernetes/kube-server.ts';
import type { ClusterParameters } from './parameters.ts';
import type { Pod } from './pod.ts';

/** One machine. */
export interface ClusterNode {
  readonly name: string;
  readonly nodePool: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  readonly gpus: number;
  readonly slowness: number;
  gpusUsed: number;
  /** Takes no new pods. */
  cordoned: boolean;
}

export interface Operation {
  value: GkeOperation;
  readonly nodePool: string;
}

/** One GKE cluster: its API server, machines, operations and pods. */
export interface Cluster {
  readonly name: string;
  readonly parameters: ClusterParameters;
  readonly kube: WorldKubeServer;
  readonly nodePools: Map<string, NodePool>;
  readonly nodes: Map<string, ClusterNode>;
  /** By short name, in order of start. */
  readonly operations: Map<string, Operation>;
  /** By uid, in order of creation; a pod leaves when its object does. */
  readonly pods: Map<string, Pod>;
  /** The control plane answers nobody before this time. */
  unreachableUntilMs: number;
}

export function createCluster(engine: Engine, parameters: ClusterParameters, kube: WorldKubeServer): Cluster {
  return {
    name: parameters.name,
    parameters,
    kube,
    nodePools: new Map(),
    nodes: new Map(),
    operations: new Map(),
    pods: new Map(),
    unreachableUntilMs: engine.now(),
  };
}

/** `us-central1` of `projects/P/locations/us-central1/clusters/C`. */
export function locationOf(cluster: string): string {
  return cluster.split('/')[3] ?? '';
}

/** `projects/P`. */
export function projectOf(cluster: string): string {
  return cluster.split('/').slice(0, 2).join('/');
}
