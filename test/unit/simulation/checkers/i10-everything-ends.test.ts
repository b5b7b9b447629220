import { describe, expect, test } from 'vitest';
import { everythingEnds } from '../../../simulation/checkers/i10-everything-ends.ts';
import type { Sighting } from '../../../simulation/seen.ts';
import { aHistory, answered, published, restored } from './a-history.ts';
import { anOrder, sentences } from './a-seen.ts';

const begun = published(1, { seq: 1, from: '', to: 'queued', sentence: 'started by an author' });

const told = (sightings: readonly Sighting[], order = anOrder()): readonly string[] =>
  sentences(everythingEnds(aHistory([order], sightings, 7_300)));

describe('I10: everything comes to an end', () => {
  test.each(['promoted', 'rolledBack', 'failed'])('%s is one', (to) => {
    expect(told([begun, published(50, { seq: 2, from: 'shifting', to })])).toStrictEqual([]);
  });

  test('a rollout that hangs is found, with its state and what it said last', () => {
    const held = published(100, { seq: 2, to: 'shifting', sentence: 'paused by an operator' });
    const minute = published(7_000, {
      seq: 3,
      message: { kind: 'observed', messageId: 'm' },
      sentence: 'observed a minute',
    });
    expect(told([begun, held, minute])).toStrictEqual([
      'still in shifting at the end; its last entry, 2, is 2 h old: "paused by an operator"',
    ]);
  });

  test('a document that was set back may end under a number that was used, but it ends', () => {
    const waiting = [begun, restored(60)];
    expect(told(waiting)).toStrictEqual([]);
    expect(sentences(everythingEnds(aHistory([anOrder()], waiting, 400_000)))).toHaveLength(1);
  });

  test('a rollout of which nothing was published is found', () => {
    expect(told([])).toStrictEqual(['it was started, and nothing was ever published of it']);
  });

  test('a start that was answered with success has a rollout', () => {
    const order = anOrder({ rolloutId: null });
    const answer = (status: number, code: string): Sighting => answered(5, { id: 'q-1', status, code });
    expect(told([answer(201, 'started')], order)).toStrictEqual([
      'q-1 was answered 201 started, and there is no rollout',
    ]);
    expect(told([answer(409, 'pool-locked')], order)).toStrictEqual([]);
    expect(told([], order)).toStrictEqual([]);
  });
});
