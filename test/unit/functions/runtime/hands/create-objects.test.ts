import { describe, expect, test } from 'vitest';
import { createObjects } from '../../../../../functions/runtime/hands/create-objects.ts';
import type { Plan } from '../../../../../workflows/plans/plan.ts';
import type { NodePool } from '../../../../../workflows/ports.ts';
import { fromManifests, NAMESPACE, newManifests, withoutNewSide } from '../../../plans/a-cluster.ts';
import {
  type FakeKubernetes,
  fakeKubernetes,
  fakePorts,
  ID,
  jobFor,
  lost,
  planOf,
  refusal,
} from './build-fakes.ts';

const plan = planOf(fromManifests(), newManifests(), withoutNewSide());

const create = (
  kubernetes: FakeKubernetes,
  stage: 'cheap' | 'workload',
  more: { plan?: Plan; nodePool?: string } = {},
) => createObjects(fakePorts({ kubernetes }), jobFor({ kind: 'createObjects', stage }, { plan, ...more }));

const identity = (groupVersion: string, plural: string, kind: string, name: string) => {
  const [group, version] = groupVersion.split('/');
  return { group, version, plural, kind, namespace: NAMESPACE, name };
};

const SERVICE = { ...identity('/v1', 'services', 'Service', 'llm-new-epp'), uid: 'made-1' };
const POOL = {
  ...identity('inference.networking.k8s.io/v1', 'inferencepools', 'InferencePool', 'llm-new'),
  uid: 'made-2',
};
const PICKER = { ...identity('apps/v1', 'deployments', 'Deployment', 'llm-new-epp'), uid: 'made-3' };

describe('creating the new side', () => {
  test('makes the stage’s objects in order, each with the intent, and remembers them', async () => {
    const kubernetes = fakeKubernetes([]);
    expect(await create(kubernetes, 'cheap')).toEqual({
      kind: 'outcome',
      outcome: { kind: 'objectsCreated', stage: 'cheap', identities: [SERVICE, POOL, PICKER] },
    });
    expect(kubernetes.objects.map((one) => one.metadata.annotations)).toEqual(
      Array(3).fill({ 'sluice.dev/intent': ID }),
    );
  });

  test('adopts what bears our intent: the same call twice makes everything once', async () => {
    const kubernetes = fakeKubernetes([]);
    const first = await create(kubernetes, 'cheap');
    expect(await create(kubernetes, 'cheap')).toEqual(first);
    expect(kubernetes.objects).toHaveLength(3);
  });

  test('stops in the middle of the list when it is not wanted any more', async () => {
    const kubernetes = fakeKubernetes([]);
    const ports = fakePorts({ kubernetes, isDone: () => kubernetes.objects.length >= 2 });
    const job = jobFor({ kind: 'createObjects', stage: 'cheap' }, { plan });
    expect(await createObjects(ports, job)).toEqual({ kind: 'stale' });
    expect(kubernetes.objects).toHaveLength(2);
  });

  test('a lost answer is looked after: it was made', async () => {
    const kubernetes = fakeKubernetes([]);
    kubernetes.interfere = (call) =>
      call.startsWith('create inferencepools') ? { answer: lost, afterwards: true } : null;
    expect(await create(kubernetes, 'cheap')).toMatchObject({
      outcome: { identities: [SERVICE, POOL, PICKER] },
    });
  });

  test('a lost answer of a call that did nothing is tried again', async () => {
    const kubernetes = fakeKubernetes([]);
    kubernetes.interfere = (call) => (call.startsWith('create inferencepools') ? { answer: lost } : null);
    expect(await create(kubernetes, 'cheap')).toMatchObject({ kind: 'again', inMs: 5_000 });
    kubernetes.interfere = () => null;
    expect(await create(kubernetes, 'cheap')).toMatchObject({
      outcome: { identities: [SERVICE, POOL, PICKER] },
    });
  });

  test('a name that somebody else took is refused, and what this stage made goes again', async () => {
    const foreign = { ...(plan.create[1]?.object ?? { apiVersion: '', kind: '', metadata: { name: '' } }) };
    const taken = {
      ...foreign,
      metadata: { ...foreign.metadata, uid: 'theirs', annotations: { 'sluice.dev/intent': 'another-3' } },
    };
    const kubernetes = fakeKubernetes([taken]);
    expect(await create(kubernetes, 'cheap')).toMatchObject({
      outcome: {
        kind: 'refused',
        reason: 'name-taken',
        findings: [{ object: `InferencePool ${NAMESPACE}/llm-new` }],
      },
    });
    expect(kubernetes.objects).toEqual([taken]);
  });

  test.each([
    [403, 'Forbidden', 'no-permission'],
    [422, 'Invalid', 'manifest-invalid'],
    [404, 'NotFound', 'manifest-invalid'],
  ])('an answer %i is a finding', async (status, reason, code) => {
    const kubernetes = fakeKubernetes([]);
    kubernetes.interfere = (call) =>
      call.startsWith('create services') ? { answer: refusal(status, reason) } : null;
    expect(await create(kubernetes, 'cheap')).toMatchObject({
      outcome: { kind: 'refused', findings: [{ code }] },
    });
  });

  test.each([429, 500, 503])('an answer %i is not', async (status) => {
    const kubernetes = fakeKubernetes([]);
    kubernetes.interfere = () => ({ answer: refusal(status, 'Later') });
    expect(await create(kubernetes, 'cheap')).toMatchObject({ kind: 'again' });
  });

  test('workloads get the name of the node pool that was made, users’ texts stay', async () => {
    const like: NodePool = {
      name: 'h100',
      initialNodeCount: 1,
      locations: ['a'],
      config: { machineType: 'a3' },
    };
    const nodes = {
      create: { name: 'h200', like: 'h100', nodes: 1, capacity: [{ onDemand: {}, deadline: '20m' }] },
    };
    const manifests = newManifests().map((object) =>
      object.kind === 'Deployment'
        ? { ...object, metadata: { ...object.metadata, labels: { note: '{id}' } } }
        : object,
    );
    const withNodes = planOf(
      fromManifests({ nodes }),
      manifests,
      withoutNewSide({ nodePools: { kind: 'ok', pools: [like] } }),
    );
    const kubernetes = fakeKubernetes([]);
    await create(kubernetes, 'workload', { plan: withNodes, nodePool: 'h200-to-new-7-1' });
    const made = kubernetes.objects[0];
    expect([made?.metadata.labels, made?.['spec']]).toMatchObject([
      { note: '{id}' },
      {
        template: {
          spec: {
            nodeSelector: { 'cloud.google.com/gke-nodepool': 'h200-to-new-7-1' },
            tolerations: [{ key: 'sluice.dev/rollout', operator: 'Equal', value: ID, effect: 'NoSchedule' }],
          },
        },
      },
    ]);
  });
});
