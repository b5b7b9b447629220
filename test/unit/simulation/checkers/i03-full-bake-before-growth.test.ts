import { describe, expect, test } from 'vitest';
import { fullBakeBeforeGrowth } from '../../../simulation/checkers/i03-full-bake-before-growth.ts';
import {
  anOrder,
  attached,
  grown,
  promoted,
  ROLLOUT,
  rolledBack,
  START_MS,
  type Story,
  sentences,
} from './a-seen.ts';

const ALL = { llm: 0, 'llm-new': 100 };

/** 25 % confirmed after 40 s, then growth to 100 % at a time of choice, with evidence in plenty. */
const growAt = (story: Story, atS: number, underWayS = 0): Story =>
  story.at(atS).traffic('old', 5000).traffic('new', 2000).write(ALL, { fence: 9, underWayS });

describe('I3', () => {
  test('a clean climb and a clean rollback pass', () => {
    expect(fullBakeBeforeGrowth(promoted().seen())).toEqual([]);
    expect(fullBakeBeforeGrowth(rolledBack().seen())).toEqual([]);
  });

  test('the first share needs no bake', () => {
    const seen = attached().write({ llm: 75, 'llm-new': 25 }, { fence: 3 }).seen();
    expect(fullBakeBeforeGrowth(seen)).toEqual([]);
  });

  test('a bake cut short is found, and counts from the confirmation', () => {
    expect(fullBakeBeforeGrowth(growAt(grown(), 150).seen())).toEqual([
      {
        rule: 'I3',
        atMs: START_MS + 150_000,
        rolloutId: ROLLOUT,
        sentence: 'chat grew to 100 % after 110 s of a bake of 120 s',
      },
    ]);
    expect(fullBakeBeforeGrowth(growAt(grown(), 160).seen())).toEqual([]);
  });

  test('what counts is when the growth was sent', () => {
    expect(sentences(fullBakeBeforeGrowth(growAt(grown(), 400, 290).seen()))).toEqual([
      'chat grew to 100 % after 70 s of a bake of 120 s',
    ]);
  });

  test('a share that was never confirmed cannot have baked', () => {
    const story = attached().write({ llm: 75, 'llm-new': 25 }, { fence: 3 }).at(60).scrape();
    expect(sentences(fullBakeBeforeGrowth(growAt(story, 400).seen()))).toEqual([
      'chat grew to 100 % before all routes had confirmed the share before',
    ]);
  });

  test('the slowest route tells when the bake began', () => {
    const order = anOrder({ routes: ['chat', 'embed'] });
    const story = (embedS: number): Story =>
      grown(order)
        .write({ llm: 75, 'llm-new': 25 }, { fence: 3, route: 'embed' })
        .at(embedS)
        .confirm('embed')
        .scrape();
    expect(sentences(fullBakeBeforeGrowth(growAt(story(60), 160).seen()))).toEqual([
      'chat grew to 100 % after 100 s of a bake of 120 s',
    ]);
    expect(fullBakeBeforeGrowth(growAt(story(60), 180).seen())).toEqual([]);
  });

  test('time held by people is no bake; the rest of it runs afterwards', () => {
    const story = (): Story =>
      grown().at(60).command('pause', { generation: 1 }).at(360).command('resume', { generation: 2 });
    expect(sentences(fullBakeBeforeGrowth(growAt(story(), 400).seen()))).toEqual([
      'chat grew to 100 % after 60 s of a bake of 120 s',
    ]);
    expect(fullBakeBeforeGrowth(growAt(story(), 460).seen())).toEqual([]);
  });

  test('a pause that was refused held nothing', () => {
    const story = grown()
      .at(60)
      .command('pause', { generation: 1 }, { refusal: 'generation 1 is not newer than 1' })
      .at(120)
      .command('resume', { generation: 2 });
    expect(fullBakeBeforeGrowth(growAt(story, 160).seen())).toEqual([]);
  });

  test('an applied skip excuses it, a refused one and one of an earlier rung do not', () => {
    const skipped = grown().at(90).command('skip', { stepEntry: 'r-1/7' });
    expect(fullBakeBeforeGrowth(growAt(skipped, 100).seen())).toEqual([]);
    const refused = grown().at(90).command('skip', { stepEntry: 'r-1/7' }, { refusal: 'a gate fails' });
    expect(fullBakeBeforeGrowth(growAt(refused, 100).seen())).toHaveLength(1);
    const earlier = attached()
      .command('skip', { stepEntry: 'r-1/7' })
      .at(30)
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .at(40)
      .confirm()
      .scrape();
    expect(fullBakeBeforeGrowth(growAt(earlier, 100).seen())).toHaveLength(1);
  });

  test('growth on too few requests, or on scrapes that nobody answered, is found', () => {
    const few = grown().at(200).traffic('new', 79).write(ALL, { fence: 4 }).seen();
    expect(sentences(fullBakeBeforeGrowth(few))).toEqual([
      'chat grew to 100 % on 49 requests of the new side, 50 are needed',
    ]);
    const enough = grown().at(200).traffic('new', 80).write(ALL, { fence: 4 }).seen();
    expect(fullBakeBeforeGrowth(enough)).toEqual([]);
    const silent = attached()
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .at(40)
      .confirm()
      .at(60)
      .scrape(0);
    expect(sentences(fullBakeBeforeGrowth(growAt(silent, 200).seen()))).toEqual([
      'chat grew to 100 % although no scrape was answered',
    ]);
  });

  test('requests that were under way at the confirmation may have been counted', () => {
    const seen = attached()
      .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
      .at(40)
      .traffic('new', 30, 0, 5)
      .confirm()
      .scrape()
      .at(200)
      .traffic('new', 75)
      .write(ALL, { fence: 4 })
      .seen();
    expect(fullBakeBeforeGrowth(seen)).toEqual([]);
  });

  test('failures behind a page that stood still at the last look are nobody’s to see, before it they are', () => {
    const stale = (atS: number): Story => {
      const story = grown()
        .at(150)
        .traffic('old', 2900)
        .traffic('new', 830, atS === 200 ? 0 : 60)
        .scrape()
        .at(200)
        .traffic('old', 3400)
        .traffic('new', 1030, 60)
        .scrape();
      const pod = story
        .seen()
        .sightings.flatMap((one) => (one.kind === 'scrape' ? one.pods : []))
        .at(-1);
      const atMs = START_MS + atS * 1000;
      return story
        .add({ kind: 'fault', atMs, what: 'answers.scrapeStale', whom: pod ?? '', forMs: null })
        .write(ALL, { fence: 4 });
    };
    expect(fullBakeBeforeGrowth(stale(200).seen())).toEqual([]);
    expect(sentences(fullBakeBeforeGrowth(stale(150).seen()))).toEqual([
      'chat grew to 100 % although 60 of 1000 requests of the new side had failed',
    ]);
  });

  test('failures that the judge could not have missed are found', () => {
    const sick = (failed: number, oldFailed = 0): Story =>
      grown().at(200).traffic('old', 3400, oldFailed).traffic('new', 1030, failed).write(ALL, { fence: 4 });
    expect(sentences(fullBakeBeforeGrowth(sick(60).seen()))).toEqual([
      'chat grew to 100 % although 60 of 1000 requests of the new side had failed',
    ]);
    expect(fullBakeBeforeGrowth(sick(40).seen())).toEqual([]);
    // The old side is as bad: nothing says that the new one is to blame.
    expect(fullBakeBeforeGrowth(sick(60, 100).seen())).toEqual([]);
  });

  test('failures of servers that came and went are not in any counter', () => {
    const seen = grown()
      .at(90)
      .side('new', 2)
      .at(120)
      .side('new', 4)
      .at(200)
      .traffic('old', 3400)
      .traffic('new', 1030, 60)
      .write(ALL, { fence: 4 })
      .seen();
    expect(fullBakeBeforeGrowth(seen)).toEqual([]);
  });

  test('a share that others lowered and we set again bakes anew', () => {
    const story = (): Story =>
      grown()
        .at(90)
        .write({ llm: 90, 'llm-new': 10 }, { by: 'other' })
        .at(100)
        .confirm()
        .at(110)
        .command('resume', { generation: 1, drift: 'reapply' })
        .write({ llm: 75, 'llm-new': 25 }, { fence: 6 })
        .at(120)
        .confirm()
        .scrape();
    expect(sentences(fullBakeBeforeGrowth(growAt(story(), 200).seen()))).toEqual([
      'chat grew to 100 % after 80 s of a bake of 120 s',
    ]);
    expect(fullBakeBeforeGrowth(growAt(story(), 240).seen())).toEqual([]);
  });

  test("an adopted share bakes before the rung's own is set", () => {
    const story = (sharePercent: number): Story =>
      grown()
        .at(90)
        .write({ llm: 100 - sharePercent, 'llm-new': sharePercent }, { by: 'other' })
        .at(100)
        .confirm()
        .at(110)
        .command('resume', { generation: 1, drift: 'adopt' })
        .outcome('adopted', { sharePercent, routes: [] })
        .scrape();
    const set = (sharePercent: number, atS: number): Story =>
      story(sharePercent).at(atS).traffic('new', 900).write({ llm: 75, 'llm-new': 25 }, { fence: 6 });
    expect(sentences(fullBakeBeforeGrowth(set(10, 200).seen()))).toEqual([
      'chat grew to 25 % after 90 s of a bake of 120 s',
    ]);
    expect(fullBakeBeforeGrowth(set(10, 230).seen())).toEqual([]);
    expect(fullBakeBeforeGrowth(set(0, 112).seen())).toEqual([]);
  });

  test('soaking that ends too early is found, and skipping it is allowed', () => {
    const soak = (): Story =>
      growAt(grown(), 170).at(180).traffic('new', 2100).confirm().scrape().at(200).traffic('new', 4000);
    expect(
      sentences(fullBakeBeforeGrowth(soak().entry({ from: 'soaking', to: 'retaining' }).seen())),
    ).toEqual(['soaking ended after 20 s of a bake of 120 s']);
    const skipped = soak().command('skip', { stepEntry: 'r-1/9' }, { from: 'soaking', to: 'retaining' });
    expect(fullBakeBeforeGrowth(skipped.seen())).toEqual([]);
  });

  test('a document that was set back is judged only until then', () => {
    const restored = (atS: number) =>
      growAt(
        grown().add({
          kind: 'fault',
          atMs: START_MS + atS * 1000,
          what: 'restored',
          whom: ROLLOUT,
          forMs: null,
        }),
        100,
      ).seen();
    expect(fullBakeBeforeGrowth(restored(90))).toEqual([]);
    expect(fullBakeBeforeGrowth(restored(101))).toHaveLength(1);
  });

  test('a route that was deleted after its share had been confirmed and had baked is no lack of confirmation', () => {
    const gone = (soakedS: number) =>
      grown()
        .at(170)
        .traffic('old', 2400)
        .traffic('new', 700)
        .write(ALL, { fence: 4 })
        .at(180)
        .traffic('new', 900)
        .confirm()
        .at(200)
        .scrape()
        .at(210)
        .traffic('new', 3000)
        .write(null, { by: 'other' })
        .at(soakedS)
        .entry({ from: 'soaking', to: 'retaining' })
        .seen();
    expect(fullBakeBeforeGrowth(gone(305))).toEqual([]);
    expect(sentences(fullBakeBeforeGrowth(gone(250)))).toEqual([
      'soaking ended after 70 s of a bake of 120 s',
    ]);
  });
});
