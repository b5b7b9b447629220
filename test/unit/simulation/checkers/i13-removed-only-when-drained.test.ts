import { describe, expect, test } from 'vitest';
import { removedOnlyWhenDrained } from '../../../simulation/checkers/i13-removed-only-when-drained.ts';
import type { Seen, Sighting } from '../../../simulation/seen.ts';
import { anObject, restored, withMore, written } from './a-history.ts';
import { anOrder, grown, promoted, type Story, sentences } from './a-seen.ts';

/** Draining takes 30 s. The old side is empty, confirmed, after 180 s. */
const order = anOrder({ oldObjects: [{ kind: 'Deployment', name: 'llm' }], retire: 'delete' });

const told = (seen: Seen): readonly string[] => sentences(removedOnlyWhenDrained(seen));

/** All back after 61 s, confirmed after 70 s. */
const emptied = (isConfirmed = true): Story => {
  const story = grown(order).at(61).write({ llm: 1, 'llm-new': 0 }, { fence: 5 }).at(70);
  return isConfirmed ? story.confirm() : story;
};

describe('I13: a ref goes only after its weight was 0 and confirmed for the drain time', () => {
  test('after that it goes, the old one and the new one', () => {
    expect(told(emptied().at(100).write({ llm: 1 }, { fence: 6 }).seen())).toStrictEqual([]);
    expect(told(promoted(order).at(700).write({ 'llm-new': 100 }, { fence: 6 }).seen())).toStrictEqual([]);
  });

  test('too early it does not, whenever it lands', () => {
    expect(told(emptied().at(90).write({ llm: 1 }, { fence: 6 }).seen())).toStrictEqual([
      "HTTPRoute serving/chat lost the new pool's ref 20 s after the gateway had confirmed its weight of 0; draining takes 30 s",
    ]);
    const late = emptied().at(300).write({ llm: 1 }, { fence: 6, underWayS: 205 }).seen();
    expect(told(late)).toStrictEqual([
      "HTTPRoute serving/chat lost the new pool's ref 25 s after the gateway had confirmed its weight of 0; draining takes 30 s",
    ]);
  });

  test('with weight it does not', () => {
    expect(told(grown(order).at(100).write({ llm: 100 }, { fence: 6 }).seen())).toStrictEqual([
      "HTTPRoute serving/chat lost the new pool's ref while it had weight",
    ]);
  });

  test('a rollback does not wait for a silent gateway for ever, a promotion does', () => {
    expect(told(emptied(false).at(200).write({ llm: 1 }, { fence: 6 }).seen())).toStrictEqual([
      "HTTPRoute serving/chat lost the new pool's ref before the gateway had confirmed its weight of 0; draining takes 30 s",
    ]);
    expect(told(emptied(false).at(212).write({ llm: 1 }, { fence: 6 }).seen())).toStrictEqual([]);
    const silent = grown(order).at(170).write({ llm: 0, 'llm-new': 100 }, { fence: 4 }).at(9_000);
    expect(told(silent.write({ 'llm-new': 100 }, { fence: 6 }).seen())).toStrictEqual([
      "HTTPRoute serving/chat lost the old pool's ref before the gateway had confirmed its weight of 0; draining takes 30 s",
    ]);
  });

  test('with weight that others have just given it, it does not either', () => {
    const story = emptied().at(110).write({ llm: 9, 'llm-new': 1 }, { by: 'other' });
    expect(told(story.at(115).write({ llm: 1 }, { fence: 6 }).seen())).toStrictEqual([
      "HTTPRoute serving/chat lost the new pool's ref while it had weight",
    ]);
  });

  test('what others wrote in between cannot have been seen', () => {
    const story = emptied()
      .at(110)
      .write({ llm: 9, 'llm-new': 1 }, { by: 'other' })
      .at(111)
      .write({ llm: 1, 'llm-new': 0 }, { by: 'other' });
    expect(told(story.at(115).write({ llm: 1 }, { fence: 6 }).seen())).toStrictEqual([]);
    expect(told(story.at(1_000).write({ llm: 1, 'llm-new': 0 }, { fence: 7 }).seen())).toStrictEqual([]);
  });

  test('others may remove what they like', () => {
    expect(told(grown(order).at(100).write({ llm: 100 }, { by: 'other' }).seen())).toStrictEqual([]);
  });

  test('a document that was set back is excused', () => {
    const seen = emptied().at(90).write({ llm: 1 }, { fence: 6 }).seen();
    expect(told(withMore(seen, [restored(50)]))).toStrictEqual([]);
  });
});

describe('I13: a pod goes only when idle, or past its drain deadline', () => {
  const deleted = (at: number): Sighting => written({ verb: 'delete', at, object: anObject() });
  const madeNew = anObject({ name: 'llm-new', annotations: { 'sluice.dev/intent': 'r-1' } });

  test('once the route names it no more', () => {
    const removed = promoted(order).at(700).write({ 'llm-new': 100 }, { fence: 6 }).at(710).confirm();
    expect(told(withMore(removed.seen(), [deleted(741)]))).toStrictEqual([]);
    expect(told(withMore(promoted(order).seen(), [deleted(741)]))).toStrictEqual([
      'Deployment serving/llm was deleted while HTTPRoute chat named the old pool',
    ]);
  });

  test('never with weight', () => {
    const gone = written({ verb: 'delete', at: 100, object: madeNew });
    expect(told(withMore(grown(order).seen(), [gone]))).toStrictEqual([
      'Deployment serving/llm-new was deleted while HTTPRoute chat named the new pool',
    ]);
  });

  test('with requests in flight it is drained first', () => {
    const busy = (inFlight: number): Seen => {
      const seen = grown(order)
        .at(60)
        .write({ llm: 1 }, { fence: 5, by: 'sluice' })
        .at(62)
        .confirm()
        .at(70)
        .traffic('new', 900, 0, inFlight)
        .seen();
      return withMore(seen, [written({ verb: 'delete', at: 75, object: madeNew })]);
    };
    const pods = (seen: Seen): readonly string[] =>
      told(seen).filter((text) => text.startsWith('Deployment'));
    expect(pods(busy(3))).toStrictEqual([
      'Deployment serving/llm-new was deleted 13 s after the gateway had confirmed its weight of 0; draining takes 30 s, with 3 requests in flight',
    ]);
    expect(pods(busy(0))).toStrictEqual([]);
  });

  test('other kinds hold no requests', () => {
    const service = written({
      verb: 'delete',
      at: 100,
      resource: 'services',
      object: anObject({ kind: 'Service', name: 'llm' }),
    });
    expect(told(withMore(grown(order).seen(), [service]))).toStrictEqual([]);
  });
});
