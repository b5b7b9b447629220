import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../helpers/project-files.ts';
import { drawTrial } from '../../simulation/draw/draw-trial.ts';
import { EMPHASES, emphasised } from '../../simulation/draw/emphasis.ts';
import { MUTANTS, mutantNamed } from '../../simulation/mutants/all-mutants.ts';
import { knownTrial } from '../../simulation/mutants/known-trials.ts';
import { applyEdits, type Edit, type Mutant, occurrencesOf } from '../../simulation/mutants/mutant.ts';
import { smallSeeds } from '../../simulation/mutants/small-seeds.ts';
import type { Rule } from '../../simulation/seen.ts';

const MUTANTS_MIN = 25;

const RULES: readonly Rule[] = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I13',
  'I14',
  'I15',
  'I16',
];

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const filesOf = ({ edits }: Mutant): readonly string[] => [...new Set(edits.map(({ file }) => file))];

describe('the list of mutants', () => {
  test('every edit matches the product exactly once and changes it', () => {
    const wrong = MUTANTS.flatMap((mutant) =>
      mutant.edits
        .map(({ file, find, replace }) => ({
          mutant: mutant.name,
          file,
          matches: occurrencesOf(textOf(file), find),
          changes: find !== replace,
        }))
        .filter(({ matches, changes }) => matches !== 1 || !changes),
    );
    console.log(`${MUTANTS.flatMap(({ edits }) => edits).length} edits of ${MUTANTS.length} mutants checked`);
    expect(wrong).toEqual([]);
  });

  test('the edits of one file do not undo each other', () => {
    const changed = MUTANTS.flatMap((mutant) =>
      filesOf(mutant).map((file) => {
        const text = textOf(file);
        return (
          applyEdits(
            text,
            mutant.edits.filter((edit) => edit.file === file),
          ) !== text
        );
      }),
    );
    expect(changed).toEqual(changed.map(() => true));
  });

  test('mutants live in the product only', () => {
    const folders = new Set(MUTANTS.flatMap((mutant) => filesOf(mutant).map((file) => file.split('/')[0])));
    expect([...folders].map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['functions', 'workflows']);
  });

  test('names are different, and fit a file name', () => {
    const names = MUTANTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  });

  test('each mistake is told in a sentence', () => {
    expect(MUTANTS.filter(({ why }) => why.length < 30 || !why.endsWith('.'))).toEqual([]);
  });

  test(`there are at least ${MUTANTS_MIN}, and one for each rule`, () => {
    const counts = Object.fromEntries(
      RULES.map((rule) => [rule, MUTANTS.filter((mutant) => mutant.rule === rule).length]),
    );
    console.log(`${MUTANTS.length} mutants: ${JSON.stringify(counts)}`);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(MUTANTS_MIN);
    expect(RULES.filter((rule) => counts[rule] === 0)).toEqual([]);
    expect(MUTANTS.filter(({ rule }) => !RULES.includes(rule))).toEqual([]);
  });

  test('a name that is not in the list is an error', () => {
    expect(() => mutantNamed('none-such')).toThrow('there is no mutant none-such');
  });
});

describe('known trials', () => {
  const folder = join(ROOT, 'test/simulation/mutants/known');

  test('each mutant has one, and none is left of a mutant that went', () => {
    const kept = existsSync(folder) ? readdirSync(folder).toSorted() : [];
    console.log(`${kept.length} known trials`);
    expect(kept).toEqual(MUTANTS.map(({ name }) => `${name}.json`).toSorted());
  });

  test('each is whole: a trial with orders, drawn from the seed that it names', () => {
    const isWhole = (name: string): boolean => {
      const known = knownTrial(name);
      return known !== null && known.trial.seed === known.seed && known.trial.orders.length > 0;
    };
    expect(MUTANTS.map(({ name }) => name).filter((name) => !isWhole(name))).toEqual([]);
  });
});

describe('applying edits', () => {
  const edit = (find: string, replace: string): Edit => ({ file: 'a.ts', find, replace });

  test('replaces the text, whatever signs stand in it', () => {
    expect(applyEdits('a $1 b', [edit('$1', "$& $' $$")])).toBe("a $& $' $$ b");
  });

  test('applies one edit after the other', () => {
    expect(applyEdits('one two', [edit('one', 'three'), edit('three', 'four')])).toBe('four two');
  });

  test.each([
    ['nothing', 'x', 0],
    ['more than one place', 'a', 2],
    ['an empty text', '', 0],
  ])('an edit that matches %s is an error', (_what, find, count) => {
    expect(() => applyEdits('a a b', [edit(find, 'y')])).toThrow(`occurs ${count} times`);
  });
});

describe('planting', () => {
  const loader = join(ROOT, 'test/simulation/mutants/load-mutant.ts');
  const run = (
    mutant: string,
    program: string,
  ): { readonly status: number | null; readonly stderr: string } => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', loader, '--input-type=module', '--eval', program],
      { cwd: ROOT, env: { ...process.env, SLUICE_MUTANT: mutant }, encoding: 'utf8' },
    );
    return { status, stderr };
  };
  const retention = "const { delays } = await import('./workflows/rollout/delays.ts');";
  const isChanged = `${retention} process.exitCode = delays.drain({ context: { course: { drainMs: 5 } } }) === 0 ? 0 : 3;`;

  test('a planted mutant is what is loaded, and without one it is the product', () => {
    expect(run('drain-time-ignored', isChanged)).toEqual({ status: 0, stderr: '' });
    expect(run('', isChanged)).toEqual({ status: 3, stderr: '' });
  });

  test('a mutant whose file is never loaded is an error', () => {
    const { status, stderr } = run('drain-time-ignored', '');
    expect(status).toBe(70);
    expect(stderr).toContain('mutant drain-time-ignored was not planted, never loaded');
  });

  test('a mutant that is not in the list is an error', () => {
    expect(run('none-such', isChanged).status).toBe(1);
  });
});

describe('what a hunt dwells on', () => {
  const seeds = smallSeeds(1, 20);

  test('trials with many rollouts are left out', () => {
    expect(seeds.map((seed) => drawTrial(seed).orders.length).filter((orders) => orders > 3)).toEqual([]);
  });

  test('each emphasis is some mutant\u2019s, gives the same trial every time, and one that a file can hold', () => {
    const used = new Set(MUTANTS.map(({ emphasis }) => emphasis));
    expect(EMPHASES.filter((emphasis) => !used.has(emphasis))).toEqual([]);
    for (const emphasis of EMPHASES) {
      const trials = seeds.map((seed) => emphasised(drawTrial(seed), emphasis));
      expect(trials).toEqual(seeds.map((seed) => emphasised(drawTrial(seed), emphasis)));
      expect(JSON.parse(JSON.stringify(trials))).toEqual(trials);
      expect(trials).not.toEqual(seeds.map((seed) => drawTrial(seed)));
    }
    console.log(`${EMPHASES.length} kinds of emphasis on ${seeds.length} trials each`);
  });

  test('without an emphasis a trial stays as it was drawn', () => {
    const trial = drawTrial(7);
    expect(emphasised(trial, undefined)).toBe(trial);
  });
});
