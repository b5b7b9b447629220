import { describe, expect, test } from 'vitest';
import { keepsRest, touchedIds, unwants, wants } from '../../../simulation/checkers/syncer-text.ts';
import { aSyncer } from './an-adapter.ts';

const BLOCK = `# theirs
vLLMLoRAConfig:
  ensureExist:
    models:
      # the first of all
      - id: a
        source: acme/a
      - source: acme/b
        id: b # of people in Oslo
  ensureNotExist:
    models:
      - id: c
        source: acme/c
`;

const FLOW = `vLLMLoRAConfig:
  ensureExist:
    models:
      - { id: a, source: acme/a }
      - { id: "b", source: acme/b }
`;

const write = (before: string, after: string) => ({ before: aSyncer(before), after: aSyncer(after) });

describe("a syncer's text", () => {
  test('says what is wanted and what is to be away, whichever field comes first', () => {
    const object = aSyncer(BLOCK);
    expect(['a', 'b', 'c', 'd'].map((id) => [wants(object, id), unwants(object, id)])).toEqual([
      [true, false],
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(['a', 'b', 'c'].map((id) => wants(aSyncer(FLOW), id))).toEqual([true, true, false]);
  });

  test('of an object that is not there it says nothing', () => {
    expect([wants(null, 'a'), unwants(null, 'a')]).toEqual([false, false]);
  });

  test.each([
    [
      'added',
      BLOCK.replace('  ensureNotExist:', '      - id: d\n        source: acme/d\n  ensureNotExist:'),
      ['d'],
    ],
    ['moved', BLOCK.replace('      - id: a\n        source: acme/a\n', '') + '      - id: a\n', ['a']],
    ['from elsewhere', BLOCK.replace('acme/b', 'acme/bb'), ['b']],
    ['the same', BLOCK, []],
  ])('an entry that is %s is told, and all else stands', (_what, after, ids) => {
    const edit = write(BLOCK, after);
    expect(touchedIds(edit)).toEqual(ids);
    expect(keepsRest(edit, ids)).toBe(true);
  });

  test.each([
    ['a comment goes', BLOCK.replace('# theirs\n', '')],
    ['another entry goes', BLOCK.replace('      - id: c\n        source: acme/c\n', '')],
    ['an order changes', BLOCK.replace('# theirs\n', '') + '# theirs\n'],
    ['a key comes', `${BLOCK}other: 1\n`],
  ])('%s: not all of the rest stands', (_what, after) => {
    expect(keepsRest(write(BLOCK, after), ['a'])).toBe(false);
  });
});
