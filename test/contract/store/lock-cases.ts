import { expect } from 'vitest';
import { aDocument, aLeftover, anEntry } from '../../helpers/stored-records.ts';
import { advance, batch, type Case, create } from './store-bench.ts';

export const lockCases: readonly Case[] = [
  [
    'locks are taken with a commit, named with their holder, and given back with another',
    async ({ port }) => {
      const document = await create(port, {}, { acquireLocks: ['a', 'b'] });
      expect(await port.locks({ keys: ['b', 'c', 'a'] })).toEqual(['llm-1', null, 'llm-1']);
      await advance(port, document, {}, { releaseLocks: ['a'] });
      expect(await port.locks({ keys: ['a', 'b'] })).toEqual([null, 'llm-1']);
      expect(await port.locks({ keys: [] })).toEqual([]);
    },
  ],
  [
    'one lock that is held refuses the whole batch, naming the first such key',
    async ({ port }) => {
      await create(port, {}, { acquireLocks: ['b', 'c'] });
      const second = batch(aDocument({ rolloutId: 'llm-2' }), {
        acquireLocks: ['a', 'b', 'c'],
        entries: [anEntry(1, { rolloutId: 'llm-2' })],
        requestId: 'r-2',
        attachments: { manifests: 'x' },
        leftovers: [aLeftover()],
      });
      expect(await port.commit(second)).toEqual({ kind: 'locked', key: 'b', holder: 'llm-1' });
      expect((await port.load({ rolloutId: 'llm-2' })).document).toBeNull();
      expect(await port.locks({ keys: ['a', 'b', 'c'] })).toEqual([null, 'llm-1', 'llm-1']);
      expect(await port.journal({ rolloutId: 'llm-2', afterSeq: 0, limit: 9 })).toEqual([]);
      expect(await port.attachment({ rolloutId: 'llm-2', name: 'manifests' })).toBeNull();
      expect((await port.leftovers({ dueOnly: false })).leftovers).toEqual([]);
      expect(await port.lookUpStart({ name: 'llm', requestId: 'r-2', poolKey: 'b' })).toMatchObject({
        rolloutId: null,
        nextNumber: 2,
        holder: 'llm-1',
      });
    },
  ],
  [
    'taking a lock that one holds is no refusal',
    async ({ port }) => {
      const document = await create(port, {}, { acquireLocks: ['a'] });
      await advance(port, document, {}, { acquireLocks: ['a', 'a', 'b'] });
      expect(await port.locks({ keys: ['a', 'b'] })).toEqual(['llm-1', 'llm-1']);
    },
  ],
  [
    "giving back another's lock, or a free one, is ignored",
    async ({ port }) => {
      await create(port, {}, { acquireLocks: ['a'] });
      await create(port, { rolloutId: 'llm-2' }, { releaseLocks: ['a', 'free'] });
      expect(await port.locks({ keys: ['a', 'free'] })).toEqual(['llm-1', null]);
    },
  ],
  [
    'a key that is taken and given back in one batch is free afterwards',
    async ({ port }) => {
      await create(port, {}, { acquireLocks: ['a'], releaseLocks: ['a'] });
      expect(await port.locks({ keys: ['a'] })).toEqual([null]);
    },
  ],
  [
    'a lock that was given back can be taken by another',
    async ({ port }) => {
      const document = await create(port, {}, { acquireLocks: ['a'] });
      await advance(port, document, { finishedAtMs: 2_000, wakeAtMs: null }, { releaseLocks: ['a'] });
      await create(port, { rolloutId: 'llm-2' }, { acquireLocks: ['a'] });
      expect(await port.locks({ keys: ['a'] })).toEqual(['llm-2']);
    },
  ],
  [
    'a finished rollout keeps the locks that it did not give back',
    async ({ port }) => {
      const document = await create(port, {}, { acquireLocks: ['a'] });
      await advance(port, document, { finishedAtMs: 2_000, wakeAtMs: null });
      expect(await port.locks({ keys: ['a'] })).toEqual(['llm-1']);
    },
  ],
  [
    'a conflict is found before a lock is looked at',
    async ({ port }) => {
      await create(port, {}, { acquireLocks: ['a'] });
      await create(port, { rolloutId: 'llm-2' });
      const late = batch(aDocument({ rolloutId: 'llm-2' }), { acquireLocks: ['a'] });
      expect(await port.commit(late)).toEqual({ kind: 'conflict' });
    },
  ],
];
