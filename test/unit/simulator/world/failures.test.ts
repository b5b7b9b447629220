import { describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import { aStack } from './a-stack.ts';
import { aWorld, MINUTE, pass, podsOf, pool, SECOND, scrape } from './a-world.ts';

/** Half of the traffic on each side, both warm and busy. */
function halfAndHalf(): World {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  pass(world, 2 * MINUTE);
  return world;
}

const kinds = (world: World, name: string): readonly string[] => Object.keys(pool(world, name).byKind).sort();

const newSide = { pool: 'llm-new' } as const;

describe('what counters do not show, at 50/50', () => {
  test('model servers killed: 503, pods not ready, counters gone', () => {
    const world = halfAndHalf();
    const inFlight = pool(world, 'llm-new').inFlight;
    const atMs = world.nowMs;
    world.act({ kind: 'serverKilled', target: newSide });
    pass(world, 10 * SECOND);
    const hurt = pool(world, 'llm-new');
    expect(kinds(world, 'llm-new')).toEqual(['connectRefused', 'noEndpoint', 'reset']);
    expect(hurt.byKind.reset).toBe(inFlight);
    expect(hurt.inRotation).toBe(0);
    expect(podsOf(world, 'llm-new').map(({ ready, restarts }) => ({ ready, restarts }))).toEqual(
      Array.from({ length: 3 }, () => ({ ready: false, restarts: 1 })),
    );
    expect(scrape(world, 'llm-new').value.map(({ kind }) => kind)).toEqual(Array(3).fill('unanswered'));
    expect(scrape(world, 'llm').value.map(({ kind }) => kind)).toEqual(Array(3).fill('answered'));
    expect(pool(world, 'llm').failed).toBe(0);
    expect(world.truth().failures[0]?.fromMs).toBe(atMs);
  });

  test('a killed server comes back with its counters at zero', () => {
    const world = halfAndHalf();
    world.act({ kind: 'serverKilled', target: { pool: 'llm-new', pods: 1 }, reason: 'OOMKilled' });
    pass(world, 5 * MINUTE);
    const [first] = podsOf(world, 'llm-new');
    expect(first).toMatchObject({ ready: true, restarts: 1 });
    const [fresh, old] = scrape(world, 'llm-new').value.map((result) =>
      result.kind === 'answered'
        ? result.samples
            .filter(({ name }) => name === 'http_requests_total')
            .reduce((sum, { value }) => sum + value, 0)
        : -1,
    );
    expect(fresh).toBeGreaterThan(0);
    expect(fresh).toBeLessThan(old ?? 0);
  });

  test('picker killed: 500 for the whole share, no requests reach the servers', () => {
    const world = halfAndHalf();
    world.act({ kind: 'pickerKilled', target: newSide });
    const before = pool(world, 'llm-new');
    pass(world, 30 * SECOND);
    const after = pool(world, 'llm-new');
    expect(after.byKind).toEqual({ noPicker: after.total - before.total });
    expect(after.inFlight).toBe(0);
    expect(after.pickerUp).toBe(false);
    expect(podsOf(world, 'llm-new').every(({ ready }) => ready)).toBe(true);
    expect(podsOf(world, 'llm-new-epp').map(({ ready }) => ready)).toEqual([false]);
    pass(world, 5 * MINUTE);
    expect(pool(world, 'llm-new').pickerUp).toBe(true);
  });

  test('picker killed, and the pool fails open: nobody notices', () => {
    const objects = aStack({ llm: 50, 'llm-new': 50 }, { failureMode: 'FailOpen' });
    const world = createWorld({ stacks: [{ objects }] });
    world.act({ kind: 'pickerKilled', target: newSide });
    pass(world, MINUTE);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('model servers terminated in mid-stream: 500, and streams that end in an error object', () => {
    const world = halfAndHalf();
    const inFlight = pool(world, 'llm-new').inFlight;
    world.act({ kind: 'serverTerminated', target: newSide });
    world.settle();
    const cut = pool(world, 'llm-new').byKind;
    expect((cut.terminated ?? 0) + (cut.streamError ?? 0)).toBe(inFlight);
    expect(cut.terminated).toBeGreaterThan(inFlight * 0.3);
    expect(cut.streamError).toBeGreaterThan(inFlight * 0.3);
    pass(world, 3 * SECOND);
    expect(podsOf(world, 'llm-new').map(({ stage }) => stage)).toEqual(Array(3).fill('pulling'));
    expect(kinds(world, 'llm-new')).toEqual(['connectRefused', 'noEndpoint', 'streamError', 'terminated']);
  });

  test('servers that hang: nothing fails, nothing answers, and everything is served late', () => {
    const world = halfAndHalf();
    const before = pool(world, 'llm-new').total;
    world.act({ kind: 'serverHangs', target: newSide, forMs: 15 * SECOND });
    pass(world, 10 * SECOND);
    const during = pool(world, 'llm-new');
    expect(during.failed).toBe(0);
    expect(during.inFlight).toBeGreaterThanOrEqual(during.total - before);
    const scraped = scrape(world, 'llm-new');
    expect(scraped).toEqual({
      value: Array(3).fill({ kind: 'unanswered', why: 'no answer within 3000 ms' }),
      tookMs: 3000,
    });
    pass(world, MINUTE);
    expect(pool(world, 'llm-new').failed).toBe(0);
    expect(pool(world, 'llm-new').inFlight).toBeLessThan(300);
    const [answer] = scrape(world, 'llm-new').value;
    if (answer?.kind !== 'answered') throw new Error('no answer');
    const slow = answer.samples.find(({ labels }) => labels['le'] === '10.0')?.value ?? 0;
    const count = answer.samples.find(({ name }) => name.endsWith('first_token_seconds_count'))?.value ?? 0;
    // A third of what arrived during the fifteen seconds waited longer than ten.
    expect(count - slow).toBeGreaterThan(80);
    expect(count - slow).toBeLessThan(180);
  });

  test('a hang loses readiness where a probe asks, and gets it back', () => {
    const objects = aStack({ llm: 50, 'llm-new': 50 }, { readinessProbe: true });
    const world = createWorld({ stacks: [{ objects }] });
    world.act({ kind: 'serverHangs', target: newSide, forMs: 15 * SECOND });
    pass(world, 5 * SECOND);
    expect(podsOf(world, 'llm-new').map(({ ready }) => ready)).toEqual([false, false, false]);
    expect(kinds(world, 'llm-new')).toEqual(['noEndpoint']);
    pass(world, 15 * SECOND);
    expect(pool(world, 'llm-new').inRotation).toBe(3);
  });

  test('one of three: the others take the load', () => {
    for (const kind of ['serverKilled', 'serverTerminated'] as const) {
      const world = halfAndHalf();
      world.act({ kind, target: { pool: 'llm-new', pods: 1 } });
      pass(world, MINUTE);
      const hurt = pool(world, 'llm-new');
      expect(hurt.failed).toBeGreaterThan(0);
      // What was in it, and two seconds of its share.
      expect(hurt.failed).toBeLessThan(150);
      expect(hurt.inRotation).toBe(2);
    }
  });
});

describe('other ways to fail', () => {
  test('half of the requests answer 500: in the counters of the servers and of the clients', () => {
    const world = halfAndHalf();
    const before = pool(world, 'llm-new').total;
    world.act({ kind: 'requestsFail', target: newSide, share: 0.5, forMs: MINUTE });
    pass(world, MINUTE);
    const { failed, byKind, total } = pool(world, 'llm-new');
    expect(byKind).toEqual({ serverError: failed });
    expect(Math.abs(failed / (total - before) - 0.5)).toBeLessThan(0.03);
    const counted = scrape(world, 'llm-new')
      .value.flatMap((result) => (result.kind === 'answered' ? result.samples : []))
      .filter(({ labels }) => labels['status'] === '5xx')
      .reduce((sum, { value }) => sum + value, 0);
    expect(counted).toBe(failed);
    pass(world, MINUTE);
    expect(pool(world, 'llm-new').failed).toBe(failed);
  });

  test('streams that end in an error object have status 200', () => {
    const world = halfAndHalf();
    world.act({ kind: 'requestsFail', target: newSide, share: 0.2, as: 'streamError' });
    pass(world, MINUTE);
    const { failed, byKind } = pool(world, 'llm-new');
    expect(byKind).toEqual({ streamError: failed });
    expect(failed).toBeGreaterThan(500);
    const samples = scrape(world, 'llm-new').value.flatMap((result) =>
      result.kind === 'answered' ? result.samples : [],
    );
    expect(samples.filter(({ labels }) => labels['status'] === '5xx')).toEqual([]);
    const errors = samples.filter(({ labels }) => labels['finished_reason'] === 'error');
    expect(errors.reduce((sum, { value }) => sum + value, 0)).toBe(failed);
  });

  test('deleting pods that idle behind a preStop sleep fails nothing while another is ready', () => {
    const world = halfAndHalf();
    world.act({ kind: 'podsDeleted', target: { pool: 'llm-new', pods: 1 } });
    pass(world, 10 * MINUTE);
    expect(world.truth().requests.failed).toBe(0);
    expect(pool(world, 'llm-new').inRotation).toBe(3);
  });

  test('deleting the new pods too early fails requests', () => {
    const world = halfAndHalf();
    world.act({
      kind: 'deleted',
      resource: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' },
      namespace: 'default',
      name: 'llm-new',
    });
    pass(world, 2 * MINUTE);
    expect(world.truth().requests.byKind.noEndpoint).toBeGreaterThan(5000);
    expect(podsOf(world, 'llm-new')).toEqual([]);
  });

  test('a machine that vanishes takes its pods and what is in them along', () => {
    const world = halfAndHalf();
    world.act({ kind: 'nodesRemoved', nodePool: 'default-gpu', nodes: 1 });
    pass(world, SECOND);
    expect(world.truth().requests.byKind.reset).toBeGreaterThan(0);
    pass(world, 10 * MINUTE);
    const { pods } = world.truth();
    expect(pods.filter(({ ready }) => !ready)).toEqual([]);
  });

  test('names that a side does not serve are 404 there', () => {
    const world = aWorld(
      { llm: 50, 'llm-new': 50 },
      { traffic: [{ models: { llama: 0.9, 'food-review-1': 0.1 } }] },
    );
    pass(world, MINUTE);
    const { total, failed, byKind } = world.truth().requests;
    expect(byKind).toEqual({ notFound: failed });
    expect(Math.abs(failed / total - 0.1)).toBeLessThan(0.01);
  });
});
