import { expect, test } from 'vitest';
import { drawAnswerFaults } from '../../../../simulator/scheduler/draw-answer-faults.ts';
import { createRandom } from '../../../../simulator/scheduler/random.ts';
import { NO_ANSWER_FAULTS } from '../../../../simulator/world/answer-faults.ts';

test('each kind is absent in some runs, rare in others and frequent in others again', () => {
  const drawn = Array.from({ length: 300 }, (_, seed) => drawAnswerFaults(createRandom(seed, 'answers')));
  const kinds = Object.keys(NO_ANSWER_FAULTS) as (keyof typeof NO_ANSWER_FAULTS)[];
  expect(kinds).toHaveLength(11);
  for (const kind of kinds) {
    const rates = drawn.map((faults) => faults[kind]);
    const levels = [...new Set(rates)].toSorted((a, b) => a - b);
    const times = levels.map((level) => rates.filter((rate) => rate === level).length);
    expect([kind, levels.length, levels[0], Math.min(...times) > 40]).toEqual([kind, 4, 0, true]);
  }
  const most = (kind: keyof typeof NO_ANSWER_FAULTS): number =>
    Math.max(...drawn.map((faults) => faults[kind]));
  const refusing = ['tooMany', 'serverError', 'conflict', 'errorAfterWrite'] as const;
  expect(Math.max(...refusing.map(most))).toBeLessThanOrEqual(0.05);
  expect(drawAnswerFaults(createRandom(7, 'answers'))).toEqual(drawn[7]);
});
