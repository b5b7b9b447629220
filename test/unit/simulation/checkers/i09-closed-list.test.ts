import { describe, expect, test } from 'vitest';
import { closedList } from '../../../simulation/checkers/i09-closed-list.ts';
import type { Order, Seen, SeenObject, Sighting } from '../../../simulation/seen.ts';
import {
  aHistory,
  anObject,
  asked,
  commanded,
  published,
  secondsMs,
  withMore,
  written,
} from './a-history.ts';
import { anOrder, aRoute, aStory, grown, promoted, rolledBack, sentences, type Weights } from './a-seen.ts';

const order = anOrder();
const manifests = anOrder({ source: 'manifests', retire: 'delete' });

const told = (seen: Seen): readonly string[] => sentences(closedList(seen));

/** One write to a route that stood otherwise before. */
const rewritten = (
  before: SeenObject,
  after: SeenObject,
  more: readonly Sighting[] = [],
): readonly string[] =>
  told(
    aHistory(
      [order],
      [
        ...more,
        written({
          verb: 'patch',
          at: 10,
          resource: 'httproutes.gateway.networking.k8s.io',
          before,
          object: after,
        }),
      ],
    ),
  );

const route = (...rules: readonly Weights[]): SeenObject => aRoute({ rules });
const fenced = (...rules: readonly Weights[]): SeenObject => aRoute({ rules, fence: 'r-1/2', generation: 2 });

const wentBack = published(5, { seq: 1, from: 'shifting', to: 'rollingBack' });

describe('I9: routes', () => {
  test('a whole rollout up, and one that goes back, pass', () => {
    expect(told(promoted().seen())).toStrictEqual([]);
    expect(told(rolledBack().seen())).toStrictEqual([]);
  });

  test('a ref of the new pool beside others, all weights multiplied', () => {
    const before = route({ llm: 1, 'svc-b': 3 });
    expect(rewritten(before, fenced({ llm: 3, 'svc-b': 12, 'llm-new': 1 }))).toStrictEqual([]);
  });

  test('others lose a part', () => {
    const before = route({ llm: 1, 'svc-b': 3 });
    expect(rewritten(before, fenced({ llm: 75, 'svc-b': 3, 'llm-new': 25 }))).toStrictEqual([
      'HTTPRoute serving/chat changed the part of others in rule 0: llm 1 · svc-b 3 became llm 75 · svc-b 3 · llm-new 25',
    ]);
    expect(rewritten(before, fenced({ llm: 1, 'llm-new': 0 }))).toHaveLength(1);
    expect(rewritten(before, fenced({ llm: 1, 'svc-b': 0, 'llm-new': 0 }))).toHaveLength(1);
  });

  test('what others have changed is overwritten on the way back only', () => {
    const write = { by: 'other', rules: [{ llm: 1, 'svc-b': 9, 'llm-new': 0 }] } as const;
    const story = (isBack: boolean) => {
      const begun = aStory(order, [{ llm: 1, 'svc-b': 3 }])
        .at(2)
        .write({ llm: 1, 'svc-b': 3, 'llm-new': 0 }, { fence: 1 })
        .at(3)
        .write({}, write)
        .at(5);
      const decided = isBack ? begun.entry({ from: 'shifting', to: 'rollingBack' }) : begun;
      return decided.at(8).write({ llm: 1, 'svc-b': 3, 'llm-new': 0 }, { fence: 2 }).seen();
    };
    expect(told(story(true))).toStrictEqual([]);
    expect(told(story(false))).toStrictEqual([
      'HTTPRoute serving/chat changed the part of others in rule 0: llm 1 · svc-b 9 · llm-new 0 became llm 1 · svc-b 3 · llm-new 0',
    ]);
  });

  test('a rule without the old pool is not touched', () => {
    const before = route({ llm: 1 }, { 'svc-b': 1 });
    expect(rewritten(before, fenced({ llm: 1, 'llm-new': 0 }, { 'svc-b': 1, 'llm-new': 0 }))).toStrictEqual([
      'HTTPRoute serving/chat rule 1 got the new pool, though the old one has no part in it',
    ]);
  });

  test('another field of a rule, of the route or of its metadata', () => {
    const before = route({ llm: 1 });
    const after = fenced({ llm: 1, 'llm-new': 0 });
    const [rule] = (after['spec'] as { readonly rules: readonly object[] }).rules;
    const spec = after['spec'] as object;
    const withRule: SeenObject = { ...after, spec: { ...spec, rules: [{ ...rule, timeouts: {} }] } };
    expect(rewritten(before, withRule)).toStrictEqual([
      'HTTPRoute serving/chat changed more of its rules than their backends',
    ]);
    expect(rewritten(before, { ...after, spec: { ...spec, hostnames: ['a'] } })).toStrictEqual([
      'HTTPRoute serving/chat changed more than its rules',
    ]);
    const labels = { ...after.metadata, labels: { team: 'b' } };
    expect(rewritten(before, { ...after, metadata: labels })).toStrictEqual([
      'HTTPRoute serving/chat changed metadata that are not ours',
    ]);
    const annotations = { ...after.metadata.annotations, 'example.com/owner': 'b' };
    expect(rewritten(before, { ...after, metadata: { ...after.metadata, annotations } })).toHaveLength(1);
  });

  test('a write that leaves no new fence, or is to a route of no order', () => {
    expect(rewritten(route({ llm: 1 }), route({ llm: 1, 'llm-new': 0 }))).toStrictEqual([
      'HTTPRoute serving/chat was written without a new fence',
    ]);
    const other = aRoute({ name: 'other', rules: [{ llm: 1 }], fence: 'r-1/2' });
    expect(rewritten(aRoute({ name: 'other', rules: [{ llm: 1 }] }), other)).toStrictEqual([
      'HTTPRoute serving/other was written: it is no route of an order',
    ]);
  });

  test('two executors of one decision leave one fence, where neither could see the other’s', () => {
    const back = { llm: 1, 'llm-new': 0 };
    const twice = (atS: number, underWayS: number): readonly string[] =>
      told(
        grown()
          .at(50)
          .entry({ to: 'rollingBack' })
          .at(60)
          .write({ llm: 75, 'llm-new': 25 }, { fence: 5 })
          .at(atS)
          .write(back, { fence: 5, underWayS })
          .seen(),
      );
    expect(twice(61, 2)).toStrictEqual([]);
    // Read before the first landed, sent a moment after.
    expect(twice(65, 0)).toStrictEqual([]);
    expect(twice(71, 0)).toStrictEqual(['HTTPRoute serving/chat was written without a new fence']);
  });

  test('the old pool’s ref goes with its retention, not before', () => {
    const removed = (at: number): readonly string[] =>
      told(promoted().at(at).write({ 'llm-new': 100 }, { fence: 5 }).seen());
    expect(removed(601)).toStrictEqual([]);
    expect(removed(540)).toStrictEqual([
      "HTTPRoute serving/chat lost the old pool's ref 60 s too early: bake and retention had not passed",
    ]);
  });

  test('after a rollback more than was there before is too much', () => {
    const more = [wentBack];
    const after = fenced({ llm: 1, 'llm-new': 0, llama: 1 });
    expect(rewritten(route({ llm: 1 }), after, more)).toHaveLength(1);
  });
});

const objective = (pool: string, priority = 1): SeenObject =>
  anObject({
    kind: 'InferenceObjective',
    name: 'batch',
    spec: { priority, poolRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: pool } },
  });

describe('I9: everything else', () => {
  const pointed = (object: SeenObject): readonly string[] =>
    told(
      aHistory(
        [order],
        [
          written({
            verb: 'patch',
            at: 10,
            resource: 'inferenceobjectives.inference.networking.x-k8s.io',
            before: objective('llm'),
            object,
          }),
        ],
      ),
    );

  test('an objective is pointed at the other pool and at nothing else', () => {
    expect(pointed(objective('llm-new'))).toStrictEqual([]);
    expect(pointed(objective('elsewhere'))).toStrictEqual([
      'InferenceObjective serving/batch was pointed at elsewhere, a pool of no order',
    ]);
    expect(pointed(objective('llm-new', 2))).toStrictEqual([
      'InferenceObjective serving/batch changed more than its pool',
    ]);
  });

  const made = anObject({ name: 'llm-new', uid: 'n-1', annotations: { 'sluice.dev/intent': 'r-1' } });
  const creation = written({ verb: 'create', at: 10, object: made });

  test('what was created is deleted again', () => {
    const seen = aHistory([manifests], [creation, written({ verb: 'delete', at: 20, object: made })]);
    expect(told(seen)).toStrictEqual([]);
  });

  test('another one of the same name is not, whatever its annotations say', () => {
    const twin = anObject({ name: 'llm-new', uid: 'n-2', annotations: { 'sluice.dev/intent': 'r-1' } });
    const seen = aHistory([manifests], [creation, written({ verb: 'delete', at: 20, object: twin })]);
    expect(told(seen)).toStrictEqual([
      'Deployment serving/llm-new was deleted: the product did not create it, and no order retires it',
    ]);
  });

  test('creations belong to an order that brings manifests', () => {
    expect(told(aHistory([order], [creation]))).toStrictEqual([
      'Deployment serving/llm-new was created for r-1, whose new side was there already',
    ]);
    const bare = written({ verb: 'create', at: 10, object: anObject({ uid: 'n-3' }) });
    expect(told(aHistory([manifests], [bare]))).toStrictEqual([
      'Deployment serving/llm was created without saying for which rollout',
    ]);
  });

  test('nothing is written where no order is', () => {
    expect(
      told(aHistory([manifests], [written({ verb: 'create', at: 1, object: made, cluster: 'c-9' })])),
    ).toStrictEqual(['Deployment serving/llm-new was written: no order is about its namespace']);
  });

  test('things of others are not changed at all', () => {
    const edit = written({
      verb: 'patch',
      at: 10,
      object: anObject({ spec: { replicas: 9 } }),
      before: anObject(),
    });
    expect(told(aHistory([manifests], [edit]))).toStrictEqual([
      'Deployment serving/llm was changed: the product did not create it',
    ]);
  });

  const old = (retire: Order['retire']): Order =>
    anOrder({ retire, oldObjects: [{ kind: 'Deployment', name: 'llm' }] });
  const retired = (retire: Order['retire'], at: number): readonly string[] =>
    told(withMore(promoted(old(retire)).seen(), [written({ verb: 'delete', at, object: anObject() })]));

  test('the old side is deleted where that was asked for, and after its retention', () => {
    expect(retired('delete', 700)).toStrictEqual([]);
    expect(retired('delete', 590)).toStrictEqual([
      'Deployment serving/llm was deleted before its retention was over',
    ]);
    expect(retired('keep', 700)).toStrictEqual([
      'Deployment serving/llm was deleted, though the old side was to be kept',
    ]);
  });

  test('node pools: only ours are deleted, and each says whose it is', () => {
    const create = asked('createNodePool', 10);
    expect(told(aHistory([order], [create, asked('deleteNodePool', 20)]))).toStrictEqual([]);
    expect(
      told(aHistory([order], [create, asked('deleteNodePool', 20, { nodePool: 'h100' })])),
    ).toStrictEqual(['node pool h100 was deleted: the product did not create it']);
    expect(told(aHistory([order], [asked('createNodePool', 10, { labels: {} })]))).toStrictEqual([
      'node pool h200-r-1-1 was created without saying for which rollout',
    ]);
    expect(told(aHistory([order], [asked('createNodePool', 10, { cluster: 'c-9' })]))).toStrictEqual([
      'node pool h200-r-1-1 is in c-9, a cluster of no order',
    ]);
  });

  test('after a reapply a stripped ref comes back as it was', () => {
    const reapply = (fields: object) =>
      published(5, { seq: 1, message: commanded('resume', 'q', { ...fields }) });
    const history = (fields: object): Seen => {
      const seen = aStory(order, [{ llm: 1, 'svc-b': 3 }])
        .at(2)
        .write({ llm: 1, 'svc-b': 3, 'llm-new': 0 }, { fence: 1 })
        .at(3)
        .write({ 'llm-new': 1 }, { by: 'other' })
        .at(8)
        .write({ llm: 1, 'svc-b': 3, 'llm-new': 0 }, { fence: 2 })
        .seen();
      return withMore(seen, [reapply(fields)]);
    };
    expect(told(history({ drift: 'reapply' }))).toStrictEqual([]);
    expect(told(history({}))).toHaveLength(1);
  });

  test('the times of the sentences are those of the writes', () => {
    expect(closedList(aHistory([order], [creation]))).toMatchObject([
      { rule: 'I9', atMs: secondsMs(10), rolloutId: null },
    ]);
  });
});
