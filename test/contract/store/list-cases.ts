import { expect } from 'vitest';
import type { StorePort } from '../../../workflows/ports.ts';
import { advance, type Case, create, POOL } from './store-bench.ts';

export const listCases: readonly Case[] = [
  [
    'due rollouts come by wake time, then by id, up to and including now',
    async ({ port, setNow }) => {
      const wakes = { 'a-1': 3_000, 'b-1': 1_000, 'c-1': null, 'd-1': 2_000, 'e-1': 1_000, 'f-1': 3_001 };
      for (const [rolloutId, wakeAtMs] of Object.entries(wakes)) await create(port, { rolloutId, wakeAtMs });
      setNow(3_000);
      expect(await port.due({ limit: 10 })).toEqual({
        rollouts: [
          { rolloutId: 'b-1', wakeAtMs: 1_000 },
          { rolloutId: 'e-1', wakeAtMs: 1_000 },
          { rolloutId: 'd-1', wakeAtMs: 2_000 },
          { rolloutId: 'a-1', wakeAtMs: 3_000 },
        ],
        readAtMs: 3_000,
      });
      setNow(999);
      expect(await port.due({ limit: 10 })).toEqual({ rollouts: [], readAtMs: 999 });
    },
  ],
  [
    'paging through all that is due meets each once, ties included',
    async ({ port, setNow }) => {
      const ids = Array.from({ length: 23 }, (_, index) => `r-${index + 1}`);
      for (const [index, rolloutId] of ids.entries()) await create(port, { rolloutId, wakeAtMs: index % 3 });
      setNow(100);
      const met: string[] = [];
      let after: { wakeAtMs: number; rolloutId: string } | undefined;
      for (let page = 0; page < 10; page += 1) {
        const { rollouts } = await port.due({ limit: 5, ...(after && { after }) });
        met.push(...rollouts.map(({ rolloutId }) => rolloutId));
        after = rollouts.at(-1);
        if (rollouts.length < 5) break;
      }
      const order = (index: number) => ids.filter((_, at) => at % 3 === index).toSorted();
      expect(met).toEqual([...order(0), ...order(1), ...order(2)]);
    },
  ],
  [
    'a page goes on behind a rollout that has been moved meanwhile',
    async ({ port, setNow }) => {
      const first = await create(port, { rolloutId: 'a-1', wakeAtMs: 10 });
      await create(port, { rolloutId: 'b-1', wakeAtMs: 10 });
      setNow(50);
      await advance(port, first, { wakeAtMs: 40 });
      const after = { wakeAtMs: 10, rolloutId: 'a-1' };
      expect((await port.due({ limit: 10, after })).rollouts).toEqual([
        { rolloutId: 'b-1', wakeAtMs: 10 },
        { rolloutId: 'a-1', wakeAtMs: 40 },
      ]);
    },
  ],
  [
    'a rollout that has nothing to wake for is not due',
    async ({ port, setNow }) => {
      const document = await create(port, { wakeAtMs: 10 });
      await advance(port, document, { wakeAtMs: null });
      setNow(1_000);
      expect((await port.due({ limit: 10 })).rollouts).toEqual([]);
    },
  ],
  [
    'lists are by id and carry what is indexed',
    async ({ port }) => {
      const first = await create(port, { rolloutId: 'b-1', state: 'queued', wakeAtMs: 1, createdAtMs: 2.5 });
      await create(port, { rolloutId: 'a-1', poolKey: 'pool', wakeAtMs: null, finishedAtMs: 9 });
      await advance(port, first, { state: 'soaking', wakeAtMs: 77 });
      expect(await port.list({ limit: 10 })).toEqual([
        {
          rolloutId: 'a-1',
          state: 'shifting',
          wakeAtMs: null,
          poolKey: 'pool',
          createdAtMs: 500,
          finishedAtMs: 9,
        },
        {
          rolloutId: 'b-1',
          state: 'soaking',
          wakeAtMs: 77,
          poolKey: POOL,
          createdAtMs: 2.5,
          finishedAtMs: null,
        },
      ]);
    },
  ],
  [
    'lists are filtered by pool and by being unfinished, and paged',
    async ({ port }) => {
      for (let index = 10; index < 30; index += 1) {
        const finishedAtMs = index % 2 === 0 ? null : 5;
        await create(port, { rolloutId: `r-${index}`, poolKey: index % 3 === 0 ? 'x' : 'y', finishedAtMs });
      }
      const ids = async (call: Parameters<StorePort['list']>[0]) =>
        (await port.list(call)).map(({ rolloutId }) => rolloutId);
      expect(await ids({ limit: 3 })).toEqual(['r-10', 'r-11', 'r-12']);
      expect(await ids({ limit: 3, afterId: 'r-12' })).toEqual(['r-13', 'r-14', 'r-15']);
      expect(await ids({ limit: 3, unfinished: false, afterId: 'r-27' })).toEqual(['r-28', 'r-29']);
      expect(await ids({ limit: 3, unfinished: true })).toEqual(['r-10', 'r-12', 'r-14']);
      expect(await ids({ limit: 3, unfinished: true, afterId: 'r-13' })).toEqual(['r-14', 'r-16', 'r-18']);
      expect(await ids({ limit: 3, poolKey: 'x' })).toEqual(['r-12', 'r-15', 'r-18']);
      expect(await ids({ limit: 9, poolKey: 'x', unfinished: true, afterId: 'r-12' })).toEqual([
        'r-18',
        'r-24',
      ]);
      expect(await ids({ limit: 9, poolKey: 'z' })).toEqual([]);
    },
  ],
  [
    'a policy finds the unfinished rollouts that watch it now',
    async ({ port }) => {
      await create(port, { rolloutId: 'b-1', watches: ['p', 'q', 'p'] });
      const other = await create(port, { rolloutId: 'a-1', watches: ['p'] });
      const moved = await create(port, { rolloutId: 'c-1', watches: ['p'] });
      expect(await port.watching({ policy: 'p' })).toEqual(['a-1', 'b-1', 'c-1']);
      expect(await port.watching({ policy: 'q' })).toEqual(['b-1']);
      expect(await port.watching({ policy: 'none' })).toEqual([]);
      await advance(port, moved, { watches: ['q'] });
      await advance(port, other, { finishedAtMs: 5, wakeAtMs: null });
      expect(await port.watching({ policy: 'p' })).toEqual(['b-1']);
      expect(await port.watching({ policy: 'q' })).toEqual(['b-1', 'c-1']);
    },
  ],
];
