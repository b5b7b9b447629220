import { describe, expect, test } from 'vitest';
import { wayBackProved } from '../../../simulation/checkers/i14-way-back-proved.ts';
import { anOrder, attached, grown, promoted, ROLLOUT, rolledBack, START_MS, sentences } from './a-seen.ts';

const NO_DRY_RUN = 'chat grew without an accepted dry run of the way back in the 60 s before';
const GROWTH = { llm: 75, 'llm-new': 25 };

describe('I14', () => {
  test('a clean climb and a clean rollback pass', () => {
    expect(wayBackProved(promoted().seen())).toEqual([]);
    expect(wayBackProved(rolledBack().seen())).toEqual([]);
  });

  test('a growth without a dry run in the 60 s before it was sent is found', () => {
    const grow = (atS: number, underWayS: number) =>
      attached().dryRun().at(atS).write(GROWTH, { fence: 3, underWayS }).seen();
    expect(wayBackProved(grow(86, 0))).toEqual([
      { rule: 'I14', atMs: START_MS + 86_000, rolloutId: ROLLOUT, sentence: NO_DRY_RUN },
    ]);
    expect(wayBackProved(grow(85, 0))).toEqual([]);
    expect(wayBackProved(grow(500, 440))).toEqual([]);
  });

  test('a dry run that was refused, not heard, of another route, or left the new side something proves nothing', () => {
    const refused = attached().at(80).dryRun(undefined, { status: 422 });
    const unheard = attached().at(80).dryRun(undefined, { heard: false });
    const other = attached().at(80).dryRun(undefined, { route: 'embed' });
    const some = attached().at(80).dryRun({ llm: 99, 'llm-new': 1 });
    const none = attached().at(80).dryRun({ llm: 0, 'llm-new': 0 });
    const stories = [refused, unheard, other, some, none];
    for (const story of stories)
      expect(sentences(wayBackProved(story.at(90).write(GROWTH, { fence: 3 }).seen()))).toEqual([NO_DRY_RUN]);
    expect(stories).toHaveLength(5);
  });

  test('an old side below its floor is found, and a floor of half is half', () => {
    const shrunk = (floorPercent: number, ready: number) =>
      attached(anOrder({ floorPercent }))
        .side('old', ready)
        .at(90)
        .dryRun()
        .write(GROWTH, { fence: 3 })
        .seen();
    expect(sentences(wayBackProved(shrunk(100, 3)))).toEqual([
      'chat grew while llm had at most 3 ready replicas in the 60 s before, its floor is 4',
    ]);
    expect(wayBackProved(shrunk(50, 2))).toEqual([]);
    expect(sentences(wayBackProved(shrunk(51, 2)))).toHaveLength(1);
    expect(sentences(wayBackProved(shrunk(1, 0)))).toHaveLength(1);
  });

  test('a gateway that had not confirmed the write before is found', () => {
    const seen = grown()
      .at(90)
      .write({ llm: 80, 'llm-new': 20 }, { by: 'other' })
      .at(160)
      .dryRun()
      .write(GROWTH, { fence: 5 })
      .seen();
    expect(sentences(wayBackProved(seen))).toEqual([
      'chat grew although its gateway had not confirmed the write before in the 60 s before',
    ]);
    const confirmed = grown()
      .at(90)
      .write({ llm: 80, 'llm-new': 20 }, { by: 'other' })
      .at(159)
      .confirm()
      .at(160)
      .dryRun()
      .write(GROWTH, { fence: 5 })
      .seen();
    expect(wayBackProved(confirmed)).toEqual([]);
  });
});
