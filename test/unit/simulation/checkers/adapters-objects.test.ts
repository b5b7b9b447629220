/** What checkers of objects say of a new version of an adapter: its rewrite, its entry in the syncer's ConfigMap. */
import { describe, expect, test } from 'vitest';
import { oldSideUntouched } from '../../../simulation/checkers/i05-old-side-untouched.ts';
import { closedList } from '../../../simulation/checkers/i09-closed-list.ts';
import { removedOnlyWhenDrained } from '../../../simulation/checkers/i13-removed-only-when-drained.ts';
import { originalsRestored } from '../../../simulation/checkers/i15-originals-restored.ts';
import type { Order, SeenObject, Sighting } from '../../../simulation/seen.ts';
import { aHistory } from './a-history.ts';
import { ROLLOUT, sentences } from './a-seen.ts';
import {
  aModel,
  anAdapterOrder,
  aRewrite,
  aSyncer,
  cleanedUp,
  fenced,
  MODELS,
  moved,
  syncerText,
  wrote,
} from './an-adapter.ts';

const order = anAdapterOrder();
const unloads = anAdapterOrder({ retire: 'unload' });

const none = aRewrite({ targets: { 'review-1': null } });
const at25 = aRewrite({ targets: { 'review-1': 75, 'review-2': 25 }, fence: fenced(3) });
const at100 = aRewrite({ targets: { 'review-2': 100 }, fence: fenced(4) });
const back = aRewrite({ targets: { 'review-1': null }, fence: fenced(5) });

const oldOnly = aSyncer(syncerText(['review-1', 'search-1']));
const both = aSyncer(syncerText(['review-1', 'search-1', 'review-2']));
const askedAway = aSyncer(syncerText(['review-1', 'search-1'], ['review-2']));

const told = (
  checker: typeof closedList,
  sightings: readonly Sighting[],
  orders: readonly Order[] = [order],
): readonly string[] => sentences(checker(aHistory(orders, sightings)));

describe('I9: the targets of its name, its entry, and nothing else', () => {
  test('growing, loading and taking both back is agreed', () => {
    expect(
      told(closedList, [
        wrote(10, oldOnly, both),
        wrote(25, none, at25),
        wrote(60, at25, back),
        wrote(90, both, askedAway),
        wrote(99, askedAway, oldOnly),
      ]),
    ).toEqual([]);
  });

  test('a target without a weight beside one that has one', () => {
    const mixed = aRewrite({ targets: { 'review-1': null, 'review-2': 25 }, fence: fenced(3) });
    expect(told(closedList, [wrote(25, none, mixed)])).toEqual([
      'InferenceModelRewrite serving/names left a target of rule 0 without a weight beside one that has one',
    ]);
  });

  test("another name's rule, other metadata, another pool", () => {
    const withSearch = aRewrite({ targets: { 'review-1': null }, before: { 'search-1': null } });
    const searchToo = aRewrite({
      targets: { 'review-1': 75, 'review-2': 25 },
      before: { 'search-2': null },
      fence: fenced(3),
    });
    const labelled = aRewrite({
      targets: { 'review-2': 1 },
      fence: fenced(3),
      annotations: { 'example.com/owner': 'us' },
    });
    const elsewhere: SeenObject = {
      ...at25,
      spec: { ...(at25['spec'] as object), poolRef: { name: 'other' } },
    };
    expect(
      [wrote(25, withSearch, searchToo), wrote(26, none, labelled), wrote(27, none, elsewhere)].flatMap(
        (write) => told(closedList, [write]),
      ),
    ).toEqual([
      'InferenceModelRewrite serving/names changed more than the targets of its name',
      'InferenceModelRewrite serving/names changed metadata that are not ours',
      'InferenceModelRewrite serving/names changed more than the targets of its name',
    ]);
  });

  test('a target of others is left out', () => {
    const three = aRewrite({ targets: { 'review-1': 7, 'review-0': 3 } });
    expect(told(closedList, [wrote(25, three, at25)])).toEqual([
      'InferenceModelRewrite serving/names changed the targets of others in rule 0: review-0 became none',
    ]);
  });

  test('a rewrite beside one that has the name', () => {
    const mine = aRewrite({
      name: 'mine',
      uid: 'rw-2',
      targets: { 'review-1': 1 },
      annotations: { 'sluice.dev/intent': ROLLOUT },
    });
    const withMine = anAdapterOrder({ routes: ['names', 'mine'] });
    expect(told(closedList, [wrote(20, null, mine)], [withMine])).toEqual([
      'InferenceModelRewrite serving/mine was created beside names, which is older and has review: nobody follows it',
    ]);
    const alone = anAdapterOrder({ routes: ['mine'] }, { carriers: [] });
    expect(told(closedList, [wrote(20, null, mine), wrote(90, mine, null)], [alone])).toEqual([]);
  });

  test('the ConfigMap written whole, another entry, one that was loaded already', () => {
    const whole = aSyncer(syncerText(['review-1', 'search-1', 'review-2'], [], ''));
    const search = aSyncer(syncerText(['review-1', 'review-2']));
    const loaded = anAdapterOrder({}, { load: 'loaded' });
    expect([
      ...told(closedList, [wrote(10, oldOnly, whole)]),
      ...told(closedList, [wrote(10, oldOnly, search)]),
      ...told(closedList, [wrote(10, oldOnly, both)], [loaded]),
      ...told(closedList, [wrote(10, oldOnly, aSyncer(syncerText(['review-1']), { name: 'other' }))]),
    ]).toEqual([
      'ConfigMap serving/llm-adapters changed more than what it says of review-2',
      'ConfigMap serving/llm-adapters changed what is said of search-1, which no order loads or unloads',
      'ConfigMap serving/llm-adapters changed what is said of review-2, which no order loads or unloads',
      'ConfigMap serving/other was changed: the product did not create it',
    ]);
  });
});

describe('I5: the old version stays loaded', () => {
  const away = aSyncer(syncerText(['search-1', 'review-2'], ['review-1']));

  test('until its retention is over', () => {
    const states = [moved(0, 1, '', 'shifting'), wrote(25, none, at25), wrote(170, at25, at100)];
    expect(told(oldSideUntouched, [...states, wrote(400, both, away)], [unloads])).toEqual([
      'ConfigMap serving/llm-adapters gave up review-1, the old version, 3.2 min too early: bake and retention had not passed',
    ]);
    expect(told(oldSideUntouched, [...states, wrote(591, both, away)], [unloads])).toEqual([]);
  });

  test('and for ever after a rollback', () => {
    const states = [
      moved(0, 1, '', 'shifting'),
      wrote(25, none, at25),
      moved(60, 2, 'shifting', 'rollingBack'),
    ];
    expect(told(oldSideUntouched, [...states, wrote(9_000, both, away)], [unloads])).toEqual([
      'ConfigMap serving/llm-adapters gave up review-1, the old version, and never might be: the rollout was on its way back',
    ]);
  });
});

describe('I13: a version is unloaded when nothing has named it for the drain time', () => {
  const states = [moved(0, 1, '', 'shifting'), wrote(25, none, at25)];

  test('too early, or while a target names it', () => {
    expect(
      told(removedOnlyWhenDrained, [...states, wrote(60, at25, back), wrote(80, both, askedAway)]),
    ).toEqual([
      'ConfigMap serving/llm-adapters gave up review-2 20 s after the gateway had confirmed its weight of 0; draining takes 30 s',
    ]);
    expect(told(removedOnlyWhenDrained, [...states, wrote(80, both, askedAway)])).toEqual([
      'ConfigMap serving/llm-adapters gave up review-2 while names named it',
    ]);
  });

  test('after that, and one that never had a share at once', () => {
    expect(
      told(removedOnlyWhenDrained, [...states, wrote(60, at25, back), wrote(90, both, askedAway)]),
    ).toEqual([]);
    expect(told(removedOnlyWhenDrained, [moved(0, 1, '', 'verifying'), wrote(80, both, askedAway)])).toEqual(
      [],
    );
  });
});

describe('I15: all is as it was', () => {
  const began = [moved(0, 1, '', 'preflight'), moved(5, 2, 'preflight', 'shifting')];
  const over = cleanedUp(200, 3, 'rolledBack');
  const sightings = [...began, wrote(10, oldOnly, both), wrote(25, none, at25), wrote(60, at25, back)];

  test('targets and the text byte for byte', () => {
    const done = [...sightings, wrote(90, both, askedAway), wrote(99, askedAway, oldOnly), over];
    expect(told(originalsRestored, done)).toEqual([]);
    expect(told(originalsRestored, [...sightings, over])).toEqual([
      'llm-adapters still asks for review-2 after the rollback',
    ]);
    expect(told(originalsRestored, [...sightings, wrote(90, both, askedAway), over])).toEqual([
      'llm-adapters was left with another text than it had before the rollout',
    ]);
    expect(
      told(originalsRestored, [...sightings, cleanedUp(200, 3, 'rolledBack', ['it is in use'])]),
    ).toEqual([]);
  });

  test('a weight that was absent is absent again', () => {
    const weighed = aRewrite({ targets: { 'review-1': 1 }, fence: fenced(5) });
    const found = told(originalsRestored, [...began, wrote(25, none, at25), wrote(60, at25, weighed), over]);
    expect(found).toContain(
      'names was left with targets [[{"modelRewrite":"review-1","weight":1}]] instead of [[{"modelRewrite":"review-1"}]]',
    );
  });

  test('a list that was not there is not there again', () => {
    const ofModels = anAdapterOrder(
      { oldPool: 'review' },
      { alias: 'review', from: 'review', resource: MODELS },
    );
    const grew = aModel({ review: 75, 'review-2': 25 }, fenced(3));
    const history = (left: SeenObject): readonly Sighting[] => [
      ...began,
      wrote(25, aModel(null), grew),
      wrote(60, grew, left),
      over,
    ];
    expect(told(originalsRestored, history(aModel(null, fenced(5))), [ofModels])).toEqual([]);
    expect(told(originalsRestored, history(aModel({ review: 1 }, fenced(5))), [ofModels])).toContain(
      'names was left with targets [[{"name":"review","weight":1}]] instead of []',
    );
  });

  test('a rewrite of our own is gone', () => {
    const mine = aRewrite({ targets: { 'review-1': 1 }, annotations: { 'sluice.dev/intent': ROLLOUT } });
    const alone = anAdapterOrder({}, { carriers: [] });
    const made = [...began, wrote(20, null, mine)];
    expect(told(originalsRestored, [...made, wrote(150, mine, null), over], [alone])).toEqual([]);
    expect(told(originalsRestored, [...made, over], [alone])).toEqual([
      'InferenceModelRewrite names is still there, though the rollout that made it has gone back',
    ]);
  });
});
