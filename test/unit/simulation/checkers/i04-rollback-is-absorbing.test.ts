import { describe, expect, test } from 'vitest';
import { rollbackIsAbsorbing } from '../../../simulation/checkers/i04-rollback-is-absorbing.ts';
import { anOrder, grown, promoted, ROLLOUT, rolledBack, START_MS, type Story, sentences } from './a-seen.ts';

const toRollingBack = { from: 'shifting', to: 'rollingBack' } as const;

const rollingBack = (story: Story = grown()): Story =>
  story.at(60).entry({ message: { kind: 'alert', messageId: 'i-1/open' }, ...toRollingBack });

describe('I4', () => {
  test('a clean climb and a clean rollback pass', () => {
    expect(rollbackIsAbsorbing(promoted().seen())).toEqual([]);
    expect(rollbackIsAbsorbing(rolledBack().seen())).toEqual([]);
  });

  test('a growth after the rollback is found, also one that was sent before it', () => {
    const late = (underWayS: number) =>
      rollingBack()
        .at(61)
        .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
        .at(90)
        .write({ llm: 0, 'llm-new': 100 }, { fence: 4, underWayS })
        .seen();
    const found = {
      rule: 'I4',
      atMs: START_MS + 90_000,
      rolloutId: ROLLOUT,
      sentence: 'chat grew from 0 to 100 % after its rollback had been written',
    };
    expect(rollbackIsAbsorbing(late(0))).toEqual([found]);
    expect(rollbackIsAbsorbing(late(35))).toEqual([found]);
  });

  test('a growth that lands before the first rollback write is not undone by anybody yet', () => {
    const seen = rollingBack()
      .at(61)
      .write({ llm: 0, 'llm-new': 100 }, { fence: 4 })
      .at(62)
      .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
      .seen();
    expect(rollbackIsAbsorbing(seen)).toEqual([]);
  });

  test('a growth that lands after a rollback that wrote nothing is found once the journal calls it written', () => {
    const written = {
      message: { kind: 'outcome', messageId: 'e/1', outcome: { kind: 'rollbackWritten', complete: true } },
      from: 'rollingBack',
      to: 'rollingBack',
    };
    const late = { fence: 4, underWayS: 30 };
    const idle = rollingBack().at(62).entry(written).at(80).write({ llm: 0, 'llm-new': 100 }, late);
    expect(sentences(rollbackIsAbsorbing(idle.seen()))).toEqual([
      'chat grew after the journal had it written back, by a rollback that had written nothing',
    ]);
    const early = rollingBack().at(61).write({ llm: 0, 'llm-new': 100 }, late).at(62).entry(written);
    expect(rollbackIsAbsorbing(early.seen())).toEqual([]);
  });

  test('a rollback that the journal does not tell of is known by what it takes back', () => {
    const seen = grown()
      .at(60)
      .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
      .at(90)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 6 })
      .seen();
    expect(sentences(rollbackIsAbsorbing(seen))).toEqual([
      'chat grew from 0 to 25 % after its rollback had been written',
    ]);
  });

  test('what takes back what others raised is no rollback, and neither is an adoption', () => {
    const reapplied = grown()
      .at(60)
      .write({ llm: 50, 'llm-new': 50 }, { by: 'other' })
      .at(70)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 6 })
      .at(300)
      .write({ llm: 0, 'llm-new': 100 }, { fence: 7 })
      .seen();
    expect(rollbackIsAbsorbing(reapplied)).toEqual([]);
    const fenced = grown()
      .at(60)
      .write({ llm: 50, 'llm-new': 50 }, { by: 'other' })
      .at(61)
      .write({ llm: 50, 'llm-new': 50 }, { fence: 5 })
      .at(70)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 6 })
      .at(300)
      .write({ llm: 0, 'llm-new': 100 }, { fence: 7 })
      .seen();
    expect(rollbackIsAbsorbing(fenced)).toEqual([]);
    const adopted = grown()
      .at(65)
      .outcome('adopted', { sharePercent: 10 })
      .at(70)
      .write({ llm: 90, 'llm-new': 10 }, { fence: 6 })
      .at(300)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 7 })
      .seen();
    expect(rollbackIsAbsorbing(adopted)).toEqual([]);
  });

  test("others' writes after the rollback are theirs", () => {
    const seen = rolledBack().at(300).write({ llm: 50, 'llm-new': 50 }, { by: 'other' }).seen();
    expect(rollbackIsAbsorbing(seen)).toEqual([]);
  });

  test('a first rollback write that leaves something with the new side is found while the old one is healthy', () => {
    const seen = rollingBack(grown()).at(61).write({ llm: 90, 'llm-new': 10 }, { fence: 5 }).seen();
    expect(rollbackIsAbsorbing(seen)).toEqual([
      {
        rule: 'I4',
        atMs: START_MS + 61_000,
        rolloutId: ROLLOUT,
        sentence: 'the first rollback write leaves chat at 10 % although llm stood healthy',
      },
    ]);
  });

  test('an old side that is small, without picker, silent, failing or hurt excuses shares that stay', () => {
    const sick: readonly ((story: Story) => Story)[] = [
      (story) => story.side('old', 3),
      (story) => story.side('old', 4, false),
      (story) => story.scrape(0),
      (story) => story.at(59).traffic('old', 800, 100),
      (story) =>
        story.add({
          kind: 'act',
          atMs: START_MS + 45_000,
          what: 'serverHangs',
          detail: { target: { pool: 'llm' }, forMs: 60_000 },
        }),
    ];
    for (const make of sick) {
      const seen = rollingBack(make(grown().at(50)))
        .at(61)
        .write({ llm: 75, 'llm-new': 25 }, { fence: 5 })
        .seen();
      expect(rollbackIsAbsorbing(seen)).toEqual([]);
    }
    expect(sick).toHaveLength(5);
    const well = rollingBack(
      grown().add({
        kind: 'act',
        atMs: START_MS + 45_000,
        what: 'serverHangs',
        detail: { target: { pool: 'llm-new' } },
      }),
    );
    expect(
      rollbackIsAbsorbing(well.at(61).write({ llm: 75, 'llm-new': 25 }, { fence: 5 }).seen()),
    ).toHaveLength(1);
  });

  test('each route is judged by its own writes', () => {
    const order = anOrder({ routes: ['chat', 'embed'] });
    const seen = rollingBack(grown(order))
      .at(61)
      .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3, route: 'embed', underWayS: 10 })
      .at(62)
      .write({ llm: 1, 'llm-new': 0 }, { fence: 5, route: 'embed' })
      .seen();
    expect(rollbackIsAbsorbing(seen)).toEqual([]);
  });

  test('a document that was set back may have forgotten its rollback', () => {
    const seen = rollingBack()
      .at(61)
      .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
      .at(80)
      .add({ kind: 'fault', atMs: START_MS + 80_000, what: 'restored', whom: ROLLOUT, forMs: null })
      .at(90)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 6 })
      .seen();
    expect(rollbackIsAbsorbing(seen)).toEqual([]);
  });
});
