/** What comes in at the doors: nonsense, things that are unknown or past, and incidents in every order. */
import { describe, expect, test } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { Act, ScheduledAct } from '../../simulator/world/acts.ts';
import { endOf, expectOrderlyEnd } from '../helpers/rollout-end.ts';
import {
  aCloud,
  atShare,
  journalOf,
  MINUTE_MS,
  NEW_SIDE,
  POLICY,
  pass,
  ROLLOUT,
  rolloutFile,
  runToEnd,
  SECOND_MS,
  start,
} from '../helpers/simulated-rollout.ts';
import { actedAtMs, writtenBackMs } from '../helpers/write-back.ts';

const PROMOTED = { state: 'promoted', reason: null, backendRefs: [{ name: 'llm-new', weight: 100 }] };
const BACK = [{ name: 'llm', weight: 1 }];

const NONSENSE = [
  '',
  '{',
  'null',
  '42',
  '"tick"',
  '[]',
  '{}',
  '{"rolloutId":5}',
  '{"rolloutId":""}',
  '{"action":"explode"}',
  '{"action":"start","requestId":"r1","file":"a: ["}',
  '{"action":"pause","requestId":"r2","rolloutId":"nobody-1","generation":1}',
  '{"action":"rollback","requestId":"r3","rolloutId":"../../etc"}',
  '{"version":"1.2","incident":null}',
  '{"version":"1.2","incident":{"incident_id":"i1","state":"odd","started_at":1}}',
  '{"version":"1.2","incident":{"incident_id":"i1","state":"open","started_at":1}}',
  'x'.repeat(20_000),
] as const;

const TEXT_MAX = 4096;

describe('messages that can never work', () => {
  test.each([
    ['requests', NONSENSE.length],
    ['alerts', NONSENSE.length],
    // One of them is a wake, of a rollout that does not exist: there is nothing to do.
    ['wakes', NONSENSE.length - 1],
  ] as const)(
    'on the topic %s: recorded with a reason, acknowledged, and the rollout beside it goes on',
    async (topic, count) => {
      const cloud = aCloud();
      await start(cloud);
      for (const text of NONSENSE) cloud.platform.publish(topic, text);
      await runToEnd(cloud);
      const rejected = [...cloud.store.truth.rejected.values()];
      expect(rejected).toHaveLength(count);
      for (const { reason, text } of rejected) {
        expect(reason).toMatch(/^[a-z]+(-[a-z]+)*: \S/);
        expect(text.length).toBeLessThanOrEqual(TEXT_MAX);
      }
      expect(cloud.platform.counts).toMatchObject({ nacked: 0, expired: 0, lost: 0, dropped: 0 });
      expect(endOf(cloud)).toEqual(PROMOTED);
      expectOrderlyEnd(cloud);
    },
  );

  test('a tick says nothing, so that nothing in it can be wrong', async () => {
    const cloud = aCloud();
    for (const text of NONSENSE) cloud.platform.publish('ticks', text);
    await pass(cloud, MINUTE_MS);
    expect(cloud.store.truth.rejected.size).toBe(0);
    expect(cloud.platform.counts.nacked).toBe(0);
  });

  test('an approval of a step that is past is in the journal with its reason', async () => {
    const cloud = aCloud();
    await start(cloud);
    const approval = { action: 'approve', requestId: 'q1', rolloutId: ROLLOUT, stepEntry: `${ROLLOUT}/1` };
    cloud.platform.publish('requests', JSON.stringify(approval), { principal: 'bo@example.com' });
    await runToEnd(cloud);
    expect(journalOf(cloud).filter(({ refusal }) => refusal !== null)).toMatchObject([
      { refusal: 'nothing waits for an approval', message: { origin: { principal: 'bo@example.com' } } },
    ]);
    expectOrderlyEnd(cloud);
  });
});

describe('requests that can never work', () => {
  const file = rolloutFile();
  const CASES: readonly (readonly [string, string, unknown, number, string])[] = [
    ['GET', '/', undefined, 404, 'path-unknown'],
    ['PUT', '/v1/rollouts', {}, 405, 'method-not-allowed'],
    ['POST', '/v1/rollouts', undefined, 400, 'request-malformed'],
    ['POST', '/v1/rollouts', 42, 400, 'request-malformed'],
    ['POST', '/v1/rollouts', { requestId: 'a1' }, 400, 'request-malformed'],
    ['POST', '/v1/rollouts', { requestId: 'a2', file: 'kind: [' }, 422, 'file-invalid'],
    [
      'POST',
      '/v1/rollouts',
      { requestId: 'a3', file, manifests: [{ kind: 'Pod' }] },
      400,
      'request-malformed',
    ],
    [
      'POST',
      '/v1/rollouts',
      { requestId: 'a4', file, manifests: [{ apiVersion: 'v1', kind: 'Pod' }] },
      400,
      'request-malformed',
    ],
    [
      'POST',
      '/v1/plans',
      { file, manifests: [{ apiVersion: 'v1', kind: 'Pod', metadata: null }] },
      400,
      'request-malformed',
    ],
    ['POST', '/v1/plans', null, 400, 'request-malformed'],
    ['GET', '/v1/rollouts/nobody-1', undefined, 404, 'rollout-missing'],
    ['POST', '/v1/rollouts/nobody-1/pause', { requestId: 'a5', generation: 1 }, 404, 'rollout-missing'],
    ['POST', '/v1/rollouts/nobody-1/explode', { requestId: 'a6' }, 400, 'request-malformed'],
    ['POST', '/v1/rollouts/%00/pause', { requestId: 'a7', generation: 1 }, 400, 'request-malformed'],
    ['POST', '/v1/freeze', undefined, 400, 'request-malformed'],
    ['POST', '/v1/freeze', { requestId: 'a8' }, 400, 'request-malformed'],
  ];

  test.each(CASES)('%s %s %j: %i %s', async (...[method, path, body, status, code]) => {
    const cloud = aCloud();
    const answer = await cloud.call(method, path, body);
    expect(answer).toMatchObject({ status, body: { status, title: code } });
    expect((answer.body as { readonly detail: string }).detail).toMatch(/\S/);
    expect(cloud.store.truth.documents.size).toBe(0);
    expect(cloud.log.filter(({ severity }) => severity === 'ERROR')).toEqual([]);
  });

  test('the manifests of a plan with one part replaced by something odd: a plan with findings, never an error of ours', async () => {
    const cloud = aCloud();
    const odd = [null, 42, 'x', [], {}, [null], true];
    let asked = 0;
    const failed: string[] = [];
    for (const { index, path } of pathsIn(NEW_SIDE)) {
      const value = odd[asked % odd.length];
      asked += 1;
      const manifests = replaced(NEW_SIDE, [index, ...path], value);
      const { status } = await cloud.call('POST', '/v1/plans', { file, manifests });
      if (status >= 500) failed.push(`${path.join('.')} = ${JSON.stringify(value)}: ${status}`);
    }
    console.log(`${asked} odd manifests, ${failed.length} errors of ours`);
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(150);
  });
});

type Path = readonly (string | number)[];

/** Every place within each of the objects. */
const pathsIn = (objects: readonly object[]): readonly { readonly index: number; readonly path: Path }[] =>
  objects.flatMap((object, index) => placesOf(object, []).map((path) => ({ index, path })));

const placesOf = (value: unknown, at: Path): readonly Path[] => {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Object.entries(value).flatMap(([key, part]) => placesOf(part, [...at, key]));
  return at.length === 0 ? inner : [at, ...inner];
};

const replaced = (value: unknown, [key, ...rest]: Path, by: unknown): unknown => {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((part: unknown, index) => (index === Number(key) ? replaced(part, rest, by) : part));
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [key]: replaced(object[key], rest, by) };
};

describe('a start whose commits stay without an answer', () => {
  test('is not called off: it is asked for once more, and started then', async () => {
    const cloud = aCloud();
    const body = { requestId: 'start-unsure', file: rolloutFile(), manifests: NEW_SIDE };
    let calls = 0;
    // Every second call of the store: those that look it up are answered, those that commit are not.
    cloud.store.setFaults({
      outage: () => {
        calls += 1;
        return calls % 2 === 0;
      },
    });
    const unsure = await cloud.call('POST', '/v1/rollouts', body);
    expect(unsure).toMatchObject({ status: 503, body: { title: 'start-unsure' } });
    expect(cloud.store.truth.documents.size).toBe(0);
    cloud.store.setFaults({ outage: () => false });
    expect(await cloud.call('POST', '/v1/rollouts', body)).toMatchObject({ status: 201 });
    expect(await cloud.call('POST', '/v1/rollouts', body)).toMatchObject({ status: 200 });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });
});

describe('incidents', () => {
  const opened = (more: Partial<Extract<Act, { kind: 'incidentOpened' }>> = {}): Act => ({
    kind: 'incidentOpened',
    policy: POLICY,
    ...more,
  });

  const run = async (acts: readonly ScheduledAct[]): Promise<SimulatedCloud> => {
    const cloud = aCloud({ acts });
    await start(cloud);
    await runToEnd(cloud);
    expectOrderlyEnd(cloud);
    return cloud;
  };

  const alertsOf = (cloud: SimulatedCloud) =>
    journalOf(cloud)
      .filter(({ message }) => message.kind === 'alert')
      .map(({ refusal, to }) => refusal ?? to);

  const ROLLED_BACK = { state: 'rolledBack', reason: 'alert', backendRefs: BACK };
  const ON_ITS_WAY = 'it is on its way back already';
  const TOO_EARLY = 'no traffic was moved yet; growth asks for open incidents by itself';

  test('a test message is acknowledged and changes nothing', async () => {
    const cloud = aCloud();
    await start(cloud);
    const incident = { incident_id: '0.test', state: 'open', started_at: 1, policy_name: 'llm-new 5xx' };
    cloud.platform.publish('alerts', JSON.stringify({ version: 'test', incident }));
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(cloud.store.truth.incidents.size).toBe(0);
    expect(cloud.log.filter(({ code }) => code === 'alert-test')).toHaveLength(1);
    expectOrderlyEnd(cloud);
  });

  test.each([5, 25])('one at a share of %i rolls back within two seconds', async (percent) => {
    const cloud = await run([atShare(percent, MINUTE_MS, opened())]);
    expect(endOf(cloud)).toEqual(ROLLED_BACK);
    expect(writtenBackMs(cloud, actedAtMs(cloud))).toBeLessThan(2 * SECOND_MS);
    expect(alertsOf(cloud)).toEqual(['rollingBack']);
  });

  test.each([
    ['the soak', 1],
    ['retention', 8],
  ])('one in %s still rolls back', async (_where, minutes) => {
    const cloud = await run([atShare(100, minutes * MINUTE_MS, opened())]);
    expect(endOf(cloud)).toEqual(ROLLED_BACK);
  });

  test('one that comes while the old side is retired is refused: there is no way back', async () => {
    const cloud = await run([atShare(100, 12.5 * MINUTE_MS, opened())]);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(alertsOf(cloud)).toEqual(['the old side is being retired; there is no way back']);
  });

  test('delivered five times, under other message ids, it counts once', async () => {
    const cloud = aCloud({ acts: [atShare(25, MINUTE_MS, opened())] });
    cloud.world.onIncident((message) => {
      for (let count = 0; count < 4; count += 1) cloud.platform.publish('alerts', JSON.stringify(message));
    });
    await start(cloud);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(ROLLED_BACK);
    expect(alertsOf(cloud)).toEqual(['rollingBack']);
    expect(cloud.store.truth.incidents.size).toBe(1);
    expectOrderlyEnd(cloud);
  });

  test('closed before its opening arrives, it counts all the same, and once', async () => {
    const cloud = await run([
      atShare(25, MINUTE_MS, opened({ forMs: 10 * SECOND_MS, notifiedAfterMs: MINUTE_MS })),
    ]);
    expect(endOf(cloud)).toEqual(ROLLED_BACK);
    expect(alertsOf(cloud)).toEqual(['rollingBack', ON_ITS_WAY]);
    expect([...cloud.store.truth.incidents.values()]).toMatchObject([
      { incident: { state: 'closed' }, openSeen: true, closedSeen: true },
    ]);
  });

  test('one whose notification takes hours is found by asking within a minute', async () => {
    const cloud = await run([atShare(25, MINUTE_MS, opened({ notifiedAfterMs: 3 * 60 * MINUTE_MS }))]);
    expect(endOf(cloud)).toEqual(ROLLED_BACK);
    expect(writtenBackMs(cloud, actedAtMs(cloud))).toBeLessThan(65 * SECOND_MS);
  });

  test('open before the start: refused in preflight', async () => {
    const cloud = await run([{ when: { afterMs: 0 }, act: opened() }]);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'preflight', backendRefs: BACK });
  });

  test('come and gone before any traffic: refused as too early, and promoted', async () => {
    const cloud = await run([{ when: { afterMs: MINUTE_MS }, act: opened({ forMs: MINUTE_MS }) }]);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(alertsOf(cloud)).toEqual([TOO_EARLY, TOO_EARLY]);
  });

  test('come and gone in the last minute before the first share: that share waits until it no longer counts', async () => {
    // The first share would be set 5 min 38 s after the start.
    const cloud = await run([{ when: { afterMs: 5.3 * MINUTE_MS }, act: opened({ forMs: 5 * SECOND_MS }) }]);
    expect(endOf(cloud)).toEqual(PROMOTED);
    const first = cloud.world
      .truth()
      .routeWrites.find(
        ({ after }) =>
          JSON.stringify(after?.['spec']).includes('"weight":5,') ||
          JSON.stringify(after).includes('"weight":5}'),
      );
    expect((first?.atMs ?? 0) - actedAtMs(cloud)).toBeGreaterThan(MINUTE_MS);
  });

  test('open in the last minute before the first share, and never closed: held, then given up', async () => {
    const cloud = await run([{ when: { afterMs: 5.3 * MINUTE_MS }, act: opened() }]);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'holdTimeout', backendRefs: BACK });
  });

  test('of a policy that nobody named: recorded, and nothing else', async () => {
    const policy = 'projects/acme/alertPolicies/other';
    const cloud = await run([atShare(25, MINUTE_MS, opened({ policy }))]);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(alertsOf(cloud)).toEqual([]);
    expect(cloud.store.truth.incidents.size).toBe(1);
  });
});
