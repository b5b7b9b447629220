/** The objects of `source: manifests` as they will be sent, in the order of creation. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import type { GkeTaint, NodePool } from '../ports.ts';
import type { CapacitySpec } from '../spec/rollout-spec.ts';
import { namedNodePool } from './check-nodes.ts';
import { type Placement, placeWorkload, ROLLOUT_TAINT } from './place-workloads.ts';
import type { NodePoolPlan, ObjectPlan } from './plan.ts';
import { resolveResource } from './resolve-resource.ts';
import type { Survey } from './survey.ts';

/** Marks what a rollout made; its value is the rollout's id. */
export const INTENT_ANNOTATION = 'sluice.dev/intent';

/** On node pools: resource labels allow no dots and slashes. */
export const NODE_POOL_OWNER_LABEL = 'sluice-rollout';

/** Stands for the rollout's id. */
export const ID_PLACEHOLDER = '{id}';

/** What others need comes first; a kind that is not listed comes with the policies. */
const ORDER: readonly string[] = [
  'ServiceAccount',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Service',
  RESOURCES.inferencePool.kind,
];

const rankOf = (object: KubeObject): number => {
  if (object.kind === RESOURCES.deployment.kind) return ORDER.length + 1;
  const rank = ORDER.indexOf(object.kind);
  return rank < 0 ? ORDER.length : rank;
};

export const planObjects = (survey: Survey): readonly ObjectPlan[] => {
  if (survey.spec.to.source.kind !== 'manifests') return [];
  const workloads = new Set(survey.new?.workloads ?? []);
  const placement = placementOf(survey);
  const planned = survey.manifests.flatMap((object): readonly (ObjectPlan & { readonly rank: number })[] => {
    const resolved = resolveResource(object, survey.observed.served);
    if (resolved === null) return [];
    const { resource } = resolved;
    const isWorkload = workloads.has(object);
    const placed = isWorkload && placement !== null ? placeWorkload(object, placement) : object;
    return [
      {
        rank: rankOf(object),
        stage: isWorkload ? 'workload' : 'cheap',
        group: resource.group,
        version: resource.version,
        plural: resource.plural,
        namespace: resolved.namespaced ? (object.metadata.namespace ?? survey.spec.namespace) : null,
        object: withIntent(placed),
      },
    ];
  });
  return planned.sort((a, b) => a.rank - b.rank).map(({ rank: _rank, ...plan }) => plan);
};

export const withIntent = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, [INTENT_ANNOTATION]: ID_PLACEHOLDER },
  },
});

const OUR_TAINT: GkeTaint = { key: ROLLOUT_TAINT, value: ID_PLACEHOLDER, effect: 'NO_SCHEDULE' };

const placementOf = (survey: Survey): Placement | null => {
  const { nodes } = survey.spec.to;
  if (nodes.kind === 'create') return { nodePool: null, taint: OUR_TAINT };
  if (nodes.kind !== 'nodePool') return null;
  const taints = namedNodePool(survey)?.config.taints ?? [];
  return { nodePool: nodes.nodePool, taint: taints.find((taint) => taint.key === ROLLOUT_TAINT) ?? null };
};

/** The pool that `create` makes: configured like another one, its nodes kept for the new pods. Null otherwise. */
export const planNodePool = (survey: Survey): NodePoolPlan | null => {
  const { nodes } = survey.spec.to;
  const like = namedNodePool(survey);
  if (nodes.kind !== 'create' || like === null) return null;
  const locations = nodes.zones.length > 0 ? nodes.zones : like.locations;
  const nodePool: NodePool = {
    // Rollout and attempt are appended when it is created.
    name: nodes.name,
    // GKE counts per zone; preflight has checked that it comes out even.
    initialNodeCount: nodes.nodes / Math.max(1, locations.length),
    locations: [...locations].sort(),
    config: { ...configLike(like, nodes.machineType), ...capacityConfig(nodes.capacity) },
    autoscaling: { enabled: false },
    ...poolLike(like, nodes.machineType),
  };
  return { nodePool, capacity: nodes.capacity, keepAfterFailureMs: nodes.keepAfterFailureMs };
};

const isSameMachine = (like: NodePool, machineType: string | null): boolean =>
  machineType === null || machineType === like.config.machineType;

const LIKE = [
  'management',
  'networkConfig',
  'maxPodsConstraint',
  'upgradeSettings',
  'nodeDrainConfig',
] as const satisfies readonly (keyof NodePool)[];

/** What the other pool has beside the configuration of its nodes. */
const poolLike = (like: NodePool, machineType: string | null): Partial<NodePool> => {
  const kept = [...LIKE, ...(isSameMachine(like, machineType) ? ['placementPolicy' as const] : [])];
  return Object.fromEntries(
    kept.flatMap((field) => (like[field] === undefined ? [] : [[field, like[field]]])),
  );
};

const configLike = (like: NodePool, machineType: string | null): NodePool['config'] => {
  const {
    spot: _spot,
    flexStart: _flexStart,
    reservationAffinity: _affinity,
    accelerators,
    ...kept
  } = like.config;
  return {
    ...kept,
    machineType: machineType ?? like.config.machineType,
    // Another machine type brings its own accelerators; those of the old one would be refused.
    ...(isSameMachine(like, machineType) && accelerators !== undefined ? { accelerators } : {}),
    resourceLabels: { ...like.config.resourceLabels, [NODE_POOL_OWNER_LABEL]: ID_PLACEHOLDER },
    taints: [...(like.config.taints ?? []).filter((taint) => taint.key !== ROLLOUT_TAINT), OUR_TAINT],
  };
};

/** One option in this version; field names as in container.v1.NodeConfig. */
const capacityConfig = (capacity: CapacitySpec): Partial<NodePool['config']> => {
  switch (capacity.kind) {
    case 'reservation':
      return {
        reservationAffinity: {
          consumeReservationType: 'SPECIFIC_RESERVATION',
          key: 'compute.googleapis.com/reservation-name',
          values: [capacity.reservation],
        },
      };
    case 'spot':
      return { spot: true };
    case 'flexStart':
      return { flexStart: true };
    case 'onDemand':
      return { reservationAffinity: { consumeReservationType: 'NO_RESERVATION' } };
  }
};
