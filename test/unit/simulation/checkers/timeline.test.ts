import { expect, test } from 'vitest';
import { pausedMs } from '../../../simulation/checkers/journal.ts';
import {
  between,
  during,
  endOf,
  firstFrom,
  lastAt,
  objectAt,
  routePlace,
  timelineOf,
} from '../../../simulation/checkers/timeline.ts';
import { anOrder, aStory, grown, ROLLOUT, rolledBack, START_MS } from './a-seen.ts';

const LIST = [{ atMs: 10 }, { atMs: 20 }, { atMs: 20 }, { atMs: 30 }];
const times = (list: readonly { readonly atMs: number }[]): readonly number[] => list.map(({ atMs }) => atMs);

test('what holds at a moment is the last one seen; an interval has that and what came within it', () => {
  expect(lastAt(LIST, 9)).toBeUndefined();
  expect(lastAt(LIST, 20)).toBe(LIST[2]);
  expect(firstFrom(LIST, 20)).toBe(LIST[1]);
  expect(firstFrom(LIST, 31)).toBeUndefined();
  expect(times(between(LIST, 10, 20))).toEqual([10, 20, 20]);
  expect(times(between(LIST, 11, 19))).toEqual([]);
  expect(times(during(LIST, 11, 19))).toEqual([10]);
  expect(times(during(LIST, 5, 20))).toEqual([10, 20, 20]);
  expect(times(during([], 5, 20))).toEqual([]);
});

test('a route at a moment is what its last write left, or what the first one found', () => {
  const order = anOrder();
  const writes = timelineOf(grown(order).seen()).writes(routePlace(order, 'chat'));
  expect(objectAt(writes, START_MS)).toBe(writes[0]?.before);
  expect(objectAt(writes, START_MS + 12_000)).toBe(writes[0]?.after);
  expect(objectAt([], START_MS)).toBeUndefined();
});

test('an entry that is published again counts once, in the order of its number', () => {
  const story = aStory().entry({ seq: 2, to: 'b' }).entry({ seq: 1, to: 'a' }).entry({ seq: 2, to: 'c' });
  expect(
    timelineOf(story.seen())
      .entries(ROLLOUT)
      .map(({ seq, to }) => [seq, to]),
  ).toEqual([
    [1, 'a'],
    [2, 'b'],
  ]);
});

test('a write without a known fence belongs to the only order that it can concern', () => {
  const seen = grown().at(60).write({ llm: 1 }, { fence: 'elsewhere/3' }).seen();
  const count = (orders: typeof seen.orders): number =>
    timelineOf({ ...seen, orders }).routeWrites(ROLLOUT).length;
  expect(count(seen.orders)).toBe(3);
  expect(count([...seen.orders, anOrder({ requestId: 'q-2', rolloutId: 'r-2' })])).toBe(2);
});

test('the end is the entry that entered a final state', () => {
  expect(endOf(timelineOf(rolledBack().seen()).entries(ROLLOUT))?.to).toBe('rolledBack');
  expect(endOf(timelineOf(grown().seen()).entries(ROLLOUT))).toBeUndefined();
});

test('people hold from the first pause to the resume, or to the way back', () => {
  const held = (fromS: number, toS: number): number => {
    const story = aStory()
      .at(10)
      .command('pause', { generation: 1 })
      .at(15)
      .command('pause', { generation: 2 })
      .at(20)
      .command('resume', { generation: 3 })
      .at(40)
      .command('pause', { generation: 4 })
      .at(50)
      .entry({ from: 'shifting', to: 'rollingBack' });
    const entries = timelineOf(story.seen()).entries(ROLLOUT);
    return pausedMs(entries, START_MS + fromS * 1000, START_MS + toS * 1000);
  };
  expect([held(0, 100), held(12, 18), held(20, 40), held(45, 100), held(0, 45)]).toEqual([
    20_000, 6_000, 0, 5_000, 15_000,
  ]);
});
