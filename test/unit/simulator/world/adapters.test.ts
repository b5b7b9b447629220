import { describe, expect, test } from 'vitest';
import type { WorldInput } from '../../../../simulator/world/parameters.ts';
import { CONFIG_MAP } from '../../../../simulator/world/resources.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import { aRoute, aSide, GATEWAY_OBJECT } from './a-stack.ts';
import { CLUSTER, MINUTE, pass, podsOf, SECOND } from './a-world.ts';

const ARGS = [
  '--model',
  'acme/base',
  '--served-model-name',
  'llama',
  '--port',
  '8000',
  '--enable-lora',
  '--max-loras=2',
];

interface StackOptions {
  readonly replicas?: number;
  readonly change?: (text: string) => string;
}

const worldOf = (options: StackOptions = {}, input: WorldInput = {}): World => {
  const { replicas = 3, change = (text) => text } = options;
  const side = aSide({ name: 'llm', replicas, args: ARGS, adapters: ['food-review-1'] });
  const objects = side.map((object) => JSON.parse(change(JSON.stringify(object))) as KubeObject);
  return createWorld({
    stacks: [{ objects: [GATEWAY_OBJECT, ...objects, aRoute({ llm: 100 })] }],
    traffic: [],
    ...input,
  });
};

/** Adapters of each pod, the oldest first. */
const loaded = (world: World): readonly (readonly string[])[] =>
  podsOf(world, 'llm').map(({ adapters }) => Object.keys(adapters).toSorted());

const BOTH = ['food-review-1', 'food-review-2'];

const addNew = (source = 'hub/food-review-2') =>
  ({ kind: 'syncerEdited', configMap: 'llm-adapters', add: { id: 'food-review-2', source } }) as const;

/** Writes the whole configuration. */
const configure = (world: World, text: string): void => {
  const stored = world.kube(CLUSTER)?.read(CONFIG_MAP, 'default', 'llm-adapters');
  world.kube(CLUSTER)?.request(
    {
      verb: 'update',
      resource: CONFIG_MAP,
      namespace: 'default',
      name: 'llm-adapters',
      object: { ...stored, data: { 'configmap.yaml': text } },
    },
    { user: 'sam@example.com', manager: 'kubectl-edit' },
  );
};

const ask = (world: World, pod: number, path: string, body?: Record<string, unknown>) => {
  const { value } = world.handlers().models.ask({
    cluster: CLUSTER,
    namespace: 'default',
    target: { pod: podsOf(world, 'llm')[pod]?.name ?? '', port: 8000 },
    method: body === undefined ? 'GET' : 'POST',
    path,
    ...(body === undefined ? {} : { body }),
    timeoutMs: 60_000,
  });
  if (value.kind !== 'answered') throw new Error(value.why);
  return { status: value.status, body: value.body };
};

const logprobs = (world: World, pod: number, model: string): readonly number[] => {
  const body = { model, prompt: 'the soup was cold', max_tokens: 1, prompt_logprobs: 0 };
  const said = JSON.parse(ask(world, pod, '/v1/completions', body).body) as {
    readonly choices: readonly {
      readonly prompt_logprobs: readonly (Record<string, { logprob: number }> | null)[];
    }[];
  };
  return (said.choices[0]?.prompt_logprobs ?? []).flatMap((token) =>
    Object.values(token ?? {}).map(({ logprob }) => logprob),
  );
};

/** Refused loads that a server's own statistics count. */
const refusedLoads = (world: World, pod: number): number => {
  const page = ask(world, pod, '/metrics').body;
  const found =
    /http_requests_total\{handler="\/v1\/load_lora_adapter",method="POST",status="[45]xx"\} (\d+)/.exec(page);
  return Number(found?.[1] ?? 0);
};

describe('the syncer', () => {
  test('loads what is added once the kubelet has brought the ConfigMap, each pod in its own time', () => {
    const world = worldOf({}, { durations: { configMapSync: [20 * SECOND, 100 * SECOND] } });
    world.act(addNew());
    pass(world, 20 * SECOND);
    expect(loaded(world)).toEqual(Array(3).fill(['food-review-1']));
    const sizes = new Set<number>();
    for (let second = 0; second < 120; second++) {
      pass(world, SECOND);
      sizes.add(loaded(world).filter((names) => names.length === 2).length);
    }
    expect(loaded(world)).toEqual(Array(3).fill(BOTH));
    expect([...sizes]).toEqual([0, 1, 2, 3]);
  });

  test('unloads what is named to be gone, and leaves alone what stands in both lists', () => {
    const world = worldOf();
    const models = (list: string, ...ids: string[]): string =>
      `  ${list}:\n    models:\n${ids.map((id) => `      - { id: ${id}, source: hub/${id}, base-model: acme/base }\n`).join('')}`;
    const head = 'vLLMLoRAConfig:\n  defaultBaseModel: acme/base\n';
    configure(world, head + models('ensureExist', ...BOTH) + models('ensureNotExist', ...BOTH));
    pass(world, 2 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(['food-review-1']));
    configure(
      world,
      head + models('ensureExist', 'food-review-2') + models('ensureNotExist', 'food-review-1'),
    );
    pass(world, 2 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(['food-review-2']));
    // What is merely no longer named stays.
    configure(world, head);
    pass(world, 2 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(['food-review-2']));
  });

  test('asks for nothing where the text is no YAML; a ConfigMap that is mounted by subPath never arrives', () => {
    const broken = worldOf();
    configure(broken, 'vLLMLoRAConfig: [');
    pass(broken, 2 * MINUTE);
    expect(loaded(broken)).toEqual(Array(3).fill(['food-review-1']));
    const fixed = worldOf({
      change: (text) =>
        text.replace('"mountPath":"/config"', '"mountPath":"/config","subPath":"configmap.yaml"'),
    });
    fixed.act(addNew());
    pass(fixed, 10 * MINUTE);
    expect(loaded(fixed)).toEqual(Array(3).fill(['food-review-1']));
  });

  test('comes back every 5 seconds to what it could not load, and never gives up', () => {
    const world = worldOf({ replicas: 1 }, { adapterSources: { 'hub/gone': { isAbsent: true } } });
    world.act(addNew('hub/gone'));
    pass(world, 2 * MINUTE);
    const before = refusedLoads(world, 0);
    pass(world, 10 * MINUTE);
    expect(loaded(world)).toEqual([['food-review-1']]);
    const perMinute = (refusedLoads(world, 0) - before) / 10;
    expect([before > 3, perMinute > 4, perMinute <= 12]).toEqual([true, true, true]);
  });

  test('loads again what somebody unloaded by hand, and what a restart has lost', () => {
    const world = worldOf();
    world.act(addNew());
    pass(world, 2 * MINUTE);
    world.act({ kind: 'adapterUnloaded', target: { pool: 'llm', pods: 1 }, adapter: 'food-review-2' });
    expect(loaded(world)).toEqual([['food-review-1'], BOTH, BOTH]);
    expect(ask(world, 1, '/v1/unload_lora_adapter', { lora_name: 'food-review-2' }).status).toBe(200);
    expect(loaded(world)).toEqual([['food-review-1'], ['food-review-1'], BOTH]);
    pass(world, 20 * SECOND);
    expect(loaded(world)).toEqual(Array(3).fill(BOTH));
    world.act({ kind: 'serverKilled', target: { pool: 'llm', pods: 1 } });
    pass(world, 2 * SECOND);
    expect(loaded(world)[0]).toEqual([]);
    pass(world, 10 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(BOTH));
  });

  test('does not know what was loaded by hand: a restart loses it', () => {
    const world = worldOf({ replicas: 1 });
    expect(ask(world, 0, '/v1/load_lora_adapter', { lora_name: 'x', lora_path: '/x' }).status).toBe(200);
    expect(loaded(world)).toEqual([['food-review-1', 'x']]);
    world.act({ kind: 'serverKilled', target: { pool: 'llm' } });
    pass(world, 10 * MINUTE);
    expect(loaded(world)).toEqual([['food-review-1']]);
  });

  test('a pod that comes instead of another has what is named by then', () => {
    const world = worldOf();
    world.act(addNew());
    world.act({ kind: 'podsDeleted', target: { pool: 'llm', pods: 1 } });
    pass(world, 10 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(BOTH));
  });
});

describe('an adapter that cannot be loaded', () => {
  test.each([
    ['absent', 'its source is not there: 404'],
    ['rank', 'its rank is too high: 500'],
  ] as const)('%s: %s, on the pods that are there and on those that come', (as, _what) => {
    const world = worldOf();
    world.act({
      kind: 'syncerFails',
      target: { pool: 'llm' },
      adapter: 'food-review-2',
      as,
      forMs: 20 * MINUTE,
    });
    world.act(addNew());
    pass(world, 2 * MINUTE);
    const said = ask(world, 0, '/v1/load_lora_adapter', {
      lora_name: 'food-review-2',
      lora_path: 'hub/food-review-2',
    });
    expect(said.status).toBe(as === 'absent' ? 404 : 500);
    world.act({ kind: 'podsDeleted', target: { pool: 'llm', pods: 1 } });
    pass(world, 15 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(['food-review-1']));
    pass(world, 10 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(BOTH));
  });

  test('on one pod of several: lost while it serves, and not to be had again until it is over', () => {
    const world = worldOf();
    world.act(addNew());
    pass(world, 2 * MINUTE);
    world.act({
      kind: 'adapterMissing',
      target: { pool: 'llm', pods: 1 },
      adapter: 'food-review-2',
      as: 'absent',
      forMs: 10 * MINUTE,
    });
    pass(world, 9 * MINUTE);
    expect(loaded(world)).toEqual([['food-review-1'], BOTH, BOTH]);
    const body = { model: 'food-review-2', prompt: 'hi', max_tokens: 1 };
    expect([0, 1].map((pod) => ask(world, pod, '/v1/completions', body).status)).toEqual([404, 200]);
    pass(world, 2 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill(BOTH));
  });

  test('before anybody wants it: one pod never gets it', () => {
    const world = worldOf();
    world.act({
      kind: 'adapterMissing',
      target: { pool: 'llm', pods: 1 },
      adapter: 'food-review-2',
      as: 'absent',
    });
    world.act(addNew());
    pass(world, 10 * MINUTE);
    expect(loaded(world)).toEqual([['food-review-1'], BOTH, BOTH]);
  });
});

describe('log probabilities tell', () => {
  test('base model and both versions apart, and one version is the same on all pods', () => {
    const world = worldOf();
    world.act(addNew());
    pass(world, 2 * MINUTE);
    const [base, first, second] = ['llama', ...BOTH].map((model) => logprobs(world, 0, model));
    expect([base?.length, first?.length, second?.length]).toEqual([3, 3, 3]);
    const distance = (a: readonly number[] = [], b: readonly number[] = []): number =>
      a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
    for (const [a, b] of [
      [base, first],
      [base, second],
      [first, second],
    ])
      expect(distance(a, b)).toBeGreaterThan(0.1);
    expect(logprobs(world, 2, 'food-review-2')).toEqual(second);
  });

  test('nothing apart where an adapter has no effect: on one pod by an act, everywhere by its source', () => {
    const world = worldOf({}, { adapterSources: { 'hub/mute': { hasNoEffect: true } } });
    world.act({
      kind: 'adapterMissing',
      target: { pool: 'llm', pods: 1 },
      adapter: 'food-review-2',
      as: 'silent',
    });
    world.act(addNew());
    world.act({ kind: 'syncerEdited', configMap: 'llm-adapters', add: { id: 'mute', source: 'hub/mute' } });
    pass(world, 5 * MINUTE);
    expect(loaded(world)).toEqual(Array(3).fill([...BOTH, 'mute']));
    const base = logprobs(world, 0, 'llama');
    expect(
      [0, 1].map((pod) => JSON.stringify(logprobs(world, pod, 'food-review-2')) === JSON.stringify(base)),
    ).toEqual([true, false]);
    expect(logprobs(world, 1, 'mute')).toEqual(base);
  });

  test('nothing apart between two names with one source', () => {
    const world = worldOf();
    world.act(addNew('hub/food-review-1'));
    pass(world, 2 * MINUTE);
    expect(logprobs(world, 0, 'food-review-2')).toEqual(logprobs(world, 0, 'food-review-1'));
  });
});

test('slots: as many adapters in use as there are slots run, the others wait; what was said stays on the page', () => {
  const world = worldOf({ replicas: 1 });
  const info = () => {
    const found: [running: string, waiting: string, atMs: number][] = [];
    const series =
      /vllm:lora_requests_info\{max_lora="2",running_lora_adapters="(.*)",waiting_lora_adapters="(.*)"\} (.*)/g;
    for (const [, running = '', waiting = '', at] of ask(world, 0, '/metrics').body.matchAll(series))
      found.push([running, waiting, Number(at) * 1000]);
    return found.toSorted(([, , a], [, , b]) => a - b).map(([running, waiting]) => [running, waiting]);
  };
  expect(info()).toEqual([['', '']]);
  for (const name of ['a', 'b', 'c']) {
    ask(world, 0, '/v1/load_lora_adapter', { lora_name: name, lora_path: `/${name}` });
    ask(world, 0, '/v1/completions', { model: name, prompt: 'hi', max_tokens: 1 });
  }
  world.advanceTo(world.nowMs + SECOND);
  expect(info().at(-1)).toEqual(['a,b', 'c']);
  pass(world, MINUTE);
  expect(info()).toEqual([
    ['a,b', 'c'],
    ['', ''],
  ]);
});

test('more adapters in use than slots make the first token of everybody late', () => {
  const meanMs = (names: readonly string[]): number => {
    const world = worldOf(
      { replicas: 1 },
      { traffic: [{ models: Object.fromEntries(names.map((name) => [name, 0.2])), requestsPerSecond: 20 }] },
    );
    for (const name of names)
      ask(world, 0, '/v1/load_lora_adapter', { lora_name: name, lora_path: `/${name}` });
    pass(world, 5 * MINUTE);
    const page = ask(world, 0, '/metrics').body;
    const of = (part: string): number =>
      Number(new RegExp(`time_to_first_token_seconds_${part}\\{[^}]*\\} (\\S+)`).exec(page)?.[1] ?? 0);
    return (1000 * of('sum')) / of('count');
  };
  const [two, four] = [meanMs(['a', 'b']), meanMs(['a', 'b', 'c', 'd'])];
  expect(two).toBeGreaterThan(300);
  expect(four / two).toBeGreaterThan(1.5);
});
