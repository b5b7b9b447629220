import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRolloutFile } from '../../../workflows/spec/parse-rollout-file.ts';
import { formatProblem, PROBLEM_CODES } from '../../../workflows/spec/problem.ts';

const folder = join(import.meta.dirname, 'valid');
const valid = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
const CODES: ReadonlySet<string> = new Set(Object.keys(PROBLEM_CODES));

/** Wall time for one text. Whole parses of 64 KiB take about half a second. */
const MS_MAX = 10_000;

/** Any answer is a spec or problems with places inside the text. */
function check(text: string): 'ok' | 'problems' {
  const parsed = parseRolloutFile(text, 'rollout.yaml');
  if (parsed.kind === 'ok') return 'ok';
  const lines = text.split('\n');
  expect(parsed.problems.length).toBeGreaterThan(0);
  expect(parsed.problems.length).toBeLessThanOrEqual(100);
  for (const problem of parsed.problems) {
    expect(CODES.has(problem.code)).toBe(true);
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lines.length);
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.column).toBeLessThanOrEqual((lines[problem.line - 1]?.length ?? 0) + 1);
    // Nothing of the file may steer a terminal or break the line.
    expect(formatProblem(problem)).not.toMatch(/\p{Cc}/u);
    expect(problem.what.length).toBeLessThan(2000);
  }
  return 'problems';
}

const yamlCharacters = fc.constantFrom(
  ...Array.from(`{}[]:,-?&*!|>'"%@\`#~<= \n\t\r\\0a1.`),
  ': ',
  '- ',
  '\n  ',
  '---\n',
  '...\n',
  '<<: ',
  '&a ',
  '*a',
  '!!map ',
  '__proto__: ',
  'constructor: ',
  '\uFEFF',
  '\ud800',
);

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat({ max: 12 }),
  text: fc.oneof(yamlCharacters, fc.string({ maxLength: 6 }), fc.constant('')),
});

function apply(text: string, { at, length, text: inserted }: Edit): string {
  const start = Math.floor(at * text.length);
  return text.slice(0, start) + inserted + text.slice(start + length);
}

describe('a hostile text', () => {
  test('of any characters never throws', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        if (check(text) === 'problems') refused += 1;
      }),
      { numRuns: 8000 },
    );
    expect(refused).toBeGreaterThan(1);
  });

  test('of YAML’s own characters never throws', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(yamlCharacters, { maxLength: 60 }), (parts) => {
        if (check(parts.join('')) === 'problems') refused += 1;
      }),
      { numRuns: 40000 },
    );
    expect(refused).toBeGreaterThan(1);
  });

  test('made from a valid file by a few edits never throws, and is often refused, sometimes not', () => {
    const seen = { ok: 0, problems: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(edit, { minLength: 1, maxLength: 2 }),
        (text, edits) => {
          seen[check(edits.reduce(apply, text))] += 1;
        },
      ),
      { numRuns: 12000 },
    );
    console.log(`edited files: ${seen.ok} still valid, ${seen.problems} refused`);
    expect(seen.problems).toBeGreaterThan(1000);
    expect(seen.ok).toBeGreaterThan(50);
  });

  test('with any value anywhere never throws', () => {
    const base: unknown = JSON.parse(readFileSync(join(folder, 'as-json.yaml'), 'utf8'));
    const places = placesOf(base, []);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        check(JSON.stringify(withValue(base, path, value)));
      }),
      { numRuns: 12000 },
    );
    expect(places.length).toBeGreaterThan(25);
  });

  test.each([
    ['brackets', '['.repeat(65_000)],
    ['closed brackets', '['.repeat(32_000) + ']'.repeat(32_000)],
    ['braces', '{'.repeat(65_000)],
    ['empty lists', '[]'.repeat(32_000)],
    ['keys in keys', '? '.repeat(32_000)],
    ['colons', 'a: '.repeat(21_000)],
    ['commas', `[${','.repeat(65_000)}]`],
    ['ampersands', '& '.repeat(32_000)],
    ['documents', '---\na\n'.repeat(9000)],
    ['line ends in quotes', `"${'\n'.repeat(65_000)}`],
    ['unclosed quotes in a list', `["${'a\n"'.repeat(16_000)}`],
    ['comments', '#\n'.repeat(32_000)],
    ['many fields', Array.from({ length: 8000 }, (_, index) => `f${index}: 1`).join('\n')],
    [
      'many fields in spec',
      `spec: {${Array.from({ length: 8000 }, (_, index) => `f${index}: 1`).join(',')}}`,
    ],
    ['many rungs', `spec: { ladder: [${'{share: x},'.repeat(5000)}] }`],
    [
      'many adapters',
      `spec: { to: { adapters: {${Array.from({ length: 4000 }, (_, i) => `a${i}: x`).join(',')}}}}`,
    ],
    ['a long key', `${'k'.repeat(60_000)}: 1`],
    ['a long name', `metadata: { name: ${'a-'.repeat(30_000)} }`],
    ['a long duration', `spec: { deadline: ${'1'.repeat(60_000)}m }`],
    ['a long list of days', `spec: { windows: [{ days: "${'mon,'.repeat(15_000)}" }] }`],
    ['a long label', `metadata: { labels: { ${'a.'.repeat(30_000)}/b: "${'-'.repeat(100)}" } }`],
    ['a long path', `spec: { to: { source: { manifests: ["${'a+.'.repeat(20_000)}"] } } }`],
    ['a number without end', `spec: { to: { replicas: ${'9'.repeat(60_000)} } }`],
    ['anchors', `[${'&a a,'.repeat(12_000)}]`],
    ['aliases', `a: &a 1\nb: [${'*a,'.repeat(20_000)}]`],
  ])('of %s ends soon', (_, text) => {
    const start = performance.now();
    expect(check(text)).toBe('problems');
    expect(performance.now() - start).toBeLessThan(MS_MAX);
  });
});

type Path = readonly (string | number)[];

function placesOf(value: unknown, path: Path): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [path, ...[...keys].flatMap((key) => placesOf(Reflect.get(value, key), [...path, key]))];
}

function withValue(root: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined || typeof root !== 'object' || root === null) return value;
  const copy = Array.isArray(root) ? [...root] : { ...root };
  Reflect.set(copy, step, withValue(Reflect.get(root, step), rest, value));
  return copy;
}
