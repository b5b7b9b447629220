/** The world of a demo: a cluster that has what the stack and the rollout name. */
import { EU_CLUSTER, US_CLUSTER } from '../simulator/world/defaults.ts';
import type { ClusterParameters, NodePoolParameters, WorldInput } from '../simulator/world/parameters.ts';
import { type KubeObject, RESOURCES } from '../workflows/kubernetes.ts';
import type { RolloutSpec } from '../workflows/spec/rollout-spec.ts';
import { DEFAULT_MACHINE } from './scenarios.ts';
import { adapterKindsOf, type Demand, demandOf, namespacesOf } from './stack.ts';

const ZONES = 2;
/** Where workloads go that name no node pool. */
export const SHARED_NODE_POOL = 'default-gpu';

interface SimulatedStack {
  readonly stack: readonly KubeObject[];
  readonly spec: RolloutSpec;
  /** Of the new side: on the same nodes, they need room there. */
  readonly manifests: readonly KubeObject[];
}

/** Node pools by name, with room for what asks for them. */
const nodePoolsFor = (
  cluster: string,
  demands: readonly Demand[],
  named: readonly string[],
): readonly NodePoolParameters[] => {
  const wanted = new Map<string, number>([SHARED_NODE_POOL, ...named].map((name) => [name, 0]));
  for (const { nodePool, machines } of demands) {
    const name = nodePool ?? SHARED_NODE_POOL;
    wanted.set(name, (wanted.get(name) ?? 0) + machines);
  }
  const location = cluster.split('/')[3] ?? '';
  const zones = /-[a-z]$/.test(location) ? [location] : [`${location}-a`, `${location}-b`];
  const pools = [...wanted].map(([name, machines]) => ({
    name,
    machineType: DEFAULT_MACHINE,
    nodes: Math.max(1, Math.ceil(machines / ZONES)),
    zones,
  }));
  return [{ name: 'default-pool', machineType: 'e2-standard-8', nodes: 1, zones }, ...pools];
};

/** The named cluster with room for the objects, and another one that nobody should touch. */
export const clustersFor = (
  cluster: string,
  objects: readonly KubeObject[],
  more: { readonly demands?: readonly Demand[]; readonly nodePools?: readonly string[] } = {},
): readonly ClusterParameters[] => [
  {
    name: cluster,
    nodePools: nodePoolsFor(cluster, [...demandOf(objects), ...(more.demands ?? [])], more.nodePools ?? []),
    namespaces: [...new Set(['default', ...namespacesOf(objects)])],
    quotas: {},
    ...adapterKindsOf(objects),
  },
  {
    name: cluster === EU_CLUSTER ? US_CLUSTER : EU_CLUSTER,
    nodePools: [],
    namespaces: ['default'],
    quotas: {},
  },
];

/** Everything that the stack and the rollout file need of the world. */
export const worldOf = ({ spec, stack, manifests }: SimulatedStack): WorldInput => {
  const { nodes } = spec.to;
  const named = nodes.kind === 'nodePool' ? nodes.nodePool : null;
  const demands =
    nodes.kind === 'create'
      ? []
      : demandOf(manifests).map(({ nodePool, machines }) => ({ nodePool: nodePool ?? named, machines }));
  const nodePools = nodes.kind === 'create' ? [nodes.like] : named === null ? [] : [named];
  return {
    clusters: clustersFor(spec.cluster, stack, { demands, nodePools }),
    stacks: [{ cluster: spec.cluster, objects: stack }],
    traffic: [{ cluster: spec.cluster, ...hostOf(stack), models: adapterPartsOf(spec, stack) }],
    alertPolicies: spec.alerts.policies.map(({ name }) => ({
      name,
      displayName: `5xx of ${spec.to.pool}`,
      condition: {
        cluster: spec.cluster,
        namespace: spec.namespace,
        pool: spec.to.pool,
        ratioMax: 0.05,
        forMs: 120_000,
        samplesMin: 100,
      },
    })),
  };
};

/** Part of the requests that ask for adapters, each of them and all together at most. */
const ADAPTER_PART_MAX = 0.1;
const ADAPTERS_PART_MAX = 0.5;

/** Clients ask for the adapters that stay, or for the one that gets a new version; the rest asks for the base model. */
const adapterPartsOf = (
  { to, adapter }: RolloutSpec,
  stack: readonly KubeObject[],
): Readonly<Record<string, number>> => {
  const names =
    adapter === null
      ? Object.keys(to.adapters).filter((name) => to.adapters[name] === 'same')
      : [isAnswered(adapter.alias, stack) ? adapter.alias : adapter.from];
  const part = Math.min(ADAPTER_PART_MAX, ADAPTERS_PART_MAX / names.length);
  return Object.fromEntries(names.map((name) => [name, part]));
};

const CARRIERS = new Set(['InferenceModelRewrite', 'InferenceModel']);

/** Whether some object of the stack makes something of a name; else clients cannot ask for it yet. */
const isAnswered = (alias: string, stack: readonly KubeObject[]): boolean =>
  stack.some(
    (object) =>
      CARRIERS.has(object.kind) && JSON.stringify(object['spec'] ?? {}).includes(JSON.stringify(alias)),
  );

/** A host that the stack's routes answer to. */
const hostOf = (stack: readonly KubeObject[]): { readonly host?: string } => {
  for (const route of stack) {
    if (route.kind !== RESOURCES.httpRoute.kind) continue;
    const { hostnames } = (route['spec'] ?? {}) as { readonly hostnames?: readonly string[] };
    const [name] = hostnames ?? [];
    if (name !== undefined) return { host: name.replace('*', 'demo') };
  }
  return {};
};
