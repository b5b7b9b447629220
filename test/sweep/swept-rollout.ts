/** One small rollout of the sweep, and the ground truth of its end. */
import { createSimulatedCloud, type SimulatedCloud } from '../../local/simulated-cloud.ts';
import { type KubeObject, RESOURCES } from '../../workflows/kubernetes.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import { CLUSTER } from '../helpers/a-plan.ts';
import { readStack, rolloutFile, secondPool } from '../helpers/gaie-rollout.ts';

/** `adapter`: promoted, and the old version unloaded. */
export type Swept = 'node' | 'alert' | 'adapter';

const POLICY = 'projects/acme/alertPolicies/llm-5xx';

/** Two rungs with bakes of 3 minutes; accelerators are bought, so that the one effect that is not idempotent occurs. */
const LADDER = `  acknowledge: [floating-model]
  ladder:
    - { share: 25, bake: 3m }
    - { share: 100, bake: 3m }
  pacing: { settle: 30s, warmUp: 0s }
  gates: { tune: { errors: { minSamples: 50 } } }
  alerts: { policies: [{ name: ${POLICY}, blames: new }] }
  rollback: { after: { newPods: 1m, nodePool: 1h } }
  retention: { old: 2m, retire: keep }`;

/** The syncer loads the new version, a rewrite is created, the syncer unloads the old one. */
const adapterFile = (): string => `
apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: llm-second }
spec:
  type: adapter
  cluster: ${CLUSTER}
  namespace: default
  from: { pool: vllm-llama3-8b-instruct }
  adapter:
    model: food-review-1
    from: food-review-1
    to: { name: food-review-2, source: acme/food-review-2, load: syncer }
  ladder:
    - { share: 25, bake: 3m }
    - { share: 100, bake: 3m }
  pacing: { settle: 30s, warmUp: 0s }
  acknowledge: [picker-too-old]
  gates: { tune: { errors: { minSamples: 50 }, adapter.errors: { minSamples: 10 } } }
  retention: { old: 2m, retire: unload }
`;

const NEW_POOL = 'vllm-llama3-8b-instruct-2';

/** A minute after the gateway follows the first rung. */
const SHARE_25 = { pool: NEW_POOL, percent: 20, forMs: 60_000 };

export interface SweptEnd {
  /** Accepted creations, by what was created: none may occur twice. */
  readonly creations: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly state: string;
  readonly truth: unknown;
  readonly journal: readonly JournalEntry[];
  readonly cloud: SimulatedCloud;
}

/** Runs it to the end, crashing the process once at a port call where asked. */
export const runSwept = async (
  kind: Swept,
  stackFolder: string,
  crashAt?: { readonly call: number; readonly when: 'before' | 'after' },
): Promise<SweptEnd> => {
  const stack = readStack(stackFolder);
  const cloud = createSimulatedCloud({
    world: {
      seed: 7,
      stacks: [{ objects: stack }],
      traffic: [{ requestsPerSecond: 40 }],
      alertPolicies: [{ name: POLICY, displayName: 'llm 5xx', condition: null }],
      acts:
        kind === 'alert'
          ? [{ when: SHARE_25, act: { kind: 'incidentOpened', policy: POLICY, forMs: 600_000 } }]
          : [],
    },
    ...(crashAt === undefined ? {} : { crashAt }),
  });
  const creations = countCreations(cloud);
  await start(cloud, kind, stack);
  const { store, scheduler } = cloud;
  const ended = (): boolean => {
    const document = store.truth.documents.get('llm-second-1');
    return document !== undefined && document.finishedAtMs !== null && document.wakeAtMs === null;
  };
  await scheduler.run({ until: ended, untilMs: scheduler.nowMs + 6 * 3_600_000 });
  const document = store.truth.documents.get('llm-second-1');
  const operations = cloud.world.handlers().gke.listOperations({ cluster: CLUSTER });
  if ('value' in operations && operations.value.kind === 'ok')
    for (const { operationType, targetLink } of operations.value.value) {
      const name = `${operationType} ${targetLink.split('/').at(-1) ?? ''}`;
      creations[name] = (creations[name] ?? 0) + 1;
    }
  return {
    creations,
    calls: scheduler.calls.count,
    state: document?.state ?? 'missing',
    truth: groundTruth(cloud),
    journal: [...(store.truth.journals.get('llm-second-1')?.values() ?? [])],
    cloud,
  };
};

const start = async (cloud: SimulatedCloud, kind: Swept, stack: readonly KubeObject[]): Promise<void> => {
  const body =
    kind === 'adapter'
      ? { requestId: 'sweep', file: adapterFile(), manifests: [] }
      : {
          requestId: 'sweep',
          file: rolloutFile({ ladder: LADDER, to: `, nodes: { create: ${NODES} }` }),
          manifests: secondPool(stack),
        };
  const { scheduler } = cloud;
  // A request that dies with its process is sent again by its client, under the same id.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { status, body: said } = await cloud.call('POST', '/v1/rollouts', body);
    if (status === 200 || status === 201) return;
    if (status < 500) throw new Error(`the start was refused with ${status}: ${JSON.stringify(said)}`);
    await scheduler.run({ untilMs: scheduler.nowMs + 10_000 });
  }
  throw new Error('the start was never answered');
};

const NODES =
  '{ name: h200, like: default-gpu, machineType: a3-ultragpu-8g, nodes: 1, zones: [us-central1-a], capacity: [{ onDemand: {}, deadline: 30m }] }';

const KINDS = [
  RESOURCES.httpRoute,
  RESOURCES.inferencePool,
  RESOURCES.inferenceObjective,
  RESOURCES.deployment,
  RESOURCES.service,
  RESOURCES.serviceAccount,
  RESOURCES.roleBinding,
  RESOURCES.configMap,
  RESOURCES.inferenceModelRewrite,
] as const;

/** What must be the same however often Sluice died: specs of all objects, node pools, locks, leftovers, clients' failures. */
const groundTruth = (cloud: SimulatedCloud): unknown => {
  const kube = cloud.world.kube(CLUSTER);
  const truth = cloud.world.truth();
  return {
    objects: KINDS.flatMap((kind) =>
      (kube?.all(kind) ?? []).map((object) => ({
        kind: kind.kind,
        name: object.metadata.name,
        labels: object.metadata.labels ?? {},
        data: object['data'] ?? {},
        annotations: Object.keys(object.metadata.annotations ?? {}).sort(),
        spec: { ...(object['spec'] as object | undefined), clusterIP: null, clusterIPs: null },
      })),
    ).toSorted((a, b) => (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1)),
    nodePools: (truth.nodePools[CLUSTER] ?? []).map((pool) => [
      pool.name,
      pool.initialNodeCount,
      pool.status,
    ]),
    locks: [...cloud.store.truth.locks.keys()],
    leftovers: [...cloud.store.truth.leftovers.values()].map((leftover) => [leftover.kind, leftover.name]),
    failedRequests: truth.requests.failed,
  };
};

/** Creations are the writes that are not idempotent: objects by POST, node pools by the GKE API. */
const countCreations = (cloud: SimulatedCloud): Record<string, number> => {
  const counts: Record<string, number> = {};
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  cloud.world.kube(CLUSTER)?.onWrite((write) => {
    if (write.verb === 'create' && write.caller.user === 'sluice')
      count(`${write.resource.kind}/${write.after?.metadata.name ?? ''}`);
  });
  return counts;
};
