import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../../simulator/world/world.ts';
import { aRoute, aStack } from './a-stack.ts';
import { aWorld, CLUSTER, MINUTE, pass, podsOf, readRoute, SECOND, writeWeights } from './a-world.ts';

const stored = (world: ReturnType<typeof createWorld>) => world.truth().routes[0]?.rules[0]?.stored;

describe('people and controllers beside us', () => {
  test('somebody edits the weights once a pool has had its share for a while', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 100, 'llm-new': 0 }) }],
      acts: [
        {
          when: { pool: 'llm-new', percent: 25, forMs: MINUTE },
          act: {
            kind: 'weightsEdited',
            route: 'routes-to-llm',
            weights: { llm: 40, 'llm-new': 60 },
            by: 'kim@example.com',
          },
        },
      ],
    });
    pass(world, 10 * MINUTE);
    writeWeights(world, [80, 20]);
    pass(world, 10 * MINUTE);
    expect(world.truth().acts).toEqual([]);
    writeWeights(world, [75, 25]);
    pass(world, 2 * MINUTE);
    expect(stored(world)).toEqual({ llm: 40, 'llm-new': 60 });
    expect(readRoute(world).metadata.managedFields?.some(({ manager }) => manager === 'kubectl-edit')).toBe(
      true,
    );
    const writes = world.truth().routeWrites.map(({ caller, verb }) => [caller.user, verb]);
    expect(writes).toEqual([
      ['admin@example.com', 'create'],
      ['sluice', 'patch'],
      ['sluice', 'patch'],
      ['kim@example.com', 'update'],
    ]);
    pass(world, 30 * MINUTE);
    expect(world.truth().acts).toHaveLength(1);
  });

  test('a share that falls again in time does not count', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 100, 'llm-new': 0 }) }],
      durations: { gatewayLag: [5 * SECOND, 5 * SECOND] },
      acts: [
        {
          when: { pool: 'llm-new', percent: 25, forMs: MINUTE },
          act: { kind: 'serverKilled', target: { pool: 'llm-new' } },
        },
      ],
    });
    writeWeights(world, [75, 25]);
    pass(world, 40 * SECOND);
    writeWeights(world, [100, 0]);
    pass(world, 10 * MINUTE);
    expect(world.truth().acts).toEqual([]);
  });

  test('GitOps takes the weights back again and again', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 100, 'llm-new': 0 }) }],
      gitOps: [
        {
          cluster: CLUSTER,
          object: aRoute({ llm: 100, 'llm-new': 0 }),
          everyMs: 3 * MINUTE,
          fromMs: MINUTE,
          untilMs: 10 * MINUTE,
          manager: 'argocd-controller',
        },
      ],
    });
    pass(world, 2 * MINUTE);
    const quiet = readRoute(world).metadata.resourceVersion;
    for (let round = 0; round < 2; round++) {
      writeWeights(world, [50, 50]);
      expect(stored(world)).toEqual({ llm: 50, 'llm-new': 50 });
      pass(world, 3 * MINUTE);
      expect(stored(world)).toEqual({ llm: 100, 'llm-new': 0 });
    }
    expect(quiet).toBeDefined();
    pass(world, 10 * MINUTE);
    writeWeights(world, [50, 50]);
    pass(world, 10 * MINUTE);
    expect(stored(world)).toEqual({ llm: 50, 'llm-new': 50 });
  });

  test('an autoscaler shrinks a side', () => {
    const world = aWorld({ llm: 1, 'llm-new': 0 });
    world.act({ kind: 'deploymentScaled', name: 'llm', replicas: 1 });
    pass(world, 3 * MINUTE);
    expect(podsOf(world, 'llm')).toHaveLength(1);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('a control plane that is away answers nobody, and traffic does not mind', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    world.act({ kind: 'apiUnreachable', forMs: 5 * MINUTE });
    expect(writeWeights(world, [0, 100])).toBe(0);
    pass(world, 5 * MINUTE);
    expect(writeWeights(world, [0, 100])).toBe(200);
    expect(world.truth().requests.failed).toBe(0);
  });

  test('what a caller may not do is refused, the pod proxy included', () => {
    const world = aWorld({ llm: 50, 'llm-new': 50 });
    world.setAccess(
      CLUSTER,
      ({ user }, verb, { plural }) => user !== 'sluice' || (verb === 'get' && plural !== 'pods/proxy'),
    );
    expect(writeWeights(world, [0, 100])).toBe(403);
    const [first] = podsOf(world, 'llm');
    const scrape = (user: string) =>
      world.handlers(user).models.scrape({
        cluster: CLUSTER,
        namespace: 'default',
        targets: [{ pod: first?.name ?? '', port: 8000 }],
        families: [],
        timeoutMs: 3000,
      }).value[0]?.kind;
    expect([scrape('sluice'), scrape('admin')]).toEqual(['unanswered', 'answered']);
  });
});
