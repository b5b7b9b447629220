import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseRolloutFile } from '../../../workflows/spec/parse-rollout-file.ts';
import { formatProblem, PROBLEM_CODES } from '../../../workflows/spec/problem.ts';
import { BROKEN_CASES, type BrokenCase } from './broken/cases.ts';
import { BROKEN_TEXTS } from './broken/texts.ts';

const CASES_MIN = 45;
const CODES_MIN = 35;

const bases = new Map(
  (['smallest', 'node', 'base-model', 'adapter', 'adapter-smallest'] as const).map((base) => [
    base,
    readFileSync(join(import.meta.dirname, 'valid', `${base}.yaml`), 'utf8'),
  ]),
);

function edited({ base, find, replace }: BrokenCase): string {
  const [before, after, ...others] = (bases.get(base) ?? '').split(find);
  expect(others).toEqual([]);
  expect(after).toBeDefined();
  return `${before}${replace}${after}`;
}

function problemsOf(text: string) {
  const parsed = parseRolloutFile(text, 'rollout.yaml');
  return parsed.kind === 'problems' ? parsed.problems : [];
}

describe('a rollout file that is one edit away from a valid one', () => {
  test.each(BROKEN_CASES)('has one problem, at its place: $name', (broken) => {
    const problems = problemsOf(edited(broken));
    expect(problems.map(({ line, column, code, path }) => ({ at: `${line}:${column}`, code, path }))).toEqual(
      [{ at: broken.at, code: broken.code, path: broken.path }],
    );
    for (const problem of problems) {
      const line = formatProblem(problem);
      expect(line).toMatch(/^rollout\.yaml:\d+:\d+ {2}[a-z0-9-]+ {2}\S.*[.!?…] {2}\S.*[.?]$/u);
      expect(line.split('\n')).toHaveLength(1);
    }
  });

  test('has the same place with Windows line ends and a byte order mark', () => {
    let seen = 0;
    for (const broken of BROKEN_CASES) {
      const text = `\uFEFF${edited(broken).replaceAll('\n', '\r\n')}`;
      const places = problemsOf(text).map(({ line, column, code }) => `${line}:${column} ${code}`);
      expect([broken.name, places]).toEqual([broken.name, [`${broken.at} ${broken.code}`]]);
      seen += 1;
    }
    expect(seen).toBe(BROKEN_CASES.length);
  });
});

describe('a text that is no rollout file', () => {
  test.each(BROKEN_TEXTS)('has one problem: $name', ({ text, line, column, code }) => {
    const problems = problemsOf(text());
    const places = problems.map((problem) => ({
      line: problem.line,
      column: problem.column,
      code: problem.code,
    }));
    expect(places).toEqual([{ line, column, code }]);
    expect(problems.map(formatProblem).join('')).not.toMatch(/\p{Cc}/u);
  });
});

test('the corpus is large, has no name twice and meets every code', () => {
  const cases = [...BROKEN_CASES, ...BROKEN_TEXTS];
  const codes = new Set(cases.map(({ code }) => code));
  console.log(`broken rollout files: ${cases.length}, codes: ${codes.size}`);
  expect(BROKEN_CASES.length).toBeGreaterThanOrEqual(CASES_MIN);
  expect(codes.size).toBeGreaterThanOrEqual(CODES_MIN);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  expect([...codes].sort()).toEqual(Object.keys(PROBLEM_CODES).sort());
});
