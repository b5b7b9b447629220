import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue } from '../../../../simulator/scheduler/due-queue.ts';

const entry = fc.record({
  atMs: fc.integer({ min: 0, max: 5 }),
  order: fc.integer({ min: 0, max: 2 }),
  cancelled: fc.boolean(),
});

test('entries come by time, order and entry; cancelled ones never', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), fc.nat({ max: 60 }), (entries, popsBetween) => {
      const queue = new DueQueue();
      const taken: number[] = [];
      const numbered = entries.map((given, n) => ({ ...given, n }));
      const take = (): boolean => {
        const due = queue.peek();
        if (due === undefined) return false;
        queue.pop();
        due.fire();
        return true;
      };
      const rank = (a: (typeof numbered)[number], b: (typeof numbered)[number]): number =>
        a.atMs - b.atMs || a.order - b.order || a.n - b.n;
      const expected: number[] = [];
      let waiting: typeof numbered = [];
      numbered.forEach((given, index) => {
        const due = queue.push(given.atMs, given.order, () => taken.push(given.n));
        due.cancelled = given.cancelled;
        if (!given.cancelled) waiting = [...waiting, given].toSorted(rank);
        if (index !== popsBetween) return;
        take();
        expected.push(...waiting.splice(0, 1).map(({ n }) => n));
      });
      while (take());
      expected.push(...waiting.map(({ n }) => n));
      expect(taken).toEqual(expected);
    }),
  );
});
