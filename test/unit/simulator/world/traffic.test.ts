import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../../simulator/world/world.ts';
import { aRoute, aSide, aStack, GATEWAY_OBJECT } from './a-stack.ts';
import { aWorld, MINUTE, pass, pool, SECOND, scrape, writeWeights } from './a-world.ts';

describe('traffic', () => {
  test('healthy servers fail no request, and the load is the one that was asked for', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = aWorld({ llm: 75, 'llm-new': 25 }, { seed });
      pass(world, 30 * MINUTE);
      const { requests } = world.truth();
      expect(requests.failed).toBe(0);
      // Poisson: 270,000 requests, standard deviation 520.
      expect(Math.abs(requests.total - 150 * 1800)).toBeLessThan(2600);
      expect(requests.total).toBe(pool(world, 'llm').total + pool(world, 'llm-new').total);
      expect(Math.abs(pool(world, 'llm-new').total / requests.total - 0.25)).toBeLessThan(0.005);
    }
  });

  test('the same seed gives the same history, another seed another', () => {
    const history = (seed: number): string => {
      const world = aWorld({ llm: 90, 'llm-new': 10 }, { seed });
      world.advanceTo(world.nowMs + MINUTE);
      writeWeights(world, [50, 50]);
      for (let look = 0; look < 20; look++) {
        world.advanceTo(world.nowMs + 5 * SECOND);
        scrape(world, 'llm');
      }
      world.act({ kind: 'serverKilled', target: { pool: 'llm-new', pods: 1 } });
      pass(world, 10 * MINUTE);
      return JSON.stringify([
        world.truth(),
        world.kube('projects/acme/locations/us-central1/clusters/inference')?.revision,
      ]);
    };
    expect(history(7)).toBe(history(7));
    expect(history(7)).not.toBe(history(8));
  });

  test('how finely time is asked to pass changes nothing', () => {
    const coarse = aWorld({ llm: 75, 'llm-new': 25 });
    const fine = aWorld({ llm: 75, 'llm-new': 25 });
    coarse.advanceTo(coarse.nowMs + 20 * MINUTE);
    for (let step = 0; step < 1200; step++) fine.advanceTo(fine.nowMs + SECOND);
    expect(fine.truth()).toEqual(coarse.truth());
  });

  test('written weights move traffic after the lag of the gateway, not before', () => {
    const world = aWorld(
      { llm: 100, 'llm-new': 0 },
      { durations: { gatewayLag: [20 * SECOND, 20 * SECOND] } },
    );
    pass(world, MINUTE);
    expect(pool(world, 'llm-new').total).toBe(0);
    expect(writeWeights(world, [50, 50])).toBe(200);
    pass(world, 19 * SECOND);
    expect(pool(world, 'llm-new').total).toBe(0);
    const before = pool(world, 'llm').total;
    pass(world, 61 * SECOND);
    const share =
      pool(world, 'llm-new').total / (pool(world, 'llm-new').total + pool(world, 'llm').total - before);
    expect(Math.abs(share - 0.5)).toBeLessThan(0.03);
    expect(world.truth().requests.failed).toBe(0);
    expect(world.truth().routes[0]?.rules[0]).toMatchObject({
      stored: { llm: 50, 'llm-new': 50 },
      programmed: { llm: 50, 'llm-new': 50 },
    });
  });

  test('requests in flight finish on their side after the weights have gone', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    pass(world, MINUTE);
    expect(pool(world, 'llm-new').inFlight).toBeGreaterThan(50);
    writeWeights(world, [100, 0]);
    pass(world, 2 * MINUTE);
    const drained = pool(world, 'llm-new');
    expect({ inFlight: drained.inFlight, failed: drained.failed }).toEqual({ inFlight: 0, failed: 0 });
    expect(pool(world, 'llm').failed).toBe(0);
  });

  test('a rule whose weights are all 0 fails everything', () => {
    const world = aWorld({ llm: 0, 'llm-new': 0 });
    pass(world, MINUTE);
    const { total, failed, byKind } = world.truth().requests;
    expect(failed).toBe(total);
    expect(byKind).toEqual({ noWeight: total });
  });

  test('a stream goes where host and path send it', () => {
    const chat = aRoute({ 'llm-new': 1 }, 'chat');
    const spec = chat['spec'] as { rules: readonly object[] };
    const objects = [
      ...aStack({ llm: 1 }),
      {
        ...chat,
        spec: {
          ...spec,
          hostnames: ['chat.example.com'],
          rules: [{ ...spec.rules[0], matches: [{ path: { type: 'PathPrefix', value: '/v1/chat' } }] }],
        },
      },
    ];
    const world = createWorld({
      stacks: [{ objects }],
      traffic: [
        { requestsPerSecond: 10 },
        { requestsPerSecond: 10, host: 'chat.example.com', path: '/v1/chat/completions' },
        { requestsPerSecond: 10, host: 'chat.example.com', path: '/v1/completions' },
      ],
    });
    pass(world, 10 * MINUTE);
    expect(world.truth().requests.failed).toBe(0);
    expect(Math.abs(pool(world, 'llm-new').total - 6000)).toBeLessThan(400);
    expect(Math.abs(pool(world, 'llm').total - 12_000)).toBeLessThan(600);
  });

  test('nobody is there where no route leads', () => {
    const world = createWorld({ stacks: [{ objects: [GATEWAY_OBJECT, ...aSide({ name: 'llm' })] }] });
    pass(world, MINUTE);
    const { total, byKind } = world.truth().requests;
    expect(byKind).toEqual({ noRoute: total });
  });

  test('slow machines are slow to the first token, and the fast ones are not', () => {
    const world = createWorld({
      extraNodePools: [{ name: 'l4-pool', machineType: 'g2-standard-96', nodes: 1 }],
      stacks: [
        {
          objects: [
            GATEWAY_OBJECT,
            ...aSide({ name: 'llm' }),
            ...aSide({ name: 'llm-new', nodeSelector: { 'cloud.google.com/gke-nodepool': 'l4-pool' } }),
            aRoute({ llm: 75, 'llm-new': 25 }),
          ],
        },
      ],
    });
    pass(world, 10 * MINUTE);
    const slowerThan = (side: string, le: string): number => {
      let below = 0;
      let all = 0;
      for (const result of scrape(world, side).value) {
        if (result.kind !== 'answered') throw new Error('no answer');
        for (const { name, labels, value } of result.samples) {
          if (name === 'vllm:time_to_first_token_seconds_bucket' && labels['le'] === le) below += value;
          if (name === 'vllm:time_to_first_token_seconds_count') all += value;
        }
      }
      return 1 - below / all;
    };
    expect(slowerThan('llm', '2.5')).toBeLessThan(0.01);
    expect(slowerThan('llm-new', '2.5')).toBeGreaterThan(0.1);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('more than the servers can carry waits in their queues', () => {
    const world = aWorld({ llm: 1, 'llm-new': 0 }, { traffic: [{ requestsPerSecond: 600 }] });
    pass(world, 5 * MINUTE);
    const results = scrape(world, 'llm').value.flatMap((result) =>
      result.kind === 'answered' ? result.samples : [],
    );
    const waiting = results.filter(({ name }) => name === 'vllm:num_requests_waiting');
    expect(waiting).toHaveLength(3);
    for (const { value } of waiting) expect(value).toBeGreaterThan(1000);
  });
});
