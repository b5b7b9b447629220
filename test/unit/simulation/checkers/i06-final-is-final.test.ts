import { describe, expect, test } from 'vitest';
import { finalIsFinal } from '../../../simulation/checkers/i06-final-is-final.ts';
import type { Seen } from '../../../simulation/seen.ts';
import { anObject, asked, published, restored, withMore, written } from './a-history.ts';
import { rolledBack, type Story, sentences } from './a-seen.ts';

/** It ends after 200 s. */
const history = (): Story => rolledBack();

const told = (seen: Seen): readonly string[] => sentences(finalIsFinal(seen));

const ours = anObject({ name: 'llm-new', annotations: { 'sluice.dev/intent': 'r-1' } });

describe('I6: a finished rollout never changes and never writes', () => {
  test('a rollout that ends and is silent passes', () => {
    expect(told(history().seen())).toStrictEqual([]);
  });

  test('an entry after the last one is found', () => {
    const seen = withMore(history().seen(), [published(300, { seq: 9, sentence: 'observed a minute' })]);
    expect(finalIsFinal(seen)).toMatchObject([
      {
        rule: 'I6',
        rolloutId: 'r-1',
        sentence: 'entry 9 ("observed a minute") follows entry 2, with which the rollout was rolledBack',
      },
    ]);
  });

  test('a route written after the end is found, even where nothing but the fence changes', () => {
    expect(told(history().at(290).write({ llm: 1 }, { fence: 7 }).seen())).toStrictEqual([
      'HTTPRoute serving/chat was written 90 s after the rollout was rolledBack',
    ]);
  });

  test('a fence that was renewed by somebody who had just looked harms nobody', () => {
    const renewed = (at: number): Seen => history().at(at).write({ llm: 1 }, { fence: 7 }).seen();
    expect(told(renewed(214))).toStrictEqual([]);
    expect(told(renewed(216))).toHaveLength(1);
    const moved = history().at(201).write({ llm: 1, 'llm-new': 0 }, { fence: 7 }).seen();
    expect(told(moved)).toHaveLength(1);
  });

  test('a write that was on its way at the end counts if it moves traffic', () => {
    const late = (weights: { readonly llm: number; readonly 'llm-new'?: number }): Seen =>
      history().at(290).write(weights, { fence: 3, underWayS: 200 }).seen();
    expect(told(late({ llm: 75, 'llm-new': 25 }))).toStrictEqual([
      'a late write changed HTTPRoute serving/chat 90 s after the rollout was rolledBack',
    ]);
    expect(told(late({ llm: 1 }))).toStrictEqual([]);
  });

  test('what others write afterwards is theirs', () => {
    expect(told(history().at(290).write({ llm: 9 }, { by: 'other' }).seen())).toStrictEqual([]);
  });

  test('objects of the rollout that are made or deleted afterwards are found', () => {
    const seen = withMore(history().seen(), [
      written({ verb: 'create', at: 260, object: ours }),
      written({ verb: 'delete', at: 320, object: ours }),
      written({ verb: 'create', at: 330, underWay: 200, object: ours }),
    ]);
    expect(told(seen)).toStrictEqual([
      'Deployment serving/llm-new was created 60 s after the rollout was rolledBack',
      'Deployment serving/llm-new was deleted 2 min after the rollout was rolledBack',
    ]);
  });

  test('a node pool is not made afterwards, but it may be deleted', () => {
    const seen = withMore(history().seen(), [asked('createNodePool', 250), asked('deleteNodePool', 9_000)]);
    expect(told(seen)).toStrictEqual([
      'node pool h200-r-1-1 was asked for 50 s after the rollout was rolledBack',
    ]);
  });

  test('a document that was set back may go on', () => {
    const seen = withMore(history().seen(), [restored(210), published(300, { seq: 9 })]);
    expect(told(seen)).toStrictEqual([]);
  });
});
