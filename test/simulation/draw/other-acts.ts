import type { Act } from '../../../simulator/world/acts.ts';
import type { GatewayBehaviour } from '../../../simulator/world/parameters.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { policyOf } from '../stage/rollout-text.ts';
import { EXAMPLE } from '../stage/stack-objects.ts';
import { pick } from './pick.ts';
import { awhile, type Scene } from './scene.ts';

const SECOND_MS = 1000;

const CHURN_ANNOTATION = '/metadata/annotations/example.com~1touched';

/** Things that befall routes, nodes, gateways, API servers, and alerts. */
export const OTHER_ACTS: readonly (readonly [number, (scene: Scene) => Act])[] = [
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
    3,
    ({ random, stack, cluster, namespace }) => ({
      kind: 'routeDeleted',
      cluster,
      namespace,
      route: EXAMPLE[stack.type].route,
      again: random.chance(0.5),
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
      forMs: random.int(1, 25) * 60 * SECOND_MS,
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
  [
    2,
    ({ random, stack, cluster, namespace }) => ({
      kind: 'fenceTouched',
      cluster,
      namespace,
      route: EXAMPLE[stack.type].route,
      as: pick(random, ['stripped', 'raised', 'foreign'] as const),
    }),
  ],
  [
    1,
    ({ stack, cluster, namespace }) => ({
      kind: 'refPruned',
      cluster,
      namespace,
      route: EXAMPLE[stack.type].route,
      pool: EXAMPLE[stack.type].newPool,
    }),
  ],
  [
    1,
    ({ random, cluster }) => ({
      kind: 'nodesDrained',
      cluster,
      nodePool: pick(random, ['h100', 'h200']),
      nodes: 1,
      everyMs: random.int(5, 60) * SECOND_MS,
    }),
  ],
  [1, () => ({ kind: 'testNotification' })],
  [
    2,
    ({ random, cluster }) => ({
      kind: 'gatewayBehaves',
      cluster,
      as: {
        refuses: {
          condition: pick(random, ['Accepted', 'ResolvedRefs', 'Reconciled', 'Programmed'] as const),
          reason: 'GWCER104',
          message: 'another route of this Gateway cannot be translated',
        },
      },
      forMs: awhile(random),
    }),
  ],
];
