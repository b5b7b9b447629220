import { describe, expect, test } from 'vitest';
import { deleteObjects } from '../../../../../functions/runtime/hands/delete-objects.ts';
import type { KubeObject, ObjectIdentity } from '../../../../../workflows/kubernetes.ts';
import { FINDING_CODES } from '../../../../../workflows/plans/finding-codes.ts';
import {
  aCluster,
  aPod,
  aRef,
  aRoute,
  aSpec,
  fromManifests,
  NAMESPACE,
  newManifests,
  stored,
  withoutNewSide,
} from '../../../plans/a-cluster.ts';
import {
  type FakeKubernetes,
  fakeKubernetes,
  fakeModels,
  fakePorts,
  healthyPod,
  ID,
  jobFor,
  lost,
  planOf,
  refusal,
} from './build-fakes.ts';

const cluster = aCluster();
const plan = planOf(aSpec({ retention: { retire: 'delete' } }));
const OLD = [
  ...cluster.pools,
  ...cluster.services,
  ...cluster.deployments,
  ...cluster.pods,
  ...cluster.backendPolicies,
];
const onNew = aRoute('routes-to-llm', [[aRef('llm-new', 1)]]);

const remove = (
  kubernetes: FakeKubernetes,
  more: {
    readonly running?: number | null;
    readonly nowMs?: number;
    readonly identities?: readonly ObjectIdentity[];
  } = {},
) => {
  const models = fakeModels(healthyPod, { nowMs: 0 });
  models.running = more.running === undefined ? 0 : more.running;
  return deleteObjects(
    fakePorts({ kubernetes, models }),
    jobFor(
      { kind: 'deleteObjects', side: 'old', identities: more.identities ?? plan.delete },
      { plan, nowMs: more.nowMs ?? 1_000_000, trafficSinceMs: 1 },
    ),
  );
};

const deletes = (kubernetes: FakeKubernetes): readonly string[] =>
  kubernetes.calls.filter((call) => call.startsWith('delete')).map((call) => call.slice('delete '.length));

const DONE = { kind: 'outcome', outcome: { kind: 'objectsDeleted', notDone: [] } };

const objective = (name: string): KubeObject =>
  stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', name, {
    spec: { poolRef: { name: 'llm' } },
  });

describe('removing the old side', () => {
  test('deletes what the plan lists, in its order, and nothing else', async () => {
    const kubernetes = fakeKubernetes([...OLD, onNew]);
    expect(await remove(kubernetes)).toEqual(DONE);
    expect(deletes(kubernetes)).toEqual([
      'deployments serving/llm',
      'deployments serving/llm-epp',
      'services serving/llm-epp',
      'gcpbackendpolicies serving/llm-policy',
      'inferencepools serving/llm',
    ]);
  });

  test.each([
    ['a route with weight', aRoute('internal', [[aRef('llm', 1)]]), 'HTTPRoute serving/internal'],
    [
      'a route without weight',
      aRoute('internal', [[aRef('llm', 0), aRef('x', 1)]]),
      'HTTPRoute serving/internal',
    ],
    [
      'a route of another namespace',
      aRoute('acme', [[aRef('llm', 1, { namespace: NAMESPACE })]], { metadata: { namespace: 'tenants' } }),
      'HTTPRoute tenants/acme',
    ],
    [
      'a mirror',
      aRoute('mirror', [[aRef('x', 1)]], {
        spec: {
          rules: [
            {
              backendRefs: [],
              filters: [{ type: 'RequestMirror', requestMirror: { backendRef: aRef('llm', 1) } }],
            },
          ],
        },
      }),
      'HTTPRoute serving/mirror',
    ],
    ['an objective', objective('food'), 'InferenceObjective serving/food'],
  ])('deletes nothing while something refers to the pool: %s', async (_, reference, name) => {
    const kubernetes = fakeKubernetes([...OLD, onNew, reference]);
    expect(await remove(kubernetes)).toMatchObject({
      outcome: {
        kind: 'objectsDeleted',
        notDone: [{ code: 'still-referenced', what: `${name} refers to it.` }],
      },
    });
    expect(deletes(kubernetes)).toEqual([]);
  });

  test('deletes nothing when it may not look for references', async () => {
    const kubernetes = fakeKubernetes([...OLD, onNew]);
    kubernetes.interfere = (call) =>
      call === 'list httproutes *' ? { answer: refusal(403, 'Forbidden') } : null;
    expect(await remove(kubernetes)).toMatchObject({ outcome: { notDone: [{ code: 'still-referenced' }] } });
    expect(deletes(kubernetes)).toEqual([]);
  });

  test('deletes nothing while a pod has requests, or does not say, until the wait is over', async () => {
    const kubernetes = fakeKubernetes([...OLD, onNew]);
    expect(await remove(kubernetes, { running: 3 })).toEqual({
      kind: 'again',
      inMs: 5_000,
      why: 'pod llm-1 still has 3 requests',
    });
    expect(await remove(kubernetes, { running: null, nowMs: 1_299_999 })).toMatchObject({ kind: 'again' });
    expect(deletes(kubernetes)).toEqual([]);
    expect(await remove(kubernetes, { running: 3, nowMs: 1_300_000 })).toEqual(DONE);
  });

  test('goes on where it was interrupted: what is gone is done', async () => {
    const kubernetes = fakeKubernetes([...OLD, onNew]);
    kubernetes.interfere = (call) =>
      call.startsWith('delete services') ? { answer: lost, afterwards: true } : null;
    expect(await remove(kubernetes)).toMatchObject({ kind: 'again', inMs: 5_000 });
    kubernetes.interfere = () => null;
    expect(await remove(kubernetes)).toEqual(DONE);
    expect(
      kubernetes.objects.some((one) => one.metadata.name === 'llm' && one.kind === 'InferencePool'),
    ).toBe(false);
  });

  test.each([
    ['not-the-same', 409, 'Conflict'],
    ['delete-refused', 403, 'Forbidden'],
  ] as const)('%s is left and said, the rest goes', async (code, status, reason) => {
    const kubernetes = fakeKubernetes([...OLD, onNew]);
    kubernetes.interfere = (call) =>
      call.startsWith('delete services') ? { answer: refusal(status, reason) } : null;
    const { why, mend } = FINDING_CODES[code];
    expect(await remove(kubernetes)).toMatchObject({
      outcome: { notDone: [{ severity: 'W', code, object: 'Service serving/llm-epp', why, mend }] },
    });
    expect(deletes(kubernetes)).toHaveLength(5);
  });
});

describe('removing what we created', () => {
  const made = planOf(fromManifests(), newManifests(), withoutNewSide());
  const intent = (name: string): KubeObject[] =>
    made.create.map(({ object }, index) => ({
      ...object,
      metadata: { ...object.metadata, uid: `made-${index}`, annotations: { 'sluice.dev/intent': name } },
    }));
  const clear = (
    kubernetes: FakeKubernetes,
    more: {
      readonly identities?: readonly ObjectIdentity[];
      readonly trafficSinceMs?: number;
      /** Since the deletion was decided, ms. */
      readonly afterMs?: number;
    } = {},
  ) => {
    const models = fakeModels(healthyPod, { nowMs: 0 });
    models.running = 5;
    return deleteObjects(
      fakePorts({ kubernetes, models }),
      jobFor(
        { kind: 'deleteObjects', side: 'new', identities: more.identities ?? [] },
        {
          plan: made,
          trafficSinceMs: more.trafficSinceMs ?? null,
          nowMs: 1_000_000 + (more.afterMs ?? 90_000),
        },
      ),
    );
  };

  test('waits until no creation can be on its way any more, where one was cut off', async () => {
    const kubernetes = fakeKubernetes(intent(ID));
    expect(await clear(kubernetes, { afterMs: 89_999 })).toEqual({
      kind: 'again',
      inMs: 5_000,
      why: 'a creation may still be on its way',
    });
    expect(deletes(kubernetes)).toEqual([]);
  });

  test('finds what a crash kept from being remembered: planned, of this name, with our intent', async () => {
    const kubernetes = fakeKubernetes(intent(ID));
    expect(await clear(kubernetes)).toEqual(DONE);
    expect(kubernetes.objects).toEqual([]);
    expect(deletes(kubernetes)[0]).toBe('deployments serving/llm-new-epp');
  });

  test('leaves objects of the same names that another rollout made', async () => {
    const kubernetes = fakeKubernetes(intent('another-3'));
    expect(await clear(kubernetes)).toEqual(DONE);
    expect(deletes(kubernetes)).toEqual([]);
  });

  test('waits for idle pods once users were there', async () => {
    const kubernetes = fakeKubernetes([...intent(ID), aPod('llm-new-1', 'llm-new')]);
    expect(await clear(kubernetes, { trafficSinceMs: 5 })).toMatchObject({
      kind: 'again',
      why: 'pod llm-new-1 still has 5 requests',
    });
  });

  test('every code of deleting is produced by one of these tests, or by those of unloading', () => {
    const codes = Object.entries(FINDING_CODES).filter(([, text]) =>
      (text.phases as readonly string[]).includes('delete'),
    );
    expect(codes.map(([code]) => code).sort()).toEqual([
      'adapter-in-use',
      'delete-refused',
      'not-the-same',
      'still-referenced',
      'syncer-changed',
    ]);
  });
});
