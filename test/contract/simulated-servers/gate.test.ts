import { describe, expect, test } from 'vitest';
import { createWallClock } from '../../../functions/adapters/clock.ts';
import { createGke } from '../../../functions/adapters/gke.ts';
import { createCertificate } from '../../../simulator/servers/certificate.ts';
import type { Gate, GateMoment, GateWord } from '../../../simulator/servers/gate.ts';
import { startGkeServer } from '../../../simulator/servers/gke-server.ts';
import { startKubernetesServer } from '../../../simulator/servers/kubernetes-server.ts';
import type { World } from '../../../simulator/world/world.ts';
import { aWorld } from '../../unit/simulator/world/a-world.ts';
import { ADMIN, CLUSTER } from './hosted.ts';
import { type HttpsClient, httpsClient } from './https-client.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const CONFIG_MAP = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };

const quiet = (): World => aWorld({ llm: 90, 'llm-new': 10 }, { traffic: [] });

/** Says `word` at one moment of each call, and nothing at the other. */
const saying =
  (kind: GateMoment['kind'], word: GateWord, seen: string[] = []): Gate =>
  ({ server, method }, moment) => {
    seen.push(`${server} ${method} ${moment.kind}`);
    return moment.kind === kind ? Promise.resolve(word) : undefined;
  };

const create = (client: HttpsClient): Promise<number | 'broken'> =>
  client
    .ask({
      method: 'POST',
      path: MAPS,
      token: ADMIN,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } }),
    })
    .then(
      ({ status }) => status,
      () => 'broken' as const,
    );

const behindGate = async (
  gate: Gate,
  run: (client: HttpsClient, world: World) => Promise<void>,
): Promise<void> => {
  const world = quiet();
  const certificate = await createCertificate();
  const server = await startKubernetesServer(
    { world, wait: async () => undefined, gate },
    { cluster: CLUSTER, certificate, users: { [ADMIN]: 'admin' } },
  );
  const client = httpsClient(server.address, certificate.caPem);
  try {
    await run(client, world);
  } finally {
    client.close();
    await server.close();
  }
};

const isThere = (world: World): boolean =>
  world.kube(CLUSTER)?.read(CONFIG_MAP, 'default', 'one') !== undefined;

describe('a gate before the API server', () => {
  test('is asked when a call has arrived and when it is decided, and may let it go', async () => {
    const seen: string[] = [];
    await behindGate(saying('arrived', 'go', seen), async (client, world) => {
      const answer = await create(client);
      expect({ answer, isThere: isThere(world), seen }).toEqual({
        answer: 201,
        isThere: true,
        seen: ['kubernetes POST arrived', 'kubernetes POST applied'],
      });
    });
  });

  test('a call that is dropped when it has arrived never happens', async () => {
    await behindGate(saying('arrived', 'drop'), async (client, world) => {
      const answer = await create(client);
      expect({ answer, isThere: isThere(world) }).toEqual({ answer: 'broken', isThere: false });
    });
  });

  test('one that is dropped when it is decided has happened, and its caller does not hear of it', async () => {
    await behindGate(saying('applied', 'drop'), async (client, world) => {
      const answer = await create(client);
      expect({ answer, isThere: isThere(world) }).toEqual({ answer: 'broken', isThere: true });
    });
  });

  test('one whose caller has gone meanwhile is carried out when it is let go', async () => {
    const arrived = Promise.withResolvers<void>();
    const word = Promise.withResolvers<GateWord>();
    const decided = Promise.withResolvers<void>();
    const gate: Gate = (_call, { kind }) => {
      if (kind === 'applied') decided.resolve();
      else arrived.resolve();
      return kind === 'arrived' ? word.promise : undefined;
    };
    await behindGate(gate, async (client, world) => {
      const answering = create(client);
      await arrived.promise;
      client.close();
      const answer = await answering;
      const before = isThere(world);
      word.resolve('go');
      await decided.promise;
      expect({ answer, before, after: isThere(world) }).toEqual({
        answer: 'broken',
        before: false,
        after: true,
      });
    });
  });
});

describe('a gate before GKE', () => {
  test.each([
    ['arrived', 0],
    ['applied', 1],
  ] as const)('a creation that is dropped when it has %s leaves %i operations', async (kind, operations) => {
    const world = quiet();
    const server = await startGkeServer(
      { world, wait: async () => undefined, gate: saying(kind, 'drop') },
      { clusters: {} },
    );
    const gke = createGke({ endpoint: server.address, clock: createWallClock() });
    try {
      const nodePool = {
        name: 'one',
        initialNodeCount: 1,
        locations: ['us-central1-a'],
        config: { machineType: 'a3-highgpu-8g' },
      };
      const answer = await gke.createNodePool({ cluster: CLUSTER, nodePool });
      const asked = world.handlers().gke.listOperations({ cluster: CLUSTER });
      const found = 'value' in asked && asked.value.kind === 'ok' ? asked.value.value.length : null;
      expect({ kind: answer.kind, found }).toEqual({ kind: 'error', found: operations });
    } finally {
      await gke.close();
      await server.close();
    }
  });
});
