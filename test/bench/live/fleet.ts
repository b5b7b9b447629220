/**
 * Several copies of the example stack in one cluster, each in a namespace of its own with both of its sides up, so that
 * rollouts of many begin at once and build nothing: all that is left is to shift, and to come back.
 */
import { join } from 'node:path';
import type { ClusterParameters, WorldInput } from '../../../simulator/world/parameters.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { readStack } from '../../helpers/gaie-rollout.ts';

export const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
export const ROUTE = 'routes-to-llm';
export const OLD_POOL = 'llm';
export const NEW_POOL = 'llm-new';
/** Two servers of four GPUs share a machine. */
const SERVERS_PER_NODE = 2;
/** Where nobody rolls anything out: for requests beside those of Sluice. */
export const SPARE_NAMESPACE = 'spare';

export interface FleetStack {
  readonly namespace: string;
  /** Of its route, and of whoever sends requests to it. */
  readonly host: string;
  /** The alert policy that its rollout watches. */
  readonly policy: string;
  readonly objects: readonly KubeObject[];
  /** Base name of its rollouts. */
  readonly name: string;
}

const EXAMPLE = join(import.meta.dirname, '../../../examples/node-update');

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: Readonly<Record<string, unknown>> };
  };
}

/** In its namespace, on the machines that are there; one server a side. */
const placed = (object: KubeObject, namespace: string, host: string): KubeObject => {
  const text = JSON.stringify(object)
    .replaceAll('"namespace":"serving"', `"namespace":"${namespace}"`)
    .replaceAll('--pool-namespace=serving', `--pool-namespace=${namespace}`);
  const moved = JSON.parse(text) as KubeObject;
  if (moved.kind === 'HTTPRoute')
    return { ...moved, spec: { ...(moved['spec'] as object), hostnames: [host] } } as KubeObject;
  if (moved.kind !== 'Deployment') return moved;
  const { spec } = moved as Workload;
  const { name } = moved.metadata;
  const isServer = name === OLD_POOL || name === NEW_POOL;
  const onGpus = {
    nodeSelector: { 'cloud.google.com/gke-nodepool': name === OLD_POOL ? 'h100' : 'h200' },
    // As GKE adds it to whoever asks for a GPU.
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
  };
  const pod = { ...spec.template.spec, ...(isServer ? onGpus : {}) };
  return {
    ...moved,
    spec: { ...spec, replicas: 1, template: { ...spec.template, spec: pod } },
  } as KubeObject;
};

const stackIn = (namespace: string): FleetStack => {
  const host = `${namespace}.example.com`;
  const objects = [...readStack(EXAMPLE), ...readStack(join(EXAMPLE, 'new'))]
    .filter(({ apiVersion }) => !apiVersion.startsWith('sluice.dev/'))
    .map((object) => placed(object, namespace, host));
  return {
    namespace,
    host,
    policy: `projects/acme/alertPolicies/${namespace}-5xx`,
    objects,
    name: namespace,
  };
};

/** So many stacks, and one in the spare namespace. */
export const createFleet = (
  count: number,
): { readonly stacks: readonly FleetStack[]; readonly spare: FleetStack } => ({
  stacks: Array.from({ length: count }, (_, index) => stackIn(`bench-${index + 1}`)),
  spare: stackIn(SPARE_NAMESPACE),
});

/** Machines for so many stacks, in two zones. */
export const fleetClusters = (stacks: readonly FleetStack[]): readonly ClusterParameters[] => {
  const nodes = Math.ceil(stacks.length / SERVERS_PER_NODE);
  return [
    {
      name: CLUSTER,
      namespaces: ['default', ...stacks.map(({ namespace }) => namespace)],
      nodePools: [
        { name: 'default-pool', machineType: 'e2-standard-8', nodes },
        { name: 'h100', machineType: 'a3-highgpu-8g', nodes },
        { name: 'h200', machineType: 'a3-ultragpu-8g', nodes },
      ],
      quotas: {},
    },
  ];
};

export const fleetPolicies = (stacks: readonly FleetStack[]): NonNullable<WorldInput['alertPolicies']> =>
  stacks.map(({ policy }) => ({
    name: policy,
    displayName: policy.split('/').at(-1) ?? '',
    condition: null,
  }));

/** What stands in the file beside the stack. */
export interface RolloutWish {
  /** Lines under `spec.ladder`. */
  readonly ladder: readonly string[];
  /** Codes of warnings that are accepted. */
  readonly acknowledge?: readonly string[];
}

export const rolloutOf = (stack: FleetStack, { ladder, acknowledge = [] }: RolloutWish): string =>
  [
    'apiVersion: sluice.dev/v1',
    'kind: Rollout',
    `metadata: { name: ${stack.name} }`,
    'spec:',
    '  type: node',
    `  cluster: ${CLUSTER}`,
    `  namespace: ${stack.namespace}`,
    `  from: { pool: ${OLD_POOL} }`,
    `  to: { pool: ${NEW_POOL}, source: existing, nodes: { nodePool: h200 } }`,
    '  ladder:',
    ...ladder.map((rung) => `    - ${rung}`),
    '  pacing: { settle: 10s, warmUp: 0s }',
    `  alerts: { policies: [{ name: ${stack.policy}, blames: new }] }`,
    '  retention: { old: 2m, retire: keep }',
    `  acknowledge: [${acknowledge.join(', ')}]`,
    '',
  ].join('\n');
