/** People, pipelines and alerts on a bad day: others want the pool, nobody approves, rights are taken away. */
import { describe, expect, test } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import { CLUSTER } from '../helpers/a-plan.ts';
import { endOf, expectOrderlyEnd } from '../helpers/rollout-end.ts';
import {
  aCloud,
  ask,
  atShare,
  bakesAt,
  documentOf,
  HOUR_MS,
  isIn,
  journalOf,
  MINUTE_MS,
  NAMESPACE,
  OLD_POOL,
  POLICY,
  pass,
  ROLLOUT,
  rolloutFile,
  runToEnd,
  runUntil,
  start,
  stateOf,
} from '../helpers/simulated-rollout.ts';
import { writtenBackMs } from '../helpers/write-back.ts';

const PROMOTED = { state: 'promoted', reason: null, backendRefs: [{ name: 'llm-new', weight: 100 }] };
/** As before the rollout. */
const BACK = [{ name: 'llm', weight: 1 }];

const holdOf = (cloud: SimulatedCloud): string | null => stateOf(cloud).context.hold?.reason ?? null;

const sentencesOf = (cloud: SimulatedCloud, rolloutId = ROLLOUT): readonly string[] =>
  journalOf(cloud, rolloutId).map(({ sentence }) => sentence);

describe('a second rollout on the same pool', () => {
  test('is refused with 409, naming the holder', async () => {
    const cloud = aCloud();
    await start(cloud);
    const second = await start(cloud);
    expect(second).toMatchObject({
      status: 409,
      body: {
        title: 'pool-locked',
        detail: 'llm-to-new-1 already works on pool serving/llm; wait for it, or start with --queue',
      },
    });
    expect([...cloud.store.truth.documents.keys()]).toEqual([ROLLOUT]);
    await runToEnd(cloud);
    expectOrderlyEnd(cloud);
  });

  test('waits in the queue without a lock, and runs when the first one is back', async () => {
    const cloud = aCloud();
    await start(cloud);
    const second = await start(cloud, rolloutFile({ name: 'again' }), { queue: true });
    expect(second.status).toBe(201);
    await runUntil(cloud, () => bakesAt(cloud, 25));
    expect(isIn(cloud, 'queued', 'again-1')).toBe(true);
    expect(new Set(cloud.store.truth.locks.values())).toEqual(new Set([ROLLOUT]));
    await ask(cloud, 'rollback', { reason: 'make way' });
    await runToEnd(cloud);
    await runToEnd(cloud, 'again-1');
    expect(endOf(cloud)).toMatchObject({ state: 'rolledBack', reason: 'operator' });
    expect(endOf(cloud, 'again-1')).toEqual(PROMOTED);
    for (const rolloutId of [ROLLOUT, 'again-1']) expectOrderlyEnd(cloud, rolloutId);
    const began = journalOf(cloud, 'again-1').find(({ to }) => to === 'preflight')?.atMs ?? 0;
    expect(began).toBeGreaterThanOrEqual(documentOf(cloud).finishedAtMs ?? Number.POSITIVE_INFINITY);
  });

  test('gives up after a day in the queue', async () => {
    const cloud = aCloud({ traffic: [{ requestsPerSecond: 20 }] });
    await start(cloud, rolloutFile({ ladder: ['{ share: 5, bake: 25h }', '{ share: 100, bake: 5m }'] }));
    await start(cloud, rolloutFile({ name: 'again' }), { queue: true });
    await runToEnd(cloud, 'again-1');
    expect(endOf(cloud, 'again-1')).toMatchObject({ state: 'failed', reason: 'queueTimeout' });
    const { createdAtMs, finishedAtMs } = documentOf(cloud, 'again-1');
    const waitedMs = (finishedAtMs ?? 0) - createdAtMs;
    expect(waitedMs).toBeGreaterThanOrEqual(24 * HOUR_MS);
    expect(waitedMs).toBeLessThan(24 * HOUR_MS + 2 * MINUTE_MS);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    for (const rolloutId of [ROLLOUT, 'again-1']) expectOrderlyEnd(cloud, rolloutId);
  });
});

describe('an API that forbids to patch the route', () => {
  const forbid = (cloud: SimulatedCloud): void =>
    cloud.world.setAccess(
      CLUSTER,
      ({ user }, verb, { plural }) => !(user === 'sluice' && verb === 'patch' && plural === 'httproutes'),
    );
  const allow = (cloud: SimulatedCloud): void => cloud.world.setAccess(CLUSTER, () => true);

  test('from the start: refused in preflight with a finding, nothing written', async () => {
    const cloud = aCloud();
    forbid(cloud);
    await start(cloud);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'preflight', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toContain('does not let me patch it: 403 Forbidden');
    expect(cloud.world.truth().routeWrites.filter(({ caller }) => caller.user === 'sluice')).toEqual([]);
    expectOrderlyEnd(cloud);
  });

  test('for an hour in the middle: growth is held, then goes on by itself', async () => {
    const cloud = aCloud();
    await start(cloud);
    await runUntil(cloud, () => bakesAt(cloud, 5));
    forbid(cloud);
    await pass(cloud, HOUR_MS);
    expect(stateOf(cloud).context).toMatchObject({ confirmedPercent: 5, hold: { reason: 'wayBack' } });
    allow(cloud);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });

  test('for longer than a hold may last: goes back as soon as it may, and pages until then', async () => {
    const cloud = aCloud();
    await start(cloud);
    await runUntil(cloud, () => bakesAt(cloud, 25));
    forbid(cloud);
    await runUntil(cloud, () => isIn(cloud, 'rollingBack'));
    await pass(cloud, 5 * MINUTE_MS);
    expect(isIn(cloud, 'writing')).toBe(true);
    expect(
      cloud.log.some(({ severity, code }) => severity === 'CRITICAL' && code === 'rollback-refused'),
    ).toBe(true);
    allow(cloud);
    const sinceMs = cloud.world.nowMs;
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'holdTimeout', backendRefs: BACK });
    expect(writtenBackMs(cloud, sinceMs)).toBeLessThan(10_000);
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
  });

  test('for ever: an operator can give the rollout up, and what is left is written down', async () => {
    const cloud = aCloud();
    await start(cloud);
    await runUntil(cloud, () => bakesAt(cloud, 25));
    forbid(cloud);
    await ask(cloud, 'rollback', { reason: 'enough' });
    await pass(cloud, HOUR_MS);
    expect(isIn(cloud, 'writing')).toBe(true);
    await ask(cloud, 'abandon', { reason: 'rights are gone' });
    await runToEnd(cloud);
    expect(endOf(cloud)).toMatchObject({ state: 'failed', reason: 'abandoned' });
    expect([...cloud.store.truth.leftovers.values()]).toMatchObject([
      {
        kind: 'newSide',
        name: 'llm-new',
        reason: 'abandoned: rights are gone; its share was 25 % and must be 0 first',
        dueAtMs: null,
      },
    ]);
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
  });
});

describe('freeze and unfreeze', () => {
  const freeze = (cloud: SimulatedCloud) =>
    cloud.call('POST', '/v1/freeze', { requestId: 'freeze-1', reason: 'end of the quarter' });

  test('growth waits while it lasts and goes on by itself afterwards', async () => {
    const cloud = aCloud();
    await start(cloud);
    await runUntil(cloud, () => bakesAt(cloud, 5));
    expect(await freeze(cloud)).toMatchObject({ status: 200, body: { code: 'frozen' } });
    await pass(cloud, HOUR_MS);
    expect(stateOf(cloud).context).toMatchObject({ confirmedPercent: 5, hold: { reason: 'freeze' } });
    const thawed = await cloud.call('POST', '/v1/unfreeze', { requestId: 'freeze-2' });
    expect(thawed).toMatchObject({ status: 200, body: { code: 'unfrozen' } });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });

  test('a rollback does not wait for it', async () => {
    const cloud = aCloud();
    await start(cloud);
    await runUntil(cloud, () => bakesAt(cloud, 25));
    await freeze(cloud);
    await runUntil(cloud, () => holdOf(cloud) === 'freeze');
    const sinceMs = cloud.world.nowMs;
    await ask(cloud, 'rollback', { reason: 'enough' });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'operator', backendRefs: BACK });
    expect(writtenBackMs(cloud, sinceMs)).toBeLessThan(2000);
    expectOrderlyEnd(cloud);
  });

  test('one that nobody lifts ends with the hold', async () => {
    const cloud = aCloud();
    await freeze(cloud);
    await start(cloud);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'holdTimeout', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toBe(
      'held for too long: frozen by operator@example.com: end of the quarter',
    );
    expectOrderlyEnd(cloud);
  });
});

describe('a window that closes in mid-ladder', () => {
  // The world begins on a Monday at 09:00 UTC.
  const until = (to: string): string =>
    rolloutFile({
      more: [`  windows: [{ days: mon-thu, from: "09:00", to: "${to}", timeZone: UTC }]`],
    });

  test('growth waits for the next day', async () => {
    const cloud = aCloud({ traffic: [{ requestsPerSecond: 20 }] });
    await start(cloud, until('09:10'));
    await pass(cloud, 3 * HOUR_MS);
    expect(isIn(cloud, 'waitingForWindow')).toBe(true);
    expect(stateOf(cloud).context.confirmedPercent).toBe(5);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    const grew = journalOf(cloud).find(({ sentence }) => sentence === 'share 25 % written on 1 route');
    expect(new Date(grew?.atMs ?? 0).toISOString()).toMatch(/^2026-03-03T09:00/);
    expectOrderlyEnd(cloud);
  });

  test('a rollback does not wait for it', async () => {
    const opened = { kind: 'incidentOpened', policy: POLICY } as const;
    const cloud = aCloud({ acts: [atShare(5, HOUR_MS, opened)] });
    await start(cloud, until('09:10'));
    await runUntil(cloud, () => isIn(cloud, 'rollingBack'));
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'alert', backendRefs: BACK });
    expect(documentOf(cloud).finishedAtMs).toBeLessThan(documentOf(cloud).createdAtMs + 3 * HOUR_MS);
    expectOrderlyEnd(cloud);
  });

  test('what stood in the way of a growth when it closes is forgotten until it opens', async () => {
    const short = (replicas: number, forMs: number) =>
      atShare(5, forMs, {
        kind: 'deploymentScaled',
        namespace: NAMESPACE,
        name: OLD_POOL,
        replicas,
        by: 'horizontal-pod-autoscaler',
      });
    const cloud = aCloud({
      traffic: [{ requestsPerSecond: 20 }],
      acts: [short(2, 4 * MINUTE_MS), short(3, 2 * HOUR_MS)],
    });
    await start(cloud, until('09:12'));
    await runUntil(cloud, () => holdOf(cloud) === 'oldSide');
    await runUntil(cloud, () => isIn(cloud, 'waitingForWindow'));
    expect(holdOf(cloud)).toBeNull();
    expect(new Date(cloud.scheduler.nowMs).toISOString()).toMatch(/^2026-03-02T09:1[23]/);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    const grew = journalOf(cloud).find(({ sentence }) => sentence === 'share 25 % written on 1 route');
    expect(new Date(grew?.atMs ?? 0).toISOString()).toMatch(/^2026-03-03T09:00/);
    expectOrderlyEnd(cloud);
  });

  test('one that does not open before the deadline: failed, nothing ever moved', async () => {
    const cloud = aCloud({ traffic: [{ requestsPerSecond: 20 }] });
    await start(
      cloud,
      rolloutFile({
        more: [
          '  windows: [{ days: sat, from: "09:00", to: "10:00", timeZone: UTC }]',
          '  rollback: { after: { newPods: 2m } }',
        ],
      }),
    );
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'deadline', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toBe('the time allowed for the whole rollout ran out');
    expectOrderlyEnd(cloud);
  });
});

describe('an approval', () => {
  const ladder = [
    '{ share: 5, bake: 5m }',
    '{ share: 25, bake: 5m, approval: true }',
    '{ share: 100, bake: 5m }',
  ];

  const waiting = async (more: readonly string[]): Promise<SimulatedCloud> => {
    const cloud = aCloud();
    await start(cloud, rolloutFile({ ladder, more: [...more, '  rollback: { after: { newPods: 2m } }'] }));
    await runUntil(cloud, () => isIn(cloud, 'approving'));
    return cloud;
  };

  test('that is given late: goes on; a replayed one is refused', async () => {
    const cloud = await waiting(['  approvals: { notByStarter: false }']);
    const { stepEntry } = stateOf(cloud).context;
    await pass(cloud, 7 * HOUR_MS);
    expect(stateOf(cloud).context.confirmedPercent).toBe(5);
    expect(await ask(cloud, 'approve', { stepEntry: `${ROLLOUT}/1` })).toMatchObject({ status: 409 });
    expect(await ask(cloud, 'approve', { stepEntry })).toMatchObject({ status: 200 });
    expect(await ask(cloud, 'approve', { stepEntry })).toMatchObject({ status: 409 });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });

  test('that is never given: rolled back when its time is over', async () => {
    const cloud = await waiting([]);
    const { stepEntry } = stateOf(cloud).context;
    expect(await ask(cloud, 'approve', { stepEntry })).toMatchObject({
      status: 409,
      body: { detail: 'who started the rollout may not approve it' },
    });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'approvalTimeout', backendRefs: BACK });
    expect(sentencesOf(cloud)).toContain(
      'approve by operator@example.com: refused, who started the rollout may not approve it',
    );
    expectOrderlyEnd(cloud);
  });
});
