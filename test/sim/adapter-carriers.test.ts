/** Adapters whose weights stand in objects that were there before: other people's rules and targets stay as they are. */
import { describe, expect, test } from 'vitest';
import { type DemoInput, findScenario, readDemo } from '../../local/demo-input.ts';
import { editRollout } from '../../local/edit-rollout.ts';
import type { InputProblem } from '../../local/input-problem.ts';
import { servingPool } from '../../local/stack.ts';
import { twinSide } from '../../local/twin-side.ts';
import type { World } from '../../simulator/world/world.ts';
import { must } from '../../workflows/assert.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { at } from '../../workflows/plans/fields.ts';
import { differences, playDemo } from '../helpers/world-contents.ts';

const valueOf = <T>(
  read:
    | { readonly kind: 'ok'; readonly value: T }
    | { readonly kind: 'problems'; readonly problems: readonly InputProblem[] },
): T => {
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value;
};

/** The example with further objects, its rollout for another name, in a scenario. */
const inputWith = (scenario: string, alias: string, objects: readonly KubeObject[]): DemoInput => {
  const input = valueOf(readDemo({ scenario: 'adapter' }));
  const rollout = valueOf(editRollout(input.rollout, [{ path: ['spec', 'adapter', 'model'], value: alias }]));
  return {
    ...input,
    scenario: valueOf(findScenario(scenario)),
    stack: [...input.stack, ...objects],
    rollout,
  };
};

const aModel = (targetModels?: readonly object[]): KubeObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModel',
  metadata: { name: 'food', namespace: 'serving' },
  spec: {
    modelName: 'food-review-1',
    criticality: 'Critical',
    poolRef: { group: 'inference.networking.k8s.io', name: 'llm' },
    ...(targetModels === undefined ? {} : { targetModels }),
  },
});

const rule = (asked: string, targets: Readonly<Record<string, number | null>>): object => ({
  matches: [{ model: { value: asked } }],
  targets: Object.entries(targets).map(([modelRewrite, weight]) => ({
    modelRewrite,
    ...(weight === null ? {} : { weight }),
  })),
});

const aRewrite = (group: string, rules: readonly object[]): KubeObject => ({
  apiVersion: `${group}/v1alpha2`,
  kind: 'InferenceModelRewrite',
  metadata: { name: 'names', namespace: 'serving', annotations: { 'acme.com/owner': 'food' } },
  spec: { poolRef: { name: 'llm' }, rules },
});

/** Targets by weight in every stored state of the object, in one list of the spec. */
const history = (world: World, ...path: readonly string[]): readonly unknown[] => {
  const states = world.truth().carrierWrites.map(({ after }) => JSON.stringify(at(after, 'spec', ...path)));
  return states
    .filter((state, index) => state !== states[index - 1])
    .map((state) => (state === undefined ? null : JSON.parse(state)));
};

describe('InferenceModel, on clusters without rewrites', () => {
  test('climbs in targetModels, from no list at all', async () => {
    const { run, world } = await playDemo(inputWith('adapter', 'food-review-1', [aModel()]));
    expect(run.result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 5, 25, 50, 100],
      requests: { failed: 0 },
      replayMatches: true,
    });
    expect(history(world, 'targetModels').at(-1)).toEqual([
      expect.objectContaining({ name: 'food-review-2' }),
    ]);
    for (const [first, second] of [
      [19, 1],
      [3, 1],
      [1, 1],
    ])
      expect(sharesOf(history(world, 'targetModels'))).toContain(
        (100 * (second ?? 0)) / ((first ?? 0) + (second ?? 0)),
      );
  });

  test.each([
    ['no list', aModel()],
    ['a list without weights', aModel([{ name: 'food-review-1' }])],
    ['weights', aModel([{ name: 'food-review-1', weight: 7 }])],
  ])('goes back byte for byte to %s', async (_what, model) => {
    const played = await playDemo(inputWith('alert', 'food-review-1', [model]));
    expect(played.run.result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 5, 25, 0],
      requests: { failed: 0 },
      replayMatches: true,
    });
    expect(differences(played).filter((name) => name !== 'InferenceModel serving/food')).toEqual([]);
    expect(specOf(played.after)).toEqual(specOf(played.before));
  });
});

/** The new version's part in each list of targets, percent. */
const sharesOf = (lists: readonly unknown[]): readonly number[] =>
  lists.map((list) => {
    const targets = (list ?? []) as readonly { readonly name: string; readonly weight?: number }[];
    const all = targets.reduce((sum, { weight = 1 }) => sum + weight, 0);
    const fresh = targets.find(({ name }) => name === 'food-review-2');
    return fresh === undefined ? 0 : (100 * (fresh.weight ?? 1)) / all;
  });

const specOf = (contents: ReadonlyMap<string, string>): unknown => {
  const [text] = [...contents]
    .filter(([name]) => /^Inference(Model|ModelRewrite) /.test(name))
    .map(([, value]) => value);
  return at(JSON.parse(text ?? '{}'), 'spec');
};

describe.each(['inference.networking.x-k8s.io', 'llm-d.ai'])('an InferenceModelRewrite of %s', (group) => {
  const others = [
    rule('cad', { 'cad-fabricator': null }),
    rule('food-review', { 'food-review-1': 9, 'cad-fabricator': 1 }),
    rule('draft', { 'food-review-1': 3, 'llama-3.1-8b': 1 }),
  ];

  test('goes back by an alert: rules of other names and a target of another adapter are never touched', async () => {
    const played = await playDemo(inputWith('alert', 'food-review', [aRewrite(group, others)]));
    expect(played.run.result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 5, 25, 0],
      requests: { failed: 0 },
      replayMatches: true,
    });
    expect(specOf(played.after)).toEqual(specOf(played.before));
    expect(differences(played).filter((name) => !name.startsWith('InferenceModelRewrite '))).toEqual([]);
    const rules = history(played.world, 'rules') as readonly (readonly unknown[])[];
    expect(rules.length).toBeGreaterThan(3);
    const [before] = [
      at(JSON.parse(JSON.stringify(specOf(played.before))), 'rules'),
    ] as readonly (readonly unknown[])[];
    for (const state of rules) expect([state[0], state[2]]).toEqual([before?.[0], before?.[2]]);
  });

  test('climbs, and the other target keeps its part of the name', async () => {
    const { run, world } = await playDemo(inputWith('adapter', 'food-review', [aRewrite(group, others)]));
    expect(run.result).toMatchObject({ outcome: 'promoted', requests: { failed: 0 }, replayMatches: true });
    const tenth = (history(world, 'rules') as readonly (readonly unknown[])[]).map((rules) => {
      const targets = at(rules[1], 'targets') as readonly {
        readonly modelRewrite: string;
        readonly weight: number;
      }[];
      const all = targets.reduce((sum, { weight }) => sum + weight, 0);
      return (targets.find(({ modelRewrite }) => modelRewrite === 'cad-fabricator')?.weight ?? 0) / all;
    });
    expect(tenth).toEqual(tenth.map(() => 0.1));
  });
});

describe('two pools behind one route', () => {
  /** The example, and a twin of its pool that takes half of the traffic. */
  const twoPools = (scenario: string): DemoInput => {
    const input = inputWith(scenario, 'food-review-1', []);
    const pool = must(servingPool(input.stack) ?? undefined, 'the pool of the example');
    const stack = [...input.stack, ...twinSide(input.stack, pool)].map((object) =>
      object.kind === 'HTTPRoute' ? withRefs(object, ['llm', 'llm-new']) : object,
    );
    return { ...input, stack };
  };
  const withRefs = (route: KubeObject, pools: readonly string[]): KubeObject => {
    const [first] = at(route, 'spec', 'rules') as readonly Record<string, unknown>[];
    const backendRefs = pools.map((name) => ({
      group: 'inference.networking.k8s.io',
      kind: 'InferencePool',
      name,
      weight: 50,
    }));
    return { ...route, spec: { ...(route['spec'] as object), rules: [{ ...first, backendRefs }] } };
  };

  test('climb together: a rewrite in each, and the same share in both', async () => {
    const { run, world } = await playDemo(twoPools('adapter'));
    expect(run.result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 5, 25, 50, 100],
      requests: { failed: 0 },
    });
    expect(run.created).toHaveLength(2);
    const { carriers, pods } = world.truth();
    expect(carriers.map(({ pool, obeyed }) => [pool, Object.keys(obeyed ?? {})])).toEqual([
      ['llm', ['food-review-2']],
      ['llm-new', ['food-review-2']],
    ]);
    const serving = pods.filter(({ adapters }) => 'food-review-2' in adapters);
    expect(serving).toHaveLength(16);
  });

  test('go back together when a pod of one of them loses the new version', async () => {
    const input = twoPools('adapter-missing');
    const played = await playDemo(input);
    expect(played.run.result).toMatchObject({ outcome: 'rolledBack', shares: [0, 5, 25, 0] });
    expect(played.run.ending?.reason).toBe('tripwire:adapter.notFound');
    expect(differences(played)).toEqual([]);
  });
});
