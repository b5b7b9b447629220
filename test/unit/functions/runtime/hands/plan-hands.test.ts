import { describe, expect, test } from 'vitest';
import { awaitNewSide } from '../../../../../functions/runtime/hands/await-new-side.ts';
import { awaitTurn } from '../../../../../functions/runtime/hands/await-turn.ts';
import { gatherCluster } from '../../../../../functions/runtime/hands/gather-cluster.ts';
import { makePlan } from '../../../../../functions/runtime/hands/make-plan.ts';
import type { KubeObject } from '../../../../../workflows/kubernetes.ts';
import { planRollout } from '../../../../../workflows/plans/plan-rollout.ts';
import {
  aCluster,
  aPod,
  aSpec,
  CLUSTER,
  fromManifests,
  NAMESPACE,
  newManifests,
  withoutNewSide,
} from '../../../plans/a-cluster.ts';
import { fakeKubernetes, fakePorts, ID, jobFor, lost, planOf, refusal } from './build-fakes.ts';

const objectsOf = (cluster = aCluster()): readonly KubeObject[] => [
  ...cluster.pools,
  ...cluster.routes,
  ...cluster.gateways,
  ...cluster.services,
  ...cluster.deployments,
  ...cluster.pods,
  ...cluster.backendPolicies,
];

const isWrite = (call: string): boolean => /^(create|patch|delete) (?!selfsubjectaccessreviews)/.test(call);

describe('gathering and planning', () => {
  test('what is read from a cluster gives the plan that its observation gives', async () => {
    const kubernetes = fakeKubernetes(objectsOf());
    const result = await makePlan(fakePorts({ kubernetes }), jobFor({ kind: 'makePlan' }, { plan: null }));
    const wanted = planRollout(aSpec(), [], aCluster());
    expect(result).toEqual({ kind: 'outcome', outcome: wanted });
  });

  test('nothing is written: dry runs and reviews only', async () => {
    const kubernetes = fakeKubernetes(objectsOf(withoutNewSide()));
    const spec = fromManifests({}, { retention: { retire: 'delete' } });
    const result = await makePlan(
      fakePorts({ kubernetes }),
      jobFor({ kind: 'makePlan' }, { plan: null, spec, manifests: newManifests() }),
    );
    expect(result).toMatchObject({ outcome: { kind: 'planned' } });
    expect(kubernetes.calls.filter(isWrite)).toEqual([]);
    expect(kubernetes.calls.filter((call) => call.startsWith('try ')).sort()).toEqual([
      'try create deployments serving/llm-new',
      'try create deployments serving/llm-new-epp',
      'try create inferencepools serving/llm-new',
      'try create services serving/llm-new-epp',
      'try patch httproutes serving/routes-to-llm',
      'try patch httproutes serving/routes-to-llm',
    ]);
  });

  test.each([
    ['a lost list', 'list inferencepools *', lost],
    ['a server that is not able to answer', 'list pods serving', refusal(503, 'ServiceUnavailable')],
    ['a route that changed meanwhile', 'try patch httproutes serving/routes-to-llm', refusal(422, 'Invalid')],
  ])('%s is asked again', async (_, which, answer) => {
    const kubernetes = fakeKubernetes(objectsOf());
    kubernetes.interfere = (call) => (call === which ? { answer } : null);
    const result = await makePlan(fakePorts({ kubernetes }), jobFor({ kind: 'makePlan' }, { plan: null }));
    expect(result).toMatchObject({ kind: 'again', inMs: 15_000 });
  });

  test.each(['RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'INTERNAL', 'ABORTED'] as const)(
    'node pools that GKE does not list now (%s) are asked for again',
    async (code) => {
      const kubernetes = fakeKubernetes(objectsOf(withoutNewSide()));
      const ports = fakePorts({ kubernetes });
      const gke = {
        ...ports.gke,
        listNodePools: () => Promise.resolve({ kind: 'error' as const, code, message: 'not now' }),
      };
      const spec = fromManifests({ nodes: { nodePool: 'h200' } });
      const job = jobFor({ kind: 'makePlan' }, { plan: null, spec, manifests: newManifests() });
      expect(await makePlan({ ...ports, gke }, job)).toMatchObject({ kind: 'again' });
    },
  );

  test('a list that is refused is a finding', async () => {
    const kubernetes = fakeKubernetes(objectsOf());
    kubernetes.interfere = (call) =>
      call === 'list gateways *' ? { answer: refusal(403, 'Forbidden') } : null;
    const result = await makePlan(fakePorts({ kubernetes }), jobFor({ kind: 'makePlan' }, { plan: null }));
    expect(result).toMatchObject({ outcome: { kind: 'refused', reason: 'preflight' } });
    expect(JSON.stringify(result)).toContain('list gateways in all namespaces is refused with 403.');
  });

  test('locks are read for a plan that nobody started; a rollout learns of them in its commit', async () => {
    const ports = fakePorts({
      kubernetes: fakeKubernetes(objectsOf()),
      holders: { [`${CLUSTER}/${NAMESPACE}/httproutes/routes-to-llm`]: 'other-3' },
    });
    const [forPlan, forRollout] = [
      await gatherCluster(ports, aSpec(), []),
      await gatherCluster(ports, aSpec(), [], ID),
    ];
    const held = (gathered: typeof forPlan) =>
      gathered.kind === 'gathered' ? gathered.observed.locksHeld : null;
    expect([held(forPlan), held(forRollout)]).toEqual([
      [{ key: `${CLUSTER}/${NAMESPACE}/httproutes/routes-to-llm`, holder: 'other-3' }],
      [],
    ]);
  });
});

describe('waiting for a turn', () => {
  const turn = (holder: string | null) =>
    awaitTurn(
      fakePorts({ holders: holder === null ? {} : { [`${CLUSTER}/${NAMESPACE}/llm`]: holder } }),
      jobFor({ kind: 'awaitTurn', behind: null }, { plan: null }),
    );

  test('is over when the pool is free, or ours', async () => {
    const open = { kind: 'outcome', outcome: { kind: 'queueOpen' } };
    expect([await turn(null), await turn(ID)]).toEqual([open, open]);
  });

  test('goes on while another rollout holds it', async () => {
    expect(await turn('other-3')).toEqual({
      kind: 'again',
      inMs: 60_000,
      why: 'rollout other-3 holds pool llm',
    });
  });
});

describe('a lock that stood in the way of the plan', () => {
  const NODES = `${CLUSTER}/nodePools/h200`;
  const turn = (holders: Record<string, string>) =>
    awaitTurn(fakePorts({ holders }), jobFor({ kind: 'awaitTurn', behind: NODES }, { plan: null }));

  test('is waited for: planning again would meet it again', async () => {
    expect(await turn({ [NODES]: 'other-4' })).toEqual({
      kind: 'again',
      inMs: 60_000,
      why: `rollout other-4 holds ${NODES}`,
    });
    expect(await turn({})).toEqual({ kind: 'outcome', outcome: { kind: 'queueOpen' } });
    expect(await turn({ [NODES]: ID })).toEqual({ kind: 'outcome', outcome: { kind: 'queueOpen' } });
  });
});

describe('the order of arrival', () => {
  const queued = (rolloutId: string, createdAtMs: number, state = 'queued') => ({
    rolloutId,
    state,
    wakeAtMs: 0,
    poolKey: `${CLUSTER}/${NAMESPACE}/llm`,
    createdAtMs,
    finishedAtMs: null,
  });
  const turn = (queue: readonly ReturnType<typeof queued>[]) =>
    awaitTurn(fakePorts({ queue }), jobFor({ kind: 'awaitTurn', behind: null }, { plan: null }));

  test('lets the one go first that came first', async () => {
    expect(await turn([queued(ID, 20), queued('other-1', 10)])).toEqual({
      kind: 'again',
      inMs: 60_000,
      why: 'rollout other-1 came first',
    });
  });

  test('does not wait for later ones, nor for those that are past the queue', async () => {
    const open = { kind: 'outcome', outcome: { kind: 'queueOpen' } };
    expect(await turn([queued(ID, 20), queued('other-1', 30)])).toEqual(open);
    expect(await turn([queued(ID, 20), queued('other-1', 10, 'rollingBack')])).toEqual(open);
  });
});

describe('waiting for the new side', () => {
  const wait = (objects: readonly KubeObject[]) =>
    awaitNewSide(
      fakePorts({ kubernetes: fakeKubernetes(objects) }),
      jobFor({ kind: 'awaitNewSide' }, { plan: planOf() }),
    );
  const without = (name: string): readonly KubeObject[] =>
    objectsOf().filter((one) => one.metadata.name !== name);

  test('is over when pool, pods and picker are ready', async () => {
    expect(await wait(objectsOf())).toEqual({ kind: 'outcome', outcome: { kind: 'newSideReady', pods: 2 } });
  });

  test.each([
    [
      'the pool',
      objectsOf().filter((one) => one.kind !== 'InferencePool'),
      'InferencePool serving/llm-new: 404 NotFound NotFound',
    ],
    ['a pod', without('llm-new-2'), '1 of 2 pods of llm-new are ready'],
    [
      'a picker',
      [...without('llm-new-epp-1'), aPod('llm-new-epp-1', 'llm-new-epp', false)],
      'no picker of llm-new is ready',
    ],
  ])('says that %s is missing', async (_, objects, why) => {
    expect(await wait(objects)).toEqual({ kind: 'again', inMs: 10_000, why });
  });
});
