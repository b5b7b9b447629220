/** The adapter through real gRPC over loopback to the simulator's server, and the world behind it. */
import { ClusterManagerClient } from '@google-cloud/container';
import { credentials } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { createGke, type Gke } from '../../functions/adapters/gke.ts';
import { createClusterLookup } from '../../functions/adapters/gke-clusters.ts';
import { startGkeServer } from '../../simulator/servers/gke-server.ts';
import type { RunningServer } from '../../simulator/servers/hosted-world.ts';
import { NO_ANSWER_FAULTS } from '../../simulator/world/answer-faults.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import { createRandom } from '../../simulator/world/random.ts';
import { withAnswerFaults } from '../../simulator/world/with-answer-faults.ts';
import { createWorld, type World } from '../../simulator/world/world.ts';
import type { GkePort, NodePool } from '../../workflows/ports.ts';
import { aHandClock, type HandClock } from '../unit/adapters/a-hand-clock.ts';

const MINUTE_MS = 60_000;
const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
const NEIGHBOUR = 'projects/acme/locations/us-central1/clusters/neighbour';
const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

const POOL: NodePool = {
  name: 'h200-r1-1',
  initialNodeCount: 1,
  locations: ['us-central1-a', 'us-central1-b'],
  config: {
    machineType: 'a3-ultragpu-8g',
    labels: { tier: 'gpu' },
    resourceLabels: { 'sluice-rollout': 'r1' },
    taints: [{ key: 'sluice.dev/rollout', value: 'r1', effect: 'NO_SCHEDULE' }],
    accelerators: [{ acceleratorCount: '8', acceleratorType: 'nvidia-h200-141gb' }],
    reservationAffinity: { consumeReservationType: 'NO_RESERVATION' },
  },
  autoscaling: { enabled: false },
  management: { autoUpgrade: true, autoRepair: true },
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const clusters: WorldInput['clusters'] = [CLUSTER, NEIGHBOUR].map((name) => ({
  name,
  nodePools: [{ name: 'h100', machineType: 'a3-highgpu-8g', nodes: 1, maxNodes: 4, labels: { a: 'b' } }],
  namespaces: ['default'],
  quotas: {},
}));

interface Bench {
  readonly world: World;
  readonly server: RunningServer;
  readonly gke: Gke;
  readonly clock: HandClock;
}

const bench = async (input: WorldInput = {}, faulty = false): Promise<Bench> => {
  const world = createWorld({ clusters, ...input });
  const handlers = withAnswerFaults(world.handlers(), {
    faults: faulty ? { ...NO_ANSWER_FAULTS, gkeError: 1 } : null,
    random: createRandom(7, 'faults'),
    world,
  });
  const server = await startGkeServer(
    { world, wait: async () => undefined },
    { clusters: { [CLUSTER]: { endpoint: '127.0.0.1:16443', caPem: CA } }, handlers: handlers.gke },
  );
  const clock = aHandClock();
  const gke = createGke({ endpoint: server.address, clock });
  ends.push(
    () => server.close(),
    () => gke.close(),
  );
  return { world, server, gke, clock };
};

/** The world's own door: applied and answered at once. */
const direct = (world: World): GkePort => {
  const { gke } = world.handlers();
  return {
    getNodePool: async (call) => gke.getNodePool(call).value,
    listNodePools: async (call) => gke.listNodePools(call).value,
    createNodePool: async (call) => gke.createNodePool(call).value,
    deleteNodePool: async (call) => gke.deleteNodePool(call).value,
    getOperation: async (call) => gke.getOperation(call).value,
    listOperations: async (call) => gke.listOperations(call).value,
  };
};

/** Makes a pool, waits for it, and takes it away again; asks about everything on the way. */
const life = async (gke: GkePort, world: World): Promise<readonly unknown[]> => {
  const said: unknown[] = [];
  const say = async (answer: Promise<unknown>): Promise<void> => void said.push(await answer);
  const look = async (): Promise<void> => {
    await say(gke.getNodePool({ cluster: CLUSTER, nodePool: POOL.name }));
    await say(gke.listNodePools({ cluster: CLUSTER }));
    await say(gke.listOperations({ cluster: CLUSTER }));
    const operations = await gke.listOperations({ cluster: CLUSTER });
    const last = operations.kind === 'ok' ? operations.value.at(-1)?.name : undefined;
    await say(gke.getOperation({ cluster: CLUSTER, operation: last ?? 'operation-none' }));
    await say(gke.listOperations({ cluster: NEIGHBOUR }));
  };
  await look();
  await say(gke.createNodePool({ cluster: CLUSTER, nodePool: POOL }));
  await say(gke.createNodePool({ cluster: CLUSTER, nodePool: POOL }));
  await say(gke.createNodePool({ cluster: CLUSTER, nodePool: { ...POOL, name: 'another' } }));
  await say(gke.deleteNodePool({ cluster: CLUSTER, nodePool: POOL.name }));
  await say(gke.createNodePool({ cluster: CLUSTER, nodePool: { ...POOL, name: 'Capitals' } }));
  await say(gke.createNodePool({ cluster: CLUSTER, nodePool: { ...POOL, config: { machineType: 'z9' } } }));
  await say(gke.createNodePool({ cluster: `${CLUSTER}-none`, nodePool: POOL }));
  await look();
  world.advanceTo(world.nowMs + 30 * MINUTE_MS);
  await look();
  await say(gke.deleteNodePool({ cluster: CLUSTER, nodePool: 'none' }));
  await say(gke.deleteNodePool({ cluster: CLUSTER, nodePool: POOL.name }));
  await look();
  world.advanceTo(world.nowMs + 30 * MINUTE_MS);
  await look();
  return said;
};

/** On the wire of proto3 a least count of 0 is none. */
const onTheWire = (said: unknown): unknown =>
  JSON.parse(
    JSON.stringify(said, (key, value) => (key === 'totalMinNodeCount' && value === 0 ? undefined : value)),
  );

const CASES: readonly (readonly [string, WorldInput])[] = [
  ['when all goes well', {}],
  [
    'after a stockout',
    { nodePoolFaults: [{ machineType: 'a3-ultragpu-8g', kind: 'stockout', afterMs: 10 * MINUTE_MS }] },
  ],
  [
    'after a stockout in the middle',
    {
      nodePoolFaults: [{ machineType: 'a3-ultragpu-8g', kind: 'partial', nodes: 1, afterMs: 10 * MINUTE_MS }],
    },
  ],
  ['over the quota', { clusters: clusters.map((cluster) => ({ ...cluster, quotas: { a3: 3 } })) }],
];

test.each(CASES)(
  'the life of a node pool, %s, is the same by the adapter and by the world itself',
  async (_, input) => {
    const { gke, world, server } = await bench(input);
    const twin = createWorld({ clusters, ...input });
    const said = await life(gke, world);
    expect(said).toEqual(onTheWire(await life(direct(twin), twin)));
    // Each call one request: what was said, and once more for the name of the last operation of each look.
    expect(server.requests()).toBe(said.length + 5);
  },
);

const ended = async (input: WorldInput) => {
  const { gke, world } = await bench(input);
  const begun = await gke.createNodePool({ cluster: CLUSTER, nodePool: POOL });
  world.advanceTo(world.nowMs + 30 * MINUTE_MS);
  const name = begun.kind === 'ok' ? begun.value.name : '';
  const operation = await gke.getOperation({ cluster: CLUSTER, operation: name });
  return operation.kind === 'ok' ? operation.value : operation;
};

test('a stockout is an operation that is done with an error, and says so by its condition', async () => {
  expect(await ended(CASES[1]?.[1] ?? {})).toMatchObject({
    status: 'DONE',
    error: { code: 'RESOURCE_EXHAUSTED', condition: 'GCE_STOCKOUT' },
  });
});

test('a quota is told from a stockout', async () => {
  expect(await ended(CASES[3]?.[1] ?? {})).toMatchObject({
    status: 'DONE',
    error: { code: 'RESOURCE_EXHAUSTED', condition: 'GCE_QUOTA_EXCEEDED' },
  });
});

test('another operation of the cluster is told by its reason', async () => {
  const { gke } = await bench();
  await gke.createNodePool({ cluster: CLUSTER, nodePool: POOL });
  expect(await gke.createNodePool({ cluster: CLUSTER, nodePool: { ...POOL, name: 'second' } })).toMatchObject(
    {
      kind: 'error',
      code: 'FAILED_PRECONDITION',
      reason: 'CLUSTER_ALREADY_HAS_OPERATION',
    },
  );
});

test("errors that GKE now and then answers are values, and one attempt each: codes, reasons, the server's words", async () => {
  const { gke, server } = await bench({}, true);
  const codes = new Set<string>();
  for (let call = 0; call < 20; call++) {
    const answer = await gke.listNodePools({ cluster: CLUSTER });
    codes.add(answer.kind === 'error' ? `${answer.code} ${answer.reason ?? ''}`.trim() : answer.kind);
  }
  expect({ codes: [...codes].sort(), requests: server.requests() }).toEqual({
    codes: ['INTERNAL', 'RESOURCE_EXHAUSTED RATE_LIMIT_EXCEEDED', 'UNAVAILABLE'],
    requests: 20,
  });
});

test('where a cluster is, and who signs for it, comes from getCluster', async () => {
  const { server } = await bench();
  const lookup = createClusterLookup({ endpoint: server.address, clock: aHandClock() });
  ends.push(() => lookup.close());
  expect([await lookup(CLUSTER), await lookup(NEIGHBOUR)]).toEqual([
    { endpoint: '127.0.0.1:16443', caPem: CA },
    { code: 'NOT_FOUND', why: `Not found: ${NEIGHBOUR}.` },
  ]);
  await server.close();
  expect(await lookup(CLUSTER)).toMatchObject({ code: null });
});

test('what is not simulated says so, and is counted', async () => {
  const { server } = await bench();
  const [apiEndpoint = '', port] = server.address.split(':');
  const client = new ClusterManagerClient({
    apiEndpoint,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    universeDomain: 'googleapis.com',
  });
  ends.push(() => client.close());
  const name = `${CLUSTER}/nodePools/h100`;
  await expect(client.setNodePoolSize({ name, nodeCount: 0 })).rejects.toThrow(
    'SetNodePoolSize is not simulated',
  );
  await expect(client.getNodePool({ name: 'h100' })).rejects.toThrow('Invalid value for field "name"');
  expect(server.requests()).toBe(2);
});

test('a world that does not answer is silence: the adapter leaves when the time is over', async () => {
  const world = createWorld({ clusters });
  const { gke: sound } = world.handlers();
  const asked = Promise.withResolvers<void>();
  const server = await startGkeServer(
    { world, wait: async () => undefined },
    {
      clusters: {},
      handlers: {
        ...sound,
        listOperations: () => {
          asked.resolve();
          return { value: { kind: 'noAnswer', why: 'away' }, tookMs: 0 };
        },
      },
    },
  );
  const clock = aHandClock();
  const gke = createGke({ endpoint: server.address, clock, timeoutMs: 5_000 });
  ends.push(
    () => server.close(),
    () => gke.close(),
  );
  const answer = gke.listOperations({ cluster: CLUSTER });
  await asked.promise;
  clock.pass(5_000);
  expect(await answer).toEqual({ kind: 'noAnswer', why: 'no answer within 5 s' });
});
