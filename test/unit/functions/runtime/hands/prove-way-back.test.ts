import { describe, expect, test } from 'vitest';
import { proveWayBack } from '../../../../../functions/runtime/hands/prove-way-back.ts';
import { clusterAt, type FakeCluster, freshCluster, jobOf, unready } from './fake-cluster.ts';

const prove = (cluster: FakeCluster, sharePercent: number, trafficSinceMs: number | null = 500_000) =>
  proveWayBack(
    cluster.ports(),
    jobOf(
      { kind: 'proveWayBack', sharePercent, rung: 1, provenNeeded: 'growth' },
      { sharePercent: 5, trafficSinceMs },
    ),
  );

const incident = (state: 'open' | 'closed', startedAtMs: number) => ({
  incidentId: 'i-1',
  state,
  policy: 'projects/acme/alertPolicies/1',
  policyDisplayName: 'errors',
  startedAtMs,
  endedAtMs: null,
  summary: '',
});

describe('proving the way back', () => {
  test('sends the rollback of every route as a dry run and writes nothing', async () => {
    const cluster = clusterAt(5);
    expect(await prove(cluster, 25)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'wayBackProved', newReady: 4 },
    });
    expect(cluster.count('dryRun')).toBe(2);
    expect(cluster.writes).toEqual([]);
  });

  test('arms the alarm outside before the first traffic, and leaves it to those who look afterwards', async () => {
    const cluster = clusterAt(0);
    expect(await prove(cluster, 25, null)).toMatchObject({ outcome: { kind: 'wayBackProved' } });
    cluster.isMonitoringSilent = true;
    expect(await prove(cluster, 25, null)).toEqual({
      kind: 'outcome',
      outcome: {
        kind: 'wayBackRefused',
        reason: 'wayBack',
        sentence: 'the heartbeat is not accepted: silence',
      },
    });
    expect(await prove(cluster, 25)).toMatchObject({ outcome: { kind: 'wayBackProved' } });
  });

  test('also before the new ref is there', async () => {
    expect(await prove(freshCluster(), 0, null)).toMatchObject({ outcome: { kind: 'wayBackProved' } });
  });

  test.each<[string, (cluster: FakeCluster) => void, string, string]>([
    [
      'an old side below its floor',
      (c) => unready(c, 'llm', [0]),
      'oldSide',
      'llm has 3 ready pods, its floor is 4',
    ],
    [
      'an old side without a picker',
      (c) => unready(c, 'llm', ['epp']),
      'oldSide',
      'llm has no ready endpoint picker',
    ],
    [
      'a new side too small',
      (c) => unready(c, 'llm-new', [0, 1, 2, 3].slice(0, 3)),
      'capacity',
      'llm-new has 1 of 4 pods ready, too few for 50 %',
    ],
    [
      'a gateway that is not programmed',
      (c) =>
        c.put({
          ...c.get('Gateway', 'inference-gateway'),
          status: {
            conditions: [
              { type: 'Accepted', status: 'True' },
              { type: 'Programmed', status: 'False' },
            ],
          },
        }),
      'gateway',
      'Gateway serving/inference-gateway: Programmed is False',
    ],
    [
      'a route that the gateway has not taken note of',
      (c) =>
        c.edit('second-route', (copy) => {
          copy.spec.rules.push({ backendRefs: [] });
        }),
      'gateway',
      'HTTPRoute serving/second-route: Gateway serving/inference-gateway: Accepted is of generation 2, not 3',
    ],
    [
      'a freeze',
      (c) => {
        c.freeze = { reason: 'INC-1', by: 'ana', sinceMs: 0, untilMs: null };
      },
      'freeze',
      'frozen by ana: INC-1',
    ],
    [
      'an open incident',
      (c) => {
        c.open = [incident('open', 0)];
      },
      'incident',
      'incident i-1 of "errors" is open',
    ],
    [
      'an incident that came and went since the first write',
      (c) => {
        c.incidents = [incident('closed', 440_000)];
      },
      'incident',
      'incident i-1 of "errors" is closed',
    ],
    [
      'incidents that nobody can tell',
      (c) => {
        c.open = null;
      },
      'wayBack',
      'open incidents cannot be asked: down',
    ],
    [
      'a rollback that would be refused',
      (c) => {
        c.before = (call) => (call.verb === 'dryRun' ? 'invalid' : undefined);
      },
      'wayBack',
      'the rollback of HTTPRoute serving/routes-to-llm would be refused: 422 R',
    ],
    [
      'pods that cannot be listed',
      (c) => {
        c.before = (call) => (call.verb === 'list' ? 403 : undefined);
      },
      'wayBack',
      'pods of llm cannot be listed',
    ],
  ])('is refused by %s', async (_, change, reason, sentence) => {
    const cluster = clusterAt(5);
    change(cluster);
    expect(await prove(cluster, 50)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'wayBackRefused', reason, sentence },
    });
  });

  test('incidents from before the first write, and freezes that are over, do not count', async () => {
    const cluster = clusterAt(5);
    cluster.incidents = [incident('closed', 439_999)];
    cluster.freeze = { reason: 'over', by: 'ana', sinceMs: 0, untilMs: 999_999 };
    expect(await prove(cluster, 25)).toMatchObject({ outcome: { kind: 'wayBackProved' } });
  });

  test('asks again by itself after a lost answer', async () => {
    const cluster = clusterAt(5);
    let lost = 0;
    cluster.before = (call) => {
      if (call.verb !== 'list' || lost >= 2) return undefined;
      lost += 1;
      return 'lost';
    };
    expect(await prove(cluster, 25)).toMatchObject({ outcome: { kind: 'wayBackProved' } });
  });

  test('a route that is gone or another one is drift', async () => {
    const cluster = clusterAt(5);
    cluster.remove('HTTPRoute', 'second-route');
    expect(await prove(cluster, 25)).toMatchObject({
      outcome: { kind: 'drifted', drift: { what: 'routeDeleted', route: 'serving/second-route' } },
    });
  });
});
