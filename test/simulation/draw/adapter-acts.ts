import type { Random } from '../../../simulator/scheduler/random.ts';
import type { Act, SideTarget } from '../../../simulator/world/acts.ts';
import type { KubeResource } from '../../../workflows/kubernetes.ts';
import {
  carrierOf,
  carrierResource,
  FIRST_POOL,
  namesOf,
  poolsOf,
  ruleOf,
  sourceOf,
  syncerOf,
} from '../stage/adapter-stack.ts';
import { policyOf } from '../stage/rollout-text.ts';
import { adaptersOf } from '../stage/stack-objects.ts';
import type { TrialAdapters } from '../trial.ts';
import { pick } from './pick.ts';
import { awhile, type Scene, some } from './scene.ts';

const SECOND_MS = 1000;

/** A pool of the stack, mostly the first. */
const poolIn = ({ random, stack }: Scene): string => {
  const pools = poolsOf(adaptersOf(stack));
  return random.chance(0.75) ? FIRST_POOL : pick(random, pools);
};

const servers = (scene: Scene): SideTarget => ({
  cluster: scene.cluster,
  namespace: scene.namespace,
  pool: poolIn(scene),
});

const oneServer = (scene: Scene): SideTarget => ({ ...servers(scene), pods: 1 });

const place = ({ cluster, namespace }: Scene): { readonly cluster: string; readonly namespace: string } => ({
  cluster,
  namespace,
});

/** Version of the first name, mostly; which of its versions. */
const version = ({ random, stack }: Scene, which: 'from' | 'to'): string =>
  namesOf(adaptersOf(stack), random.chance(0.7) ? 0 : 1)[which];

interface CarrierScene {
  readonly adapters: TrialAdapters;
  readonly resource: KubeResource;
  readonly name: string;
  readonly rule: number;
  readonly alias: 0 | 1;
}

/** What gives a name its targets; where there is nothing yet, somebody means one that is not there. */
const carrierIn = (scene: Scene): CarrierScene => {
  const adapters = adaptersOf(scene.stack);
  const alias = scene.random.chance(0.7) ? 0 : 1;
  const { name, rule } = carrierOf(adapters, alias, poolIn(scene)) ?? { name: 'none-such', rule: 0 };
  return { adapters, resource: carrierResource(adapters), name, rule, alias };
};

const fenceAnnotation = '/metadata/annotations/example.com~1touched';

/** A rule of another name before ours: ours has another index from then on. */
const ruleBefore = (scene: Scene): Act => {
  const { adapters, resource, name } = carrierIn(scene);
  const { targets } = ruleOf(adapters, 0);
  const rule = { matches: [{ model: { type: 'Exact', value: 'guests' } }], targets };
  return {
    kind: 'patched',
    ...place(scene),
    resource,
    name,
    patch: [{ op: 'add', path: '/spec/rules/0', value: rule }],
    by: 'sam@example.com',
  };
};

/** Things that befall servers, what they have loaded, what says so, and what gives names their targets. */
export const ADAPTER_ACTS: readonly (readonly [number, (scene: Scene) => Act])[] = [
  [
    4,
    (scene) => ({
      kind: 'adapterMissing',
      target: oneServer(scene),
      adapter: version(scene, 'to'),
      as: pick(scene.random, ['absent', 'silent'] as const),
      ...(scene.random.chance(0.6) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [
    4,
    (scene) => ({
      kind: 'syncerFails',
      target: scene.random.chance(0.5) ? servers(scene) : oneServer(scene),
      adapter: version(scene, 'to'),
      as: pick(scene.random, ['absent', 'rank'] as const),
      ...(scene.random.chance(0.7) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [
    5,
    (scene) => ({
      kind: 'adapterUnloaded',
      target: scene.random.chance(0.5) ? servers(scene) : oneServer(scene),
      adapter: version(scene, scene.random.chance(0.8) ? 'to' : 'from'),
    }),
  ],
  [4, (scene) => ({ kind: 'podsDeleted', target: { ...servers(scene), ...some(scene) } })],
  [3, (scene) => ({ kind: 'serverKilled', target: { ...servers(scene), ...some(scene) } })],
  [2, (scene) => ({ kind: 'serverTerminated', target: { ...servers(scene), ...some(scene) } })],
  [
    2,
    (scene) => ({
      kind: 'serverHangs',
      target: { ...servers(scene), ...some(scene) },
      forMs: awhile(scene.random),
    }),
  ],
  [
    4,
    (scene) => ({
      kind: 'requestsFail',
      target: { ...servers(scene), ...some(scene) },
      share: pick(scene.random, [0.02, 0.1, 0.3, 1]),
      as: pick(scene.random, ['500', 'streamError'] as const),
      ...(scene.random.chance(0.6) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [
    2,
    (scene) => ({
      kind: 'podsSlow',
      target: servers(scene),
      factor: pick(scene.random, [2, 8, 30]),
      forMs: awhile(scene.random),
    }),
  ],
  [
    2,
    (scene) => ({
      kind: 'metricsMissing',
      target: { ...servers(scene), ...some(scene) },
      as: pick(scene.random, ['500', 'silent'] as const),
      forMs: awhile(scene.random),
    }),
  ],
  [1, (scene) => ({ kind: 'countersReset', target: { ...servers(scene), ...some(scene) } })],
  [
    2,
    (scene) => ({
      kind: 'crashLoop',
      target: { ...servers(scene), ...some(scene) },
      forMs: awhile(scene.random),
    }),
  ],
  [1, (scene) => ({ kind: 'pickerKilled', target: servers(scene), forMs: awhile(scene.random) })],
  [
    7,
    (scene) => {
      const { adapters, alias } = carrierIn(scene);
      const { alias: asked, from, to } = namesOf(adapters, alias);
      const share = scene.random.int(1, 99);
      return {
        kind: 'targetsEdited',
        ...place(scene),
        pool: poolIn(scene),
        asked,
        weights: scene.random.chance(0.3) ? { [from]: 1 } : { [from]: 100 - share, [to]: share },
      };
    },
  ],
  [2, ruleBefore],
  [
    2,
    (scene) => {
      const { resource, name } = carrierIn(scene);
      return { kind: 'deleted', ...place(scene), resource, name };
    },
  ],
  [
    1,
    (scene) => {
      const { resource, name } = carrierIn(scene);
      return {
        kind: 'patched',
        ...place(scene),
        resource,
        name,
        patch: [{ op: 'add', path: fenceAnnotation, value: 'yes' }],
        by: 'metadata-controller',
      };
    },
  ],
  [
    6,
    (scene) => {
      const pool = poolIn(scene);
      const to = version(scene, 'to');
      return {
        kind: 'syncerEdited',
        ...place(scene),
        configMap: syncerOf(pool),
        ...(scene.random.chance(0.5)
          ? { add: { id: 'summer-menu', source: sourceOf('summer-menu') } }
          : { remove: scene.random.chance(0.6) ? to : 'review-zero' }),
      };
    },
  ],
  [
    1,
    (scene) => ({
      kind: 'deleted',
      ...place(scene),
      resource: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
      name: syncerOf(poolIn(scene)),
    }),
  ],
  [
    6,
    ({ random, index }) => ({
      kind: 'incidentOpened',
      policy: policyOf(index),
      ...(random.chance(0.8) ? { forMs: random.int(1, 1200) * SECOND_MS } : {}),
      ...(random.chance(0.3) ? { notifiedAfterMs: awhile(random) } : {}),
    }),
  ],
  [2, ({ random, cluster }) => ({ kind: 'apiUnreachable', cluster, forMs: random.int(5, 400) * SECOND_MS })],
  [
    1,
    ({ random, index }) => ({
      kind: 'trafficChanged',
      stream: index,
      requestsPerSecond: pick(random, [0, 2, 10, 60]),
    }),
  ],
  [
    2,
    (scene) => ({
      kind: 'deploymentScaled',
      ...place(scene),
      name: poolIn(scene),
      replicas: scene.random.int(1, scene.stack.replicas + 1),
      by: 'horizontal-pod-autoscaler',
    }),
  ],
  [
    1,
    ({ random, cluster }: { readonly random: Random; readonly cluster: string }) => ({
      kind: 'nodesDrained',
      cluster,
      nodePool: 'h100',
      nodes: 1,
      everyMs: random.int(5, 60) * SECOND_MS,
    }),
  ],
];
