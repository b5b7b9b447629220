import { describe, expect, test } from 'vitest';
import { askedAndInTime } from '../../../simulation/checkers/i03-asked-and-in-time.ts';
import type { Order } from '../../../simulation/seen.ts';
import { restored } from './a-history.ts';
import { anOrder, attached, grown, promoted, ROLLOUT, START_MS, type Story, sentences } from './a-seen.ts';

const ALL = { llm: 0, 'llm-new': 100 };

const asking = (...approvals: readonly boolean[]): Order =>
  anOrder({
    ladder: anOrder().ladder.map((rung, index) => ({ ...rung, approval: approvals[index] === true })),
  });

/** The next entry, which asks; its number in the journal. */
const ask = (story: Story): Story => story.entry({ effects: ['page'] });

const approve = (story: Story, seq: number): Story =>
  story.command('approve', { stepEntry: `${ROLLOUT}/${seq}` });

const told = (story: Story): readonly string[] => sentences(askedAndInTime(story.seen()));

const UNASKED = ['chat grew to 100 % although nobody had approved what was asked before it'];

describe('I3: approvals', () => {
  test('rungs that ask nobody pass', () => {
    expect(told(promoted())).toEqual([]);
  });

  test('an approval of what was asked after the rung before it lets the share grow', () => {
    const story = ask(grown(asking(false, true)).at(165));
    expect(told(approve(story, 1).at(170).write(ALL, { fence: 9 }))).toEqual([]);
  });

  test('growth without one is found, and told once', () => {
    const seen = ask(grown(asking(false, true)).at(165))
      .at(170)
      .write(ALL, { fence: 9 })
      .seen();
    expect(askedAndInTime(seen)).toEqual([
      { rule: 'I3', atMs: START_MS + 170_000, rolloutId: ROLLOUT, sentence: UNASKED[0] },
    ]);
  });

  test('the first rung may ask as well', () => {
    const story = (): Story => ask(attached(asking(true, false)));
    expect(told(story().at(40).write({ llm: 75, 'llm-new': 25 }, { fence: 3 }))).toEqual([
      'chat grew to 25 % although nobody had approved what was asked before it',
    ]);
    expect(told(approve(story(), 1).at(40).write({ llm: 75, 'llm-new': 25 }, { fence: 3 }))).toEqual([]);
  });

  test('an approval after the growth comes too late, and so does one that is journalled while it is under way', () => {
    const late = approve(
      ask(grown(asking(false, true)).at(165))
        .at(170)
        .write(ALL, { fence: 9 })
        .at(171),
      1,
    );
    expect(told(late)).toEqual(UNASKED);
    const underWay = approve(ask(grown(asking(false, true)).at(165)), 1);
    expect(told(underWay.at(170).write(ALL, { fence: 9, underWayS: 8 }))).toEqual(UNASKED);
  });

  test('an approval that was refused, of the rung before, of nothing that was asked, or of another rollout is none', () => {
    const order = asking(true, true);
    const first = approve(ask(attached(order)), 1)
      .at(30)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 });
    const grow = (story: Story): Story => story.at(170).write(ALL, { fence: 9 });
    const asked = ask(first.at(165));
    expect(told(grow(asked))).toEqual(UNASKED);
    const again = (): Story =>
      ask(
        approve(ask(attached(order)), 1)
          .at(30)
          .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
          .at(165),
      );
    const entry = { stepEntry: `${ROLLOUT}/3` };
    expect(told(grow(again().command('approve', entry, { refusal: 'past' })))).toEqual(UNASKED);
    expect(told(grow(approve(again(), 1)))).toEqual(UNASKED);
    expect(told(grow(approve(again(), 2)))).toEqual(UNASKED);
    expect(told(grow(again().command('approve', { stepEntry: 'r-2/3' })))).toEqual(UNASKED);
    expect(told(grow(again().command('approve', {})))).toEqual(UNASKED);
    expect(told(grow(approve(again(), 3)))).toEqual([]);
  });

  test('a skip answers no question', () => {
    const story = ask(grown(asking(false, true)).at(100)).command('skip', { stepEntry: `${ROLLOUT}/1` });
    expect(told(story.at(170).write(ALL, { fence: 9 }))).toEqual(UNASKED);
  });

  test('the same share once more was approved before', () => {
    const story = approve(ask(attached(asking(true, false))), 1)
      .at(40)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .at(60)
      .write({ llm: 90, 'llm-new': 10 }, { by: 'other' })
      .at(80)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 4 });
    expect(told(story)).toEqual([]);
  });

  test('a document that was set back has forgotten what was asked', () => {
    const story = grown(asking(false, true)).add(restored(160)).at(170).write(ALL, { fence: 9 });
    expect(told(story)).toEqual([]);
  });
});

describe('I3: windows', () => {
  const open = (...windows: readonly (readonly [number, number])[]): Order =>
    anOrder({
      windows: windows.map(([fromS, toS]) => ({
        fromMs: START_MS + fromS * 1000,
        toMs: START_MS + toS * 1000,
      })),
    });
  const growAt = (order: Order, atS: number, underWayS = 0): Story =>
    grown(order).at(atS).write(ALL, { fence: 9, underWayS });

  test('growth within a window passes, and so does one that was sent in it', () => {
    expect(told(growAt(open([0, 200]), 170))).toEqual([]);
    expect(told(growAt(open([0, 200]), 400, 230))).toEqual([]);
    expect(told(growAt(open([0, 100], [150, 200]), 170))).toEqual([]);
  });

  test('a window may close between the last look at the clock and the write', () => {
    expect(told(growAt(open([0, 200]), 230))).toEqual([]);
    expect(told(growAt(open([0, 200]), 231))).toEqual([
      'chat grew to 100 % 31 s after its window had closed',
    ]);
  });

  test('growth between two windows, and before the first one, is found', () => {
    expect(told(growAt(open([0, 100], [900, 950]), 400))).toEqual([
      'chat grew to 100 % 5 min after its window had closed',
    ]);
    expect(told(growAt(open([900, 950]), 400))).toEqual([
      'chat grew to 25 % before its window opened',
      'chat grew to 100 % before its window opened',
    ]);
  });

  test('the way back, and our ref without weight, wait for no window', () => {
    const story = grown(open([0, 30]))
      .at(400)
      .write({ llm: 1, 'llm-new': 0 }, { fence: 9 });
    expect(told(story)).toEqual([]);
    expect(told(attached(open([900, 950])))).toEqual([]);
  });
});
