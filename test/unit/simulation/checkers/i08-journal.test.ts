import { describe, expect, test } from 'vitest';
import { appliedOnce } from '../../../simulation/checkers/i08-applied-once.ts';
import type { SeenEntry, Sighting } from '../../../simulation/seen.ts';
import { aHistory, commanded, published, restored, secondsMs } from './a-history.ts';
import { anOrder, sentences } from './a-seen.ts';

type Line = Partial<SeenEntry>;

/** Entries one second apart, from 1 without gaps. */
const journal = (...lines: readonly Line[]): readonly Sighting[] =>
  lines.map((line, index) => published(index + 1, { seq: index + 1, ...line }));

const told = (sightings: readonly Sighting[]): readonly string[] =>
  sentences(appliedOnce(aHistory([anOrder()], sightings)));

const generation = (name: 'pause' | 'resume', number: number, refusal: string | null = null): Line => ({
  message: commanded(name, `${name}-${number}`, { generation: number }),
  refusal,
});

const about = (name: string, stepEntry: string, id = name): Line => ({
  message: commanded(name, id, { stepEntry }),
});

describe('I8: a journal tells each thing once', () => {
  test('a plain one passes, published twice as well', () => {
    const entries = journal({}, {}, {});
    expect(told([...entries, ...entries])).toStrictEqual([]);
  });

  test('a message of any kind that was applied twice', () => {
    const observed = { message: { kind: 'observed', messageId: 'r-1/7/29' } };
    expect(told(journal({}, observed, {}, observed))).toStrictEqual([
      'observed r-1/7/29 was applied by entry 2 and again by entry 4',
    ]);
    expect(told(journal({}, { ...observed, refusal: 'no' }, {}, observed))).toStrictEqual([]);
  });

  test('entries that were never published', () => {
    const entries = journal({}, {}, {}, {}, {});
    expect(told(entries.filter((_, index) => index !== 2))).toStrictEqual([
      'entry 4 was published, but never entry 3',
    ]);
    expect(told(entries.slice(2))).toStrictEqual(['entry 3 was published, but never entries 1 to 2']);
  });

  test('an entry that says something else when it is published again', () => {
    const other = published(9, { seq: 2, atMs: secondsMs(2), sentence: 'something else' });
    expect(told([...journal({}, {}), other])).toStrictEqual([
      'entry r-1/2 was published as "entry 2" and again as "something else"',
    ]);
  });

  test('generations only grow', () => {
    expect(told(journal(generation('pause', 1), generation('resume', 2)))).toStrictEqual([]);
    expect(told(journal(generation('pause', 3), generation('resume', 2)))).toStrictEqual([
      'entry 2 applied resume of generation 2 after one of generation 3',
    ]);
    expect(told(journal(generation('pause', 3), generation('pause', 3)))).toHaveLength(2);
    expect(told(journal(generation('pause', 3), generation('resume', 2, 'old')))).toStrictEqual([]);
  });

  test('an approval that is replayed approves nothing more', () => {
    expect(told(journal({}, about('approve', 'r-1/1')))).toStrictEqual([]);
    const replayed = journal({}, about('approve', 'r-1/1'), {}, about('approve', 'r-1/1', 'again'));
    expect(told(replayed)).toStrictEqual([
      'entry 4 applied approve to the step r-1/1, which entry 2 had ended',
    ]);
  });

  test('a command about a step that was left', () => {
    const growing = journal({}, { effects: ['proveWayBack'] }, about('skip', 'r-1/1'));
    expect(told(growing)).toStrictEqual([
      'entry 3 applied skip to the step r-1/1, which was left with entry 2',
    ]);
    const moved = journal({}, { from: 'soaking', to: 'retaining' }, about('skip', 'r-1/1'));
    expect(told(moved)).toStrictEqual([
      'entry 3 applied skip to the step r-1/1, which was left with entry 2',
    ]);
    const entered = journal({ effects: ['confirmWeights'] }, {}, about('skip', 'r-1/1'));
    expect(told(entered)).toStrictEqual([]);
  });

  test('a document that was set back repeats its journal', () => {
    const again = published(9, { seq: 2, sentence: 'something else' });
    expect(told([...journal({}, {}), restored(5), again])).toStrictEqual([]);
  });
});
