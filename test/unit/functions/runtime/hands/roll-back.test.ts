import { describe, expect, test } from 'vitest';
import { confirmRollback } from '../../../../../functions/runtime/hands/confirm-rollback.ts';
import { rollBack } from '../../../../../functions/runtime/hands/roll-back.ts';
import {
  clusterAt,
  type FakeCluster,
  fencesOf,
  jobOf,
  ROLLOUT,
  ROUTES,
  unready,
  weightsOf,
} from './fake-cluster.ts';

interface Circumstances {
  readonly sickness?: 'errors' | 'latency';
  readonly force?: boolean;
  readonly sinceMs?: number;
}

const back = (cluster: FakeCluster, from: number, how: Circumstances = {}) =>
  rollBack(
    cluster.ports(),
    jobOf(
      { kind: 'rollBack', cause: 'alert', sickness: 'errors', force: false, sinceMs: 1_000_000, ...how },
      { sharePercent: from },
    ),
  );

const written = (sharePercent: number, complete: boolean, foreignWrites = 0) => ({
  kind: 'outcome',
  outcome: { kind: 'rollbackWritten', sharePercent, atMs: 1_000_000, complete, foreignWrites },
});

const OURS = [`${ROLLOUT}/5`, `${ROLLOUT}/5`];
const BACK = [
  [1, 0],
  [1, 0],
];

describe('rolling back', () => {
  test('writes the original integers on all routes at once, with a new fence', async () => {
    const cluster = clusterAt(25);
    expect(await back(cluster, 25)).toEqual(written(0, true));
    expect(weightsOf(cluster)).toEqual(BACK);
    expect(fencesOf(cluster)).toEqual(OURS);
  });

  test('is not held up by status writes', async () => {
    const cluster = clusterAt(25);
    cluster.before = (call) => {
      if (call.verb === 'patch') cluster.touch('HTTPRoute', call.name);
      return undefined;
    };
    expect(await back(cluster, 25)).toEqual(written(0, true));
    expect(cluster.count('patch')).toBe(2);
  });

  test('writes even where the weights are back already, unless this decision put them there', async () => {
    const cluster = clusterAt(0);
    await back(cluster, 25);
    expect(fencesOf(cluster)).toEqual(OURS);
    expect(cluster.writes.length).toBe(2);
    await back(cluster, 25);
    expect(cluster.writes.length).toBe(2);
  });

  test('works when nothing but the routes can be reached', async () => {
    for (const fault of ['lost', 403, 503] as const) {
      const cluster = clusterAt(25);
      cluster.before = (call) => (call.verb === 'list' ? fault : undefined);
      cluster.open = null;
      expect(await back(cluster, 25)).toEqual(written(0, true));
      expect(weightsOf(cluster)).toEqual(BACK);
    }
  });

  test.each<['get' | 'patch', 'lost' | 409 | 503 | 403 | 'invalid']>([
    ['get', 'lost'],
    ['get', 503],
    ['get', 403],
    ['patch', 'lost'],
    ['patch', 409],
    ['patch', 403],
    ['patch', 'invalid'],
  ])(
    'one route whose %s is answered %s does not delay the others, and is tried again',
    async (verb, fault) => {
      const cluster = clusterAt(25);
      cluster.before = (call) => (call.verb === verb && call.name === ROUTES[0] ? fault : undefined);
      expect(await back(cluster, 25)).toMatchObject({ kind: 'again', inMs: 2000 });
      expect(weightsOf(cluster)).toEqual([
        [75, 25],
        [1, 0],
      ]);
      cluster.before = () => undefined;
      expect(await back(cluster, 25)).toEqual(written(0, true));
      expect(weightsOf(cluster)).toEqual(BACK);
    },
  );

  test('a stale executor writes nothing', async () => {
    const cluster = clusterAt(25);
    cluster.fence = 7;
    expect(await back(cluster, 25)).toEqual({ kind: 'stale' });
    expect(cluster.writes).toEqual([]);
  });

  test('overwrites foreign fences and weights, and says so', async () => {
    const cluster = clusterAt(25);
    cluster.edit('routes-to-llm', (copy) => {
      copy.spec.rules[0]?.backendRefs.reverse();
      copy.spec.rules[0]?.backendRefs.splice(1, 1);
    });
    const found = cluster.get('HTTPRoute', 'second-route');
    cluster.put({ ...found, metadata: { ...found.metadata, annotations: { 'sluice.dev/fence': 'x/9' } } });
    expect(await back(cluster, 25)).toEqual(written(0, true, 2));
    expect(weightsOf(cluster)).toEqual(BACK);
  });

  test('a route created anew is rebound where it gives the new side weight, and else left alone', async () => {
    const cluster = clusterAt(25);
    for (const name of ROUTES) {
      const found = cluster.get('HTTPRoute', name);
      cluster.put({ ...found, metadata: { name, namespace: 'serving', uid: `anew-${name}`, generation: 1 } });
    }
    cluster.edit('second-route', (copy) => {
      copy.spec.rules[0]?.backendRefs.pop();
    });
    expect(await back(cluster, 25)).toMatchObject({ outcome: { kind: 'rollbackWritten', complete: true } });
    expect(weightsOf(cluster)).toEqual([
      [1, 0],
      [75, null],
    ]);
    expect(fencesOf(cluster)).toEqual([`${ROLLOUT}/5`, undefined]);
  });

  test('a route that is gone is waited for, ten minutes long; the others are written meanwhile', async () => {
    const cluster = clusterAt(25);
    cluster.remove('HTTPRoute', 'routes-to-llm');
    expect(await back(cluster, 25)).toMatchObject({ kind: 'again', inMs: 10_000 });
    expect(weightsOf(cluster)).toEqual([[1, 0]]);
    cluster.nowMs += 600_000;
    expect(await back(cluster, 25)).toMatchObject({
      kind: 'outcome',
      outcome: { kind: 'rollbackWritten', sharePercent: 0, complete: true },
    });
    cluster.remove('HTTPRoute', 'second-route');
    expect(await back(cluster, 25)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'routeGone', route: 'HTTPRoute serving/routes-to-llm' },
    });
  });

  test('keeps the shares when the old side has nothing that serves, but lets no growth land', async () => {
    const cluster = clusterAt(25);
    unready(cluster, 'llm', [0, 1, 2, 3]);
    expect(await back(cluster, 25)).toEqual({
      kind: 'outcome',
      outcome: {
        kind: 'rollbackKept',
        sentence: 'no pod of the old side is ready; shares are kept until it is back',
      },
    });
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [75, 25],
    ]);
    expect(fencesOf(cluster)).toEqual(OURS);
  });

  test('keeps the shares when no pod of the old side answers while the new one does', async () => {
    const cluster = clusterAt(25);
    for (const index of [0, 1, 2, 3]) cluster.silentPods.add(`llm-${index}`);
    expect(await back(cluster, 25)).toMatchObject({ outcome: { kind: 'rollbackKept' } });
    for (const index of [0, 1, 2, 3]) cluster.silentPods.add(`llm-new-${index}`);
    expect(await back(cluster, 25)).toEqual(written(0, true));
  });

  test('an operator may force it', async () => {
    const cluster = clusterAt(25);
    unready(cluster, 'llm', [0, 1, 2, 3]);
    expect(await back(cluster, 25, { force: true })).toEqual(written(0, true));
    expect(weightsOf(cluster)).toEqual(BACK);
  });

  test('from a slow new side it goes back as far as the old one carries; from a failing one at once', async () => {
    const cluster = clusterAt(50);
    unready(cluster, 'llm', [0]);
    expect(await back(cluster, 50, { sickness: 'latency' })).toEqual(written(25, false));
    expect(weightsOf(cluster)).toEqual([
      [75, 25],
      [75, 25],
    ]);
    expect(await back(cluster, 50)).toEqual(written(0, true));
    expect(weightsOf(cluster)).toEqual(BACK);
  });

  test('asks the new side nothing while the old one answers', async () => {
    const cluster = clusterAt(25);
    await back(cluster, 25);
    expect(cluster.calls.filter((call) => call.verb === 'scrape').map(({ name }) => name)).toEqual([
      'llm-0,llm-1,llm-2,llm-3',
    ]);
  });
});

describe('confirming a rollback', () => {
  const confirm = (cluster: FakeCluster) =>
    confirmRollback(cluster.ports(), jobOf({ kind: 'confirmRollback', sinceMs: 1_000_000 }));

  test('waits for the gateways, and after two minutes reports and goes on', async () => {
    const cluster = clusterAt(25);
    await back(cluster, 25);
    expect(await confirm(cluster)).toMatchObject({ kind: 'again', inMs: 3000 });
    cluster.nowMs += 120_000;
    expect(await confirm(cluster)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'rollbackConfirmed', atMs: 1_120_000 },
    });
    expect(cluster.logged).toEqual(['CRITICAL rollback-unconfirmed']);
  });

  test('is done when the gateways say so', async () => {
    const cluster = clusterAt(25);
    await back(cluster, 25);
    cluster.reconcile();
    expect(await confirm(cluster)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'rollbackConfirmed', atMs: 1_000_000 },
    });
    expect(cluster.logged).toEqual([]);
  });

  test('sees who undoes it', async () => {
    const cluster = clusterAt(25);
    await back(cluster, 25);
    const found = cluster.get('HTTPRoute', 'second-route');
    const { rules } = clusterAt(50).get('HTTPRoute', 'second-route')['spec'] as { rules: unknown };
    const managedFields = [
      { manager: 'argocd', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:spec': { 'f:rules': {} } } },
    ];
    cluster.put({ ...found, spec: { rules }, metadata: { ...found.metadata, managedFields } });
    expect(await confirm(cluster)).toMatchObject({
      outcome: { kind: 'drifted', drift: { route: 'serving/second-route', by: 'argocd', sharePercent: 50 } },
    });
  });

  test('is stale once somebody has decided anew', async () => {
    const cluster = clusterAt(0);
    cluster.fence = 6;
    expect(await confirm(cluster)).toEqual({ kind: 'stale' });
  });
});
