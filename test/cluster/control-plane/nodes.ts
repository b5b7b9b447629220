import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ApiClient } from './api-client.ts';
import { KWOK_NODE_ANNOTATION } from './component-args.ts';
import { until } from './until.ts';

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface KwokNodes {
  readonly nodePool: string;
  readonly count: number;
  /** Default `us-central1-a`; the region is what comes before the last dash. */
  readonly zone?: string;
  /** Default `e2-standard-8`. */
  readonly machineType?: string;
  /** e.g. `nvidia-h100-80gb`; makes the label and, with `gpus`, the taint that GKE adds. */
  readonly accelerator?: string;
  /** GPUs of each node; default 8 with an accelerator, else 0. */
  readonly gpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
}

const READY_WITHIN_MS = 30_000;

const nodeOf = (nodes: KwokNodes, name: string): KubeObject => {
  const { nodePool, zone = 'us-central1-a', machineType = 'e2-standard-8', accelerator } = nodes;
  const gpus = nodes.gpus ?? (accelerator === undefined ? 0 : 8);
  const capacity = {
    cpu: '192',
    memory: '1900Gi',
    pods: '110',
    'ephemeral-storage': '1Ti',
    ...(gpus > 0 ? { 'nvidia.com/gpu': String(gpus) } : {}),
  };
  const taints = [
    ...(nodes.taints ?? []),
    ...(gpus > 0 ? [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }] : []),
  ];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: KWOK_NODE_ANNOTATION,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': machineType,
        'topology.kubernetes.io/region': zone.slice(0, zone.lastIndexOf('-')),
        'topology.kubernetes.io/zone': zone,
        'cloud.google.com/gke-nodepool': nodePool,
        ...(accelerator === undefined ? {} : { 'cloud.google.com/gke-accelerator': accelerator }),
        ...nodes.labels,
      },
    },
    spec: { taints, providerID: `gce://test/${zone}/${name}` },
    status: { capacity, allocatable: capacity },
  };
};

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec?: { readonly taints?: readonly Taint[] };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

const poolPath = (nodePool: string): string =>
  `/api/v1/nodes?labelSelector=${encodeURIComponent(`cloud.google.com/gke-nodepool=${nodePool}`)}`;

/** Makes nodes as GKE makes them, and waits until KWOK has them ready and pods may go there. Returns their names. */
export const addKwokNodes = async (api: ApiClient, nodes: KwokNodes): Promise<readonly string[]> => {
  const names = Array.from(
    { length: nodes.count },
    () => `gke-test-${nodes.nodePool}-${randomBytes(4).toString('hex')}`,
  );
  await Promise.all(
    names.map((name) => api.json({ method: 'POST', path: '/api/v1/nodes', body: nodeOf(nodes, name) })),
  );
  await until(`nodes of ${nodes.nodePool}`, READY_WITHIN_MS, async () => {
    const list = await api.json<NodeList>({ path: poolPath(nodes.nodePool) });
    const ready = (list?.items ?? []).filter(
      ({ spec, status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true &&
        !(spec?.taints ?? []).some(({ key }) => key.startsWith('node.kubernetes.io/')),
    );
    return names.every((name) => ready.some(({ metadata }) => metadata.name === name));
  });
  return names;
};

/** Takes all nodes of a pool away, and at once the pods on them, as when machines vanish. Returns how many nodes went. */
export const removeNodes = async (api: ApiClient, nodePool: string): Promise<number> => {
  const list = await api.json<NodeList>({ path: poolPath(nodePool) });
  const names = (list?.items ?? []).map(({ metadata }) => metadata.name);
  for (const name of names) {
    await api.json({ method: 'DELETE', path: `/api/v1/nodes/${name}` });
    const pods = await api.json<{
      readonly items: readonly { readonly metadata: { readonly name: string; readonly namespace: string } }[];
    }>({ path: `/api/v1/pods?fieldSelector=spec.nodeName%3D${name}` });
    for (const { metadata } of pods?.items ?? []) {
      const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}?gracePeriodSeconds=0`;
      await api.json({ method: 'DELETE', path });
    }
  }
  return names.length;
};
