import { describe, expect, test } from 'vitest';
import type { WorldInput } from '../../../../simulator/world/parameters.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { TargetDurations } from '../../../../workflows/steps/observation.ts';
import { DURATION_FAMILIES, targetDurations } from '../../../../workflows/steps/target-durations.ts';
import { aRoute, aSide, GATEWAY_OBJECT } from './a-stack.ts';
import { CLUSTER, MINUTE, pass, podsOf } from './a-world.ts';

const REWRITE: KubeObject = {
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModelRewrite',
  metadata: { name: 'food' },
  spec: {
    poolRef: { name: 'llm' },
    rules: [
      {
        matches: [{ model: { value: 'food-review' } }],
        targets: [
          { modelRewrite: 'food-review-1', weight: 3 },
          { modelRewrite: 'food-review-2', weight: 1 },
        ],
      },
    ],
  },
};

/** A picker that shows its metrics to everybody. */
const open = (object: KubeObject): KubeObject =>
  JSON.parse(
    JSON.stringify(object).replaceAll(
      '"--pool-namespace","default"',
      '"--pool-namespace","default","--metrics-endpoint-auth=false"',
    ),
  ) as KubeObject;

const worldOf = (input: WorldInput): World =>
  createWorld({
    stacks: [
      {
        objects: [
          GATEWAY_OBJECT,
          ...aSide({ name: 'llm', adapters: ['food-review-1', 'food-review-2'] }),
          aRoute({ llm: 100 }),
          REWRITE,
        ].map(open),
      },
    ],
    ...input,
  });

const told = (world: World): TargetDurations | null => {
  const [page] = world.handlers().models.scrape({
    cluster: CLUSTER,
    namespace: 'default',
    targets: [{ pod: podsOf(world, 'llm-epp')[0]?.name ?? '', port: 9090 }],
    families: DURATION_FAMILIES,
    timeoutMs: 3000,
  }).value;
  const names = { alias: 'food-review', from: 'food-review-1', to: 'food-review-2' };
  return page?.kind === 'answered' ? targetDurations(page.samples, names) : null;
};

/** Answers of two lengths: what one takes depends on how long it is, what a token takes hardly. */
const TRAFFIC = [50, 400].map((outputTokens) => ({ models: { 'food-review': 0.1 }, outputTokens }));

const minutesOf = (world: World): readonly TargetDurations[] =>
  Array.from({ length: 6 }, () => {
    pass(world, MINUTE);
    return told(world);
  }).filter((one) => one !== null);

const perToken = ({ count, sumSeconds }: TargetDurations['old']): number => sumSeconds / count;

describe('how long answers take, by target', () => {
  test.each<[string, WorldInput, number]>([
    ['as long as those of the old version', {}, 1],
    [
      'twice as long where its source is slow',
      { adapterSources: { 'hub/food-review-2': { slowness: 2 } } },
      2,
    ],
  ])('%s', (_, input, times) => {
    const last = minutesOf(worldOf({ ...input, traffic: TRAFFIC })).at(-1);
    expect(last?.per).toBe('token');
    expect(last === undefined ? null : perToken(last.new) / perToken(last.old) / times).toBeCloseTo(1, 1);
  });

  test('is counted up and up', () => {
    const seen = minutesOf(worldOf({ traffic: TRAFFIC }));
    const figures = seen.flatMap(({ old, new: fresh }) => [
      [old.count, old.sumSeconds, fresh.count, fresh.sumSeconds],
    ]);
    const grown = figures
      .slice(1)
      .map((row, index) => row.every((value, column) => value > (figures[index]?.[column] ?? value)));
    expect(grown).toEqual([true, true, true, true, true]);
  });
});
