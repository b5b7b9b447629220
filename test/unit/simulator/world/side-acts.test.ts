import { describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import { aSide, aStack, GATEWAY_OBJECT } from './a-stack.ts';
import { aWorld, CLUSTER, MINUTE, pass, podsOf, pool, SECOND, scrape } from './a-world.ts';

const kindsOf = (world: World): readonly string[] =>
  scrape(world, 'llm-new').value.map((result) =>
    result.kind === 'answered'
      ? `${result.status}, ${result.samples.length > 0 ? 'figures' : 'none'}`
      : result.kind,
  );

const shown = (world: World): number[] =>
  scrape(world, 'llm-new').value.map((result) =>
    result.kind === 'answered'
      ? result.samples.reduce((sum, { name, value }) => sum + (name === 'http_requests_total' ? value : 0), 0)
      : -1,
  );

const page = (world: World, pod: number) =>
  world.handlers().models.ask({
    cluster: CLUSTER,
    namespace: 'default',
    target: { pod: podsOf(world, 'llm-new')[pod]?.name ?? '', port: 8000 },
    method: 'GET',
    path: '/metrics',
    timeoutMs: 3000,
  }).value;

describe('metrics missing for a side', () => {
  test.each(['500', 'silent'] as const)('%s: for a time, while all requests are served', (as) => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    pass(world, MINUTE);
    const before = pool(world, 'llm-new').total;
    world.act({ kind: 'metricsMissing', target: { pool: 'llm-new', pods: 2 }, as, forMs: 2 * MINUTE });
    const bad = as === '500' ? '500, none' : 'unanswered';
    expect(kindsOf(world)).toEqual([bad, bad, '200, figures']);
    expect(page(world, 0)).toMatchObject(as === '500' ? { status: 500 } : { kind: 'unanswered' });
    expect(page(world, 2)).toMatchObject({ status: 200 });
    pass(world, 2 * MINUTE);
    expect(kindsOf(world)).toEqual(Array(3).fill('200, figures'));
    const after = pool(world, 'llm-new');
    expect([after.failed, after.total > before, after.inRotation]).toEqual([0, true, 3]);
  });
});

test('counters begin at 0 again without a restart', () => {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  pass(world, 5 * MINUTE);
  const [first, ...others] = shown(world);
  world.act({ kind: 'countersReset', target: { pool: 'llm-new', pods: 1 } });
  expect(shown(world)).toEqual([0, ...others]);
  pass(world, MINUTE);
  const [again = 0] = shown(world);
  expect([again > 0, again < (first ?? 0)]).toEqual([true, true]);
  expect(podsOf(world, 'llm-new').map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
});

describe('an adapter missing on one of several pods', () => {
  const twoServers = (): World =>
    createWorld({
      stacks: [{ objects: [GATEWAY_OBJECT, ...aSide({ name: 'llm-new', replicas: 2, adapters: ['tone'] })] }],
    });
  const say = (world: World, index: number, model: string) => {
    const { value } = world.handlers().models.ask({
      cluster: CLUSTER,
      namespace: 'default',
      target: { pod: podsOf(world, 'llm-new')[index]?.name ?? '', port: 8000 },
      method: 'POST',
      path: '/v1/completions',
      body: { model, prompt: 'how was it', max_tokens: 8 },
      timeoutMs: MINUTE,
    });
    if (value.kind !== 'answered') return value.kind;
    const { choices } = JSON.parse(value.body) as { choices?: readonly { text: string }[] };
    return `${value.status} ${choices?.[0]?.text ?? ''}`;
  };

  test('silent: it is listed, and the base model answers to its name', () => {
    const world = twoServers();
    const [tone, base] = [say(world, 1, 'tone'), say(world, 1, 'llama')];
    expect(tone).not.toBe(base);
    const target = { pool: 'llm-new', pods: 1 };
    world.act({ kind: 'adapterMissing', target, adapter: 'tone', as: 'silent', forMs: MINUTE });
    expect([say(world, 0, 'tone'), say(world, 1, 'tone')]).toEqual([base, tone]);
    pass(world, MINUTE);
    expect(say(world, 0, 'tone')).toBe(tone);
  });

  test('absent: its name is unknown', () => {
    const world = twoServers();
    const tone = say(world, 1, 'tone');
    const target = { pool: 'llm-new', pods: 1 };
    world.act({ kind: 'adapterMissing', target, adapter: 'tone', as: 'absent', forMs: MINUTE });
    expect([say(world, 0, 'tone'), say(world, 1, 'tone')]).toEqual(['404 ', tone]);
    pass(world, MINUTE);
    expect(say(world, 0, 'tone')).toBe(tone);
  });
});

describe('a crash loop', () => {
  test('kills the chosen pods as often as they come up, and ends', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 }, { durations: { modelLoad: [MINUTE, MINUTE] } });
    world.act({ kind: 'crashLoop', target: { pool: 'llm-new', pods: 1 }, forMs: 10 * MINUTE });
    pass(world, 10 * MINUTE);
    const [first, ...others] = podsOf(world, 'llm-new');
    expect(first?.restarts).toBeGreaterThan(5);
    expect(others.map(({ restarts, ready }) => [restarts, ready])).toEqual([
      [0, true],
      [0, true],
    ]);
    pass(world, 2 * MINUTE);
    expect(podsOf(world, 'llm-new').map(({ ready }) => ready)).toEqual([true, true, true]);
  });

  test('of a whole side does not spare the pods that come meanwhile', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 }, { durations: { modelLoad: [MINUTE, MINUTE] } });
    world.act({ kind: 'crashLoop', target: { pool: 'llm-new' }, forMs: 10 * MINUTE });
    world.act({ kind: 'deploymentScaled', name: 'llm-new', replicas: 4 });
    pass(world, 9 * MINUTE);
    expect(podsOf(world, 'llm-new').map(({ restarts }) => restarts > 2)).toEqual(Array(4).fill(true));
  });
});

describe('a node upgrade', () => {
  const seen = (world: World) => podsOf(world, 'llm').map(({ node, uid }) => ({ node, uid }));

  test('evicts the pods of a node one after the other and gives a new machine', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 100 }) }],
      durations: { modelLoad: [MINUTE, MINUTE], imagePull: [SECOND, SECOND] },
    });
    const before = seen(world);
    const deleting: number[] = [];
    world.act({ kind: 'nodesDrained', nodePool: 'default-gpu', nodes: 1, everyMs: 3 * MINUTE });
    for (let minute = 0; minute < 20; minute++) {
      deleting.push(podsOf(world, 'llm').filter((pod) => pod.deleting).length);
      pass(world, MINUTE);
    }
    expect(Math.max(...deleting)).toBe(1);
    pass(world, 60 * MINUTE);
    const after = seen(world);
    const drained = before[0]?.node;
    const moved = before.filter(({ node }) => node === drained).map(({ uid }) => uid);
    expect(moved.length).toBeGreaterThan(0);
    expect(after.filter(({ node, uid }) => node === drained || moved.includes(uid))).toEqual([]);
    expect(podsOf(world, 'llm').map(({ ready }) => ready)).toEqual([true, true, true]);
  });

  test('goes through all nodes of the pool', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    const nodesOf = (name: string) => new Set(podsOf(world, name).map(({ node }) => node));
    const before = new Set([...nodesOf('llm'), ...nodesOf('llm-new')]);
    expect(before.size).toBe(2);
    world.act({ kind: 'nodesDrained', nodePool: 'default-gpu', everyMs: MINUTE });
    pass(world, 180 * MINUTE);
    for (const name of ['llm', 'llm-new']) {
      expect([...nodesOf(name)].filter((node) => before.has(node))).toEqual([]);
      expect(podsOf(world, name).map(({ ready }) => ready)).toEqual([true, true, true]);
    }
  });
});
