import { describe, expect, test } from 'vitest';
import { setWeights } from '../../../../../functions/runtime/hands/set-weights.ts';
import {
  clusterAt,
  type FakeCluster,
  fencesOf,
  freshCluster,
  jobOf,
  ROLLOUT,
  ROUTES,
  unready,
  weightsOf,
} from './fake-cluster.ts';

const to = (cluster: FakeCluster, sharePercent: number, from: number, reapply = false) =>
  setWeights(
    cluster.ports(),
    jobOf({ kind: 'setWeights', sharePercent, ...(reapply ? { reapply } : {}) }, { sharePercent: from }),
  );

const OURS = [`${ROLLOUT}/5`, `${ROLLOUT}/5`];
const first = (cluster: FakeCluster, verb: string, act: () => void): void => {
  let done = false;
  cluster.before = (call) => {
    if (done || call.verb !== verb) return undefined;
    done = true;
    act();
    return undefined;
  };
};

describe('setting weights', () => {
  test('attaches the new pool with weight 0 to every route and leaves the originals on it', async () => {
    const cluster = freshCluster();
    const result = await to(cluster, 0, 0);
    expect(result).toEqual({
      kind: 'outcome',
      outcome: {
        kind: 'weightsWritten',
        sharePercent: 0,
        atMs: 1_000_000,
        routes: ROUTES.map((name) => ({
          route: `serving/${name}`,
          uid: `uid-${name}`,
          generation: 2,
          weights: [{ rule: 0, old: 1, new: 0, others: 0 }],
        })),
      },
    });
    expect(weightsOf(cluster)).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(fencesOf(cluster)).toEqual(OURS);
    expect(cluster.get('HTTPRoute', 'second-route').metadata.annotations?.['sluice.dev/before']).toBe(
      JSON.stringify([
        {
          rule: 0,
          backendRefs: [
            { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm', weight: 1 },
          ],
        },
      ]),
    );
  });

  test('reads the route before the document, and the document before the write', async () => {
    const cluster = clusterAt(5);
    await to(cluster, 25, 5);
    const last = cluster.calls.slice(cluster.calls.findLastIndex((call) => call.verb === 'dryRun') + 1);
    const order = ['get', 'load', 'patch'].map((verb) => last.findIndex((call) => call.verb === verb));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [75, 25],
    ]);
  });

  test('writes nothing on what it read before it stood still', async () => {
    const cluster = clusterAt(5);
    let nowMs = 0;
    cluster.processMs = () => (nowMs += 30_000);
    expect(await to(cluster, 25, 5)).toMatchObject({ kind: 'again' });
    expect(cluster.writes).toEqual([]);
  });

  test('writes nothing once somebody has decided anew, even between its reads', async () => {
    for (const verb of ['load', 'get', 'list', 'dryRun']) {
      const cluster = clusterAt(5);
      first(cluster, verb, () => {
        cluster.fence = 6;
      });
      expect(await to(cluster, 25, 5)).toEqual({ kind: 'stale' });
      expect(cluster.writes).toEqual([]);
    }
  });

  test('a rollback that was written between its reads and its write is not overwritten', async () => {
    const cluster = clusterAt(5);
    first(cluster, 'patch', () => {
      cluster.fence = 6;
      for (const name of ROUTES)
        cluster.edit(name, (copy) => {
          copy.spec.rules[0]?.backendRefs.splice(0, 2, { name: 'llm', weight: 1 });
        });
    });
    expect(await to(cluster, 25, 5)).toEqual({ kind: 'stale' });
    expect(cluster.writes).toEqual([]);
  });

  test('starts again after status writes, and gives up for now when they never cease', async () => {
    const cluster = clusterAt(5);
    first(cluster, 'patch', () => cluster.touch('HTTPRoute', ROUTES[0]));
    expect((await to(cluster, 25, 5)).kind).toBe('outcome');
    const busy = clusterAt(5);
    busy.before = (call) => {
      if (call.verb === 'patch') busy.touch('HTTPRoute', call.name);
      return undefined;
    };
    expect(await to(busy, 25, 5)).toEqual({
      kind: 'again',
      inMs: 1000,
      why: 'routes-to-llm: others keep writing it',
    });
    expect(busy.count('patch')).toBe(10);
  });

  test('a lost answer of a write that happened is found, not repeated', async () => {
    const cluster = clusterAt(5);
    cluster.before = (call, count) => (call.verb === 'patch' && count < 60 ? 'applied' : undefined);
    const result = await to(cluster, 25, 5);
    expect(result.kind).toBe('outcome');
    expect(cluster.writes.map(({ name }) => name).toSorted()).toEqual(ROUTES.toSorted());
    expect(fencesOf(cluster)).toEqual(OURS);
  });

  test('a lost write is sent again', async () => {
    const cluster = clusterAt(5);
    const lost = new Set<string>();
    cluster.before = (call) => {
      if (call.verb !== 'patch' || lost.has(call.name)) return undefined;
      lost.add(call.name);
      return 'lost';
    };
    expect((await to(cluster, 25, 5)).kind).toBe('outcome');
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [75, 25],
    ]);
  });

  test('one route written and one not is not written; the second time it ends', async () => {
    const cluster = clusterAt(5);
    cluster.before = (call) => (call.verb === 'patch' && call.name === ROUTES[1] ? 503 : undefined);
    expect(await to(cluster, 25, 5)).toEqual({
      kind: 'again',
      inMs: 1000,
      why: 'second-route cannot be written: 503 R',
    });
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [95, 5],
    ]);
    cluster.before = () => undefined;
    expect((await to(cluster, 25, 5)).kind).toBe('outcome');
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [75, 25],
    ]);
    expect(cluster.writes.length).toBe(2);
  });

  test('weights that match are written all the same when another decision put them there', async () => {
    const cluster = clusterAt(25);
    await to(cluster, 25, 25);
    expect(cluster.writes.length).toBe(2);
    expect(fencesOf(cluster)).toEqual(OURS);
  });

  test('forbidden is not yet; a validation error is a refusal for people', async () => {
    const forbidden = clusterAt(5);
    forbidden.before = (call) => (call.verb === 'patch' ? 403 : undefined);
    expect((await to(forbidden, 25, 5)).kind).toBe('again');
    const invalid = clusterAt(5);
    invalid.before = (call) => (call.verb === 'patch' ? 'invalid' : undefined);
    expect(await to(invalid, 25, 5)).toMatchObject({
      outcome: { kind: 'wayBackRefused', reason: 'gateway' },
    });
    expect(invalid.logged).toEqual(['ERROR weights-refused']);
  });

  test.each<[string, (cluster: FakeCluster) => void, string]>([
    [
      'weights of others',
      (cluster) =>
        cluster.edit('second-route', (copy) => {
          copy.spec.rules[0]?.backendRefs.splice(0, 1, { ...pool('llm'), weight: 40 });
        }),
      'weights',
    ],
    [
      'our ref taken away',
      (cluster) =>
        cluster.edit('second-route', (copy) => {
          copy.spec.rules[0]?.backendRefs.pop();
        }),
      'refs',
    ],
    ['a higher fence', (cluster) => annotate(cluster, `${ROLLOUT}/9`), 'fence'],
    ['a foreign fence', (cluster) => annotate(cluster, 'other-1/2'), 'fence'],
    ['a rollback past Sluice', (cluster) => annotate(cluster, `${ROLLOUT}/5/direct`), 'fence'],
    [
      'a route created anew',
      (cluster) => {
        const found = cluster.get('HTTPRoute', 'second-route');
        cluster.put({ ...found, metadata: { ...found.metadata, uid: 'uid-anew' } });
      },
      'routeRecreated',
    ],
    ['a route that is gone', (cluster) => cluster.remove('HTTPRoute', 'second-route'), 'routeDeleted'],
  ])('holds on %s', async (_, change, what) => {
    const cluster = clusterAt(5);
    change(cluster);
    cluster.reconcile();
    expect(await to(cluster, 25, 5)).toMatchObject({
      outcome: { kind: 'drifted', drift: { route: 'serving/second-route', what } },
    });
  });

  test('told to, writes over what others wrote, refs included, but for a route that is another one', async () => {
    const cluster = clusterAt(25);
    cluster.edit('routes-to-llm', (copy) => {
      copy.spec.rules[0]?.backendRefs.pop();
    });
    annotate(cluster, 'other-1/2');
    cluster.reconcile();
    expect((await to(cluster, 25, 25, true)).kind).toBe('outcome');
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [75, 25],
    ]);
    const found = cluster.get('HTTPRoute', 'second-route');
    cluster.put({ ...found, metadata: { ...found.metadata, uid: 'uid-anew' } });
    cluster.reconcile();
    expect(await to(cluster, 50, 25, true)).toMatchObject({ outcome: { kind: 'drifted' } });
  });

  test('the fence of a rollout that ended does not stop the first write', async () => {
    const cluster = freshCluster();
    annotate(cluster, 'older-3/12');
    expect((await to(cluster, 0, 0)).kind).toBe('outcome');
    expect(fencesOf(cluster)).toEqual(OURS);
  });

  test.each<[string, (cluster: FakeCluster) => void, number, string]>([
    ['more than the ready pods carry', (cluster) => unready(cluster, 'llm-new', [0, 1, 2]), 50, 'capacity'],
    ['a side without a picker', (cluster) => unready(cluster, 'llm-new', ['epp']), 25, 'capacity'],
    ['an old side below its floor', (cluster) => unready(cluster, 'llm', [0]), 25, 'oldSide'],
  ])('never gives weight to %s', async (_, change, sharePercent, reason) => {
    const cluster = clusterAt(5);
    change(cluster);
    expect(await to(cluster, sharePercent, 5)).toMatchObject({ outcome: { kind: 'wayBackRefused', reason } });
    expect(cluster.writes).toEqual([]);
  });

  test('does not write on what it saw too long ago', async () => {
    const cluster = clusterAt(5);
    cluster.before = (call) => {
      if (call.verb === 'dryRun') cluster.nowMs += 15_000;
      return undefined;
    };
    expect(await to(cluster, 25, 5)).toMatchObject({ kind: 'again' });
    expect(cluster.writes).toEqual([]);
  });
});

const pool = (name: string) => ({ group: 'inference.networking.k8s.io', kind: 'InferencePool', name });

const annotate = (cluster: FakeCluster, value: string): void => {
  const found = cluster.get('HTTPRoute', 'second-route');
  cluster.put({ ...found, metadata: { ...found.metadata, annotations: { 'sluice.dev/fence': value } } });
};
