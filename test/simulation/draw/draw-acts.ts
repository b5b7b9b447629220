import type { Random } from '../../../simulator/scheduler/random.ts';
import type { Act } from '../../../simulator/world/acts.ts';
import type { GatewayBehaviour, NodePoolFault } from '../../../simulator/world/parameters.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { CLUSTER_NAMES, policyOf } from '../stage/rollout-text.ts';
import { EXAMPLE, namespaceOf } from '../stage/stack-objects.ts';
import type { Trial, TrialOrder, TrialStack, TrialWhen } from '../trial.ts';
import { pick, pickWeighted, several } from './pick.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

interface Scene {
  readonly random: Random;
  readonly stack: TrialStack;
  readonly index: number;
  readonly cluster: string;
  readonly namespace: string;
}

const side = ({ stack, cluster, namespace }: Scene, which: 'old' | 'new') => ({
  cluster,
  namespace,
  pool: which === 'old' ? EXAMPLE[stack.type].oldPool : EXAMPLE[stack.type].newPool,
});

const some = ({ random, stack }: Scene): { readonly pods?: number } =>
  random.chance(0.4) ? { pods: random.int(1, stack.replicas) } : {};

const awhile = (random: Random): number => random.int(10, 900) * SECOND_MS;

/** Things that befall one side; the new one more often, so that there is something to roll back from. */
const SIDE_ACTS: readonly (readonly [number, (scene: Scene, which: 'old' | 'new') => Act])[] = [
  [3, (scene, which) => ({ kind: 'serverKilled', target: { ...side(scene, which), ...some(scene) } })],
  [3, (scene, which) => ({ kind: 'pickerKilled', target: side(scene, which), forMs: awhile(scene.random) })],
  [2, (scene, which) => ({ kind: 'serverTerminated', target: { ...side(scene, which), ...some(scene) } })],
  [
    2,
    (scene, which) => ({
      kind: 'serverHangs',
      target: { ...side(scene, which), ...some(scene) },
      forMs: awhile(scene.random),
    }),
  ],
  [
    6,
    (scene, which) => ({
      kind: 'requestsFail',
      target: { ...side(scene, which), ...some(scene) },
      share: pick(scene.random, [0.02, 0.1, 0.3, 1]),
      as: pick(scene.random, ['500', 'streamError'] as const),
      ...(scene.random.chance(0.6) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [
    3,
    (scene, which) => ({
      kind: 'podsSlow',
      target: side(scene, which),
      factor: pick(scene.random, [2, 8, 30]),
      ...(scene.random.chance(0.6) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [2, (scene, which) => ({ kind: 'podsDeleted', target: { ...side(scene, which), ...some(scene) } })],
];

const CHURN_ANNOTATION = '/metadata/annotations/example.com~1touched';

const OTHER_ACTS: readonly (readonly [number, (scene: Scene) => Act])[] = [
  [
    9,
    ({ random, index }) => ({
      kind: 'incidentOpened',
      policy: policyOf(index),
      ...(random.chance(0.8) ? { forMs: random.int(1, 1200) * SECOND_MS } : {}),
      ...(random.chance(0.3) ? { notifiedAfterMs: awhile(random) } : {}),
    }),
  ],
  [1, ({ index }) => ({ kind: 'incidentClosed', policy: policyOf(index) })],
  [
    4,
    ({ random, stack, cluster, namespace }) => ({
      kind: 'weightsEdited',
      cluster,
      namespace,
      route: EXAMPLE[stack.type].route,
      weights: {
        [EXAMPLE[stack.type].oldPool]: random.int(0, 100),
        [EXAMPLE[stack.type].newPool]: random.int(0, 100),
      },
    }),
  ],
  [
    2,
    ({ random, stack, cluster, namespace }) => ({
      kind: 'routeDeleted',
      cluster,
      namespace,
      route: EXAMPLE[stack.type].route,
      again: random.chance(0.7),
    }),
  ],
  [2, ({ random, cluster }) => ({ kind: 'apiUnreachable', cluster, forMs: random.int(5, 400) * SECOND_MS })],
  [
    2,
    ({ random, index }) => ({
      kind: 'trafficChanged',
      stream: index,
      requestsPerSecond: pick(random, [0, 2, 10, 60]),
    }),
  ],
  [
    2,
    ({ stack, random, cluster, namespace }) => ({
      kind: 'deploymentScaled',
      cluster,
      namespace,
      name: EXAMPLE[stack.type].oldPool,
      replicas: random.int(0, stack.replicas + 1),
      by: 'horizontal-pod-autoscaler',
    }),
  ],
  [
    1,
    ({ stack, random, cluster, namespace }) => ({
      kind: 'deploymentScaled',
      cluster,
      namespace,
      name: EXAMPLE[stack.type].newPool,
      replicas: random.int(0, stack.replicas),
      by: 'horizontal-pod-autoscaler',
    }),
  ],
  [
    1,
    ({ random, cluster }) => ({
      kind: 'nodesRemoved',
      cluster,
      nodePool: pick(random, ['h100', 'h200', 'default-pool']),
      nodes: 1,
    }),
  ],
  [
    2,
    ({ random, cluster }) => ({
      kind: 'gatewayBehaves',
      cluster,
      as: pick<Partial<GatewayBehaviour>>(random, [
        { reconciles: false },
        { reportsFalsely: true },
        { trafficLagMs: [30_000, 200_000] },
        { reportLagMs: [60_000, 400_000] },
      ]),
    }),
  ],
  [
    2,
    ({ stack, cluster, namespace }) => ({
      kind: 'patched',
      cluster,
      resource: RESOURCES.httpRoute,
      namespace,
      name: EXAMPLE[stack.type].route,
      patch: [{ op: 'add', path: CHURN_ANNOTATION, value: 'yes' }],
      by: 'metadata-controller',
    }),
  ],
];

const PERCENTS = [1, 3, 8, 20, 45, 95] as const;

const drawWhen = (random: Random, order: number): TrialWhen =>
  random.chance(0.35)
    ? { afterMs: random.int(0, 40 * 60) * SECOND_MS }
    : { order, percent: pick(random, PERCENTS), forMs: random.int(0, 200) * SECOND_MS };

/** What befalls the world: in half of the trials something that should put the traffic back. */
export const drawActs = (
  random: Random,
  stacks: readonly TrialStack[],
  orders: readonly TrialOrder[],
): Trial['acts'] =>
  several(random, { more: 0.6, most: 8 }, () => {
    const order = random.int(0, orders.length - 1);
    const index = orders[order]?.stack ?? 0;
    const stack = stacks[index];
    if (stack === undefined) throw new RangeError(`order ${order} is about no stack`);
    const scene: Scene = {
      random,
      stack,
      index,
      cluster: CLUSTER_NAMES[stack.cluster],
      namespace: namespaceOf(index),
    };
    const act = random.chance(0.5)
      ? pickWeighted(random, SIDE_ACTS)(scene, random.chance(0.75) ? 'new' : 'old')
      : pickWeighted(random, OTHER_ACTS)(scene);
    return { when: drawWhen(random, order), act };
  });

export const drawGateway = (random: Random): Partial<GatewayBehaviour> => ({
  ...(random.chance(0.2) ? { frontEnds: random.int(2, 3), trafficLagMs: [0, 60_000] as const } : {}),
  ...(random.chance(0.2) ? { reportLagMs: [1_000, 60_000] as const } : {}),
  ...(random.chance(0.25) ? { statusChurnMs: random.int(1, 60) * SECOND_MS } : {}),
});

export const drawNodePoolFaults = (random: Random): readonly NodePoolFault[] =>
  random.chance(0.2)
    ? [
        {
          machineType: 'a3-ultragpu-8g',
          kind: pick(random, ['stockout', 'partial', 'slow'] as const),
          afterMs: random.int(1, 35) * MINUTE_MS,
          nodes: random.int(0, 1),
          ...(random.chance(0.5) ? { times: 1 } : {}),
        },
      ]
    : [];

export const drawGitOps = (
  random: Random,
  { stacks, faultsForMs }: { readonly stacks: readonly TrialStack[]; readonly faultsForMs: number },
): Trial['gitOps'] =>
  random.chance(0.06)
    ? [
        {
          stack: random.int(0, stacks.length - 1),
          everyMs: random.int(20, 300) * SECOND_MS,
          fromMs: random.int(0, 30) * MINUTE_MS,
          forMs: random.int(1, faultsForMs / MINUTE_MS) * MINUTE_MS,
        },
      ]
    : [];
