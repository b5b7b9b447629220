import { expect, test } from 'vitest';
import { count, percent, ratio } from '../../../../../workflows/steps/gates/words.ts';

test.each([
  [0, '0 %'],
  [0.0014, '0.14 %'],
  [0.001, '0.1 %'],
  [0.01, '1 %'],
  [0.05, '5 %'],
  [0.14214, '14.2 %'],
  [0.125, '12.5 %'],
  [1, '100 %'],
])('%f is written %s', (proportion, text) => {
  expect(percent(proportion)).toBe(text);
});

test('counts have separators, and nothing is said to be of nothing', () => {
  expect([0, 999, 1000, 2841, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '2,841', '1,234,567']);
  expect(ratio(4, 2841)).toBe('0.14 % (4 of 2,841)');
  expect(ratio(0, 0)).toBe('no requests');
  expect(ratio(0, 0, 'answers')).toBe('no answers');
});
