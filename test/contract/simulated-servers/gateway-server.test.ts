import { describe, expect, test } from 'vitest';
import type { WorldInput } from '../../../simulator/world/parameters.ts';
import { createWorld } from '../../../simulator/world/world.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { aRoute, aSide, aStack, GATEWAY_OBJECT } from '../../unit/simulator/world/a-stack.ts';
import { aWorld, podsOf, pool, writeWeights } from '../../unit/simulator/world/a-world.ts';
import { type Completed, endOf, GatewayClient } from './gateway-client.ts';
import { type Hosted, hosted, withGateway } from './hosted.ts';

interface Scene extends Hosted {
  readonly gateway: GatewayClient;
}

/** Runs a test with a gateway in front of both sides, and no traffic but the test's own. */
async function scene(
  weights: Readonly<Record<string, number>>,
  run: (scene: Scene) => Promise<void>,
  input: WorldInput = {},
): Promise<void> {
  await hosted(aWorld(weights, { traffic: [], ...input }), async (here) => {
    await withGateway(here, async ({ address }) => {
      const gateway = new GatewayClient(address);
      try {
        await run({ ...here, gateway });
      } finally {
        gateway.close();
      }
    });
  });
}

const inside = ({ world }: Hosted): number =>
  podsOf(world, 'llm').reduce(
    (sum, { name }) =>
      sum + (world.server(world.parameters.clusters[0]?.name ?? '', 'default', name)?.flights.size ?? 0),
    0,
  );

/** Four requests that take 24 virtual seconds each, two of them streamed, all of them in a server. */
async function inFlight(here: Scene): Promise<readonly Promise<Completed>[]> {
  const sent = [false, true, false, true].map((stream) => here.gateway.complete({ stream, maxTokens: 2000 }));
  await here.until('all are in a server', () => inside(here) === 4);
  await here.clock.wait(8000);
  return sent;
}

const ends = async (sent: readonly Promise<Completed>[]): Promise<readonly string[]> =>
  (await Promise.all(sent)).map(endOf);

describe('requests at the gateway’s address', () => {
  test('200 a second of the wall’s time are answered at sixty times its speed, by the programmed weights', async () => {
    await scene({ llm: 70, 'llm-new': 30 }, async ({ gateway, world }) => {
      const sent: Promise<Completed>[] = [];
      const startedMs = performance.now();
      const wanted = 600;
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          const due = Math.min(wanted, Math.floor(((performance.now() - startedMs) * 200) / 1000));
          while (sent.length < due)
            sent.push(gateway.complete({ stream: sent.length % 2 === 0, maxTokens: 100 }));
          if (sent.length < wanted) return;
          clearInterval(timer);
          resolve();
        }, 5);
      });
      const answers = await Promise.all(sent);
      const tookMs = performance.now() - startedMs;
      const count = (end: string): number => answers.filter((answer) => endOf(answer) === end).length;
      const share = answers.filter((answer) => answer.pool === 'llm-new').length / wanted;
      const slowest = Math.max(...answers.map(({ wallMs }) => wallMs));
      console.log(
        `gateway: ${wanted} requests in ${Math.round(tookMs)} ms, slowest ${Math.round(slowest)} ms, new side ${Math.round(share * 100)} %`,
      );
      expect({ plain: count('plain'), streams: count('stream') }).toEqual({ plain: 300, streams: 300 });
      expect(Math.abs(share - 0.3)).toBeLessThan(0.08);
      expect(tookMs).toBeLessThan(4500);
      expect(new Set(answers.map(({ pod }) => pod)).size).toBe(6);
      world.advanceTo(world.nowMs + 60_000);
      world.settle();
      const { requests } = world.truth();
      expect({ total: requests.total, failed: requests.failed, inFlight: requests.inFlight }).toEqual({
        total: wanted,
        failed: 0,
        inFlight: 0,
      });
      const served = podsOf(world, 'llm(?:-new)?').map(({ name }) => {
        const server = world.server(world.parameters.clusters[0]?.name ?? '', 'default', name);
        const { length = 0, stop = 0 } = server?.counters.success ?? {};
        return length + stop;
      });
      expect(served.reduce((sum, each) => sum + each, 0)).toBe(wanted);
    });
  });

  test('a stream comes in pieces, and takes the time that the model takes', async () => {
    await scene({ llm: 1 }, async ({ gateway, clock }) => {
      const before = clock.nowMs();
      const answer = await gateway.complete({ stream: true, maxTokens: 100 });
      const took = clock.nowMs() - before;
      expect({ end: endOf(answer), events: answer.body.split('\n\n').length - 1 }).toEqual({
        end: 'stream',
        events: 101,
      });
      expect(answer.pieces).toBeGreaterThan(2);
      expect(took).toBeGreaterThanOrEqual(1000);
    });
  });

  test('what is written is obeyed once it is programmed, not before', async () => {
    await scene({ llm: 1, 'llm-new': 0 }, async ({ gateway, world, until }) => {
      expect(writeWeights(world, [0, 1])).toBe(200);
      expect((await gateway.complete()).pool).toBe('llm');
      const programmed = () => world.truth().routes[0]?.rules[0]?.programmed['llm-new'];
      await until('the new weights are programmed', () => programmed() === 1);
      expect((await gateway.complete()).pool).toBe('llm-new');
    });
  });

  test('hosts, paths and headers decide; what no route takes is 404', async () => {
    const routed: KubeObject = {
      ...aRoute({ 'llm-new': 1 }, 'for-testers'),
      spec: {
        parentRefs: [{ name: 'inference-gateway' }],
        hostnames: ['llm.example.com'],
        rules: [
          {
            matches: [
              { path: { type: 'PathPrefix', value: '/v1' }, headers: [{ name: 'X-Tester', value: 'yes' }] },
            ],
            backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm-new' }],
          },
          {
            matches: [{ path: { type: 'PathPrefix', value: '/v1' } }],
            backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm' }],
          },
        ],
      },
    };
    const objects = [GATEWAY_OBJECT, ...aSide({ name: 'llm' }), ...aSide({ name: 'llm-new' }), routed];
    const world = createWorld({ stacks: [{ objects }], traffic: [] });
    await hosted(world, async (here) => {
      await withGateway(here, async ({ address }) => {
        const gateway = new GatewayClient(address);
        const models = await gateway.send('GET', '/v1/models', '', { Host: 'llm.example.com:8080' });
        expect({
          everybody: (await gateway.complete()).pool,
          tester: (await gateway.complete({ headers: { 'X-Tester': 'yes' } })).pool,
          otherHost: (await gateway.complete({ host: 'other.example.com' })).status,
          otherPath: (await gateway.send('GET', '/metrics', '', { Host: 'llm.example.com' })).status,
          unknownModel: (await gateway.complete({ model: 'nobody' })).status,
          noJson: (await gateway.send('POST', '/v1/completions', '{', { Host: 'llm.example.com' })).status,
          models: [models.status, models.pool],
        }).toEqual({
          everybody: 'llm',
          tester: 'llm-new',
          otherHost: 404,
          otherPath: 404,
          unknownModel: 404,
          noJson: 400,
          models: [200, 'llm'],
        });
        gateway.close();
      });
    });
  });

  test('another gateway’s address does not take its routes', async () => {
    const world = createWorld({ stacks: [{ objects: aStack({ llm: 1 }) }], traffic: [] });
    const asked = (name: string) =>
      world.gatewayRequest({
        cluster: world.parameters.clusters[0]?.name ?? '',
        gateway: { namespace: 'default', name },
        method: 'GET',
        host: 'llm.example.com',
        path: '/v1/models',
        headers: {},
        body: '',
      }).status;
    expect([asked('inference-gateway'), asked('other')]).toEqual([200, 404]);
  });
});

describe('requests in flight', () => {
  test('finish where they are when their side’s weight goes to 0', async () => {
    await scene({ llm: 1, 'llm-new': 0 }, async (here) => {
      const sent = await inFlight(here);
      here.world.act({ kind: 'weightsEdited', route: 'routes-to-llm', weights: { llm: 0, 'llm-new': 1 } });
      expect(await ends(sent)).toEqual(['plain', 'stream', 'plain', 'stream']);
      expect(pool(here.world, 'llm').failed).toBe(0);
    });
  });

  test('a killed server resets them: 503, or a stream that is cut', async () => {
    await scene({ llm: 1 }, async (here) => {
      const sent = await inFlight(here);
      here.world.act({ kind: 'serverKilled', target: { pool: 'llm' } });
      expect(await ends(sent)).toEqual(['503', '0', '503', '0']);
      expect(pool(here.world, 'llm').byKind).toEqual({ reset: 4 });
      expect(endOf(await here.gateway.complete())).toBe('503');
    });
  });

  test('a terminated server answers 500, and streams end with an error object and status 200', async () => {
    await scene({ llm: 1 }, async (here) => {
      const sent = await inFlight(here);
      here.world.act({ kind: 'serverTerminated', target: { pool: 'llm' } });
      expect(await ends(sent)).toEqual(['500', 'error in stream', '500', 'error in stream']);
      expect((await sent[1])?.body.endsWith('data: [DONE]\n\n')).toBe(true);
      expect(pool(here.world, 'llm').byKind).toEqual({ streamError: 2, terminated: 2 });
    });
  });

  test('a server that hangs says nothing until it wakes: slow, and 200', async () => {
    await scene({ llm: 1 }, async (here) => {
      const sent = await inFlight(here);
      const hungAtMs = here.clock.nowMs();
      here.world.act({ kind: 'serverHangs', target: { pool: 'llm' }, forMs: 60_000 });
      const late = here.gateway.complete();
      expect(await ends([...sent, late])).toEqual(['plain', 'stream', 'plain', 'stream', 'plain']);
      expect(here.clock.nowMs() - hungAtMs).toBeGreaterThanOrEqual(60_000);
    });
  });

  test('without a picker 500 and nothing in it; without a pod 503', async () => {
    await scene({ llm: 1 }, async (here) => {
      here.world.act({ kind: 'pickerKilled', target: { pool: 'llm' }, forMs: 60_000 });
      const unpicked = await here.gateway.complete();
      await here.until('the picker is back', () => pool(here.world, 'llm').pickerUp);
      here.world.act({ kind: 'deploymentScaled', name: 'llm', replicas: 0 });
      await here.until('nobody is in rotation', () => pool(here.world, 'llm').inRotation === 0);
      const unserved = await here.gateway.complete();
      expect([unpicked, unserved].map(({ status, body, pod }) => [status, body, pod])).toEqual([
        [500, '', undefined],
        [503, 'no healthy upstream', undefined],
      ]);
    });
  });

  test('a share of failing requests is answered so: 500, or an error in the stream', async () => {
    await scene({ llm: 1 }, async ({ world, gateway }) => {
      const both = async () => [
        endOf(await gateway.complete()),
        endOf(await gateway.complete({ stream: true })),
      ];
      world.act({ kind: 'requestsFail', target: { pool: 'llm' }, share: 1 });
      const as500 = await both();
      world.act({ kind: 'requestsFail', target: { pool: 'llm' }, share: 1, as: 'streamError' });
      expect({ as500, asStreamError: await both() }).toEqual({
        as500: ['500', '500'],
        asStreamError: ['500', 'error in stream'],
      });
      expect(pool(world, 'llm').byKind).toEqual({ serverError: 3, streamError: 1 });
    });
  });
});

test('an alias is answered through the picker: by either version, under the name that was asked for', async () => {
  const rewrite: KubeObject = {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceModelRewrite',
    metadata: { name: 'food' },
    spec: {
      poolRef: { name: 'llm' },
      rules: [
        {
          matches: [{ model: { value: 'food-review' } }],
          targets: ['tone-1', 'tone-2', 'nobody'].map((modelRewrite) => ({ modelRewrite, weight: 1 })),
        },
      ],
    },
  };
  const side = aSide({ name: 'llm', adapters: ['tone-1', 'tone-2'] });
  const objects = [GATEWAY_OBJECT, ...side, aRoute({ llm: 100 }), rewrite];
  await scene(
    { llm: 100 },
    async ({ gateway, world }) => {
      const sent = Array.from({ length: 60 }, (_, index) =>
        gateway.complete({ model: 'food-review', stream: index % 2 === 0, maxTokens: 4 }),
      );
      const answers = await Promise.all(sent);
      const good = answers.filter(({ status }) => status === 200);
      const names = good.flatMap(({ body }) =>
        [...body.matchAll(/"model":"([^"]*)"/g)].map(([, name]) => name),
      );
      expect([...new Set(names)]).toEqual(['food-review']);
      const counted = Object.fromEntries(pool(world, 'llm').names.map((one) => [one.target, one]));
      expect(Object.keys(counted).toSorted()).toEqual(['nobody', 'tone-1', 'tone-2']);
      const { requests, failed, notFound } = counted['nobody'] ?? {};
      expect([requests, failed, notFound]).toEqual(Array(3).fill(60 - good.length));
      expect(answers.filter(({ status }) => status === 404)).toHaveLength(60 - good.length);
    },
    { stacks: [{ objects }] },
  );
});
