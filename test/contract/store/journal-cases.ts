import { expect } from 'vitest';
import type { JournalEntry } from '../../../workflows/rollout/stored.ts';
import { aDocument, anEntry } from '../../helpers/stored-records.ts';
import { advance, batch, type Case, create, failsWith, failure } from './store-bench.ts';

export const journalCases: readonly Case[] = [
  [
    'entries come back as they were, in order, by page',
    async ({ port }) => {
      const entries = [1, 2, 3, 4, 5].map((seq) => anEntry(seq, { sentence: `Entry ${seq}: “€”.` }));
      await create(port, {}, { entries });
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 2 })).toEqual(entries.slice(0, 2));
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 2, limit: 2 })).toEqual(entries.slice(2, 4));
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 4, limit: 2 })).toEqual(entries.slice(4));
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 5, limit: 2 })).toEqual([]);
      expect(await port.journal({ rolloutId: 'llm-2', afterSeq: 0, limit: 2 })).toEqual([]);
    },
  ],
  [
    'journals of two rollouts do not mix',
    async ({ port }) => {
      await create(port, {}, { entries: [anEntry(1)] });
      const other = anEntry(1, { rolloutId: 'llm-2', sentence: 'Another.' });
      await create(port, { rolloutId: 'llm-2' }, { entries: [other] });
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 9 })).toEqual([anEntry(1)]);
      expect(await port.journal({ rolloutId: 'llm-2', afterSeq: 0, limit: 9 })).toEqual([other]);
    },
  ],
  [
    'a seq that exists already is a conflict',
    async ({ port }) => {
      const document = await create(port, {}, { entries: [anEntry(1), anEntry(2)] });
      const next = batch({ ...document, revision: 2 }, { entries: [anEntry(2, { sentence: 'Other.' })] });
      expect(await port.commit(next)).toEqual({ kind: 'conflict' });
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(document);
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 9 })).toEqual([
        anEntry(1),
        anEntry(2),
      ]);
    },
  ],
  [
    'a gap is refused, in the batch and behind what is stored',
    async ({ port }) => {
      const start = batch(aDocument(), { entries: [anEntry(2)] });
      expect(await failure(port.commit(start))).toEqual(failsWith('journal-gap'));
      const zero = batch(aDocument(), { entries: [anEntry(0), anEntry(1)] });
      expect(await failure(port.commit(zero))).toEqual(failsWith('journal-gap'));
      const inside = batch(aDocument(), { entries: [anEntry(1), anEntry(3)] });
      expect(await failure(port.commit(inside))).toEqual(failsWith('journal-gap'));
      const document = await create(port, {}, { entries: [anEntry(1)] });
      const behind = batch({ ...document, revision: 2 }, { entries: [anEntry(3)] });
      expect(await failure(port.commit(behind))).toEqual(failsWith('journal-gap'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(document);
      await advance(port, document, {}, { entries: [anEntry(2)] });
    },
  ],
  [
    'an entry of another rollout is refused',
    async ({ port }) => {
      const foreign = batch(aDocument(), { entries: [anEntry(1, { rolloutId: 'llm-2' })] });
      expect(await failure(port.commit(foreign))).toEqual(failsWith('journal-foreign'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toBeNull();
    },
  ],
  [
    'arrays nest in entries, and an entry of more than a megabyte is refused',
    async ({ port }) => {
      const nested = { ...anEntry(1), verdicts: [[[1]]] } as unknown as JournalEntry;
      const document = await create(port, {}, { entries: [nested] });
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 1 })).toEqual([nested]);
      const big = anEntry(2, { sentence: 'x'.repeat(1_000_000) });
      const next = batch({ ...document, revision: 2 }, { entries: [big] });
      expect(await failure(port.commit(next))).toEqual(failsWith('entry-too-large'));
    },
  ],
];
