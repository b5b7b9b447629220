/** When a plan compares how long answers of both versions of an adapter take. */
import { describe, expect, test } from 'vitest';
import { anAdapterCluster, anAdapterSpec, observedAdapter } from './an-adapter.ts';
import { planned } from './planned.ts';

const ladderOf = (...shares: readonly number[]) => ({
  ladder: shares.map((share) => ({ share, bake: '10m' })),
});

describe('adapter.duration', () => {
  test('is judged from a share of 5, as long as the old version has 10', () => {
    const spec = anAdapterSpec({}, ladderOf(1, 4.9, 5, 50, 90, 90.1, 100));
    const { ladder } = planned(spec, [], anAdapterCluster()).plan;
    expect(
      ladder
        .filter(({ judges }) => judges.includes('adapter.duration'))
        .map(({ sharePercent }) => sharePercent),
    ).toEqual([5, 50, 90]);
    expect(ladder.map(({ judges }) => judges.includes('adapter.errors'))).toEqual(ladder.map(() => true));
  });

  test.each<[string, Parameters<typeof anAdapterSpec>[1], readonly string[], number | undefined]>([
    ['by default', {}, ['llm-epp-1'], 200],
    [
      'with a minimum of its own',
      { gates: { tune: { 'adapter.duration': { minSamples: 40 } } } },
      ['llm-epp-1'],
      40,
    ],
    ['switched off', { gates: { tune: { 'adapter.duration': 'off' } } }, ['llm-epp-1'], undefined],
    ['with pickers that cannot be read', {}, [], undefined],
  ])('%s', (_, changes, readablePickers, samplesMin) => {
    const observed = anAdapterCluster({ adapter: observedAdapter({ readablePickers }) });
    const { gates, ladder } = planned(anAdapterSpec({}, changes), [], observed).plan;
    expect([gates.adapter?.durationSamplesMin, ladder[0]?.judges.includes('adapter.duration')]).toEqual([
      samplesMin,
      samplesMin !== undefined,
    ]);
    expect(Object.hasOwn(gates.adapter ?? {}, 'durationSamplesMin')).toBe(samplesMin !== undefined);
  });
});
