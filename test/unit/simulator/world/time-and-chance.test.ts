import { describe, expect, test } from 'vitest';
import { unionMs } from '../../../../simulator/world/engine.ts';
import { createEventQueue } from '../../../../simulator/world/event-queue.ts';
import {
  addEvenly,
  addFirstTokens,
  emptyHistogram,
  FIRST_TOKEN_EDGES,
} from '../../../../simulator/world/first-token.ts';
import { createRandom } from '../../../../simulator/world/random.ts';

describe('events', () => {
  test('come in order of time, equal times in the order they were asked for, cancelled ones never', () => {
    const queue = createEventQueue();
    const random = createRandom(3, 'order');
    const expected: (readonly [number, number])[] = [];
    const seen: (readonly [number, number])[] = [];
    for (let index = 0; index < 500; index++) {
      const timeMs = random.integer(0, 50);
      const handle = queue.at(timeMs, () => seen.push([timeMs, index]));
      if (index % 7 === 0) queue.cancel(handle);
      else expected.push([timeMs, index]);
    }
    for (let event = queue.pop(); event !== null; event = queue.pop()) event.run();
    expect(seen).toEqual(expected.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
    expect(queue.peekMs()).toBeNull();
  });
});

describe('random numbers', () => {
  const draws = 20_000;
  const momentsOf = (draw: () => number): readonly [mean: number, variance: number] => {
    let sum = 0;
    let squares = 0;
    for (let index = 0; index < draws; index++) {
      const value = draw();
      sum += value;
      squares += value * value;
    }
    return [sum / draws, squares / draws - (sum / draws) ** 2];
  };

  test('counts have the means and variances of their distributions', () => {
    const random = createRandom(1, 'moments');
    for (const mean of [0.5, 3, 11, 20, 750]) {
      const [found, variance] = momentsOf(() => random.poisson(mean));
      expect(Math.abs(found - mean)).toBeLessThan(5 * Math.sqrt(mean / draws));
      expect(Math.abs(variance / mean - 1)).toBeLessThan(0.06);
    }
    const trials = [
      [10, 0.3],
      [100, 0.05],
      [750, 0.25],
      [5, 0.9],
    ] as const;
    for (const [n, p] of trials) {
      const [found, variance] = momentsOf(() => random.binomial(n, p));
      expect(Math.abs(found - n * p)).toBeLessThan(5 * Math.sqrt((n * p * (1 - p)) / draws));
      expect(Math.abs(variance / (n * p * (1 - p)) - 1)).toBeLessThan(0.06);
    }
  });

  test('no distribution leaves its range', () => {
    const random = createRandom(2, 'range');
    for (let index = 0; index < draws; index++) {
      const n = random.integer(0, 30);
      const got = random.binomial(n, random.uniform());
      expect(got >= 0 && got <= n && Number.isInteger(got)).toBe(true);
    }
    expect([
      random.binomial(0, 0.5),
      random.binomial(9, 0),
      random.binomial(9, 1),
      random.poisson(0),
    ]).toEqual([0, 0, 9, 0]);
  });

  test('streams of other names and seeds are others', () => {
    const take = (seed: number, name: string): readonly number[] => {
      const random = createRandom(seed, name);
      return [random.uniform(), random.uniform()];
    };
    expect(take(1, 'a')).toEqual(take(1, 'a'));
    expect(take(1, 'a')).not.toEqual(take(1, 'b'));
    expect(take(1, 'a')).not.toEqual(take(2, 'a'));
  });
});

describe('histograms of the first token', () => {
  const below = (edge: string, counts: Float64Array): number =>
    counts.slice(0, FIRST_TOKEN_EDGES.indexOf(edge) + 1).reduce((sum, count) => sum + count, 0);

  test('half of the requests are under the median, all are counted', () => {
    const histogram = emptyHistogram();
    for (let step = 0; step < 100; step++) addFirstTokens(histogram, 33, 500, (step * 0.37) % 1);
    expect(histogram.count).toBe(3300);
    expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(3300);
    expect(Math.abs(below('0.5', histogram.counts) - 1650)).toBeLessThan(20);
    expect(Math.abs(below('1.0', histogram.counts) / 3300 - 32 / 33)).toBeLessThan(0.01);
  });

  test('what waited through a block is spread over its length', () => {
    const histogram = emptyHistogram();
    addEvenly(histogram, 300, 0, 15_000);
    expect([below('5.0', histogram.counts), below('10.0', histogram.counts), histogram.count]).toEqual([
      100, 200, 300,
    ]);
    expect(histogram.sumMs).toBe(300 * 7500);
  });
});

test('durations that run side by side count once', () => {
  const of = (startedAtMs: number, ms: number) =>
    ({ kind: 'modelLoad', subject: '', startedAtMs, ms }) as const;
  expect(unionMs([of(100, 50), of(0, 20), of(110, 10), of(140, 60)])).toBe(20 + 100);
  expect(unionMs([])).toBe(0);
});
