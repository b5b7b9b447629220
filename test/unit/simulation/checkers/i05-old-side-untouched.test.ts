import { describe, expect, test } from 'vitest';
import { oldSideUntouched } from '../../../simulation/checkers/i05-old-side-untouched.ts';
import type { Seen } from '../../../simulation/seen.ts';
import { anObject, commanded, published, restored, withMore, written } from './a-history.ts';
import { anOrder, promoted, rolledBack, sentences } from './a-seen.ts';

const order = anOrder({
  retire: 'delete',
  floorPercent: 50,
  oldObjects: [
    { kind: 'InferencePool', name: 'llm' },
    { kind: 'Deployment', name: 'llm' },
  ],
});

/** 100 % is confirmed after 180 s; the soak takes 120 s and the retention 300 s: it is over after 600 s. */
const history = (): Seen => promoted(order).seen();

const deletion = (at: number, underWay = 0) =>
  written({ verb: 'delete', at, underWay, object: anObject({ name: 'llm' }) });

const scaling = (at: number, replicas: number) =>
  written({
    verb: 'patch',
    at,
    before: anObject({ name: 'llm' }),
    object: anObject({ name: 'llm', spec: { replicas } }),
  });

const told = (seen: Seen): readonly string[] => sentences(oldSideUntouched(seen));

describe('I5: the old side stays as it is until its retention is over', () => {
  test('a deletion after bake and retention is no violation', () => {
    expect(told(withMore(history(), [deletion(601)]))).toStrictEqual([]);
  });

  test('a deletion before that is one', () => {
    expect(oldSideUntouched(withMore(history(), [deletion(480)]))).toMatchObject([
      {
        rule: 'I5',
        rolloutId: 'r-1',
        sentence:
          'Deployment serving/llm of the old side was deleted 2 min too early: bake and retention had not passed',
      },
    ]);
  });

  test('what counts is when it was sent, not when it landed', () => {
    expect(told(withMore(history(), [deletion(700, 200)]))).toStrictEqual([
      'Deployment serving/llm of the old side was deleted 100 s too early: bake and retention had not passed',
    ]);
  });

  test('scaling it is found, and whether that is below its floor', () => {
    expect(told(withMore(history(), [scaling(500, 3), scaling(510, 1)]))).toStrictEqual([
      'Deployment serving/llm of the old side was scaled from 4 to 3 100 s too early: bake and retention had not passed',
      'Deployment serving/llm of the old side was scaled from 4 to 1, its floor is 2 90 s too early: bake and retention had not passed',
    ]);
  });

  test('an edit is found, and what others or controllers do is not', () => {
    const before = anObject({ name: 'llm' });
    const object = anObject({ name: 'llm', spec: { replicas: 4, paused: true } });
    const edit = { verb: 'patch', at: 400, before, object } as const;
    const found = told(
      withMore(history(), [
        written(edit),
        written({ ...edit, by: 'other' }),
        written({ ...edit, by: 'controller' }),
      ]),
    );
    expect(found).toStrictEqual([
      'Deployment serving/llm of the old side was edited 3.3 min too early: bake and retention had not passed',
    ]);
  });

  test('objects that are not the old side’s do not matter here', () => {
    const other = written({ verb: 'delete', at: 300, object: anObject({ name: 'else' }) });
    expect(told(withMore(history(), [other]))).toStrictEqual([]);
  });

  test('a route that loses it too early is found as well', () => {
    const removed = (at: number): readonly string[] =>
      told(promoted(order).at(at).write({ 'llm-new': 100 }, { fence: 5 }).seen());
    expect(removed(601)).toStrictEqual([]);
    expect(removed(540)).toStrictEqual([
      "HTTPRoute serving/chat lost the old pool's ref 60 s too early: bake and retention had not passed",
    ]);
  });

  test('a rollout on its way back may never touch it', () => {
    const seen = withMore(rolledBack(order).seen(), [deletion(90_000)]);
    expect(told(seen)).toStrictEqual([
      'Deployment serving/llm of the old side was deleted and never might be: the rollout was on its way back',
    ]);
  });

  test('an applied finish ends the retention, a refused one does not', () => {
    const finished = (refusal: string | null): Seen =>
      withMore(
        promoted(order).at(400).command('finish', {}, { from: 'retaining', to: 'retiring', refusal }).seen(),
        [deletion(410)],
      );
    expect(told(finished(null))).toStrictEqual([]);
    expect(told(finished('no'))).toHaveLength(1);
  });

  test('a skipped soak leaves the retention', () => {
    const skip = published(200, {
      seq: 9,
      message: commanded('skip', 's-1'),
      from: 'soaking',
      to: 'retaining',
    });
    const skipped = withMore(history(), [skip]);
    expect(told(withMore(skipped, [deletion(505)]))).toStrictEqual([]);
    expect(told(withMore(skipped, [deletion(495)]))).toHaveLength(1);
  });

  test('a document that was set back is excused from then on', () => {
    expect(told(withMore(history(), [restored(350), deletion(480)]))).toStrictEqual([]);
    expect(told(withMore(history(), [restored(490), deletion(480)]))).toHaveLength(1);
  });
});
