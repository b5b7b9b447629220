import { describe, expect, test } from 'vitest';
import { createNodePool } from '../../../../../functions/runtime/hands/create-node-pool.ts';
import { deleteNodePool } from '../../../../../functions/runtime/hands/delete-node-pool.ts';
import type { GkeErrorCode, GkeOperation, NodePool } from '../../../../../workflows/ports.ts';
import { fromManifests, newManifests, stored, withoutNewSide } from '../../../plans/a-cluster.ts';
import { type FakeGke, fakeGke, fakeKubernetes, fakePorts, ID, jobFor, planOf } from './build-fakes.ts';

const NAME = 'h200-to-new-7-1';
const like: NodePool = {
  name: 'h100',
  initialNodeCount: 1,
  locations: ['us-central1-b'],
  config: { machineType: 'a3' },
};
const nodes = {
  create: { name: 'h200', like: 'h100', nodes: 2, capacity: [{ onDemand: {}, deadline: '20m' }] },
};
const plan = planOf(
  fromManifests({ nodes }),
  newManifests(),
  withoutNewSide({ nodePools: { kind: 'ok', pools: [like] } }),
);

type Gke = ReturnType<typeof fakeGke>;

const node = (ready: boolean) =>
  stored('v1', 'Node', 'node-1', {
    metadata: { namespace: undefined, labels: { 'cloud.google.com/gke-nodepool': NAME } },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });

const create = (gke: Gke, ready = false) =>
  createNodePool(
    fakePorts({ gke: gke.port, kubernetes: fakeKubernetes([node(ready)]) }),
    jobFor({ kind: 'createNodePool', attempt: 1, nodePool: NAME }, { plan }),
  );

const settle = (
  gke: FakeGke,
  status: NonNullable<NodePool['status']>,
  error?: GkeOperation['error'],
): void => {
  const pool = gke.pools.get(NAME);
  if (pool !== undefined) gke.pools.set(NAME, { ...pool, status });
  const [operation] = gke.operations;
  if (operation !== undefined)
    gke.operations[0] = { ...operation, status: 'DONE', ...(error === undefined ? {} : { error }) };
};

describe('making a node pool', () => {
  test('asks once, waits for the operation, and is done when the pool runs', async () => {
    const gke = fakeGke();
    expect(await create(gke)).toEqual({
      kind: 'again',
      inMs: 15_000,
      why: `operation operation-${NAME} runs`,
    });
    expect(await create(gke)).toMatchObject({ kind: 'again', inMs: 15_000 });
    settle(gke, 'RUNNING');
    expect(await create(gke)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'nodePoolCreated', nodePool: NAME },
    });
    expect(gke.calls).toEqual([`create ${NAME}`]);
    expect(gke.pools.get(NAME)).toMatchObject({
      initialNodeCount: 2,
      config: {
        resourceLabels: { 'sluice-rollout': ID },
        taints: [{ key: 'sluice.dev/rollout', value: ID }],
      },
    });
  });

  test('a lost answer does not make it twice', async () => {
    const gke = fakeGke();
    gke.loseAnswer = true;
    expect(await create(gke)).toMatchObject({ kind: 'again' });
    settle(gke, 'RUNNING');
    expect(await create(gke)).toMatchObject({ outcome: { kind: 'nodePoolCreated' } });
    expect(gke.calls).toEqual([`create ${NAME}`]);
  });

  test('a pool of that name without our label is not taken over', async () => {
    const gke = fakeGke();
    gke.pools.set(NAME, { ...like, name: NAME, status: 'RUNNING' });
    expect(await create(gke)).toEqual({
      kind: 'outcome',
      outcome: {
        kind: 'nodePoolFailed',
        nodePool: NAME,
        reason: `name taken: node pool ${NAME} exists and is not of this rollout`,
        anyReadyNode: false,
      },
    });
    expect(gke.calls).toEqual([]);
  });

  test.each([
    ['stockout', { code: 'RESOURCE_EXHAUSTED', message: 'no resources', condition: 'GCE_STOCKOUT' }],
    ['quota', { code: 'RESOURCE_EXHAUSTED', message: 'limit', condition: 'GCE_QUOTA_EXCEEDED' }],
    ['permission', { code: 'PERMISSION_DENIED', message: 'no' }],
    ['INTERNAL', { code: 'INTERNAL', message: 'oops' }],
  ] as const)('an operation that ends in an error says why: %s', async (kind, error) => {
    for (const ready of [false, true]) {
      const gke = fakeGke();
      await create(gke);
      settle(gke, 'RUNNING_WITH_ERROR', error);
      expect(await create(gke, ready)).toEqual({
        kind: 'outcome',
        outcome: {
          kind: 'nodePoolFailed',
          nodePool: NAME,
          reason: `${kind}: ${error.message}`,
          anyReadyNode: ready,
        },
      });
    }
  });

  test('a creation that failed and left nothing is not tried under the same name', async () => {
    const gke = fakeGke();
    await create(gke);
    settle(gke, 'ERROR', { code: 'RESOURCE_EXHAUSTED', message: 'no resources', condition: 'GCE_STOCKOUT' });
    gke.pools.delete(NAME);
    expect(await create(gke)).toMatchObject({
      outcome: { kind: 'nodePoolFailed', reason: 'stockout: no resources' },
    });
    expect(gke.calls).toEqual([`create ${NAME}`]);
  });

  test.each([
    ['FAILED_PRECONDITION', 'Cluster is running incompatible operation operation-1', 'again'],
    ['RESOURCE_EXHAUSTED', 'Too many operations: cluster hits the concurrent operations quota 5', 'again'],
    [
      'RESOURCE_EXHAUSTED',
      "Quota exceeded for quota metric 'Cluster management requests' per minute",
      'again',
    ],
    ['UNAVAILABLE', 'later', 'again'],
    ['ALREADY_EXISTS', 'exists', 'again'],
    ['RESOURCE_EXHAUSTED', 'Insufficient regional quota', 'quota'],
    ['PERMISSION_DENIED', 'no', 'permission'],
    ['INVALID_ARGUMENT', 'machine type', 'refused'],
  ] as const)('%s (%s) is %s', async (code: GkeErrorCode, message, verdict) => {
    const gke = fakeGke();
    gke.answerToCreate = { kind: 'error', code, message };
    const result = await create(gke);
    const said =
      result.kind === 'outcome' && result.outcome.kind === 'nodePoolFailed'
        ? result.outcome.reason
        : result.kind;
    expect(said).toBe(verdict === 'again' ? 'again' : `${verdict}: ${message}`);
  });
});

describe('removing a node pool', () => {
  const remove = (gke: Gke, logged: string[] = []) =>
    deleteNodePool(
      fakePorts({ gke: gke.port, logged }),
      jobFor({ kind: 'deleteNodePool', nodePool: NAME }, { plan }),
    );

  test('asks once and is done when it is gone', async () => {
    const gke = fakeGke();
    await create(gke);
    settle(gke, 'ERROR');
    expect(await remove(gke)).toMatchObject({ kind: 'again', inMs: 15_000 });
    expect(await remove(gke)).toMatchObject({ kind: 'again', inMs: 15_000 });
    gke.pools.delete(NAME);
    expect(await remove(gke)).toEqual({ kind: 'outcome', outcome: { kind: 'nodePoolDeleted' } });
    expect(gke.calls).toEqual([`create ${NAME}`, `delete ${NAME}`]);
  });

  test('one that is still being made is waited for, then deleted', async () => {
    const gke = fakeGke();
    await create(gke);
    gke.pools.delete(NAME);
    expect(await remove(gke)).toMatchObject({ kind: 'again', why: `node pool ${NAME} is still being made` });
  });

  test('one without our label is kept, whatever its name', async () => {
    const gke = fakeGke();
    const logged: string[] = [];
    gke.pools.set(NAME, { ...like, name: NAME, status: 'RUNNING' });
    expect(await remove(gke, logged)).toEqual({ kind: 'outcome', outcome: { kind: 'nodePoolDeleted' } });
    expect([gke.calls, logged]).toEqual([[], ['ERROR node-pool-not-ours']]);
  });
});
