import { describe, expect, test } from 'vitest';
import { barText } from '../../../cli/terminal/bar.ts';
import { countText, kindsText, percentText, ratioText, spanText } from '../../../cli/terminal/words.ts';

describe('spans', () => {
  test.each([
    [0, '0s'],
    [499, '0s'],
    [12_000, '12s'],
    [59_600, '1m'],
    [192_000, '3m12s'],
    [3_600_000, '1h'],
    [3_900_000, '1h05m'],
    [86_400_000, '24h'],
    [183_600_000, '2d03h'],
    [-5, '0s'],
  ])('%d ms is %s', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });
});

describe('figures', () => {
  test('thousands stand apart', () => {
    expect([0, 999, 1000, 1234567.4].map(countText)).toEqual(['0', '999', '1 000', '1 234 567']);
  });

  test('a missing ratio is a dash, not a nought', () => {
    expect([null, 0, 0.0206].map(ratioText)).toEqual(['—', '0.00 %', '2.06 %']);
  });

  test('whole percents have no decimals', () => {
    expect([percentText(25, 1), percentText(24.64, 1), percentText(0.5), percentText(null)]).toEqual([
      '25 %',
      '24.6 %',
      '0.5 %',
      '—',
    ]);
  });

  test('objects are counted by kind', () => {
    expect(
      kindsText(['Deployment a/x', 'GCPBackendPolicy a/x', 'GCPBackendPolicy a/y', 'Deployment a/z']),
    ).toBe('2 Deployments, 2 GCPBackendPolicies');
  });
});

describe('bars', () => {
  test('are never full or empty before the end and after the beginning', () => {
    expect([0, 0.001, 0.5, 0.999, 1, 7, -1].map((part) => barText(part, 8))).toEqual([
      '░░░░░░░░',
      '█░░░░░░░',
      '████░░░░',
      '███████░',
      '████████',
      '████████',
      '░░░░░░░░',
    ]);
  });
});
