import { describe, expect, test } from 'vitest';
import { DEPLOYMENT, INFERENCE_POOL, POD } from '../../../../simulator/world/resources.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import { aRoute, aSide, aStack } from './a-stack.ts';
import { aWorld, CLUSTER, MINUTE, pass, podsOf, pool, SECOND, scrape } from './a-world.ts';

const later = (world: World, ms: number): void => world.advanceTo(world.nowMs + ms);

function server(world: World) {
  const kube = world.kube(CLUSTER);
  if (kube === undefined) throw new Error('no cluster');
  return kube;
}

const caller = { user: 'admin', manager: 'kubectl' };

function scale(world: World, name: string, replicas: number): void {
  world.act({ kind: 'deploymentScaled', name, replicas });
}

const deploymentStatus = (world: World, name: string): unknown =>
  server(world).read(DEPLOYMENT, 'default', name)?.['status'];

describe('pods', () => {
  test('a stack that was there before the start is ready at once, with objects as a kubelet writes them', () => {
    const world = aWorld({ llm: 1, 'llm-new': 0 });
    const [first] = podsOf(world, 'llm');
    const object = server(world).read(POD, 'default', first?.name ?? '');
    expect(object).toMatchObject({
      metadata: { labels: { app: 'llm' }, ownerReferences: [{ kind: 'Deployment', name: 'llm' }] },
      status: {
        phase: 'Running',
        podIP: expect.stringMatching(/^10\.8\./),
        containerStatuses: [{ name: 'vllm', ready: true, restartCount: 0 }],
      },
    });
    expect(object?.['status']).toMatchObject({
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: 'True' },
        { type: 'ContainersReady', status: 'True' },
      ],
    });
    expect(deploymentStatus(world, 'llm')).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      updatedReplicas: 3,
    });
    expect(world.truth().drawn).toEqual([]);
  });

  test('a new side is scheduled, pulled, loaded, and ready within the drawn times', () => {
    const world = aWorld({ llm: 1 });
    world.load({ cluster: CLUSTER, namespace: 'default', objects: aSide({ name: 'side' }) });
    later(world, SECOND);
    expect(podsOf(world, 'side').map(({ stage, ready }) => [stage, ready])).toEqual(
      Array(3).fill(['pulling', false]),
    );
    later(world, 4 * MINUTE);
    expect(podsOf(world, 'side').map(({ stage, ready }) => [stage, ready])).toEqual(
      Array(3).fill(['up', true]),
    );
    expect(deploymentStatus(world, 'side')).toMatchObject({ readyReplicas: 3, updatedReplicas: 3 });
    const kinds = world.truth().drawn.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'modelLoad')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'pickerStart')).toHaveLength(1);
  });

  test('pods that no machine can take stay pending and say so', () => {
    const world = aWorld({ llm: 1, 'llm-new': 0 });
    scale(world, 'llm-new', 40);
    later(world, 10 * MINUTE);
    const waiting = podsOf(world, 'llm-new').filter(({ stage }) => stage === 'pending');
    // Two machines of eight GPUs, three of them taken by the old side.
    expect(waiting).toHaveLength(40 - 13);
    expect(server(world).read(POD, 'default', waiting[0]?.name ?? '')?.['status']).toMatchObject({
      phase: 'Pending',
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'PodScheduled', reason: 'Unschedulable' }),
      ]),
    });
  });

  test('a picker is not ready before its pool exists', () => {
    const side = aSide({ name: 'side' });
    const world = createWorld({ stacks: [{ objects: side.filter(({ kind }) => kind !== 'InferencePool') }] });
    expect(podsOf(world, 'side-epp').map(({ stage, ready }) => [stage, ready])).toEqual([['up', false]]);
    const objects = side.filter(({ kind }) => kind === 'InferencePool');
    expect(world.load({ cluster: CLUSTER, namespace: 'default', objects })).toEqual([]);
    expect(podsOf(world, 'side-epp').map(({ ready }) => ready)).toEqual([true]);
    server(world).request(
      { verb: 'delete', resource: INFERENCE_POOL, namespace: 'default', name: 'side' },
      caller,
    );
    expect(podsOf(world, 'side-epp').map(({ ready }) => ready)).toEqual([false]);
  });

  test('scaled to nothing: the pods drain, and the status says zero by saying nothing', () => {
    const world = aWorld({ llm: 1, 'llm-new': 0 });
    pass(world, MINUTE);
    scale(world, 'llm-new', 0);
    later(world, SECOND);
    const [first] = podsOf(world, 'llm-new');
    expect(server(world).read(POD, 'default', first?.name ?? '')?.metadata.deletionTimestamp).toBeDefined();
    later(world, MINUTE);
    expect(podsOf(world, 'llm-new')).toEqual([]);
    expect(deploymentStatus(world, 'llm-new')).toEqual({
      observedGeneration: 2,
      conditions: expect.any(Array),
    });
    expect(server(world).all(POD, 'default')).toHaveLength(3 + 1 + 1);
  });

  test('what runs on a pod that is deleted finishes within its preStop sleep', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    pass(world, MINUTE);
    world.act({ kind: 'podsDeleted', target: { pool: 'llm-new', pods: 1 } });
    pass(world, 28 * SECOND);
    const [leaving] = podsOf(world, 'llm-new').filter(({ deleting }) => deleting);
    expect(leaving).toMatchObject({ stage: 'up', running: 0, waiting: 0 });
    pass(world, 5 * SECOND);
    expect(podsOf(world, 'llm-new').filter(({ deleting }) => deleting)).toEqual([]);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('without a preStop sleep a deletion cuts what runs; a shutdown time of the server lets it finish', () => {
    const failed = (args: readonly string[]): number => {
      const objects = aStack({ llm: 50, 'llm-new': 50 }, { preStopSeconds: 0, args });
      const world = createWorld({ stacks: [{ objects }] });
      pass(world, MINUTE);
      world.act({ kind: 'podsDeleted', target: { pool: 'llm-new', pods: 1 } });
      pass(world, MINUTE);
      const { terminated = 0, streamError = 0 } = world.truth().requests.byKind;
      return terminated + streamError;
    };
    expect(failed(['--model', 'm', '--port', '8000'])).toBeGreaterThan(20);
    // New requests of a second or two are refused all the same, until the picker knows.
    const patient = failed(['--model', 'm', '--port', '8000', '--shutdown-timeout', '30']);
    expect(patient).toBeGreaterThan(0);
    expect(patient).toBeLessThan(75);
  });

  test('a new template replaces pod by pod without failing a request', () => {
    const world = aWorld({ llm: 1 });
    const before = podsOf(world, 'llm').map(({ name }) => name);
    const patch = { spec: { template: { metadata: { annotations: { restarted: 'now' } } } } };
    const request = {
      verb: 'patch',
      resource: DEPLOYMENT,
      namespace: 'default',
      name: 'llm',
      type: 'merge',
      patch,
    };
    expect(server(world).request(request as never, caller).status).toBe(200);
    for (let minute = 0; minute < 20; minute++) {
      pass(world, MINUTE);
      expect(
        podsOf(world, 'llm').filter(({ ready, deleting }) => ready && !deleting).length,
      ).toBeGreaterThanOrEqual(3);
    }
    const after = podsOf(world, 'llm').map(({ name }) => name);
    expect(after).toHaveLength(3);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('a pod that changes its labels leaves the pool', () => {
    const world = aWorld({ llm: 1 });
    const [first] = podsOf(world, 'llm');
    const patch = [{ op: 'replace', path: '/metadata/labels/app', value: 'quarantine' }];
    const request = {
      verb: 'patch',
      resource: POD,
      namespace: 'default',
      name: first?.name,
      type: 'json',
      patch,
    };
    expect(server(world).request(request as never, caller).status).toBe(200);
    expect(pool(world, 'llm').pods).toBe(2);
  });

  test('the first uses of a fresh server stall, fifteen seconds for each kind, and later ones do not', () => {
    const world = aWorld({ llm: 1 });
    world.load({
      cluster: CLUSTER,
      namespace: 'default',
      objects: aSide({ name: 'side', adapters: ['food'] }),
    });
    later(world, 6 * MINUTE);
    const [first] = podsOf(world, 'side');
    const ask = (body: Readonly<Record<string, unknown>>) => {
      const { tookMs, value } = world.handlers().models.ask({
        cluster: CLUSTER,
        namespace: 'default',
        target: { pod: first?.name ?? '', port: 8000 },
        method: 'POST',
        path: '/v1/completions',
        body: { prompt: 'hello', max_tokens: 4, ...body },
        timeoutMs: 60_000,
      });
      later(world, tookMs);
      expect(value).toMatchObject({ kind: 'answered', status: 200 });
      return Math.floor(tookMs / 15_000);
    };
    const bodies = [
      { model: 'llama' },
      { model: 'llama', stream: true },
      { model: 'llama', logprobs: 1 },
      { model: 'food' },
    ];
    expect(bodies.map(ask)).toEqual([1, 1, 1, 1]);
    expect(bodies.map(ask)).toEqual([0, 0, 0, 0]);
  });

  test('traffic on servers that nobody warmed waits for the kernels: late, not failed', () => {
    const world = aWorld({ llm: 1 }, { durations: { gatewayLag: [0, 0], backendBuild: [0, 0] } });
    world.load({ cluster: CLUSTER, namespace: 'default', objects: aSide({ name: 'side' }) });
    later(world, 6 * MINUTE);
    world.act({ kind: 'applied', objects: [aRoute({ llm: 50, side: 50 })] });
    pass(world, 2 * MINUTE);
    const [answer] = scrape(world, 'side').value;
    if (answer?.kind !== 'answered') throw new Error('no answer');
    const late = answer.samples.find(({ labels }) => labels['le'] === '10.0')?.value ?? 0;
    const count = answer.samples.find(({ name }) => name.endsWith('_count'))?.value ?? 0;
    expect(count - late).toBeGreaterThan(100);
    expect(world.truth().requests.failed).toBe(0);
  });
});
