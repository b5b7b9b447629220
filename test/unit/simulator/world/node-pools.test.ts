import { describe, expect, test } from 'vitest';
import type { WorldInput } from '../../../../simulator/world/parameters.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import type { NodePool } from '../../../../workflows/ports.ts';
import { aRoute, aSide, GATEWAY_OBJECT } from './a-stack.ts';
import { CLUSTER, MINUTE, podsOf, SECOND } from './a-world.ts';

const H200: NodePool = {
  name: 'h200-new',
  initialNodeCount: 1,
  locations: ['us-central1-a', 'us-central1-b'],
  config: {
    machineType: 'a3-ultragpu-8g',
    labels: { rollout: 'r1' },
    taints: [{ key: 'sluice.dev/rollout', value: 'r1', effect: 'NO_SCHEDULE' }],
  },
};

const NODE = { group: '', version: 'v1', plural: 'nodes', kind: 'Node' };

function create(world: World, nodePool: NodePool = H200) {
  return world.handlers().gke.createNodePool({ cluster: CLUSTER, nodePool }).value;
}

function created(world: World, nodePool: NodePool = H200): string {
  const answer = create(world, nodePool);
  if (answer.kind !== 'ok') throw new Error(JSON.stringify(answer));
  return answer.value.name;
}

function operation(world: World, name: string) {
  const { value } = world.handlers().gke.getOperation({ cluster: CLUSTER, operation: name });
  return value.kind === 'ok' ? value.value : null;
}

function status(world: World, nodePool = H200.name) {
  const { value } = world.handlers().gke.getNodePool({ cluster: CLUSTER, nodePool });
  return value.kind === 'ok' ? value.value.status : value;
}

const nodesOf = (world: World, nodePool: string) =>
  (world.kube(CLUSTER)?.all(NODE) ?? []).filter(
    ({ metadata }) => metadata.labels?.['cloud.google.com/gke-nodepool'] === nodePool,
  );

const later = (world: World, ms: number): void => world.advanceTo(world.nowMs + ms);

describe('node pools', () => {
  test('creating one takes its time and ends with a ready node in each zone', () => {
    const world = createWorld();
    const name = created(world);
    later(world, 3 * MINUTE - SECOND);
    expect([operation(world, name)?.status, status(world)]).toEqual(['RUNNING', 'PROVISIONING']);
    expect(nodesOf(world, H200.name)).toHaveLength(0);
    later(world, 3 * MINUTE + SECOND);
    expect([operation(world, name)?.status, status(world)]).toEqual(['DONE', 'RUNNING']);
    expect(operation(world, name)?.error).toBeUndefined();
    const [first, second] = nodesOf(world, H200.name);
    expect(first?.['spec']).toMatchObject({
      taints: [
        { key: 'sluice.dev/rollout', value: 'r1', effect: 'NoSchedule' },
        { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' },
      ],
    });
    expect(first?.['status']).toMatchObject({
      allocatable: { 'nvidia.com/gpu': '8' },
      conditions: [{ type: 'Ready', status: 'True' }],
    });
    expect([first, second].map((node) => node?.metadata.labels?.['topology.kubernetes.io/zone'])).toEqual([
      'us-central1-a',
      'us-central1-b',
    ]);
    const { drawn, drawnDurationsMs } = world.truth();
    expect(drawn.map(({ kind, subject }) => [kind, subject])).toEqual([['nodePoolCreation', 'h200-new']]);
    expect(drawnDurationsMs).toBe(drawn[0]?.ms);
  });

  test('refusals: one operation at a time, a name that is taken, an unknown machine, a bad name, no such cluster', () => {
    const world = createWorld();
    created(world);
    expect(create(world, { ...H200, name: 'other' })).toMatchObject({
      kind: 'error',
      code: 'FAILED_PRECONDITION',
      reason: 'CLUSTER_ALREADY_HAS_OPERATION',
    });
    expect(create(world)).toMatchObject({ kind: 'error', code: 'ALREADY_EXISTS' });
    const odd = { ...H200, name: 'odd', config: { machineType: 'z9-huge' } };
    expect(create(world, odd)).toMatchObject({ kind: 'error', code: 'INVALID_ARGUMENT' });
    expect(create(world, { ...H200, name: 'Not A Name' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(status(world, 'nobody')).toMatchObject({ kind: 'error', code: 'NOT_FOUND' });
    const elsewhere = world.handlers().gke.listNodePools({ cluster: 'projects/acme/locations/x/clusters/y' });
    expect(elsewhere.value).toMatchObject({ kind: 'error', code: 'NOT_FOUND' });
  });

  test('a stockout surfaces late, as an operation that is done and failed, and leaves a pool without nodes', () => {
    const world = createWorld({
      nodePoolFaults: [{ machineType: 'a3-ultragpu-8g', kind: 'stockout', afterMs: 35 * MINUTE }],
    });
    const name = created(world);
    later(world, 34 * MINUTE);
    expect(operation(world, name)?.status).toBe('RUNNING');
    later(world, MINUTE);
    expect(operation(world, name)).toMatchObject({ status: 'DONE', error: { condition: 'GCE_STOCKOUT' } });
    expect(status(world)).toBe('ERROR');
    expect(nodesOf(world, H200.name)).toHaveLength(0);
  });

  test('a stockout that ends lets the next attempt through, a half-created pool has some of its nodes', () => {
    const input: WorldInput = {
      nodePoolFaults: [
        { machineType: 'a3-ultragpu-8g', kind: 'partial', afterMs: MINUTE, nodes: 1, times: 1 },
      ],
    };
    const world = createWorld(input);
    const first = created(world);
    later(world, MINUTE);
    expect(operation(world, first)?.error?.condition).toBe('GCE_STOCKOUT');
    expect([status(world), nodesOf(world, H200.name).length]).toEqual(['RUNNING_WITH_ERROR', 1]);
    created(world, { ...H200, name: 'again' });
    later(world, 6 * MINUTE);
    expect([status(world, 'again'), nodesOf(world, 'again').length]).toEqual(['RUNNING', 2]);
  });

  test('more nodes than the quota of the machine family: the operation fails within a minute', () => {
    const [us] = createWorld().parameters.clusters;
    if (us === undefined) throw new Error('no cluster');
    const world = createWorld({ clusters: [{ ...us, quotas: { a3: 3 } }] });
    const name = created(world);
    later(world, MINUTE);
    expect(operation(world, name)?.error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      condition: 'GCE_QUOTA_EXCEEDED',
    });
    expect(status(world)).toBe('ERROR');
  });

  test('deleting one is an operation too; its nodes and pods go with it', () => {
    const side = aSide({ name: 'llm', nodeSelector: { 'cloud.google.com/gke-nodepool': 'h200-pool' } });
    const world = createWorld({
      extraNodePools: [{ name: 'h200-pool', machineType: 'a3-ultragpu-8g', nodes: 1 }],
      stacks: [{ objects: [GATEWAY_OBJECT, ...side, aRoute({ llm: 1 })] }],
    });
    expect(podsOf(world, 'llm')).toHaveLength(3);
    const { value } = world.handlers().gke.deleteNodePool({ cluster: CLUSTER, nodePool: 'h200-pool' });
    if (value.kind !== 'ok') throw new Error('refused');
    expect(value.value.operationType).toBe('DELETE_NODE_POOL');
    expect(status(world, 'h200-pool')).toBe('STOPPING');
    later(world, 5 * MINUTE);
    expect(status(world, 'h200-pool')).toMatchObject({ kind: 'error', code: 'NOT_FOUND' });
    expect(nodesOf(world, 'h200-pool')).toEqual([]);
    expect(podsOf(world, 'llm').map(({ stage, node }) => [stage, node])).toEqual(
      Array(3).fill(['pending', null]),
    );
  });

  test('tainted machines take only the pods that bear the taint', () => {
    const bearing = aSide({ name: 'llm-new', nodeSelector: { 'cloud.google.com/gke-nodepool': 'h200-new' } });
    const world = createWorld();
    created(world);
    world.load({ cluster: CLUSTER, namespace: 'default', objects: bearing });
    later(world, 10 * MINUTE);
    expect(podsOf(world, 'llm-new').map(({ stage }) => stage)).toEqual(['pending', 'pending', 'pending']);
  });

  test('the cluster autoscaler adds a machine where pods wait', () => {
    const selector = { 'cloud.google.com/gke-nodepool': 'elastic' };
    const world = createWorld({
      extraNodePools: [{ name: 'elastic', machineType: 'a3-highgpu-8g', nodes: 0, maxNodes: 1 }],
    });
    world.load({
      cluster: CLUSTER,
      namespace: 'default',
      objects: aSide({ name: 'llm', nodeSelector: selector }),
    });
    later(world, 10 * MINUTE);
    expect(nodesOf(world, 'elastic')).toHaveLength(1);
    expect(podsOf(world, 'llm').map(({ ready }) => ready)).toEqual([true, true, true]);
  });
});
