import { beforeAll, describe, expect, test } from 'vitest';
import { readDemo } from '../../../local/demo-input.ts';
import {
  type DemoSides,
  podsOfSide,
  requestsBySide,
  sharesNow,
  sidesOfSpec,
} from '../../../local/demo-sides.ts';
import { demoWorld, routeOf } from '../../../local/demo-world.ts';
import type { RouteName } from '../../../local/scenarios.ts';
import { createWorld, type World } from '../../../simulator/world/world.ts';

interface Shown {
  readonly world: World;
  readonly sides: DemoSides;
  readonly route: RouteName;
}

const shown = (scenario: string): Shown => {
  const read = readDemo({ scenario });
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  const { spec } = read.value.rollout;
  const world = createWorld(demoWorld(read.value, { seed: 1, requestsPerSecond: 150 }));
  return { world, sides: sidesOfSpec(spec), route: routeOf(read.value) };
};

const MINUTE_MS = 60_000;

const pass = (world: World, ms: number): void => {
  world.advanceTo(world.nowMs + ms);
  world.settle();
};

test('the sides of a node update are two pools', () => {
  const { world, sides, route } = shown('node-update');
  expect(sides).toMatchObject({ old: 'llm', new: 'llm-new', asked: null, pool: 'llm' });
  pass(world, 2 * MINUTE_MS);
  const truth = world.truth();
  expect(requestsBySide(truth, sides)).toEqual({ old: truth.requests.total, new: 0 });
  expect(sharesNow(truth, sides, route)).toEqual({ programmedPercent: 0, measuredPercent: null });
  expect([podsOfSide(truth, sides, 'old'), podsOfSide(truth, sides, 'new')]).toEqual([
    { ready: 3, pods: 3 },
    { ready: 0, pods: 0 },
  ]);
});

describe('the sides of an adapter', () => {
  let here: Shown;
  beforeAll(() => {
    here = shown('adapter');
  });

  test('are two versions on the same pods', () => {
    const { world, sides, route } = here;
    expect(sides).toEqual({
      cluster: 'projects/acme/locations/us-central1/clusters/inference',
      namespace: 'serving',
      pool: 'llm',
      old: 'food-review-1',
      new: 'food-review-2',
      asked: 'food-review-1',
    });
    pass(world, 2 * MINUTE_MS);
    const truth = world.truth();
    const { old, new: fresh } = requestsBySide(truth, sides);
    expect(Math.abs(old / truth.requests.total - 0.1)).toBeLessThan(0.01);
    expect([fresh, truth.requests.failed]).toEqual([0, 0]);
    expect(sharesNow(truth, sides, route)).toEqual({ programmedPercent: null, measuredPercent: null });
    expect([podsOfSide(truth, sides, 'old'), podsOfSide(truth, sides, 'new')]).toEqual([
      { ready: 8, pods: 8 },
      { ready: 0, pods: 8 },
    ]);
  });

  test('share the requests of one name as a rewrite says', () => {
    const { world, sides, route } = here;
    world.act({
      kind: 'syncerEdited',
      namespace: 'serving',
      configMap: 'llm-adapters',
      add: { id: 'food-review-2', source: 'acme/v2' },
    });
    world.act({
      kind: 'applied',
      objects: [
        {
          apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
          kind: 'InferenceModelRewrite',
          metadata: { name: 'food', namespace: 'serving' },
          spec: {
            poolRef: { name: 'llm' },
            rules: [
              {
                matches: [{ model: { value: 'food-review-1' } }],
                targets: [
                  { modelRewrite: 'food-review-1', weight: 3 },
                  { modelRewrite: 'food-review-2', weight: 1 },
                ],
              },
            ],
          },
        },
      ],
    });
    pass(world, 2 * MINUTE_MS);
    const truth = world.truth();
    const { programmedPercent, measuredPercent } = sharesNow(truth, sides, route);
    expect(programmedPercent).toBe(25);
    expect(Math.abs((measuredPercent ?? 0) - 25)).toBeLessThan(5);
    expect(podsOfSide(truth, sides, 'new')).toEqual({ ready: 8, pods: 8 });
    expect(requestsBySide(truth, sides).new).toBeGreaterThan(200);
  });
});
