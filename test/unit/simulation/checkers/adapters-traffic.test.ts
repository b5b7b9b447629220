/** What checkers of traffic say of a new version of an adapter: its weights are seen as a route's. */
import { describe, expect, test } from 'vitest';
import { noWriteToNothing } from '../../../simulation/checkers/i01-no-write-to-nothing.ts';
import { withinRungAndCapacity } from '../../../simulation/checkers/i02-within-rung-and-capacity.ts';
import { fullBakeBeforeGrowth } from '../../../simulation/checkers/i03-full-bake-before-growth.ts';
import { rollbackIsAbsorbing } from '../../../simulation/checkers/i04-rollback-is-absorbing.ts';
import { onePerPool } from '../../../simulation/checkers/i07-one-per-pool.ts';
import { wayBackProved } from '../../../simulation/checkers/i14-way-back-proved.ts';
import type { Order, Sighting } from '../../../simulation/seen.ts';
import { aHistory, published } from './a-history.ts';
import { anOrder, sentences } from './a-seen.ts';
import {
  aModel,
  anAdapterOrder,
  aRewrite,
  fenced,
  MODELS,
  moved,
  probed,
  scraped,
  serving,
  tried,
  wrote,
} from './an-adapter.ts';

const order = anAdapterOrder();

const none = aRewrite({ targets: { 'review-1': null } });
const at25 = aRewrite({ targets: { 'review-1': 75, 'review-2': 25 }, fence: fenced(3) });
const at100 = aRewrite({ targets: { 'review-2': 100 }, fence: fenced(4) });
const back = aRewrite({ targets: { 'review-1': null }, fence: fenced(5) });

const served = [serving(0, 'review-1', 4), serving(0, 'review-2', 4)];
const first = [...served, tried(20, none), wrote(25, none, at25)];

const probes = (fromS: number, toS: number, status: number | null): readonly Sighting[] =>
  Array.from({ length: Math.ceil((toS - fromS) / 5) }, (_, index) => [
    scraped(fromS + index * 5),
    probed(fromS + index * 5, 'review-1', 200),
    probed(fromS + index * 5, 'review-2', status),
  ]).flat();

const grown = [...first, ...probes(30, 165, 200), tried(160, none), wrote(170, at25, at100)];

const told = (
  checker: typeof noWriteToNothing,
  sightings: readonly Sighting[],
  orders: readonly Order[] = [order],
): readonly string[] => sentences(checker(aHistory(orders, sightings)));

test('a climb that did everything right breaks no rule', () => {
  for (const checker of [
    noWriteToNothing,
    withinRungAndCapacity,
    fullBakeBeforeGrowth,
    rollbackIsAbsorbing,
    onePerPool,
    wayBackProved,
  ])
    expect(told(checker, grown)).toEqual([]);
});

describe('I1: weight only where every ready server has the version', () => {
  test('a server without it', () => {
    expect(
      told(noWriteToNothing, [serving(0, 'review-1', 4), serving(0, 'review-2', 3), wrote(25, none, at25)]),
    ).toEqual([
      'a growth of names gives weight to review-2, which 3 of 4 ready servers had loaded in the 30 s before',
    ]);
  });

  test('a server that came up since the last look cannot have been seen', () => {
    expect(told(noWriteToNothing, [...served, serving(10, 'review-2', 4, 5), wrote(25, none, at25)])).toEqual(
      [],
    );
  });

  test('nobody has the old one', () => {
    expect(
      told(noWriteToNothing, [serving(0, 'review-1', 0), serving(0, 'review-2', 4), wrote(25, none, at25)]),
    ).toEqual(['a growth of names gives weight to review-1, which had no ready replica in the 30 s before']);
  });
});

describe('I2: rungs are climbed one by one', () => {
  test('a target beside which the other has no weight gets everything', () => {
    const unweighed = aRewrite({ targets: { 'review-1': null, 'review-2': 1 }, fence: fenced(3) });
    expect(told(withinRungAndCapacity, [...served, tried(20, none), wrote(25, none, unweighed)])).toEqual([
      'names grew to 100 % without the rung of 25 % before it',
    ]);
  });

  test('two without a weight share evenly', () => {
    const even = aRewrite({ targets: { 'review-1': null, 'review-2': null }, fence: fenced(3) });
    const at50 = anAdapterOrder({ ladder: [{ sharePercent: 50, bakeMs: 1, approval: false }] });
    expect(told(withinRungAndCapacity, [...served, wrote(25, none, even)], [at50])).toEqual([]);
    expect(told(withinRungAndCapacity, [...served, wrote(25, none, even)])).toEqual([
      'names grew to 50 % without the rung of 25 % before it',
    ]);
  });

  test('a model without a list of targets is its own', () => {
    const ofModels = anAdapterOrder(
      { oldPool: 'review' },
      { alias: 'review', from: 'review', resource: MODELS },
    );
    const grew = wrote(25, aModel(null), aModel({ review: 50, 'review-2': 50 }, fenced(3)));
    expect(told(withinRungAndCapacity, [grew], [ofModels])).toEqual([
      'names grew to 50 % without the rung of 25 % before it',
    ]);
  });
});

describe('I3: growth on a full bake and on answers', () => {
  test('too early', () => {
    const early = [...first, ...probes(30, 100, 200), wrote(105, at25, at100)];
    expect(told(fullBakeBeforeGrowth, early)).toEqual(['names grew to 100 % after 80 s of a bake of 120 s']);
  });

  test('probes that are answered 404', () => {
    const failing = [...first, ...probes(30, 165, 404), wrote(170, at25, at100)];
    expect(told(fullBakeBeforeGrowth, failing)).toEqual([
      'names grew to 100 % although 27 of 27 probes of the new version had failed',
    ]);
  });

  test('but for a server that came up without it and has it soon', () => {
    const coming = [...first, ...probes(30, 100, 404), ...probes(100, 165, 200), wrote(170, at25, at100)];
    expect(told(fullBakeBeforeGrowth, coming)).toEqual([]);
  });

  test('nobody was asked', () => {
    expect(told(fullBakeBeforeGrowth, [...first, wrote(170, at25, at100)])).toEqual([
      'names grew to 100 % although no server had answered by the new version',
    ]);
  });
});

describe('I4: the way back is all of it', () => {
  const began = published(200, { seq: 9, from: 'shifting', to: 'rollingBack' });

  test('half of the way, though servers are sick', () => {
    const half = aRewrite({ targets: { 'review-1': 90, 'review-2': 10 }, fence: fenced(5) });
    const sick = [...first, serving(150, 'review-1', 1, 1), began, wrote(201, at25, half)];
    expect(told(rollbackIsAbsorbing, sick)).toEqual([
      'the first rollback write leaves names at 10 % although review-1 is on the same servers',
    ]);
    expect(told(rollbackIsAbsorbing, [...first, began, wrote(201, at25, back)])).toEqual([]);
  });

  test('a growth that lands after it', () => {
    const late = [...first, began, wrote(201, at25, back), wrote(210, back, at100)];
    expect(told(rollbackIsAbsorbing, late)).toEqual([
      'names grew from 0 to 100 % after its rollback had been written',
    ]);
  });
});

describe('I7: a name belongs to one rollout, and a pool to one or to its adapters', () => {
  const states = (rolloutId: string, fromS: number, toS: number): readonly Sighting[] => [
    published(fromS, { rolloutId, seq: 1, from: '', to: 'preflight' }),
    published(fromS + 1, { rolloutId, seq: 2, from: 'preflight', to: 'deploying' }),
    published(toS, { rolloutId, seq: 3, from: 'retaining', to: 'promoted' }),
  ];
  const search = anAdapterOrder(
    { rolloutId: 'r-2', requestId: 'q-2', oldPool: 'search-1', newPool: 'search-2' },
    { alias: 'search', from: 'search-1', to: 'search-2', fence: 'sluice.dev/fence-ffffffff' },
  );
  const node = anOrder({ rolloutId: 'r-3', requestId: 'q-3', routes: ['chat'] });
  const rival = anAdapterOrder({ rolloutId: 'r-4', requestId: 'q-4' });

  test('two names of one pool at one time, in one object', () => {
    const sightings = [...states('r-1', 0, 100), ...states('r-2', 10, 90), wrote(20, none, at25)];
    expect(told(onePerPool, sightings, [order, search])).toEqual([]);
  });

  test('the same name twice', () => {
    expect(told(onePerPool, [...states('r-1', 0, 100), ...states('r-4', 10, 90)], [order, rival])).toEqual([
      'r-4 works on alias serving/review of c-1 while r-1, which works on it too, has not ended',
    ]);
  });

  test('the pool itself meanwhile', () => {
    expect(told(onePerPool, [...states('r-1', 0, 100), ...states('r-3', 10, 90)], [order, node])).toEqual([
      'r-3 works on adapters of serving/llm of c-1 while r-1, which works on it too, has not ended',
    ]);
  });

  test('a write to a name that another one has written before', () => {
    const theirs = aRewrite({ targets: { 'review-2': 1 }, fence: fenced(9, 'r-4') });
    const sightings = [moved(0, 1, '', 'shifting'), wrote(25, none, at25), wrote(30, at25, theirs)];
    expect(told(onePerPool, sightings, [order, rival])).toEqual([
      'r-4 wrote InferenceModelRewrite serving/names, which r-1 had written before and has not ended',
    ]);
  });
});

describe('I14: the way back is tried before', () => {
  test('not at all, or one that would leave the new version something', () => {
    const missing = ['names grew without an accepted dry run of the way back in the 60 s before'];
    expect(told(wayBackProved, [...served, wrote(25, none, at25)])).toEqual(missing);
    expect(told(wayBackProved, [...served, tried(20, at25), wrote(25, none, at25)])).toEqual(missing);
  });
});
