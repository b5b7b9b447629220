import { describe, expect, test } from 'vitest';
import { originalsRestored } from '../../../simulation/checkers/i15-originals-restored.ts';
import {
  anOrder,
  aStory,
  grown,
  promoted,
  ROLLOUT,
  rolledBack,
  START_MS,
  type Story,
  sentences,
  type Weights,
} from './a-seen.ts';

const pool = (name: string, weight: number): string =>
  `{"group":"inference.networking.k8s.io","kind":"InferencePool","name":"${name}","weight":${weight}}`;

/** A rollout that leaves its route at these weights and ends. */
const leaves = (weights: Weights, end: object = {}, story: Story = grown()): Story =>
  story
    .at(100)
    .write(weights, { fence: 6 })
    .at(110)
    .outcome('objectsDeleted', {}, { from: 'rollingBack', to: 'rolledBack', ...end });

describe('I15', () => {
  test('a clean climb and a clean rollback pass', () => {
    expect(originalsRestored(promoted().seen())).toEqual([]);
    expect(originalsRestored(rolledBack().seen())).toEqual([]);
  });

  test('a ref of ours that stays is found', () => {
    expect(originalsRestored(leaves({ llm: 1, 'llm-new': 0 }).seen())).toEqual([
      {
        rule: 'I15',
        atMs: START_MS + 110_000,
        rolloutId: ROLLOUT,
        sentence: `rule 0 of chat was left at [${pool('llm', 1)},${pool('llm-new', 0)}] instead of [${pool('llm', 1)}]`,
      },
    ]);
  });

  test('weights in proportion are not the original integers', () => {
    expect(sentences(originalsRestored(leaves({ llm: 100 }).seen()))).toEqual([
      `rule 0 of chat was left at [${pool('llm', 100)}] instead of [${pool('llm', 1)}]`,
    ]);
  });

  test('a failed rollout restores as well; a promoted one does not', () => {
    expect(originalsRestored(leaves({ llm: 100 }, { to: 'failed' }).seen())).toHaveLength(1);
    expect(originalsRestored(leaves({ 'llm-new': 100 }, { to: 'promoted' }).seen())).toEqual([]);
  });

  test('an abandoned rollout, and one whose old side was lost, leave everything as it is', () => {
    const abandoned = {
      to: 'failed',
      message: { kind: 'command', messageId: 'q', command: { name: 'abandon' } },
    };
    expect(originalsRestored(leaves({ llm: 75, 'llm-new': 25 }, abandoned).seen())).toEqual([]);
    const lost = { to: 'failed', message: { kind: 'timer', messageId: 't' } };
    expect(originalsRestored(leaves({ llm: 75, 'llm-new': 25 }, lost).seen())).toEqual([]);
  });

  test('a new ref that was there before stays there', () => {
    const story = aStory(anOrder(), [{ llm: 3, 'llm-new': 0 }]);
    expect(originalsRestored(leaves({ llm: 3, 'llm-new': 0 }, {}, story).seen())).toEqual([]);
    const gone = aStory(anOrder(), [{ llm: 3, 'llm-new': 0 }]).write({ llm: 1, 'llm-new': 1 }, { fence: 2 });
    expect(originalsRestored(leaves({ llm: 3 }, {}, gone).seen())).toHaveLength(1);
  });

  test('after an edit of others only what is ours has to go', () => {
    const edited = (): Story => grown().at(90).write({ llm: 7, 'llm-new': 3, svc: 1 }, { by: 'other' });
    expect(originalsRestored(leaves({ llm: 9, svc: 1 }, {}, edited()).seen())).toEqual([]);
    expect(
      sentences(originalsRestored(leaves({ llm: 9, 'llm-new': 0, svc: 1 }, {}, edited()).seen())),
    ).toEqual(['chat still names llm-new after the rollback']);
    expect(
      sentences(originalsRestored(leaves({ llm: 9, 'llm-new': 1, svc: 1 }, {}, edited()).seen())),
    ).toEqual(['rule 0 of chat still gives llm-new weight after the rollback']);
  });

  test('the originals are those that the plan read', () => {
    const story = (editS: number): Story =>
      aStory()
        .at(5)
        .entry({ from: 'queued', to: 'preflight' })
        .at(6)
        .outcome('planned', {}, { from: 'preflight', to: 'deploying' })
        .at(editS)
        .write({ llm: 37 }, { by: 'other' })
        .at(20)
        .write({ llm: 37 }, { fence: 2 });
    // Edited after the plan: overwritten, or left alone where we had only fenced it. While it was read: either was seen.
    expect(originalsRestored(leaves({ llm: 1 }, {}, story(8)).seen())).toEqual([]);
    expect(originalsRestored(leaves({ llm: 37 }, {}, story(8)).seen())).toEqual([]);
    expect(originalsRestored(leaves({ llm: 36 }, {}, story(8)).seen())).toHaveLength(1);
    expect(originalsRestored(leaves({ llm: 1 }, {}, story(5.5)).seen())).toEqual([]);
    expect(originalsRestored(leaves({ llm: 37 }, {}, story(5.5)).seen())).toEqual([]);
    expect(originalsRestored(leaves({ llm: 38 }, {}, story(5.5)).seen())).toHaveLength(1);
  });

  test('weights that others set are no originals, unless they were adopted', () => {
    const story = (): Story => grown().at(90).write({ llm: 7, 'llm-new': 3 }, { by: 'other' });
    expect(originalsRestored(leaves({ llm: 1 }, {}, story()).seen())).toEqual([]);
    expect(originalsRestored(leaves({ llm: 10 }, {}, story()).seen())).toHaveLength(1);
    const adopted = story().outcome('adopted', { sharePercent: 30 });
    expect(originalsRestored(leaves({ llm: 10 }, {}, adopted).seen())).toEqual([]);
  });

  test('an edit that leaves the refs alone is no excuse', () => {
    const touched = grown().at(90).confirm().write({ llm: 75, 'llm-new': 25 }, { by: 'other' });
    expect(originalsRestored(leaves({ llm: 2 }, {}, touched).seen())).toHaveLength(1);
  });

  test("others' edits after our last write are theirs", () => {
    const seen = rolledBack().at(198).write({ llm: 4, 'llm-new': 4 }, { by: 'other' }).seen();
    expect(originalsRestored(seen)).toEqual([]);
  });

  test('what others set once the originals stood and our ref was gone stays theirs, though we fence it', () => {
    const fenced = (weights: Readonly<Record<string, number>>): readonly unknown[] =>
      originalsRestored(
        rolledBack().at(197).write(weights, { by: 'other' }).at(198).write(weights, { fence: 7 }).seen(),
      );
    expect(fenced({ llm: 86 })).toEqual([]);
    expect(fenced({ llm: 86, 'llm-new': 4 })).toHaveLength(1);
  });

  test('a route that is gone has nothing to restore, one made anew only traffic to give back', () => {
    const gone = grown()
      .at(90)
      .write(null, { by: 'other' })
      .at(100)
      .outcome('objectsDeleted', {}, { to: 'failed' });
    expect(originalsRestored(gone.seen())).toEqual([]);
    const anew = (): Story =>
      grown()
        .at(90)
        .write(null, { by: 'other' })
        .at(91)
        .write({ llm: 1, 'llm-new': 1 }, { by: 'other', uid: 'u-2' });
    expect(originalsRestored(leaves({ llm: 2, 'llm-new': 0 }, {}, anew()).seen())).toEqual([]);
    expect(sentences(originalsRestored(leaves({ llm: 2, 'llm-new': 1 }, {}, anew()).seen()))).toEqual([
      'rule 0 of chat still gives llm-new weight after the rollback',
    ]);
  });

  test('every rule of every route counts', () => {
    const order = anOrder({ routes: ['chat', 'embed'] });
    const story = grown(order)
      .at(80)
      .write({}, { fence: 5, rules: [{ llm: 1 }] })
      .write({ llm: 2 }, { fence: 5, route: 'embed' })
      .at(110)
      .outcome('objectsDeleted', {}, { to: 'rolledBack' });
    expect(sentences(originalsRestored(story.seen()))).toEqual([
      `rule 0 of embed was left at [${pool('llm', 2)}] instead of [${pool('llm', 1)}]`,
    ]);
  });

  test('a rollout whose document was set back is not judged', () => {
    const restored = grown().add({
      kind: 'fault',
      atMs: START_MS + 60_000,
      what: 'restored',
      whom: ROLLOUT,
      forMs: null,
    });
    expect(originalsRestored(leaves({ llm: 2 }, {}, restored).seen())).toEqual([]);
  });
});
