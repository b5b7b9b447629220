import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { carryOut } from '../../functions/runtime/hands/carry-out.ts';
import { gatherCluster } from '../../functions/runtime/hands/gather-cluster.ts';
import type { HandResult, Job } from '../../functions/runtime/hands/hand.ts';
import { takeLook } from '../../functions/runtime/look.ts';
import { createShell } from '../../functions/runtime/shell.ts';
import { must } from '../../workflows/assert.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Plan } from '../../workflows/plans/plan.ts';
import { planRollout } from '../../workflows/plans/plan-rollout.ts';
import type { GkeOperation, KubeAnswer, NodePool, Ports } from '../../workflows/ports.ts';
import type { Effect, EffectKind } from '../../workflows/rollout/effects.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { canonicalJson } from '../../workflows/spec/canonical.ts';
import { MINUTE_FAMILIES } from '../../workflows/steps/pod-metrics.ts';
import { aDocument } from '../helpers/stored-records.ts';
import { aCluster, fromManifests, newManifests, stored, withoutNewSide } from '../unit/plans/a-cluster.ts';
import { fuzz, LONG, outcomeOf, type Verdict } from './fuzz.ts';
import { type Edit, edit, edited } from './mutate.ts';

const NOW_MS = 1_772_442_000_000;
const ROLLOUT = 'llm-to-new-1';

const nodePool: NodePool = {
  name: 'h200',
  initialNodeCount: 1,
  locations: ['us-central1-b'],
  config: {
    machineType: 'a3-ultragpu-8g',
    resourceLabels: { 'sluice-rollout': ROLLOUT },
    taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NO_SCHEDULE' }],
  },
  status: 'PROVISIONING',
};

const operation: GkeOperation = {
  name: 'operation-1',
  operationType: 'CREATE_NODE_POOL',
  status: 'DONE',
  targetLink: 'https://container.googleapis.com/v1/projects/acme/nodePools/h200',
  error: { code: 'RESOURCE_EXHAUSTED', message: 'no more', condition: 'GCE_STOCKOUT' },
};

const spec = fromManifests(
  { nodes: { nodePool: 'h200' } },
  { acknowledge: ['drain', 'objectives-priorities'], retention: { retire: 'delete' } },
);
const planned = planRollout(spec, newManifests(), {
  ...withoutNewSide(),
  nodePools: { kind: 'ok', pools: [nodePool] },
});
const plan: Plan = must(planned.kind === 'planned' ? planned.plan : null, JSON.stringify(planned.findings));

const objective = stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', 'chat', {
  spec: { priority: -1, poolRef: { name: 'llm' } },
});

type Lists = Pick<
  ReturnType<typeof aCluster>,
  'pools' | 'routes' | 'gateways' | 'services' | 'deployments' | 'pods' | 'backendPolicies'
>;

const allOf = ({
  pools,
  routes,
  gateways,
  services,
  deployments,
  pods,
  backendPolicies,
}: Lists): readonly KubeObject[] => [
  ...pools,
  ...routes,
  ...gateways,
  ...services,
  ...deployments,
  ...pods,
  ...backendPolicies,
  objective,
];

/** Both sides, as hands find them; only the old one, as preflight does. */
const BOTH = allOf(aCluster());
const OLD = allOf(withoutNewSide());

const found = (objects: readonly KubeObject[], kind: string, name: string): KubeAnswer => {
  const object = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (object !== undefined) return { kind: 'answer', status: 200, object };
  const failure = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: 404,
    reason: 'NotFound',
    details: { causes: [] },
  } as const;
  return { kind: 'answer', status: 404, failure };
};

const completion = JSON.stringify({
  data: [
    { id: 'llama', parent: null, max_model_len: 8192 },
    { id: 'food-review-1', parent: 'llama' },
  ],
  choices: [{ text: 'x', finish_reason: 'stop', logprobs: { token_logprobs: [-1] } }],
});

/** The n-th answer, with these edits made to it. */
type Spoilt = readonly { readonly call: number; readonly edits: readonly Edit[] }[];

const spoilt: fc.Arbitrary<Spoilt> = fc.array(
  fc.record({ call: fc.nat({ max: 30 }), edits: fc.array(edit, { minLength: 1, maxLength: 3 }) }),
  { minLength: 1, maxLength: 8 },
);

/** What can be spoilt of an answer: everything that a server says; that it answered is what the adapter says. */
const spoil = <T extends object>(answer: T, edits: readonly Edit[]): T => {
  const { object, failure, value, body, ...rest } = answer as Readonly<Record<string, unknown>>;
  const said = {
    object,
    failure,
    value,
    ...(typeof body === 'string' ? { body: JSON.parse(body) as unknown } : {}),
  };
  const known = Object.fromEntries(Object.entries(said).filter(([, one]) => one !== undefined));
  const changed = edited(known, edits);
  return {
    ...rest,
    ...changed,
    ...('body' in changed ? { body: JSON.stringify(changed['body']) ?? '' } : {}),
  } as unknown as T;
};

/** The effect is still what its rollout wants. */
const EFFECT_ID = `${ROLLOUT}/9/0`;
const DOCUMENT = aDocument({
  rolloutId: ROLLOUT,
  fence: 7,
  outbox: [{ id: EFFECT_ID, effect: { kind: 'page' }, fence: 7, notBeforeMs: 0 }],
});

const hostilePorts = (given: Spoilt, objects: readonly KubeObject[]): Ports => {
  let calls = 0;
  const say = async <T extends object>(answer: T): Promise<T> => {
    const now = given.find(({ call }) => call === calls);
    calls += 1;
    return now === undefined ? answer : spoil(answer, now.edits);
  };
  let nowMs = NOW_MS;
  const ok = <T>(value: T) => say({ kind: 'ok' as const, value });
  return {
    kubernetes: {
      discover: () => say({ kind: 'answer', status: 200, object: aCluster().served }),
      get: ({ resource, name }) => say(found(objects, resource.kind, name)),
      list: ({ resource }) =>
        say({
          kind: 'answer',
          status: 200,
          object: { resourceVersion: '1', items: objects.filter(({ kind }) => kind === resource.kind) },
        }),
      create: ({ object }) =>
        say({ kind: 'answer', status: 201, object: { ...object, status: { allowed: true } } }),
      jsonPatch: ({ resource, name }) => say(found(objects, resource.kind, name)),
      delete: ({ resource, name }) => say(found(objects, resource.kind, name)),
    },
    gke: {
      getNodePool: () => ok(nodePool),
      listNodePools: () => ok([nodePool]),
      createNodePool: () => ok(operation),
      deleteNodePool: () => ok(operation),
      getOperation: () => ok(operation),
      listOperations: () => ok([operation]),
    },
    models: {
      ask: () => say({ kind: 'answered', status: 200, body: completion, elapsedMs: 10 }),
      scrape: async ({ targets }) => targets.map(() => ({ kind: 'answered', status: 200, samples: [] })),
    },
    monitoring: {
      openIncidents: async () => ({ kind: 'ok', incidents: [] }),
      heartbeat: async () => ({ kind: 'ok' }),
    },
    bus: { publish: async () => ({ kind: 'ok' }) },
    time: {
      now: async () => (nowMs += 10),
      wait: async ({ ms }) => (nowMs += ms),
      changes: async () => ({ changed: false }),
    },
    store: {
      load: async () => ({ document: DOCUMENT, readAtMs: NOW_MS }),
      registry: async () => ({ incidents: [], freeze: null }),
      locks: async ({ keys }: { keys: readonly string[] }) => keys.map(() => null),
      list: async () => [],
    } as unknown as Ports['store'],
    log: () => undefined,
  };
};

const EFFECTS: { readonly [K in EffectKind]: Extract<Effect, { kind: K }> } = {
  awaitTurn: { kind: 'awaitTurn', behind: null },
  makePlan: { kind: 'makePlan' },
  createObjects: { kind: 'createObjects', stage: 'cheap' },
  createNodePool: { kind: 'createNodePool', attempt: 1, nodePool: 'h200' },
  awaitNewSide: { kind: 'awaitNewSide' },
  verifyPods: { kind: 'verifyPods' },
  proveWayBack: { kind: 'proveWayBack', sharePercent: 25, rung: 1, provenNeeded: 'growth' },
  setWeights: { kind: 'setWeights', sharePercent: 25, reapply: true },
  confirmWeights: { kind: 'confirmWeights', sharePercent: 25 },
  fenceRoutes: { kind: 'fenceRoutes' },
  adoptDrift: { kind: 'adoptDrift' },
  moveObjectives: { kind: 'moveObjectives', to: 'new' },
  rollBack: { kind: 'rollBack', cause: 'alert', sickness: 'latency', force: false, sinceMs: NOW_MS },
  confirmRollback: { kind: 'confirmRollback', sinceMs: NOW_MS },
  removeRefs: { kind: 'removeRefs', side: 'new' },
  confirmRefsRemoved: { kind: 'confirmRefsRemoved', side: 'old', sinceMs: NOW_MS },
  deleteObjects: { kind: 'deleteObjects', side: 'old', identities: plan.delete },
  deleteNodePool: { kind: 'deleteNodePool', nodePool: 'h200' },
  page: { kind: 'page', code: 'x', sentence: 'x' },
};

const jobOf = (effect: Effect): Job => ({
  rolloutId: ROLLOUT,
  effect,
  effectId: EFFECT_ID,
  fence: 7,
  sinceMs: NOW_MS,
  nowMs: NOW_MS,
  spec,
  plan: {
    ...plan,
    objectives: {
      mode: 'flip',
      objects: [
        {
          identity: {
            group: 'inference.networking.x-k8s.io',
            version: 'v1alpha2',
            plural: 'inferenceobjectives',
            kind: 'InferenceObjective',
            namespace: 'serving',
            name: 'chat',
            uid: 'uid-InferenceObjective-chat',
          },
          priority: -1,
          poolRefName: 'llm',
        },
      ],
    },
  },
  manifests: newManifests(),
  created: [],
  nodePool: 'h200',
  sharePercent: 5,
  trafficSinceMs: NOW_MS,
});

/** The ports as the doors have them. */
const portsOf = (given: Spoilt, objects: readonly KubeObject[] = BOTH): Ports =>
  createShell({ ports: hostilePorts(given, objects), versions: VERSIONS, instanceId: 'fuzz' }).ports;

/** Something to wait for, or an outcome that the journal can keep. */
const wordOf = (result: HandResult): Verdict => {
  if (result.kind === 'again') expect(Number.isFinite(result.inMs) && result.why.length > 0).toBe(true);
  if (result.kind === 'outcome') expect(canonicalJson(result.outcome)).toMatch(/^\{/u);
  return result.kind === 'outcome' ? result.outcome.kind : result.kind;
};

test('every hand, with spoilt answers of Kubernetes, GKE and model servers', LONG, async () => {
  const seen = await fuzz({
    runs: 1_500,
    input: fc.tuple(fc.constantFrom(...Object.values(EFFECTS)), spoilt),
    check: ([effect, given]) => outcomeOf(() => carryOut(portsOf(given), jobOf(effect)), wordOf),
  });
  const kinds = [
    'again',
    'drifted',
    'refused',
    'planned',
    'wayBackProved',
    'wayBackRefused',
    'weightsWritten',
  ];
  const more = ['rollbackWritten', 'adopted', 'nodePoolFailed', 'objectsDeleted', 'newSideReady'];
  expect(seen).toEqual(expect.arrayContaining([...kinds, ...more]));
});

test('preflight and a look, with spoilt answers', LONG, async () => {
  const seen = await fuzz({
    runs: 300,
    input: spoilt,
    check: async (given) => {
      const gathered = await gatherCluster(portsOf(given, OLD), spec, newManifests());
      const call = {
        cluster: plan.cluster,
        namespace: plan.namespace,
        old: plan.old,
        new: plan.new,
        families: MINUTE_FAMILIES,
        atMs: NOW_MS,
      };
      const { look, unreachable } = await takeLook(
        portsOf(given.map((one) => ({ ...one, call: one.call % 2 }))),
        call,
      );
      expect(canonicalJson(look)).toMatch(/^\{/u);
      if (gathered.kind === 'unreachable') return [gathered.kind, unreachable ? 'no look' : 'look'];
      return [planRollout(spec, newManifests(), gathered.observed).kind, unreachable ? 'no look' : 'look'];
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['unreachable', 'planned', 'refused', 'look', 'no look']));
});
