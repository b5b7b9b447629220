import { expect } from 'vitest';
import type { StorePort } from '../../../workflows/ports.ts';
import { aDocument, anEntry } from '../../helpers/stored-records.ts';
import { advance, batch, type Case, create } from './store-bench.ts';

export const handleCases: readonly Case[] = [
  [
    'what one handle commits the other one reads at once',
    async ({ port, second, setNow }) => {
      const document = await create(port, { wakeAtMs: 1 }, { acquireLocks: ['a'], entries: [anEntry(1)] });
      setNow(10);
      expect((await second.load({ rolloutId: 'llm-1' })).document).toEqual(document);
      expect((await second.due({ limit: 1 })).rollouts).toEqual([{ rolloutId: 'llm-1', wakeAtMs: 1 }]);
      expect(await second.locks({ keys: ['a'] })).toEqual(['llm-1']);
      await advance(second, document, { wakeAtMs: null }, { entries: [anEntry(2)] });
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 1, limit: 9 })).toEqual([anEntry(2)]);
      expect((await port.due({ limit: 1 })).rollouts).toEqual([]);
    },
  ],
  [
    'two handles on one revision: one commit stands, the other conflicts',
    async ({ port, second }) => {
      const document = await create(port);
      const mine = batch({ ...document, revision: 2, lastCommitId: 'mine' }, { entries: [anEntry(1)] });
      const theirs = batch({ ...document, revision: 2, lastCommitId: 'theirs' }, { entries: [anEntry(1)] });
      const [one, two] = await Promise.all([port.commit(mine), second.commit(theirs)]);
      expect([one.kind, two.kind].toSorted()).toEqual(['committed', 'conflict']);
      const stands = (await port.load({ rolloutId: 'llm-1' })).document?.lastCommitId;
      expect(stands).toBe(one.kind === 'committed' ? 'mine' : 'theirs');
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 9 })).toHaveLength(1);
    },
  ],
  [
    'optimistic commits through two handles lose nothing',
    async ({ port, second }) => {
      await create(port, { fence: 0 });
      const climb = async (handle: StorePort, times: number) => {
        let conflicts = 0;
        for (let done = 0; done < times; ) {
          const { document } = await handle.load({ rolloutId: 'llm-1' });
          if (document === null) throw new Error('gone');
          const next = { ...document, revision: document.revision + 1, fence: document.fence + 1 };
          const result = await handle.commit(batch(next, { entries: [anEntry(next.fence)] }));
          if (result.kind === 'committed') done += 1;
          else conflicts += 1;
        }
        return conflicts;
      };
      const conflicts = await Promise.all([climb(port, 20), climb(second, 20)]);
      expect((await port.load({ rolloutId: 'llm-1' })).document).toMatchObject({ fence: 40, revision: 41 });
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 99 })).toHaveLength(40);
      expect(conflicts[0] + conflicts[1]).toBeGreaterThan(0);
    },
  ],
  [
    'two handles that want one lock: one gets it',
    async ({ port, second }) => {
      const results = await Promise.all([
        port.commit(batch(aDocument({ rolloutId: 'a-1' }), { acquireLocks: ['x', 'pool'] })),
        second.commit(batch(aDocument({ rolloutId: 'b-1' }), { acquireLocks: ['y', 'pool'] })),
      ]);
      expect(results.map(({ kind }) => kind).toSorted()).toEqual(['committed', 'locked']);
      const [holder] = await port.locks({ keys: ['pool'] });
      const won = holder === 'a-1' ? ['a-1', null] : [null, 'b-1'];
      expect(await port.locks({ keys: ['x', 'y'] })).toEqual(won);
    },
  ],
];
