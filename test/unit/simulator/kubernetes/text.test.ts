import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal, utf8Bytes } from '../../../../simulator/world/kubernetes/json.ts';
import { rfc3339 } from '../../../../simulator/world/kubernetes/rfc3339.ts';
import { parseLabelSelector } from '../../../../simulator/world/kubernetes/selectors.ts';
import { pod } from './fixture.ts';

test('times read as the calendar has them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) }), (ms) => {
      expect(rfc3339(ms)).toBe(`${new Date(ms).toISOString().slice(0, 19)}Z`);
    }),
    { numRuns: 2000, seed: 3 },
  );
});

test('bytes are counted as UTF-8 has them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
    }),
    { seed: 3 },
  );
});

test('two JSON values are equal exactly when they are written alike', () => {
  const sorted = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    );
  const small = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom(null, 0, 1, 'a', '', true),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('value')),
    ),
  })).value;
  let alike = 0;
  fc.assert(
    fc.property(small, small, fc.boolean(), (a, other, same) => {
      const b = same ? structuredClone(a) : other;
      expect(equal(a, b)).toBe(sorted(a) === sorted(b));
      if (!same && equal(a, b)) alike++;
    }),
    { numRuns: 3000, seed: 5 },
  );
  expect(alike).toBeGreaterThan(20);
});

describe('a label selector', () => {
  const labels = { app: 'x', 'example.com/tier': 'a.b' };
  test.each([
    ['app=x', true],
    ['app==x', true],
    ['app=y', false],
    ['app!=y', true],
    ['other!=y', true],
    ['app in (x, y)', true],
    ['app notin (x,y),example.com/tier=a.b', false],
    ['app,!other', true],
    ['!app', false],
    ['app=', false],
  ])('%s matches: %s', (text, expected) => {
    const selector = parseLabelSelector(text);
    expect(selector.kind === 'selector' && selector.matches(pod('p', labels))).toBe(expected);
  });

  test.each(['a===b', 'a=b=c', 'a in x', '=x', 'a,,b', 'a=-'])('%s cannot be read', (text) => {
    expect(parseLabelSelector(text).kind).toBe('bad');
  });
});
