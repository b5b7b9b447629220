import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRolloutFile } from '../../workflows/spec/parse-rollout-file.ts';
import { PROBLEM_CODES } from '../../workflows/spec/problem.ts';
import { specFromJson, specToJson } from '../../workflows/spec/stored-spec.ts';
import { fuzz, LONG, outcomeOf, type Verdict } from './fuzz.ts';
import { hostileText, hostileValue } from './hostile-json.ts';
import { edit, edited } from './mutate.ts';
import { rolloutText, rolloutValue } from './rollout-grammar.ts';

const PROBLEMS_MAX = 100;

/** Any text is a spec that survives being stored, or has problems with codes and places inside the text. */
const check = (text: string): Verdict => {
  const parsed = parseRolloutFile(text, 'rollout.yaml');
  if (parsed.kind === 'ok') {
    const stored = specToJson(parsed.spec);
    const back = specFromJson(stored);
    expect(back).toEqual(parsed.spec);
    expect(specToJson(back)).toBe(stored);
    return 'valid';
  }
  const lines = text.replace(/^\uFEFF/u, '').split('\n');
  expect(parsed.problems.length).toBeGreaterThan(0);
  expect(parsed.problems.length).toBeLessThanOrEqual(PROBLEMS_MAX);
  for (const problem of parsed.problems) {
    expect(Object.hasOwn(PROBLEM_CODES, problem.code)).toBe(true);
    const line = lines[problem.line - 1];
    expect(line, `line ${problem.line}`).toBeDefined();
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.column).toBeLessThanOrEqual((line?.length ?? 0) + 1);
    expect(`${problem.what}${problem.mend}${problem.path}`).not.toMatch(/\p{Cc}/u);
  }
  return 'refused';
};

const folders = ['../unit/spec/valid', '../../examples'].map((folder) => join(import.meta.dirname, folder));
const examples = folders
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith('.yaml'))
  .sort()
  .map((file) => readFileSync(file, 'utf8'))
  .filter((text) => parseRolloutFile(text, 'rollout.yaml').kind === 'ok');

const anyFile = fc.oneof(fc.constantFrom(...examples), rolloutText);

/** What people, editors and attackers leave in a YAML text. */
const PIECES = [
  '\t',
  '\r',
  '\r\n',
  '\n\n',
  '\uFEFF',
  '\0',
  '\ud800',
  '\u2028',
  '\u0085',
  ' ',
  '  ',
  ': ',
  '- ',
  '? ',
  ',',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '\\',
  '#',
  '|\n',
  '>-\n',
  '&a ',
  '*a',
  '<<: *a',
  '!!binary ',
  '!!js/function ',
  '!<tag:yaml.org,2002:timestamp> ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '%TAG ! x\n',
  '1e999',
  '-.inf',
  '.nan',
  '0o17',
  '2026-03-02',
  '12:30:45',
  'yes',
  '~',
  '__proto__: ',
  'constructor: ',
  'toString: ',
  '"\\ud800"',
  '"\\0"',
  '"\\x00"',
  'spec: ',
  'metadata: ',
] as const;

/** Lines moved, doubled, indented; pieces put in and cut out. */
const part = fc.integer({ min: 0, max: 10_000 }).map((count) => count / 10_000);

const textEdit = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    at: part,
    cut: fc.nat({ max: 9 }),
    piece: fc.oneof(fc.constantFrom(...PIECES), hostileText),
  }),
  fc.record({
    kind: fc.constantFrom('double' as const, 'drop' as const, 'indent' as const, 'tab' as const),
    line: fc.nat({ max: 80 }),
  }),
);

type TextEdit = typeof textEdit extends fc.Arbitrary<infer T> ? T : never;

const applyToText = (text: string, change: TextEdit): string => {
  if (change.kind === 'put') {
    const start = Math.floor(change.at * text.length);
    return text.slice(0, start) + change.piece + text.slice(start + change.cut);
  }
  const lines = text.split('\n');
  const index = change.line % lines.length;
  const line = lines[index] ?? '';
  if (change.kind === 'drop') lines.splice(index, 1);
  else if (change.kind === 'double') lines.splice(index, 0, line);
  else lines[index] = `${change.kind === 'tab' ? '\t' : '   '}${line}`;
  return lines.join('\n');
};

/** Aliases of aliases: each level has the one before it `width` times. */
const bomb = (levels: number, width: number, isMap: boolean): string => {
  const item = (level: number, index: number): string => (isMap ? `k${index}: *a${level}` : `*a${level}`);
  const lines = ['x0: &a0 [lol]'];
  for (let level = 1; level <= levels; level += 1) {
    const items = Array.from({ length: width }, (_, index) => item(level - 1, index)).join(', ');
    lines.push(`x${level}: &a${level} ${isMap ? `{ ${items} }` : `[ ${items} ]`}`);
  }
  return `${lines.join('\n')}\n`;
};

const hostileFile = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }), fc.boolean())
    .map((given) => bomb(...given)),
  fc
    .tuple(
      fc.constantFrom('[', '{a: ', '- ', '? ', '{"a":', 'a:\n', '!a ', '&a '),
      fc.integer({ min: 1, max: 9000 }),
    )
    .map(([piece, count]) => piece.repeat(count)),
  fc
    .tuple(fc.constantFrom('"', "'", '|\n ', '>\n ', '', '0', '-', '1e'), fc.integer({ min: 1, max: 60_000 }))
    .map(([start, length]) => `spec: { cluster: ${start}${'9'.repeat(length)} }`),
  fc.tuple(anyFile, bombed()).map(([text, tail]) => `${text}\n${tail}`),
);

function bombed(): fc.Arbitrary<string> {
  return fc.integer({ min: 2, max: 12 }).map((levels) => bomb(levels, 9, false));
}

test('rollout file, valid by its grammar', LONG, async () => {
  const seen = await fuzz({
    runs: 120,
    input: rolloutText,
    check: (text) => {
      expect(parseRolloutFile(text, 'rollout.yaml')).toMatchObject({ kind: 'ok' });
      return check(text);
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['valid']));
});

test('rollout file, text edited', LONG, async () => {
  const seen = await fuzz({
    runs: 400,
    input: fc
      .tuple(anyFile, fc.array(textEdit, { minLength: 1, maxLength: 4 }))
      .map(([text, edits]) => edits.reduce(applyToText, text)),
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['valid', 'refused']));
});

test('rollout file, fields replaced by any JSON', LONG, async () => {
  const seen = await fuzz({
    runs: 300,
    input: fc
      .tuple(rolloutValue, fc.array(edit, { maxLength: 3 }))
      .map(([value, edits]) => JSON.stringify(edited(value, edits)).replaceAll('":null', '":1e999')),
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['valid', 'refused']));
});

test('rollout file, hostile', LONG, async () => {
  expect(await fuzz({ runs: 30, input: hostileFile, check })).toEqual(['refused']);
});

const stored = examples.flatMap((text) => {
  const parsed = parseRolloutFile(text, 'rollout.yaml');
  return parsed.kind === 'ok' ? [JSON.parse(specToJson(parsed.spec)) as unknown] : [];
});

test('stored spec, mutated or cut short', LONG, async () => {
  const seen = await fuzz({
    runs: 500,
    input: fc.oneof(
      fc
        .tuple(fc.constantFrom(...stored), fc.array(edit, { maxLength: 3 }))
        .map(([spec, edits]) => JSON.stringify(edited(spec, edits))),
      fc.tuple(fc.constantFrom(...stored), part).map(([spec, cut]) => {
        const text = JSON.stringify(spec);
        return text.slice(0, Math.floor(cut * text.length));
      }),
      hostileText,
      hostileValue.map((value) => JSON.stringify(value)),
    ),
    check: (text) =>
      outcomeOf(
        () => specFromJson(text),
        (spec) => {
          expect(specFromJson(specToJson(spec))).toEqual(spec);
          return 'read';
        },
      ),
  });
  expect(seen).toEqual(expect.arrayContaining(['read', 'InvariantError']));
});
