/** Whole rollouts of the example stack on the simulated cloud: started by the API, run to the end, looked at from outside. */
import { join } from 'node:path';
import {
  createSimulatedCloud,
  type SimulatedCloud,
  type SimulatedCloudInput,
} from '../../local/simulated-cloud.ts';
import type { ScheduledAct } from '../../simulator/world/acts.ts';
import type { ClusterParameters, WorldInput } from '../../simulator/world/parameters.ts';
import type { ApiResponse } from '../../workflows/door-types.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { type RolloutState, readState } from '../../workflows/rollout/read-state.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { CLUSTER } from './a-plan.ts';
import { readStack } from './gaie-rollout.ts';

export const NAMESPACE = 'serving';
export const OLD_POOL = 'llm';
export const NEW_POOL = 'llm-new';
export const ROUTE = 'routes-to-llm';
export const POLICY = 'projects/acme/alertPolicies/llm-new-5xx';
/** The first rollout of the file. */
export const ROLLOUT = 'llm-to-new-1';

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

const EXAMPLE = join(import.meta.dirname, '../../examples/node-update');

/** The stack that serves today. Read once, shared by all worlds. */
export const OLD_SIDE: readonly KubeObject[] = readStack(EXAMPLE).filter(
  ({ apiVersion }) => !apiVersion.startsWith('sluice.dev/'),
);
export const NEW_SIDE: readonly KubeObject[] = readStack(join(EXAMPLE, 'new'));

export interface Order {
  readonly name?: string;
  /** Lines under `spec.ladder`, e.g. `{ share: 25, bake: 5m }`. */
  readonly ladder?: readonly string[];
  /** `to.nodes`. */
  readonly nodes?: string;
  readonly retire?: 'keep' | 'delete';
  /** More lines of the spec, each with its indentation of two. */
  readonly more?: readonly string[];
}

/** Three rungs with short bakes; everything else is short too, so that a whole rollout is under an hour. */
export const SHORT_LADDER = [
  '{ share: 5, bake: 5m }',
  '{ share: 25, bake: 5m }',
  '{ share: 100, bake: 5m }',
] as const;

export const rolloutFile = (order: Order = {}): string =>
  [
    'apiVersion: sluice.dev/v1',
    'kind: Rollout',
    `metadata: { name: ${order.name ?? 'llm-to-new'} }`,
    'spec:',
    '  type: node',
    `  cluster: ${CLUSTER}`,
    `  namespace: ${NAMESPACE}`,
    `  from: { pool: ${OLD_POOL} }`,
    `  to: { pool: ${NEW_POOL}, source: { manifests: [new/*.yaml] }, nodes: ${order.nodes ?? '{ nodePool: h200 }'} }`,
    '  ladder:',
    ...(order.ladder ?? SHORT_LADDER).map((rung) => `    - ${rung}`),
    '  pacing: { settle: 30s, warmUp: 1m }',
    `  alerts: { policies: [{ name: ${POLICY}, blames: new }] }`,
    `  retention: { old: 5m, retire: ${order.retire ?? 'keep'} }`,
    ...(order.more ?? ['  rollback: { after: { newPods: 2m, nodePool: 1h } }']),
    '',
  ].join('\n');

/** Machines for both sides. */
export const CLUSTERS: readonly ClusterParameters[] = [
  {
    name: CLUSTER,
    namespaces: ['default', NAMESPACE],
    nodePools: [
      { name: 'default-pool', machineType: 'e2-standard-8', nodes: 1 },
      { name: 'h100', machineType: 'a3-highgpu-8g', nodes: 1 },
      { name: 'h200', machineType: 'a3-ultragpu-8g', nodes: 1 },
    ],
    quotas: {},
  },
];

/** A cluster with the example on it and machines for the new side. */
export const aCloud = (
  world: WorldInput = {},
  more: Partial<Omit<SimulatedCloudInput, 'world'>> = {},
): SimulatedCloud =>
  createSimulatedCloud({
    ...more,
    world: {
      seed: 1,
      clusters: CLUSTERS,
      stacks: [{ objects: OLD_SIDE, namespace: NAMESPACE }],
      alertPolicies: [{ name: POLICY, displayName: 'llm-new 5xx', condition: null }],
      ...world,
    },
  });

export const documentOf = (cloud: SimulatedCloud, rolloutId = ROLLOUT): RolloutDocument => {
  const document = cloud.store.truth.documents.get(rolloutId);
  if (document === undefined) throw new Error(`there is no rollout ${rolloutId}`);
  return document;
};

export const stateOf = (cloud: SimulatedCloud, rolloutId = ROLLOUT): RolloutState =>
  readState(documentOf(cloud, rolloutId));

export const journalOf = (cloud: SimulatedCloud, rolloutId = ROLLOUT): readonly JournalEntry[] => [
  ...(cloud.store.truth.journals.get(rolloutId)?.values() ?? []),
];

let requests = 0;

/** A start by the API. */
export const start = async (
  cloud: SimulatedCloud,
  file: string = rolloutFile(),
  more: Readonly<Record<string, unknown>> = {},
): Promise<ApiResponse> => {
  requests += 1;
  return cloud.call('POST', '/v1/rollouts', {
    requestId: `start-${requests}`,
    file,
    manifests: NEW_SIDE,
    ...more,
  });
};

/** An action of a person by the API. */
export const ask = async (
  cloud: SimulatedCloud,
  action: string,
  body: Readonly<Record<string, unknown>> = {},
  rolloutId = ROLLOUT,
): Promise<ApiResponse> => {
  requests += 1;
  return cloud.call('POST', `/v1/rollouts/${rolloutId}/${action}`, {
    requestId: `ask-${requests}`,
    ...body,
  });
};

/** Lets virtual time pass until something holds; throws when it does not within `forMs`. */
export const runUntil = async (
  cloud: SimulatedCloud,
  until: () => boolean,
  forMs = 12 * HOUR_MS,
): Promise<void> => {
  const end = await cloud.scheduler.run({ until, untilMs: cloud.scheduler.nowMs + forMs });
  if (end !== 'done' && !until()) throw new Error(`it never came to that (${end}): ${whereabouts(cloud)}`);
};

export const pass = async (cloud: SimulatedCloud, ms: number): Promise<void> => {
  await cloud.scheduler.run({ untilMs: cloud.scheduler.nowMs + ms });
};

const whereabouts = (cloud: SimulatedCloud): string =>
  [...cloud.store.truth.documents.values()]
    .map((document) => {
      const { state, step, context } = readState(document);
      const last = journalOf(cloud, document.rolloutId).at(-1)?.sentence ?? '';
      return `${document.rolloutId} is ${state}/${step}, held ${context.hold?.sentence ?? 'no'}, last: ${last}`;
    })
    .join('; ');

const hasEnded = (cloud: SimulatedCloud, rolloutId: string): boolean => {
  const document = cloud.store.truth.documents.get(rolloutId);
  return document !== undefined && document.finishedAtMs !== null && document.wakeAtMs === null;
};

/** I10: it always ends. Runs until the last journal entry is published. */
export const runToEnd = async (
  cloud: SimulatedCloud,
  rolloutId = ROLLOUT,
  forMs = 96 * HOUR_MS,
): Promise<void> => {
  await runUntil(cloud, () => hasEnded(cloud, rolloutId), forMs);
  cloud.world.settle();
};

/** In a state or step of the machine. */
export const isIn = (cloud: SimulatedCloud, word: string, rolloutId = ROLLOUT): boolean => {
  if (!cloud.store.truth.documents.has(rolloutId)) return false;
  const { state, step } = stateOf(cloud, rolloutId);
  return state === word || step === word;
};

/** Bakes at a share that the gateway has confirmed. */
export const bakesAt = (cloud: SimulatedCloud, percent: number): boolean =>
  isIn(cloud, 'baking') && stateOf(cloud).context.confirmedPercent === percent;

/** What happens once the gateway has sent this share to the new pool for a while. */
export const atShare = (percent: number, forMs: number, act: ScheduledAct['act']): ScheduledAct => ({
  when: { pool: NEW_POOL, namespace: NAMESPACE, percent, forMs },
  act,
});

export const NEW_TARGET = { pool: NEW_POOL, namespace: NAMESPACE } as const;
export const OLD_TARGET = { pool: OLD_POOL, namespace: NAMESPACE } as const;
