import { describe, expect, test } from 'vitest';
import { API_CODES, END_REASONS, EXCEPTION_CODES } from '../../../scripts/pages/codes.ts';
import { projectFiles } from '../../helpers/project-files.ts';

const sources = projectFiles().filter(({ path }) => /^(workflows|functions)\/.*\.ts$/.test(path));

const found = (pattern: RegExp, where: RegExp): readonly string[] => {
  const codes = sources
    .filter(({ path }) => where.test(path))
    .flatMap(({ text }) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(codes)].toSorted();
};

describe('the page of codes', () => {
  test('has every code of an exception, and no other', () => {
    const thrown = found(/new \w+Error\(\s*'([a-z-]+)'/g, /./).filter((code) => !(code in API_CODES));
    const ofStores = found(/^ {2}'([a-z-]+)': '(?:retryable|terminal|invariant)'/gm, /store-failure\.ts$/);

    expect(Object.keys(EXCEPTION_CODES).toSorted()).toEqual([...thrown, ...ofStores].toSorted());
  });

  test('has every reason of an ending, and no other', () => {
    const plain = found(/\bending\(\s*'(\w+)'/g, /endings\.ts$/).filter((reason) => reason !== 'unknown');
    const ofGates = found(/\bending\(\s*`(\w+:)\$\{/g, /endings\.ts$/).map((prefix) => `${prefix}GATE`);
    // What preflight or creating found carries its own words.
    const ofRefusals = ['preflight', 'CODE of a finding'];

    expect(Object.keys(END_REASONS).toSorted()).toEqual([...plain, ...ofGates, ...ofRefusals].toSorted());
  });

  test('has every code that the API answers with, and no other', () => {
    const problems = found(/\bproblem\(\s*\d+,\s*'([a-z-]+)'/g, /./);
    const results = found(/status: \d+,\s*code: '([a-z-]+)'/g, /^functions\//);

    expect(Object.keys(API_CODES).toSorted()).toEqual([...new Set([...problems, ...results])].toSorted());
  });
});
