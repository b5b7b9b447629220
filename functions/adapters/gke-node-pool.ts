import type { protos } from '@google-cloud/container';
import type { GkeTaint, NodePool } from '../../workflows/ports.ts';
import { inputFields } from './gke-proto.ts';

type ProtoNodePool = protos.google.container.v1.INodePool;

const STATUSES: ReadonlySet<unknown> = new Set<Required<NodePool>['status']>([
  'PROVISIONING',
  'RUNNING',
  'RUNNING_WITH_ERROR',
  'RECONCILING',
  'STOPPING',
  'ERROR',
]);

/** GKE labels the machines for its own accounts, e.g. `goog-gke-node-pool-provisioning-model: spot`; nobody else may. */
const RESERVED_LABEL = /^goog-/;

const taintsOf = (pool: ProtoNodePool): readonly GkeTaint[] =>
  (pool.config?.taints ?? []).map(({ key, value, effect }) => ({
    key: key ?? '',
    value: value ?? '',
    effect: String(effect) as GkeTaint['effect'],
  }));

const ownLabels = (labels: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries((labels ?? {}) as Record<string, string>).filter(([key]) => !RESERVED_LABEL.test(key)),
  );

const configOf = (pool: ProtoNodePool, set: unknown): NodePool['config'] => {
  const { taints: _taints, resourceLabels, ...kept } = (set ?? {}) as Readonly<Record<string, unknown>>;
  const taints = taintsOf(pool);
  const labels = ownLabels(resourceLabels);
  return {
    machineType: '',
    ...kept,
    ...(Object.keys(labels).length === 0 ? {} : { resourceLabels: labels }),
    ...(taints.length === 0 ? {} : { taints }),
  };
};

/**
 * A node pool as it was asked for, and its status: what the API only ever writes is left out, everything else is kept, also
 * what the port's type does not name, so that a pool can be made like it.
 */
export const nodePoolOf = (pool: ProtoNodePool): NodePool => {
  const { name, initialNodeCount, locations, config, autoscaling, ...kept } = inputFields(
    pool,
    'google.container.v1.NodePool',
  );
  return {
    ...kept,
    name: (name ?? '') as string,
    initialNodeCount: (initialNodeCount ?? 0) as number,
    locations: (locations ?? []) as readonly string[],
    config: configOf(pool, config),
    ...(autoscaling === undefined
      ? {}
      : { autoscaling: { enabled: false, ...(autoscaling as Partial<NodePool['autoscaling']>) } }),
    ...(STATUSES.has(pool.status) ? { status: pool.status as Required<NodePool>['status'] } : {}),
  };
};

/** As the library wants it: enums by name and 64-bit numbers as texts are understood, so it is the port's own object. */
export const protoNodePool = ({ status: _status, ...pool }: NodePool): ProtoNodePool =>
  pool as unknown as ProtoNodePool;
