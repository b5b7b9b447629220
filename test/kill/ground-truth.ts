/** What must be the same however often Sluice died: everything that stands in the cluster, and what is remembered of it. */
import type { World } from '../../simulator/world/world.ts';
import { type KubeObject, type KubeResource, RESOURCES } from '../../workflows/kubernetes.ts';
import type { Leftover } from '../../workflows/rollout/stored.ts';

export interface GroundTruth {
  readonly state: string;
  readonly reason: string | null;
  /** `Kind/name`: labels, kinds of annotations, spec. */
  readonly objects: Readonly<Record<string, unknown>>;
  readonly nodePools: readonly string[];
  /** Accepted creations and deletions of node pools. */
  readonly operations: readonly string[];
  readonly leftovers: readonly string[];
  readonly failedRequests: number;
}

const KINDS: readonly KubeResource[] = [
  RESOURCES.httpRoute,
  RESOURCES.inferencePool,
  RESOURCES.inferenceObjective,
  RESOURCES.deployment,
  RESOURCES.service,
  RESOURCES.serviceAccount,
  RESOURCES.role,
  RESOURCES.roleBinding,
  RESOURCES.configMap,
  RESOURCES.gcpBackendPolicy,
  RESOURCES.healthCheckPolicy,
];

const shown = ({ metadata, spec }: KubeObject): unknown => ({
  labels: metadata.labels ?? {},
  annotations: Object.keys(metadata.annotations ?? {}).toSorted(),
  spec: { ...(spec as object | undefined), clusterIP: null, clusterIPs: null },
});

const byName = (one: readonly [string, unknown], other: readonly [string, unknown]): number =>
  one[0] < other[0] ? -1 : 1;

interface Ended {
  readonly world: World;
  readonly cluster: string;
  readonly state: string;
  readonly reason: string | null;
  readonly leftovers: readonly Leftover[];
}

/** The world as it stands when a rollout has ended. */
export const groundTruth = ({ world, cluster, state, reason, leftovers }: Ended): GroundTruth => {
  const kube = world.kube(cluster);
  const truth = world.truth();
  const objects = KINDS.flatMap((kind) =>
    (kube?.all(kind) ?? []).map((object): [string, unknown] => [
      `${kind.kind}/${object.metadata.name}`,
      shown(object),
    ]),
  );
  const asked = world.handlers().gke.listOperations({ cluster });
  const operations = 'value' in asked && asked.value.kind === 'ok' ? asked.value.value : [];
  return {
    state,
    reason,
    objects: Object.fromEntries(objects.toSorted(byName)),
    nodePools: (truth.nodePools[cluster] ?? []).map(
      ({ name, initialNodeCount, status }) => `${name}: ${initialNodeCount} ${status ?? ''}`,
    ),
    operations: operations
      .map(({ operationType, targetLink }) => `${operationType} ${targetLink.split('/').at(-1) ?? ''}`)
      .toSorted(),
    leftovers: leftovers.map(({ kind, name }) => `${kind} ${name}`).toSorted(),
    failedRequests: truth.requests.failed,
  };
};

/** Where two ends differ: one sentence each. */
export const differences = (golden: GroundTruth, found: GroundTruth): readonly string[] => {
  const names = new Set([...Object.keys(golden.objects), ...Object.keys(found.objects)]);
  const say = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  const unlike = (what: string, is: unknown, was: unknown): readonly string[] =>
    say(is) === say(was)
      ? []
      : [`${what} is ${say(is).slice(0, 400)}, without kills ${say(was).slice(0, 400)}`];
  return [
    ...unlike('the end', [found.state, found.reason], [golden.state, golden.reason]),
    ...[...names].flatMap((name) => unlike(name, found.objects[name], golden.objects[name])),
    ...unlike('node pools', found.nodePools, golden.nodePools),
    ...unlike('operations on node pools', found.operations, golden.operations),
    ...unlike('leftovers', found.leftovers, golden.leftovers),
    ...unlike('failed requests', found.failedRequests, golden.failedRequests),
  ];
};
