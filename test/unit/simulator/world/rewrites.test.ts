import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ClusterParameters, WorldInput } from '../../../../simulator/world/parameters.ts';
import type { NameTally } from '../../../../simulator/world/requests-by-name.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import { sharedPath } from '../../../helpers/shared.ts';
import { aRoute, aSide, GATEWAY_OBJECT } from './a-stack.ts';
import { CLUSTER, MINUTE, pass, podsOf, pool, SECOND } from './a-world.ts';

type Weights = Readonly<Record<string, number | null>>;

interface RewriteOptions {
  readonly name?: string;
  readonly group?: string;
  /** null: any name. */
  readonly asked?: string | null;
  readonly pool?: string;
}

const aRewrite = (targets: Weights, options: RewriteOptions = {}): KubeObject => {
  const {
    name = 'food',
    group = 'inference.networking.x-k8s.io',
    asked = 'food-review',
    pool: of = 'llm',
  } = options;
  return {
    apiVersion: `${group}/v1alpha2`,
    kind: 'InferenceModelRewrite',
    metadata: { name },
    spec: {
      poolRef: { name: of },
      rules: [
        {
          matches: asked === null ? [] : [{ model: { value: asked } }],
          targets: Object.entries(targets).map(([modelRewrite, weight]) => ({
            modelRewrite,
            ...(weight === null ? {} : { weight }),
          })),
        },
      ],
    },
  };
};

const NODE_POOLS = [
  { name: 'default-pool', machineType: 'e2-standard-8', nodes: 1 },
  { name: 'default-gpu', machineType: 'a3-highgpu-8g', nodes: 1 },
];

const clusterWith = (
  adapterKinds: NonNullable<ClusterParameters['adapterKinds']>,
): readonly ClusterParameters[] => [
  { name: CLUSTER, nodePools: NODE_POOLS, namespaces: ['default'], quotas: {}, adapterKinds },
];

/** One pool with both versions on three pods; a tenth of the clients asks for the alias. */
const worldWith = (rewrites: readonly KubeObject[], input: WorldInput = {}): World =>
  createWorld({
    stacks: [
      {
        objects: [
          GATEWAY_OBJECT,
          ...aSide({ name: 'llm', adapters: ['food-review-1', 'food-review-2'] }),
          aRoute({ llm: 100 }),
          ...rewrites,
        ],
      },
    ],
    traffic: [{ models: { 'food-review': 0.1 } }],
    ...input,
  });

const namesOf = (world: World): Readonly<Record<string, NameTally>> =>
  Object.fromEntries(pool(world, 'llm').names.map((tally) => [`${tally.asked} → ${tally.target}`, tally]));

/** Part of the alias's requests that each target got, percent, to the whole. */
const sharesOf = (world: World): Readonly<Record<string, number>> => {
  const found = pool(world, 'llm').names.filter(({ asked }) => asked === 'food-review');
  const all = found.reduce((sum, { requests }) => sum + requests, 0);
  return Object.fromEntries(
    found.map(({ target, requests }) => [target, Math.round((100 * requests) / all)]),
  );
};

/** The same targets, each within two percent. */
const isNear = (world: World, wanted: Readonly<Record<string, number>>): boolean => {
  const shares = sharesOf(world);
  return (
    Object.keys(shares).length === Object.keys(wanted).length &&
    Object.entries(wanted).every(([target, share]) => Math.abs((shares[target] ?? 0) - share) <= 2)
  );
};

describe('endpoint pickers rewrite names', () => {
  test('by weight, and what each target got is on record to the request', () => {
    const world = worldWith([aRewrite({ 'food-review-1': 90, 'food-review-2': 10 })]);
    pass(world, 10 * MINUTE);
    expect(isNear(world, { 'food-review-1': 90, 'food-review-2': 10 })).toBe(true);
    const { names, total, failed } = pool(world, 'llm');
    expect(names.reduce((sum, { requests }) => sum + requests, 0)).toBe(total);
    expect(failed).toBe(0);
    expect(namesOf(world)['llama → llama']?.requests).toBeGreaterThan(0.88 * total);
  });

  test.each([
    [
      'no weights: evenly',
      { 'food-review-1': null, 'food-review-2': null },
      { 'food-review-1': 50, 'food-review-2': 50 },
    ],
    [
      'one without a weight beside one with: nothing',
      { 'food-review-1': 5, 'food-review-2': null },
      { 'food-review-1': 100 },
    ],
  ] as const)('%s', (_what, targets, wanted) => {
    // What an older CRD let through: validation of this one is per target.
    const world = worldWith([aRewrite(targets)]);
    pass(world, 10 * MINUTE);
    expect(isNear(world, wanted)).toBe(true);
  });

  test('an alias may be its own target', () => {
    const alias = aRewrite({ 'food-review-1': 1, 'food-review-2': 1 }, { asked: 'food-review-1' });
    const world = worldWith([alias], { traffic: [{ models: { 'food-review-1': 0.1 } }] });
    pass(world, 10 * MINUTE);
    const names = namesOf(world);
    const [kept, moved] = ['food-review-1', 'food-review-2'].map(
      (target) => names[`food-review-1 → ${target}`]?.requests ?? 0,
    );
    expect(Math.abs((kept ?? 0) / ((kept ?? 0) + (moved ?? 0)) - 0.5)).toBeLessThan(0.02);
  });

  test('of two objects the older wins, whatever they are called; an exact match wins over one of any name', () => {
    const world = worldWith([aRewrite({ 'food-review-2': 1 }, { name: 'zz', asked: null })]);
    pass(world, 10 * SECOND);
    // Everything is rewritten, the base model's name too.
    expect(Object.keys(namesOf(world)).toSorted()).toEqual([
      'food-review → food-review-2',
      'llama → food-review-2',
    ]);
    world.act({ kind: 'applied', objects: [aRewrite({ 'food-review-1': 1 }, { name: 'mm' })] });
    pass(world, 10 * SECOND);
    world.act({ kind: 'applied', objects: [aRewrite({ nobody: 1 }, { name: 'aa' })] });
    pass(world, 10 * SECOND);
    const names = namesOf(world);
    expect(names['food-review → food-review-1']?.requests).toBeGreaterThan(0);
    expect(names['food-review → nobody']).toBeUndefined();
  });

  test('a name that no rule of the pool matches passes unchanged, and is 404 where nobody has it', () => {
    const world = worldWith([aRewrite({ 'food-review-2': 1 }, { pool: 'another' })]);
    pass(world, MINUTE);
    const { requests, failed, notFound } = namesOf(world)['food-review → food-review'] ?? {};
    expect([requests, failed, notFound]).toEqual(Array(3).fill(pool(world, 'llm').failed));
    expect(requests).toBeGreaterThan(500);
  });

  test('a change is followed within tens of milliseconds', () => {
    const world = worldWith([aRewrite({ 'food-review-1': 1 })], { traffic: [] });
    const carrier = () => world.truth().carriers.map(({ stored, obeyed }) => ({ stored, obeyed }));
    pass(world, SECOND);
    const weights = { 'food-review-1': 3, 'food-review-2': 1 };
    world.act({ kind: 'targetsEdited', pool: 'llm', asked: 'food-review', weights });
    expect(carrier()).toEqual([{ stored: weights, obeyed: { 'food-review-1': 1 } }]);
    pass(world, 9);
    expect(carrier()).toEqual([{ stored: weights, obeyed: { 'food-review-1': 1 } }]);
    pass(world, 41);
    expect(carrier()).toEqual([{ stored: weights, obeyed: weights }]);
    const [write] = world.truth().carrierWrites.slice(-1);
    expect([write?.verb, write?.caller.user, write?.resource.plural]).toEqual([
      'update',
      'sam@example.com',
      'inferencemodelrewrites',
    ]);
  });

  test('the same seed gives the same counts, another gives others', () => {
    const countsOf = (seed: number): unknown => {
      const world = worldWith([aRewrite({ 'food-review-1': 3, 'food-review-2': 1 })], { seed });
      pass(world, MINUTE);
      return pool(world, 'llm').names;
    };
    expect(countsOf(1)).toEqual(countsOf(1));
    expect(countsOf(1)).not.toEqual(countsOf(2));
  });

  test('without a picker that serves nothing is rewritten, where the pool fails open', () => {
    const objects = [
      GATEWAY_OBJECT,
      ...aSide({ name: 'llm', adapters: ['food-review-1'], failureMode: 'FailOpen' }),
      aRoute({ llm: 100 }),
      aRewrite({ 'food-review-1': 1 }),
    ];
    const world = createWorld({ stacks: [{ objects }], traffic: [{ models: { 'food-review': 0.1 } }] });
    pass(world, 10 * SECOND);
    expect(pool(world, 'llm').failed).toBe(0);
    world.act({ kind: 'pickerKilled', target: { pool: 'llm' }, forMs: MINUTE });
    pass(world, 10 * SECOND);
    expect(namesOf(world)['food-review → food-review']?.notFound).toBe(pool(world, 'llm').failed);
    expect(pool(world, 'llm').failed).toBeGreaterThan(50);
  });
});

describe('the object that carries the weights', () => {
  test('may be of the group llm-d.ai, or of both where both are served: the older wins', () => {
    const llmd = aRewrite({ 'food-review-2': 1 }, { group: 'llm-d.ai', name: 'newer' });
    const alone = worldWith([llmd], { clusters: clusterWith('llm-d') });
    pass(alone, MINUTE);
    expect(isNear(alone, { 'food-review-2': 100 })).toBe(true);
    const both = worldWith([aRewrite({ 'food-review-1': 1 })], { clusters: clusterWith('both') });
    pass(both, 2 * SECOND);
    both.act({ kind: 'applied', objects: [llmd] });
    pass(both, MINUTE);
    expect(isNear(both, { 'food-review-1': 100 })).toBe(true);
  });

  test('is an InferenceModel on older clusters: its targets, or its own name where it has none', () => {
    const model = (targetModels: readonly object[] | undefined): KubeObject => ({
      apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
      kind: 'InferenceModel',
      metadata: { name: 'food' },
      spec: {
        modelName: 'food-review',
        poolRef: { name: 'llm' },
        ...(targetModels === undefined ? {} : { targetModels }),
      },
    });
    const clusters = clusterWith('models');
    const split = worldWith(
      [
        model([
          { name: 'food-review-1', weight: 3 },
          { name: 'food-review-2', weight: 1 },
        ]),
      ],
      { clusters },
    );
    pass(split, 10 * MINUTE);
    expect(isNear(split, { 'food-review-1': 75, 'food-review-2': 25 })).toBe(true);
    const own = worldWith([model(undefined)], { clusters });
    pass(own, MINUTE);
    expect(namesOf(own)['food-review → food-review']?.notFound).toBe(pool(own, 'llm').failed);
    split.act({ kind: 'targetsEdited', pool: 'llm', asked: 'food-review', weights: { 'food-review-2': 7 } });
    expect(split.truth().carriers).toMatchObject([
      { kind: 'InferenceModel', stored: { 'food-review-2': 7 } },
    ]);
  });
});

describe('what the picker says of it', () => {
  const scrapePicker = (world: World) => {
    const [picker] = podsOf(world, 'llm-epp');
    return world.handlers().models.scrape({
      cluster: CLUSTER,
      namespace: 'default',
      targets: [{ pod: picker?.name ?? '', port: 9090 }],
      families: ['inference_objective_request_total'],
      timeoutMs: 3000,
    }).value[0];
  };
  /** Stack whose picker shows its metrics to everybody. */
  const open = (object: KubeObject): KubeObject =>
    JSON.parse(
      JSON.stringify(object).replaceAll(
        '"--pool-namespace","default"',
        '"--pool-namespace","default","--metrics-endpoint-auth=false"',
      ),
    ) as KubeObject;

  test('401 by default; with the argument its counters by target, 404s of model servers among them', () => {
    const objects = [
      GATEWAY_OBJECT,
      ...aSide({ name: 'llm', adapters: ['food-review-1'] }),
      aRoute({ llm: 100 }),
      aRewrite({ 'food-review-1': 1, nobody: 1 }),
    ];
    const traffic = [{ models: { 'food-review': 0.1 } }];
    const closed = createWorld({ stacks: [{ objects }], traffic });
    expect(scrapePicker(closed)).toEqual({ kind: 'answered', status: 401, samples: [] });
    const world = createWorld({ stacks: [{ objects: objects.map(open) }], traffic });
    pass(world, MINUTE);
    const seen = scrapePicker(world);
    const samples = seen?.kind === 'answered' ? seen.samples : [];
    const names = pool(world, 'llm').names;
    expect(samples).toEqual(
      names.map(({ asked, target, requests }) => ({
        name: 'inference_objective_request_total',
        labels: { model_name: asked, priority: '0', target_model_name: target },
        value: requests,
      })),
    );
    expect(names.find(({ target }) => target === 'nobody')).toMatchObject({
      failed: pool(world, 'llm').failed,
    });
    expect(pool(world, 'llm').failed).toBeGreaterThan(300);
  });

  test('the page has names, labels and help of the recorded one', () => {
    const objects = [
      GATEWAY_OBJECT,
      ...aSide({ name: 'llm', adapters: ['food-review-1'] }),
      aRoute({ llm: 100 }),
    ];
    const world = createWorld({ stacks: [{ objects: objects.map(open) }] });
    pass(world, MINUTE);
    const reply = world.proxy({
      cluster: CLUSTER,
      namespace: 'default',
      target: `${podsOf(world, 'llm-epp')[0]?.name}:9090`,
      method: 'GET',
      path: '/metrics',
      body: '',
      caller: { user: 'sluice', manager: 'sluice' },
    });
    const page = reply.kind === 'answered' ? reply.body : '';
    const file = sharedPath('recorded', 'epp-1.5.0-metrics.txt');
    if (file === null) return;
    const keysOf = (text: string): readonly string[] =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (line.startsWith('#') ? line : line.replace(/"[^"]*"/g, '""').replace(/ .*/, '')));
    const real = new Set(keysOf(readFileSync(file, 'utf8')));
    const ours = keysOf(page);
    expect([ours.length, ours.filter((key) => !real.has(key))]).toEqual([11, []]);
  });

  test('a new process of the picker begins at 0', () => {
    const objects = [
      GATEWAY_OBJECT,
      ...aSide({ name: 'llm', adapters: ['food-review-1'] }),
      aRoute({ llm: 100 }),
    ];
    const world = createWorld({ stacks: [{ objects: objects.map(open) }] });
    pass(world, MINUTE);
    world.act({ kind: 'pickerKilled', target: { pool: 'llm' }, forMs: SECOND });
    pass(world, MINUTE);
    const seen = scrapePicker(world);
    const [sample] = seen?.kind === 'answered' ? seen.samples : [];
    expect(sample?.value).toBeGreaterThan(0);
    expect(sample?.value).toBeLessThan(0.8 * pool(world, 'llm').total);
  });
});

describe("a request to the gateway's address", () => {
  const request = (world: World, body: Record<string, unknown>) =>
    world.gatewayRequest({
      cluster: CLUSTER,
      gateway: { namespace: 'default', name: 'inference-gateway' },
      method: 'POST',
      host: 'llm.example.com',
      path: '/v1/completions',
      headers: {},
      body: JSON.stringify({ prompt: 'a food review', max_tokens: 2, ...body }),
    });

  test.each([false, true])(
    'goes the same way, and its answer has the name that was asked for (stream: %s)',
    (stream) => {
      const world = worldWith([aRewrite({ 'food-review-1': 1, 'food-review-2': 1 })], { traffic: [] });
      const bodies = Array.from({ length: 200 }, () => {
        const reply = request(world, { model: 'food-review', stream });
        expect(reply.status).toBe(200);
        return reply.body;
      });
      const named = bodies.flatMap((body) =>
        [...body.matchAll(/"model":"([^"]*)"/g)].map(([, name]) => name),
      );
      expect(new Set(named)).toEqual(new Set(['food-review']));
      expect(named.length).toBe(stream ? 400 : 200);
      const { 'food-review-1': first = 0, 'food-review-2': second = 0 } = Object.fromEntries(
        pool(world, 'llm').names.map(({ target, requests }) => [target, requests]),
      );
      expect(first + second).toBe(200);
      expect(Math.abs(first - 100)).toBeLessThan(30);
    },
  );

  test('to a target that nobody has loaded is 404, counted by the server and as an ordinary request by the picker', () => {
    const world = worldWith([aRewrite({ nobody: 1 })], { traffic: [] });
    const reply = request(world, { model: 'food-review' });
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      404,
      {
        error: {
          message: 'The model `nobody` does not exist. Valid aliases: llama.',
          type: 'NotFoundError',
          param: 'model',
          code: 404,
        },
      },
    ]);
    expect(pool(world, 'llm').names).toEqual([
      { asked: 'food-review', target: 'nobody', requests: 1, failed: 1, notFound: 1 },
    ]);
    expect(request(world, { model: 'food-review-1' }).status).toBe(200);
  });
});

test('an act may wait for what a picker makes of a name', () => {
  const world = worldWith([aRewrite({ 'food-review-1': 1 })], {
    acts: [
      {
        when: {
          pool: 'llm',
          rewritten: { asked: 'food-review', target: 'food-review-2' },
          percent: 25,
          forMs: MINUTE,
        },
        act: { kind: 'trafficChanged', stream: 0, models: {} },
      },
    ],
  });
  pass(world, 2 * MINUTE);
  expect(world.truth().acts).toEqual([]);
  const weights = { 'food-review-1': 3, 'food-review-2': 1 };
  world.act({ kind: 'targetsEdited', pool: 'llm', asked: 'food-review', weights });
  pass(world, 2 * MINUTE);
  expect(world.truth().acts.map(({ act }) => act.kind)).toEqual(['targetsEdited', 'trafficChanged']);
});
