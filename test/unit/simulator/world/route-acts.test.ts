import { describe, expect, test } from 'vitest';
import type { IncidentMessage } from '../../../../simulator/world/incident-message.ts';
import type { GatewayRefusal } from '../../../../simulator/world/parameters.ts';
import { GATEWAY } from '../../../../simulator/world/resources.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
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

const FENCE = 'sluice.dev/fence';

function fenced(value: string): World {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  world.handlers().kubernetes.jsonPatch({
    cluster: CLUSTER,
    resource: { group: 'gateway.networking.k8s.io', version: 'v1', plural: 'httproutes', kind: 'HTTPRoute' },
    namespace: 'default',
    name: 'routes-to-llm',
    patch: [{ op: 'add', path: '/metadata/annotations', value: { [FENCE]: value, other: 'stays' } }],
  });
  return world;
}

describe('the fence on a route', () => {
  test.each([
    ['stripped', { other: 'stays' }],
    ['raised', { other: 'stays', [FENCE]: 'llm-1/1007' }],
    ['foreign', { other: 'stays', [FENCE]: 'somebody-else-7/8' }],
  ] as const)('is %s, and nothing else changes', (as, annotations) => {
    const world = fenced('llm-1/7/2');
    const { spec } = readRoute(world) as unknown as { spec: unknown };
    world.act({ kind: 'fenceTouched', route: 'routes-to-llm', as });
    expect(readRoute(world).metadata.annotations).toEqual(annotations);
    expect(readRoute(world)['spec']).toEqual(spec);
  });

  test('stays absent where there is none', () => {
    const world = aWorld({ llm: 100 });
    const before = readRoute(world);
    world.act({ kind: 'fenceTouched', route: 'routes-to-llm', as: 'raised' });
    world.act({ kind: 'fenceTouched', route: 'no-such-route', as: 'raised' });
    expect(readRoute(world)).toBe(before);
  });
});

test('a controller that does not know a pool writes the route without it', () => {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  world.act({ kind: 'refPruned', route: 'routes-to-llm', pool: 'llm-new', by: 'old-controller' });
  const { rules } = readRoute(world)['spec'] as {
    rules: readonly { backendRefs: readonly { name: string }[] }[];
  };
  expect(rules.map(({ backendRefs }) => backendRefs.map(({ name }) => name))).toEqual([['llm']]);
  expect(world.truth().routeWrites.at(-1)?.caller.user).toBe('old-controller');
  pass(world, MINUTE);
  const before = pool(world, 'llm-new').total;
  pass(world, MINUTE);
  expect(pool(world, 'llm-new').total).toBe(before);
});

function gatewayWords(world: World): string {
  const gateway = world.kube(CLUSTER)?.read(GATEWAY, 'default', 'inference-gateway');
  const { conditions = [] } = (gateway?.['status'] ?? {}) as {
    conditions?: readonly { type: string; status: string; reason: string }[];
  };
  const programmed = conditions.find(({ type }) => type === 'Programmed');
  return `${programmed?.status} ${programmed?.reason}`;
}

describe('a gateway that refuses for a foreign reason', () => {
  const bad = (condition: GatewayRefusal['condition']): GatewayRefusal => ({
    condition,
    reason: 'Invalid',
    message: 'Error GWCER104: HTTPRoute "blog/posts" is misconfigured',
  });
  const good = { Accepted: 'True', ResolvedRefs: 'True', Reconciled: 'True' };

  test.each([
    ['Accepted', { ...good, Accepted: 'False', Reconciled: 'False' }, 'True Programmed'],
    ['ResolvedRefs', { ...good, ResolvedRefs: 'False', Reconciled: 'False' }, 'True Programmed'],
    ['Reconciled', { ...good, Reconciled: 'False' }, 'True Programmed'],
    ['Programmed', { ...good, Reconciled: 'False' }, 'False Invalid'],
  ] as const)(
    '%s: says so of every route, sends on as before, and obeys again afterwards',
    (condition, said, words) => {
      const world = aWorld({ llm: 50, 'llm-new': 50 });
      world.act({ kind: 'gatewayBehaves', as: { refuses: bad(condition) }, forMs: 10 * MINUTE });
      pass(world, MINUTE);
      expect([routeConditions(world), gatewayWords(world)]).toEqual([said, words]);
      expect(JSON.stringify(readRoute(world)['status'])).toContain('GWCER104');
      expect(writeWeights(world, [100, 0])).toBe(200);
      pass(world, 2 * MINUTE);
      const before = pool(world, 'llm-new').total;
      pass(world, MINUTE);
      expect(pool(world, 'llm-new').total).toBeGreaterThan(before);
      expect(routeConditions(world)).toEqual(said);
      pass(world, 7 * MINUTE);
      expect([routeConditions(world), gatewayWords(world)]).toEqual([good, 'True Programmed']);
      const after = pool(world, 'llm-new').total;
      pass(world, MINUTE);
      expect(pool(world, 'llm-new').total).toBe(after);
    },
  );

  test('begins in the middle of a change: what was not programmed stays unprogrammed', () => {
    const world = aWorld({ llm: 100 });
    expect(writeWeights(world, [50])).toBe(200);
    world.act({ kind: 'gatewayBehaves', as: { refuses: bad('Reconciled') } });
    pass(world, 5 * MINUTE);
    expect(routeConditions(world)['Reconciled']).toBe('False');
    world.act({ kind: 'gatewayBehaves', as: { refuses: null } });
    pass(world, MINUTE);
    expect(routeConditions(world)).toEqual(good);
  });
});

test('a behaviour of the gateway that ends leaves alone what changed meanwhile', () => {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  world.act({ kind: 'gatewayBehaves', as: { reconciles: false } });
  world.act({ kind: 'gatewayBehaves', as: { reportsFalsely: true, reconciles: true }, forMs: 5 * MINUTE });
  world.act({ kind: 'gatewayBehaves', as: { reportsFalsely: false } });
  world.act({ kind: 'gatewayBehaves', as: { trafficLagMs: [MINUTE, MINUTE] }, forMs: MINUTE });
  pass(world, 10 * MINUTE);
  // Only `reconciles` was still as the second act had set it: back to what the first had said.
  writeWeights(world, [100, 0]);
  pass(world, 10 * MINUTE);
  const before = pool(world, 'llm-new').total;
  world.act({ kind: 'gatewayBehaves', as: { reconciles: true } });
  pass(world, 30 * SECOND);
  expect(pool(world, 'llm-new').total).toBeGreaterThan(before);
  const after = pool(world, 'llm-new').total;
  pass(world, MINUTE);
  expect(pool(world, 'llm-new').total).toBe(after);
});

describe('notifications', () => {
  const POLICY = 'projects/acme/alertPolicies/42';
  const heardBy = (world: World) => {
    const heard: IncidentMessage[] = [];
    world.onIncident((message) => heard.push(message));
    return heard;
  };

  test('a test message has the shape that Cloud Monitoring gives it, and opens nothing', () => {
    const world = createWorld();
    const heard = heardBy(world);
    world.act({ kind: 'testNotification' });
    expect(heard).toMatchObject([
      {
        version: 'test',
        incident: {
          incident_id: '12345',
          state: 'OPEN',
          started_at: 0,
          ended_at: 0,
          summary: 'Test Incident',
          documentation: 'Test documentation',
        },
      },
    ]);
    const { monitoring } = world.handlers();
    const policies = [`projects/acme/alertPolicies/12345`];
    expect(monitoring.openIncidents({ project: 'projects/acme', policies }).value).toEqual({
      kind: 'ok',
      incidents: [],
    });
  });

  test('of an incident that closes before its opening is delivered come the wrong way round', () => {
    const world = createWorld();
    const heard = heardBy(world);
    world.act({ kind: 'incidentOpened', policy: POLICY, forMs: MINUTE, notifiedAfterMs: 5 * MINUTE });
    pass(world, 10 * MINUTE);
    expect(heard.map(({ incident }) => incident.state)).toEqual(['closed', 'open']);
    expect(new Set(heard.map(({ incident }) => incident.incident_id)).size).toBe(1);
  });
});
