import { describe, expect, test } from 'vitest';
import { withinRungAndCapacity } from '../../../simulation/checkers/i02-within-rung-and-capacity.ts';
import { written } from './a-history.ts';
import {
  anOrder,
  aStory,
  attached,
  grown,
  promoted,
  ROLLOUT,
  rolledBack,
  START_MS,
  sentences,
} from './a-seen.ts';

const rung = (sharePercent: number) => ({ sharePercent, bakeMs: 120_000, approval: false });

describe('I2', () => {
  test('a clean climb and a clean rollback pass', () => {
    expect(withinRungAndCapacity(promoted().seen())).toEqual([]);
    expect(withinRungAndCapacity(rolledBack().seen())).toEqual([]);
  });

  test('a rung that is passed over is found', () => {
    const seen = attached().at(60).write({ llm: 0, 'llm-new': 100 }, { fence: 3 }).seen();
    expect(withinRungAndCapacity(seen)).toEqual([
      {
        rule: 'I2',
        atMs: START_MS + 60_000,
        rolloutId: ROLLOUT,
        sentence: 'chat grew to 100 % without the rung of 25 % before it',
      },
    ]);
  });

  test('a share a little above its rung is found', () => {
    const ladder = [rung(25), rung(50), rung(100)];
    const order = anOrder({ ladder });
    const seen = grown(order).at(200).write({ llm: 49, 'llm-new': 51 }, { fence: 4 }).seen();
    expect(sentences(withinRungAndCapacity(seen))).toEqual([
      'chat grew to 51 % without the rung of 50 % before it',
    ]);
    const fine = grown(order).at(200).write({ llm: 50, 'llm-new': 50 }, { fence: 4 }).seen();
    expect(withinRungAndCapacity(fine)).toEqual([]);
  });

  test("a share above the ladder's top is found", () => {
    const order = anOrder({ ladder: [rung(25), rung(50)] });
    const seen = grown(order).at(200).write({ llm: 40, 'llm-new': 60 }, { fence: 4 }).seen();
    expect(sentences(withinRungAndCapacity(seen))).toEqual([
      "chat grew to 60 %, above the ladder's top of 50 %",
    ]);
  });

  test('a share that was lowered by others may be set again, and one adopted below the rung completed', () => {
    const seen = grown()
      .at(90)
      .write({ llm: 90, 'llm-new': 10 }, { by: 'other' })
      .at(100)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 5 })
      .seen();
    expect(withinRungAndCapacity(seen)).toEqual([]);
  });

  test('a rung that weights beside others cannot express is passed over without blame', () => {
    const order = anOrder({ ladder: [rung(0.2), rung(25), rung(100)] });
    const beside = aStory(order, [{ llm: 1, svc: 100 }])
      .side('old', 4)
      .side('new', 4)
      .at(60);
    const seen = beside.write({ llm: 8, 'llm-new': 2, svc: 1000 }, { fence: 3 }).seen();
    expect(withinRungAndCapacity(seen)).toEqual([]);
    const far = anOrder({ ladder: [rung(5), rung(25), rung(100)] });
    const leap = aStory(far)
      .side('old', 4)
      .side('new', 4)
      .at(60)
      .write({ llm: 8, 'llm-new': 2 }, { fence: 3 })
      .seen();
    expect(sentences(withinRungAndCapacity(leap))).toEqual([
      'chat grew to 20 % without the rung of 5 % before it',
    ]);
  });

  test('a share above what the ready replicas can carry is found', () => {
    const seen = attached().at(26).side('new', 0).at(27).side('new', 1).at(60);
    const ladder = anOrder({ ladder: [rung(26), rung(100)] });
    expect(
      sentences(withinRungAndCapacity(seen.write({ llm: 75, 'llm-new': 25 }, { fence: 3 }).seen())),
    ).toEqual([]);
    const few = attached(ladder)
      .at(27)
      .side('new', 1)
      .at(60)
      .write({ llm: 74, 'llm-new': 26 }, { fence: 3 })
      .seen();
    expect(sentences(withinRungAndCapacity(few))).toEqual([
      'chat grew to 26 % while llm-new had 1 of 4 replicas ready',
    ]);
  });

  test('the best moment of the 30 s before sending counts, however late the write lands', () => {
    const lost = (underWayS: number) =>
      attached()
        .at(40)
        .side('new', 0)
        .at(100)
        .write({ llm: 75, 'llm-new': 25 }, { fence: 3, underWayS })
        .seen();
    expect(withinRungAndCapacity(lost(31))).toEqual([]);
    expect(sentences(withinRungAndCapacity(lost(30)))).toEqual([
      'chat grew to 25 % while llm-new had 0 of 4 replicas ready',
    ]);
  });

  test('the second route of a rung is the same rung', () => {
    const order = anOrder({ routes: ['chat', 'embed'] });
    const seen = attached(order)
      .at(60)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3, route: 'embed' })
      .seen();
    expect(withinRungAndCapacity(seen)).toEqual([]);
  });

  test('what a share of 100 needs is what the old side had when the plan was made', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'llm', namespace: 'serving' },
    };
    const scaled = (at: number) =>
      written({ verb: 'patch', at, by: 'other', object: { ...deployment, spec: { replicas: 2 } } });
    const grow = (scaledAt: number): readonly string[] =>
      sentences(
        withinRungAndCapacity(
          aStory()
            .add(scaled(scaledAt))
            .at(5)
            .entry({ from: 'preflight', to: 'deploying' })
            .side('old', 2)
            .side('new', 1)
            .at(60)
            .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
            .at(200)
            .side('new', 2)
            .write({ llm: 0, 'llm-new': 100 }, { fence: 4 })
            .seen(),
        ),
      );
    expect(grow(1)).toEqual([]);
    expect(grow(7)).toEqual(['chat grew to 100 % while llm-new had 2 of 4 replicas ready']);
  });
});
