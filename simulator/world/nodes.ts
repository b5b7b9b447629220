import type { GkeTaint } from '../../workflows/ports.ts';
import { type Cluster, type ClusterNode, locationOf } from './cluster.ts';
import type { Engine } from './engine.ts';
import { fields } from './fields.ts';
import { hash32 } from './random.ts';
import { NODE } from './resources.ts';

/** What a node is made after. */
export interface NodeShape {
  readonly nodePool: string;
  readonly zone: string;
  readonly machineType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly GkeTaint[];
  readonly slowness: number | null;
}

const EFFECTS = {
  NO_SCHEDULE: 'NoSchedule',
  PREFER_NO_SCHEDULE: 'PreferNoSchedule',
  NO_EXECUTE: 'NoExecute',
} as const;

/** GKE taints nodes with GPUs by itself. */
const GPU_TAINT = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' };

/** Makes a machine with its Node object, ready at once. */
export function addNode(engine: Engine, cluster: Cluster, shape: NodeShape): ClusterNode {
  const machine = engine.parameters.machineTypes[shape.machineType];
  const gpus = machine?.gpus ?? 0;
  const hash = hash32(`${cluster.name}/${shape.nodePool}/${cluster.nodes.size}/${engine.now()}`);
  const name = `gke-inference-${shape.nodePool}-${hash.toString(36).padStart(8, '0').slice(0, 8)}`;
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'node.kubernetes.io/instance-type': shape.machineType,
    'topology.kubernetes.io/region': locationOf(cluster.name),
    'topology.kubernetes.io/zone': shape.zone,
    'cloud.google.com/gke-nodepool': shape.nodePool,
    ...(machine?.accelerator ? { 'cloud.google.com/gke-accelerator': machine.accelerator } : {}),
    ...shape.labels,
  };
  const taints = [
    ...shape.taints.map((taint) => ({ key: taint.key, value: taint.value, effect: EFFECTS[taint.effect] })),
    ...(gpus > 0 ? [GPU_TAINT] : []),
  ];
  const capacity = {
    cpu: '192',
    memory: '1900Gi',
    pods: '110',
    ...(gpus > 0 ? { 'nvidia.com/gpu': `${gpus}` } : {}),
  };
  cluster.kube.put(
    NODE,
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
      spec: { providerID: `gce://acme/${shape.zone}/${name}`, ...(taints.length > 0 ? { taints } : {}) },
      status: {
        capacity,
        allocatable: capacity,
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      },
    },
    'cloud-controller-manager',
  );
  const node: ClusterNode = {
    name,
    nodePool: shape.nodePool,
    labels,
    taints,
    gpus,
    slowness: shape.slowness ?? machine?.slowness ?? 1,
    gpusUsed: 0,
    cordoned: false,
  };
  cluster.nodes.set(name, node);
  return node;
}

/** `kubectl cordon`. */
export function cordon(cluster: Cluster, node: ClusterNode): void {
  node.cordoned = true;
  const stored = cluster.kube.read(NODE, null, node.name);
  if (stored === undefined) return;
  const spec = { ...fields(stored['spec']), unschedulable: true };
  cluster.kube.put(NODE, { ...stored, spec }, 'gke-upgrader');
}

/** Takes a machine away; its pods are the caller's business. */
export function dropNode(cluster: Cluster, node: ClusterNode): void {
  cluster.nodes.delete(node.name);
  cluster.kube.remove(NODE, null, node.name);
}
