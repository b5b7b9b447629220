import { describe, expect, test } from 'vitest';
import { INFERENCE_POOL } from '../../../../simulator/world/resources.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import { aRoute, aSide, aStack } from './a-stack.ts';
import {
  aWorld,
  CLUSTER,
  MINUTE,
  pass,
  pool,
  readRoute,
  routeConditions,
  SECOND,
  writeWeights,
} from './a-world.ts';

const later = (world: World, ms: number): void => world.advanceTo(world.nowMs + ms);

/** The generation that the gateway reported last. */
function observed(world: World): unknown {
  const status = readRoute(world)['status'] as {
    readonly parents: readonly {
      readonly controllerName: string;
      readonly conditions: readonly { readonly observedGeneration: number; readonly type: string }[];
    }[];
  };
  const [parent] = status.parents;
  const generations = new Set(parent?.conditions.map(({ observedGeneration }) => observedGeneration));
  return [parent?.controllerName, ...generations];
}

const GOOD = { Accepted: 'True', ResolvedRefs: 'True', Reconciled: 'True' };

describe('the gateway', () => {
  test('reports the generation that it programmed, after its lag', () => {
    const world = aWorld({ llm: 100, 'llm-new': 0 });
    expect(routeConditions(world)).toEqual(GOOD);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 1]);
    const version = readRoute(world).metadata.resourceVersion;
    writeWeights(world, [90, 10]);
    expect(readRoute(world).metadata.generation).toBe(2);
    later(world, 4 * SECOND);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 1]);
    later(world, 26 * SECOND);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 2]);
    expect(readRoute(world).metadata.generation).toBe(2);
    expect(Number(readRoute(world).metadata.resourceVersion)).toBeGreaterThan(Number(version));
    const [drawn] = world.truth().drawn;
    expect(drawn?.kind).toBe('gatewayLag');
  });

  test('a backend is built when a route first names it, weight 0 or not', () => {
    const world = aWorld({ llm: 1 });
    world.load({ cluster: CLUSTER, namespace: 'default', objects: aSide({ name: 'side' }) });
    world.act({ kind: 'applied', objects: [aRoute({ llm: 100, side: 0 })] });
    later(world, 90 * SECOND);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 2]);
    expect(world.truth().drawn.filter(({ kind }) => kind === 'backendBuild')).toMatchObject([
      { subject: 'side' },
    ]);
    expect(world.kube(CLUSTER)?.read(INFERENCE_POOL, 'default', 'side')?.['status']).toMatchObject({
      parents: [
        { parentRef: { name: 'inference-gateway' }, conditions: [{ type: 'Accepted', status: 'True' }, {}] },
      ],
    });
    writeWeights(world, [50, 50]);
    later(world, 30 * SECOND);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 3]);
  });

  test('a pool that is not there, or has no picker Service, is not programmed; the old weights stay in force', () => {
    for (const side of [[], aSide({ name: 'side', withoutPicker: true })]) {
      const world = aWorld({ llm: 1 });
      world.load({ cluster: CLUSTER, namespace: 'default', objects: side });
      world.act({ kind: 'applied', objects: [aRoute({ llm: 50, side: 50 })] });
      pass(world, 3 * MINUTE);
      expect(routeConditions(world)).toEqual({
        Accepted: 'True',
        ResolvedRefs: 'False',
        Reconciled: 'False',
      });
      expect(JSON.stringify(readRoute(world)['status'])).toContain('GWCER104');
      expect(JSON.stringify(readRoute(world)['status'])).toContain('BackendNotFound');
      expect(world.truth().routes[0]?.rules[0]?.programmed).toEqual({ llm: 1 });
      expect(world.truth().requests.failed).toBe(0);
      const rest = aSide({ name: 'side' }).filter(({ kind }) => kind !== 'Deployment');
      world.load({ cluster: CLUSTER, namespace: 'default', objects: rest });
      later(world, 3 * MINUTE);
      expect(routeConditions(world)).toEqual(GOOD);
    }
  });

  test('two writes within the lag end in the newer one', () => {
    const world = aWorld({ llm: 100, 'llm-new': 0 });
    writeWeights(world, [90, 10]);
    later(world, 2 * SECOND);
    writeWeights(world, [10, 90]);
    later(world, 2 * MINUTE);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 3]);
    expect(world.truth().routes[0]?.rules[0]?.programmed).toEqual({ llm: 10, 'llm-new': 90 });
  });

  test('one that does not reconcile reports nothing and moves nothing, until it does again', () => {
    const world = aWorld({ llm: 100, 'llm-new': 0 });
    world.act({ kind: 'gatewayBehaves', as: { reconciles: false } });
    writeWeights(world, [50, 50]);
    pass(world, 10 * MINUTE);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 1]);
    expect(pool(world, 'llm-new').total).toBe(0);
    world.act({ kind: 'gatewayBehaves', as: { reconciles: true } });
    pass(world, MINUTE);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 2]);
    expect(pool(world, 'llm-new').total).toBeGreaterThan(0);
  });

  test('one that reports falsely says Reconciled and moves nothing', () => {
    const world = aWorld({ llm: 100, 'llm-new': 0 });
    world.act({ kind: 'gatewayBehaves', as: { reportsFalsely: true } });
    writeWeights(world, [50, 50]);
    pass(world, 5 * MINUTE);
    expect([routeConditions(world), observed(world)]).toEqual([GOOD, ['networking.gke.io/gateway', 2]]);
    expect(pool(world, 'llm-new').total).toBe(0);
  });

  test('traffic may follow minutes after the report, differently at each front end', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 100, 'llm-new': 0 }) }],
      gateway: { frontEnds: 4, trafficLagMs: [MINUTE, 5 * MINUTE] },
    });
    writeWeights(world, [0, 100]);
    pass(world, 31 * SECOND);
    expect(observed(world)).toEqual(['networking.gke.io/gateway', 2]);
    expect(pool(world, 'llm-new').total).toBe(0);
    const shares: number[] = [];
    for (let minute = 0; minute < 6; minute++) {
      const before = [pool(world, 'llm').total, pool(world, 'llm-new').total];
      pass(world, MINUTE);
      const sent = [
        pool(world, 'llm').total - (before[0] ?? 0),
        pool(world, 'llm-new').total - (before[1] ?? 0),
      ];
      shares.push((sent[1] ?? 0) / ((sent[0] ?? 0) + (sent[1] ?? 0)));
    }
    expect(shares.at(-1)).toBe(1);
    expect(shares.filter((share) => share > 0.05 && share < 0.95).length).toBeGreaterThan(0);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('status churn moves the resourceVersion and nothing else', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 1, 'llm-new': 0 }) }],
      gateway: { statusChurnMs: 10 * SECOND },
    });
    const before = readRoute(world);
    later(world, 15 * SECOND);
    const after = readRoute(world);
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    expect([after.metadata.generation, after['spec'], after['status']]).toEqual([
      before.metadata.generation,
      before['spec'],
      before['status'],
    ]);
  });

  test('a pool deleted under a programmed route fails its share', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    world.act({ kind: 'deleted', resource: INFERENCE_POOL, namespace: 'default', name: 'llm-new' });
    pass(world, 2 * MINUTE);
    expect(routeConditions(world)['ResolvedRefs']).toBe('False');
    const { total, failed } = pool(world, 'llm-new');
    expect([failed, pool(world, 'llm').failed]).toEqual([total, 0]);
  });

  test('a route that is deleted and created again has another uid and is programmed anew', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    const before = readRoute(world).metadata;
    world.act({ kind: 'routeDeleted', route: 'routes-to-llm', again: true });
    later(world, MINUTE);
    expect(readRoute(world).metadata.uid).not.toBe(before.uid);
    expect(routeConditions(world)).toEqual(GOOD);
    world.act({ kind: 'routeDeleted', route: 'routes-to-llm' });
    pass(world, MINUTE);
    const failedBefore = world.truth().requests.byKind.noRoute ?? 0;
    pass(world, MINUTE);
    expect((world.truth().requests.byKind.noRoute ?? 0) - failedBefore).toBeGreaterThan(8000);
  });
});
