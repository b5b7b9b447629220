import { describe, expect, test } from 'vitest';
import { aCluster, aSpec, baseModel } from './a-cluster.ts';
import { planned } from './planned.ts';

describe('the proof of adapters', () => {
  test('has nothing to prove by effect where no adapter is served', () => {
    const models = [{ id: 'llama', parent: null, maxModelLen: 8192 }];
    const observed = aCluster({ oldModels: [{ pod: 'llm-1', models }] });
    expect(planned(aSpec(), [], observed).plan.verify).not.toHaveProperty('effect');
  });

  test('proves adapters as the file says, with its prompts', () => {
    const verify = { adapters: { effect: 'names', prompts: { 'food-review-1': ['How was it?'] } } };
    const effect = { mode: 'names', base: 'llama', prompts: { 'food-review-1': ['How was it?'] } };
    const rollouts = [aSpec({ verify }), baseModel({}, { verify })];
    expect(rollouts.map((spec) => planned(spec, [], aCluster()).plan.verify.effect)).toEqual([
      effect,
      effect,
    ]);
  });
});
