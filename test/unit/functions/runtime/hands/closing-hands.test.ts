import { describe, expect, test } from 'vitest';
import { confirmRefsRemoved } from '../../../../../functions/runtime/hands/confirm-refs-removed.ts';
import { confirmWeights } from '../../../../../functions/runtime/hands/confirm-weights.ts';
import { fenceRoutes } from '../../../../../functions/runtime/hands/fence-routes.ts';
import { moveObjectives } from '../../../../../functions/runtime/hands/move-objectives.ts';
import { removeRefs } from '../../../../../functions/runtime/hands/remove-refs.ts';
import {
  clusterAt,
  type FakeCluster,
  fencesOf,
  freshCluster,
  jobOf,
  ROLLOUT,
  ROUTES,
  weightsOf,
} from './fake-cluster.ts';

const refsOf = (cluster: FakeCluster) =>
  ROUTES.map((name) => JSON.stringify(cluster.get('HTTPRoute', name)['spec']));

describe('confirming weights', () => {
  const confirm = (cluster: FakeCluster, sharePercent: number) =>
    confirmWeights(cluster.ports(), jobOf({ kind: 'confirmWeights', sharePercent }));

  test('waits until every gateway speaks of this generation', async () => {
    const cluster = clusterAt(25);
    cluster.edit('second-route', () => undefined);
    expect(await confirm(cluster, 25)).toMatchObject({ kind: 'again', inMs: 3000 });
    cluster.reconcile();
    expect(await confirm(cluster, 25)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'weightsConfirmed', sharePercent: 25, atMs: 1_000_000 },
    });
  });

  test('sees drift while it waits, and is stale when the change is a newer decision of ours', async () => {
    const cluster = clusterAt(25);
    expect(await confirm(cluster, 50)).toMatchObject({ outcome: { kind: 'drifted' } });
    cluster.fence = 6;
    expect(await confirm(cluster, 50)).toEqual({ kind: 'stale' });
  });
});

describe('an effect that has left the outbox', () => {
  test('writes nothing: whoever stood still meanwhile wakes up too late', async () => {
    const cluster = clusterAt(25);
    const before = refsOf(cluster);
    const fences = fencesOf(cluster);
    cluster.isDone = true;
    expect(await removeRefs(cluster.ports(), jobOf({ kind: 'removeRefs', side: 'new' }))).toEqual({
      kind: 'stale',
    });
    expect(await fenceRoutes(cluster.ports(), jobOf({ kind: 'fenceRoutes' }))).toEqual({ kind: 'stale' });
    expect([refsOf(cluster), fencesOf(cluster)]).toEqual([before, fences]);
  });
});

describe('fencing', () => {
  const fence = (cluster: FakeCluster) => fenceRoutes(cluster.ports(), jobOf({ kind: 'fenceRoutes' }));

  test('always changes the annotation and nothing else', async () => {
    const cluster = clusterAt(25);
    const before = refsOf(cluster);
    expect(await fence(cluster)).toEqual({ kind: 'outcome', outcome: { kind: 'fenced' } });
    expect(fencesOf(cluster)).toEqual([`${ROLLOUT}/5`, `${ROLLOUT}/5`]);
    await fence(cluster);
    expect(fencesOf(cluster)).toEqual([`${ROLLOUT}/5/2`, `${ROLLOUT}/5/2`]);
    expect(refsOf(cluster)).toEqual(before);
  });

  test('leaves a rollback past Sluice, and a route created anew, for people to see', async () => {
    const cluster = clusterAt(25);
    const [one, two] = ROUTES.map((name) => cluster.get('HTTPRoute', name));
    if (one === undefined || two === undefined) throw new Error('two routes');
    const direct = { 'sluice.dev/fence': `${ROLLOUT}/5/direct` };
    cluster.put({ ...one, metadata: { ...one.metadata, annotations: direct } });
    cluster.put({ ...two, metadata: { ...two.metadata, uid: 'anew' } });
    expect(await fence(cluster)).toEqual({ kind: 'outcome', outcome: { kind: 'fenced' } });
    expect(cluster.writes).toEqual([]);
  });

  test('is tried again until all routes have it', async () => {
    const cluster = clusterAt(25);
    cluster.before = (call) => (call.verb === 'patch' && call.name === ROUTES[0] ? 429 : undefined);
    expect((await fence(cluster)).kind).toBe('again');
  });
});

describe('removing refs', () => {
  const remove = (cluster: FakeCluster, side: 'old' | 'new') =>
    removeRefs(cluster.ports(), jobOf({ kind: 'removeRefs', side }));
  const confirm = (cluster: FakeCluster, side: 'old' | 'new') =>
    confirmRefsRemoved(cluster.ports(), jobOf({ kind: 'confirmRefsRemoved', side, sinceMs: 1_000_000 }));

  test('after a rollback the spec is what it was, byte for byte', async () => {
    const cluster = clusterAt(0);
    expect(await remove(cluster, 'new')).toEqual({
      kind: 'outcome',
      outcome: { kind: 'refsRemoved', side: 'new' },
    });
    expect(refsOf(cluster)).toEqual(refsOf(freshCluster()));
    expect(await confirm(cluster, 'new')).toMatchObject({ kind: 'again' });
    cluster.reconcile();
    expect(await confirm(cluster, 'new')).toEqual({
      kind: 'outcome',
      outcome: { kind: 'refsRemovalConfirmed' },
    });
  });

  test('after a promotion only the new ref is left', async () => {
    const cluster = clusterAt(100);
    expect((await remove(cluster, 'old')).kind).toBe('outcome');
    expect(weightsOf(cluster)).toEqual([
      [null, 100],
      [null, 100],
    ]);
    cluster.reconcile();
    expect(await confirm(cluster, 'old')).toMatchObject({ outcome: { kind: 'refsRemovalConfirmed' } });
  });

  test('nothing goes that still has weight', async () => {
    for (const side of ['old', 'new'] as const) {
      const cluster = clusterAt(25);
      expect(await remove(cluster, side)).toMatchObject({ outcome: { kind: 'drifted' } });
      expect(cluster.writes).toEqual([]);
    }
  });

  test('a silent gateway holds up what a promotion deletes, but no rollback for ever', async () => {
    const promoted = clusterAt(100);
    await remove(promoted, 'old');
    promoted.nowMs += 3_600_000;
    expect(await confirm(promoted, 'old')).toMatchObject({ kind: 'again' });
    const rolledBack = clusterAt(0);
    await remove(rolledBack, 'new');
    rolledBack.nowMs += 120_000;
    expect(await confirm(rolledBack, 'new')).toMatchObject({ outcome: { kind: 'refsRemovalConfirmed' } });
    expect(rolledBack.logged).toEqual(['CRITICAL refs-unconfirmed']);
  });

  test('a ref that comes back is drift', async () => {
    const cluster = clusterAt(0);
    expect(await confirm(cluster, 'new')).toMatchObject({ outcome: { kind: 'drifted' } });
  });

  test('a write in flight finds another version after every closing write', async () => {
    const cluster = clusterAt(0);
    await remove(cluster, 'new');
    const before = cluster.get('HTTPRoute', ROUTES[0]).metadata.resourceVersion;
    await remove(cluster, 'new');
    expect(cluster.get('HTTPRoute', ROUTES[0]).metadata.resourceVersion).not.toBe(before);
  });
});

describe('moving objectives', () => {
  const move = (cluster: FakeCluster, to: 'old' | 'new') =>
    moveObjectives(cluster.ports(), jobOf({ kind: 'moveObjectives', to }));
  const poolOf = (cluster: FakeCluster) =>
    (cluster.get('InferenceObjective', 'chat')['spec'] as { poolRef: { name: string } }).poolRef.name;

  test('there and back, and only the name of the pool', async () => {
    const cluster = freshCluster();
    const before = JSON.stringify(cluster.get('InferenceObjective', 'chat')['spec']);
    expect(await move(cluster, 'new')).toEqual({
      kind: 'outcome',
      outcome: { kind: 'objectivesMoved', to: 'new' },
    });
    expect(poolOf(cluster)).toBe('llm-new');
    cluster.fence = 5;
    await move(cluster, 'old');
    expect(JSON.stringify(cluster.get('InferenceObjective', 'chat')['spec'])).toBe(before);
  });

  test('not one that others have pointed elsewhere, and not by a stale decision', async () => {
    const cluster = freshCluster();
    const found = cluster.get('InferenceObjective', 'chat');
    cluster.put({ ...found, spec: { poolRef: { name: 'third' } } });
    expect((await move(cluster, 'new')).kind).toBe('outcome');
    expect(poolOf(cluster)).toBe('third');
    expect(cluster.logged).toEqual(['WARNING objective-left']);
    cluster.fence = 6;
    expect(await move(cluster, 'new')).toEqual({ kind: 'stale' });
  });

  test('one that is gone is left', async () => {
    const cluster = freshCluster();
    cluster.remove('InferenceObjective', 'chat');
    expect((await move(cluster, 'new')).kind).toBe('outcome');
  });
});
