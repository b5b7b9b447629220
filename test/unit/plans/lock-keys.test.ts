import { describe, expect, test } from 'vitest';
import { awaitTurn } from '../../../functions/runtime/hands/await-turn.ts';
import { must } from '../../../workflows/assert.ts';
import { adapterLockKeys, poolKeyOf, poolLockKey, slotLockKeys } from '../../../workflows/plans/lock-keys.ts';
import { fakePorts, jobFor } from '../functions/runtime/hands/build-fakes.ts';
import { aSpec, CLUSTER } from './a-cluster.ts';
import { anAdapterSpec } from './an-adapter.ts';

const POOL = poolLockKey(CLUSTER, 'serving', 'llm');

describe('what rollouts queue for', () => {
  test('is the pool, or the name in it', () => {
    expect([poolKeyOf(aSpec()), poolKeyOf(anAdapterSpec())]).toEqual([
      `${CLUSTER}/serving/llm`,
      `${CLUSTER}/serving/llm/adapters/food-review`,
    ]);
  });

  test('a rollout of a name waits for one of the same name, not for one of the pool: that is met at the slots', async () => {
    const turn = (key: string) =>
      awaitTurn(
        fakePorts({ holders: { [key]: 'other-3' } }),
        jobFor({ kind: 'awaitTurn', behind: null }, { plan: null, spec: anAdapterSpec() }),
      );
    expect([await turn(`${POOL}/adapters/food-review`), await turn(POOL)]).toEqual([
      { kind: 'again', inMs: 60_000, why: 'rollout other-3 holds adapter food-review' },
      { kind: 'outcome', outcome: { kind: 'queueOpen' } },
    ]);
  });
});

describe('the slots of a pool', () => {
  test('each name takes one of those that a rollout of the pool takes all of, and all are used', () => {
    const all = new Set(slotLockKeys(POOL));
    const used = new Set<string>();
    for (let index = 0; index < 200; index += 1) {
      const { adapter } = anAdapterSpec({ model: `name-${index}` });
      const slots = adapterLockKeys(POOL, must(adapter, 'adapter')).filter((key) => all.has(key));
      expect(slots).toHaveLength(1);
      for (const slot of slots) used.add(slot);
    }
    expect([all.size, used.size]).toEqual([16, 16]);
  });
});
