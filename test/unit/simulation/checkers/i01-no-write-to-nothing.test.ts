import { describe, expect, test } from 'vitest';
import { noWriteToNothing } from '../../../simulation/checkers/i01-no-write-to-nothing.ts';
import { anOrder, aStory, attached, promoted, ROLLOUT, rolledBack, START_MS, sentences } from './a-seen.ts';

const NO_REPLICA = (pool: string): string =>
  `a growth of chat gives weight to ${pool}, which had no ready replica in the 30 s before`;
const NO_PICKER = (pool: string): string =>
  `a growth of chat gives weight to ${pool}, which had no ready picker in the 30 s before`;

describe('I1', () => {
  test('a clean climb and a clean rollback pass', () => {
    expect(noWriteToNothing(promoted().seen())).toEqual([]);
    expect(noWriteToNothing(rolledBack().seen())).toEqual([]);
  });

  test('a growth towards a side without a ready replica is found', () => {
    const seen = attached()
      .at(26)
      .side('new', 0)
      .at(60)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .seen();
    expect(noWriteToNothing(seen)).toEqual([
      { rule: 'I1', atMs: START_MS + 60_000, rolloutId: ROLLOUT, sentence: NO_REPLICA('llm-new') },
    ]);
  });

  test('a growth towards a side without a ready picker is found, of the old side too', () => {
    const seen = attached()
      .at(26)
      .side('new', 4, false)
      .side('old', 4, false)
      .at(60)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .seen();
    expect(sentences(noWriteToNothing(seen))).toEqual([NO_PICKER('llm'), NO_PICKER('llm-new')]);
  });

  test('one good moment within the 30 s before sending is enough, one before them is not', () => {
    const lost = (atS: number) =>
      attached().at(atS).side('new', 0).at(60).write({ llm: 75, 'llm-new': 25 }, { fence: 3 }).seen();
    expect(noWriteToNothing(lost(30.001))).toEqual([]);
    expect(sentences(noWriteToNothing(lost(30)))).toEqual([NO_REPLICA('llm-new')]);
  });

  test('what counts is when the write was sent, not when it landed', () => {
    const seen = attached()
      .at(70)
      .side('new', 0)
      .at(400)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3, underWayS: 340 })
      .seen();
    expect(noWriteToNothing(seen)).toEqual([]);
  });

  test('at 100 % nothing is asked of the old side', () => {
    const seen = attached()
      .at(26)
      .side('old', 0, false)
      .at(60)
      .write({ llm: 0, 'llm-new': 100 }, { fence: 3 })
      .seen();
    expect(noWriteToNothing(seen)).toEqual([]);
  });

  test('a rule left without weight by a growth is found, unless it was so before', () => {
    const order = anOrder();
    const both = aStory(order, [{ llm: 1 }, { llm: 1 }])
      .side('old', 4)
      .side('new', 4)
      .at(60);
    const seen = both
      .write(
        {},
        {
          fence: 3,
          rules: [
            { llm: 75, 'llm-new': 25 },
            { llm: 0, 'llm-new': 0 },
          ],
        },
      )
      .seen();
    expect(sentences(noWriteToNothing(seen))).toEqual([
      'a growth leaves rule 1 of chat with weights that sum to 0',
    ]);
    const was = aStory(order, [{ llm: 1 }, { svc: 0 }])
      .side('old', 4)
      .side('new', 4)
      .at(60);
    const kept = was.write({}, { fence: 3, rules: [{ llm: 75, 'llm-new': 25 }, { svc: 0 }] }).seen();
    expect(noWriteToNothing(kept)).toEqual([]);
  });

  test('a weight above 1000 is found in any write, but for an original that comes back', () => {
    const heavy = rolledBack().at(300).write({ llm: 1001 }, { fence: 7 }).seen();
    expect(sentences(noWriteToNothing(heavy))).toEqual([
      'rule 0 of chat gives llm the weight 1001, above 1000',
    ]);
    const original = aStory(anOrder(), [{ llm: 5000 }])
      .write({ llm: 75, 'llm-new': 0 }, { fence: 2 })
      .write({ llm: 5000 }, { fence: 3 })
      .seen();
    expect(noWriteToNothing(original)).toEqual([]);
  });

  test("others' writes are their business", () => {
    const seen = attached()
      .at(26)
      .side('new', 0)
      .at(60)
      .write({ llm: 2000, 'llm-new': 25 }, { by: 'other' })
      .seen();
    expect(noWriteToNothing(seen)).toEqual([]);
  });
});
