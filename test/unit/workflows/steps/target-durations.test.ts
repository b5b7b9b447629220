import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSamples } from '../../../../functions/adapters/prometheus-text.ts';
import { DURATION_FAMILIES, targetDurations } from '../../../../workflows/steps/target-durations.ts';
import { sharedPath } from '../../../helpers/shared.ts';

const NAMES = { alias: 'review', from: 'review-1', to: 'review-2' };
const GAIE = 'inference_objective_normalized_time_per_output_token_seconds';
const LLMD = 'llm_d_epp_request_ntpot_seconds';
const WHOLE = 'inference_objective_request_duration_seconds';

const series = (
  family: string,
  target: string,
  [sum, count]: readonly [number, number],
  asked = 'review',
) => [
  ...[`le="1"`, `le="+Inf"`].map(
    (le) => `${family}_bucket{model_name="${asked}",target_model_name="${target}",${le}} 7`,
  ),
  `${family}_sum{model_name="${asked}",target_model_name="${target}"} ${sum}`,
  `${family}_count{model_name="${asked}",target_model_name="${target}"} ${count}`,
];

const of = (...lines: readonly string[]) =>
  targetDurations(readSamples(`${lines.join('\n')}\n`, DURATION_FAMILIES) ?? [], NAMES);

describe('durations by target on a picker’s page', () => {
  test('are those of requests for the alias, per token', () => {
    const page = [
      ...series(GAIE, 'review-1', [2.5, 100]),
      ...series(GAIE, 'review-2', [0.5, 20]),
      ...series(GAIE, 'review-2', [9, 9], 'review-2'),
      ...series(GAIE, 'other', [9, 9]),
      ...series(WHOLE, 'review-1', [900, 200]),
    ];
    expect(of(...page)).toEqual({
      per: 'token',
      old: { count: 100, sumSeconds: 2.5 },
      new: { count: 20, sumSeconds: 0.5 },
    });
  });

  test('count once where a picker shows them under both names, and for all who ask', () => {
    const fair = (user: string, sum: number, count: number) => [
      `${LLMD}_sum{model_name="review",target_model_name="review-1",fairness_id="${user}",priority="0"} ${sum}`,
      `${LLMD}_count{model_name="review",target_model_name="review-1",fairness_id="${user}",priority="0"} ${count}`,
    ];
    expect(of(...series(GAIE, 'review-1', [3, 30]), ...fair('a', 1, 10), ...fair('b', 2, 20))).toEqual({
      per: 'token',
      old: { count: 30, sumSeconds: 3 },
      new: { count: 0, sumSeconds: 0 },
    });
  });

  test('are those of whole answers where no answer told its tokens', () => {
    expect(of(...series(GAIE, 'x', [1, 1], 'x'), ...series(WHOLE, 'review-2', [12, 4]))).toEqual({
      per: 'request',
      old: { count: 0, sumSeconds: 0 },
      new: { count: 4, sumSeconds: 12 },
    });
  });

  test.each(['NaN', '+Inf', '-1', '1e300'])('are not known where one of them is %s', (value) => {
    const [sum = '', count = ''] = series(GAIE, 'review-2', [1, 5]).slice(2);
    expect(of(sum, count)?.new.count).toBe(5);
    expect(of(sum.replace(/ 1$/, ` ${value}`), count)).toBeNull();
  });

  test('are not known of a page without the name', () => {
    expect([of(), of(...series(GAIE, 'review-1', [1, 5], 'review-1'))]).toEqual([null, null]);
  });

  test('as recorded of the picker 1.5.0', () => {
    const file = sharedPath('recorded', 'epp-1.5.0-metrics.txt');
    if (file === null) return;
    const samples = readSamples(readFileSync(file, 'utf8'), DURATION_FAMILIES) ?? [];
    const names = { alias: 'food-review-1', from: 'food-review-1', to: 'food-review-2' };
    expect(targetDurations(samples, names)).toEqual({
      per: 'token',
      old: { count: 136, sumSeconds: 10.025027811833336 },
      new: { count: 0, sumSeconds: 0 },
    });
    const whole = samples.filter(({ name }) => name.startsWith(WHOLE));
    expect(targetDurations(whole, names)).toEqual({
      per: 'request',
      old: { count: 265, sumSeconds: 569.6829394080003 },
      new: { count: 0, sumSeconds: 0 },
    });
  });
});
