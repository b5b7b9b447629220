/** Machines on a bad day: no accelerators, sides that die at the wrong moment, an API server that is away. */
import { describe, expect, test } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { Act, ScheduledAct } from '../../simulator/world/acts.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { backendRefs, endOf, expectOrderlyEnd, madeBy } from '../helpers/rollout-end.ts';
import {
  aCloud,
  ask,
  atShare,
  CLUSTERS,
  documentOf,
  HOUR_MS,
  isIn,
  MINUTE_MS,
  NAMESPACE,
  NEW_SIDE,
  NEW_TARGET,
  OLD_TARGET,
  POLICY,
  pass,
  ROLLOUT,
  rolloutFile,
  runToEnd,
  runUntil,
  SECOND_MS,
  start,
  stateOf,
} from '../helpers/simulated-rollout.ts';

const PROMOTED = { state: 'promoted', reason: null, backendRefs: [{ name: 'llm-new', weight: 100 }] };
const BACK = [{ name: 'llm', weight: 1 }];
const SPLIT = [
  { name: 'llm', weight: 75 },
  { name: 'llm-new', weight: 25 },
];

const opened: Act = { kind: 'incidentOpened', policy: POLICY };

/** Something happens to a side a minute after 25 % arrived, and soon after that an incident opens. */
const hurt = (act: Act, incidentAfterMs: number | null): readonly ScheduledAct[] => [
  atShare(25, MINUTE_MS, act),
  ...(incidentAfterMs === null ? [] : [atShare(25, MINUTE_MS + incidentAfterMs, opened)]),
];

const started = async (world: WorldInput, file = rolloutFile(), more = {}): Promise<SimulatedCloud> => {
  const cloud = aCloud(world);
  await start(cloud, file, more);
  return cloud;
};

const leftoversOf = (cloud: SimulatedCloud) =>
  [...cloud.store.truth.leftovers.values()].map(({ kind, name, dueAtMs }) => ({
    kind,
    name,
    inHours:
      dueAtMs === null ? null : Math.round((dueAtMs - (documentOf(cloud).finishedAtMs ?? 0)) / HOUR_MS),
  }));

const pagesOf = (cloud: SimulatedCloud, wanted: string): number =>
  cloud.log.filter(({ severity, code }) => severity === 'CRITICAL' && code === wanted).length;

describe('a node pool that is bought', () => {
  const MACHINE = 'a2-highgpu-8g';
  const file = rolloutFile({
    nodes: `{ create: { name: new, like: h200, machineType: ${MACHINE}, nodes: 2, capacity: [{ onDemand: {} }] } }`,
  });
  const POOL = 'new-llm-to-new-1-1';
  const fault = (given: {
    kind: 'stockout' | 'partial' | 'slow';
    afterMs: number;
    nodes?: number;
  }): WorldInput => ({
    nodePoolFaults: [{ machineType: MACHINE, ...given }],
  });

  test('comes: promoted, and it stays', async () => {
    const cloud = await started({}, file);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(madeBy(cloud, ROLLOUT)).toContain(`nodePool ${POOL}`);
    expect(leftoversOf(cloud)).toEqual([]);
    expectOrderlyEnd(cloud);
  });

  test('is out of stock: failed, the empty pool is deleted, the old side is untouched, nothing is left unsaid', async () => {
    const cloud = await started(fault({ kind: 'stockout', afterMs: 5 * MINUTE_MS }), file);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'nodePool', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toMatch(/^stockout: .*GCE_STOCKOUT/);
    expect(madeBy(cloud, ROLLOUT)).toEqual([]);
    expect(leftoversOf(cloud)).toEqual([]);
    expect(cloud.world.truth().routeWrites.filter(({ caller }) => caller.user === 'sluice')).toEqual([]);
    expect(cloud.world.truth().requests.failed).toBe(0);
    expectOrderlyEnd(cloud);
  });

  test('is over quota: the same', async () => {
    const clusters = CLUSTERS.map((cluster) => ({ ...cluster, quotas: { a2: 1 } }));
    const cloud = await started({ clusters }, file);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'nodePool', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toMatch(/^quota: /);
    expect(madeBy(cloud, ROLLOUT)).toEqual([]);
    expectOrderlyEnd(cloud);
  });

  test('comes in part: failed, and the nodes that came are kept for a day', async () => {
    const cloud = await started(fault({ kind: 'partial', afterMs: 5 * MINUTE_MS, nodes: 1 }), file);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'nodePool', backendRefs: BACK });
    expect(madeBy(cloud, ROLLOUT)).toEqual([`nodePool ${POOL}`]);
    expect(leftoversOf(cloud)).toEqual([{ kind: 'nodePool', name: POOL, inHours: 24 }]);
    expectOrderlyEnd(cloud);
    await pass(cloud, 25 * HOUR_MS);
    expect(madeBy(cloud, ROLLOUT)).toEqual([]);
    expect(leftoversOf(cloud)).toEqual([]);
  });

  test('takes longer than it may: failed, and it is deleted as soon as that is possible', async () => {
    const cloud = await started(fault({ kind: 'slow', afterMs: 12 * HOUR_MS }), file);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'deadline', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toBe('the time allowed for provisioning ran out');
    expect(leftoversOf(cloud)).toEqual([{ kind: 'nodePool', name: POOL, inHours: 0 }]);
    expectOrderlyEnd(cloud);
    await pass(cloud, 13 * HOUR_MS);
    expect(madeBy(cloud, ROLLOUT)).toEqual([]);
    expect(leftoversOf(cloud)).toEqual([]);
  });

  test('is no longer wanted while it is being made: it is deleted before the rollout ends', async () => {
    const cloud = await started(fault({ kind: 'slow', afterMs: 10 * MINUTE_MS }), file);
    await runUntil(cloud, () => isIn(cloud, 'buying'));
    await ask(cloud, 'rollback', { reason: 'another day' });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'operator', backendRefs: BACK });
    expect(madeBy(cloud, ROLLOUT)).toEqual([]);
    expect(leftoversOf(cloud)).toEqual([]);
    expectOrderlyEnd(cloud);
  });

  test('carries traffic when the rollout is abandoned: no clock may take it away', async () => {
    const cloud = await started({}, file);
    await runUntil(cloud, () => isIn(cloud, 'soaking'));
    await ask(cloud, 'abandon', { reason: 'it stays as it is' });
    await runToEnd(cloud);
    expect(endOf(cloud)).toMatchObject({ state: 'failed', reason: 'abandoned' });
    expect(leftoversOf(cloud)).toEqual([
      { kind: 'nodePool', name: POOL, inHours: null },
      { kind: 'newSide', name: 'llm-new', inHours: null },
    ]);
    expectOrderlyEnd(cloud);
    await pass(cloud, 30 * HOUR_MS);
    cloud.world.settle();
    expect(cloud.world.truth().requests.failed).toBe(0);
  });
});

describe('the new side before any traffic', () => {
  const servers = (change: (text: string) => string): readonly KubeObject[] =>
    NEW_SIDE.map((object) =>
      object.metadata.name === 'llm-new' && object.kind === 'Deployment'
        ? (JSON.parse(change(JSON.stringify(object))) as KubeObject)
        : object,
    );

  test('never becomes ready: failed at its deadline', async () => {
    const clusters = CLUSTERS.map((cluster) => ({
      ...cluster,
      nodePools: cluster.nodePools.map((pool) => (pool.name === 'h200' ? { ...pool, nodes: 0 } : pool)),
    }));
    const cloud = await started({ clusters });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'deadline', backendRefs: BACK });
    expectOrderlyEnd(cloud);
  });

  test.each([
    [
      'another name',
      (text: string) => text.replaceAll('"llama-3.3-70b"', '"llama-4"'),
      'does not serve llama-3.3-70b',
    ],
    ['a shorter context', (text: string) => text.replaceAll('=32768', '=4096'), 'takes 4096 tokens'],
  ])('serves %s: stopped in verifying', async (_what, change, sentence) => {
    const cloud = await started({}, rolloutFile(), { manifests: servers(change) });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'verify', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toContain(sentence);
    expectOrderlyEnd(cloud);
  });
});

describe('the old side dies when it is needed', () => {
  const scaled = (name: string, replicas: number): Act => ({
    kind: 'deploymentScaled',
    namespace: NAMESPACE,
    name,
    replicas,
  });

  test.each<[string, Act]>([
    ['its servers are killed', { kind: 'serverKilled', target: OLD_TARGET }],
    ['its servers hang', { kind: 'serverHangs', target: OLD_TARGET, forMs: 20 * MINUTE_MS }],
    ['its picker dies', { kind: 'pickerKilled', target: OLD_TARGET, forMs: 20 * MINUTE_MS }],
  ])('%s: shares are kept, a person is told once, and all goes back when it is back', async (_what, act) => {
    const cloud = await started({ acts: hurt(act, 12 * SECOND_MS) });
    await runUntil(cloud, () => isIn(cloud, 'kept'));
    await pass(cloud, 15 * SECOND_MS);
    expect(backendRefs(cloud)).toEqual(SPLIT);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'alert', backendRefs: BACK });
    expect(pagesOf(cloud, 'rollback-kept')).toBe(1);
    expectOrderlyEnd(cloud);
  });

  test('and never comes back: failed oldSideLost, shares and both sides as they are', async () => {
    const cloud = await started({ acts: hurt(scaled('llm', 0), 40 * SECOND_MS) });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'oldSideLost', backendRefs: SPLIT });
    expect(leftoversOf(cloud)).toEqual([{ kind: 'newSide', name: 'llm-new', inHours: null }]);
    expect(pagesOf(cloud, 'rollback-kept')).toBe(1);
    expectOrderlyEnd(cloud);
  });

  test('and an operator insists: all goes back at once', async () => {
    const cloud = await started({ acts: hurt(scaled('llm', 0), 40 * SECOND_MS) });
    await runUntil(cloud, () => isIn(cloud, 'kept'));
    expect((await ask(cloud, 'rollback')).status).toBe(409);
    expect((await ask(cloud, 'rollback', { force: true, reason: 'it is a drill' })).status).toBe(200);
    expect(backendRefs(cloud)?.[0]).toEqual({ name: 'llm', weight: 1 });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'alert', backendRefs: BACK });
    expectOrderlyEnd(cloud);
  });

  test('in part: an error sends everything back at once', async () => {
    const cloud = await started({ acts: hurt(scaled('llm', 1), 40 * SECOND_MS) });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'alert', backendRefs: BACK });
    expect(pagesOf(cloud, 'rollback-kept')).toBe(0);
    expectOrderlyEnd(cloud);
  });
});

describe('both sides die', () => {
  test('and come back by themselves: where both are silent, going back helps nobody', async () => {
    const acts = [OLD_TARGET, NEW_TARGET].map((target) =>
      atShare(25, MINUTE_MS, { kind: 'serverKilled', target }),
    );
    const cloud = await started({ acts });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(cloud.world.truth().requests.failed).toBeGreaterThan(0);
    expectOrderlyEnd(cloud);
  });

  test('for good, with their machines: all weight is on the old side in the end', async () => {
    const acts = ['h100', 'h200'].map((nodePool) =>
      atShare(25, MINUTE_MS, { kind: 'nodesRemoved', nodePool }),
    );
    const cloud = await started({ acts });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'tripwire:ready', backendRefs: BACK });
    expectOrderlyEnd(cloud);
  });
});

describe('the API server is away', () => {
  const away = (forMs: number): Act => ({ kind: 'apiUnreachable', forMs });

  test('at the start: failed in preflight, nothing done', async () => {
    const cloud = aCloud();
    cloud.world.act(away(HOUR_MS));
    await start(cloud);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'deadline', backendRefs: BACK });
    expect(stateOf(cloud).context.ending?.sentence).toBe('the time allowed for preflight ran out');
    expectOrderlyEnd(cloud);
  });

  test.each([
    [3, 0],
    [20, 1],
  ])(
    'for %i minutes while traffic is split: nothing is judged meanwhile, then it goes on',
    async (minutes, alarms) => {
      const cloud = await started({ acts: hurt(away(minutes * MINUTE_MS), null) });
      await runToEnd(cloud);
      expect(endOf(cloud)).toEqual(PROMOTED);
      expectOrderlyEnd(cloud, ROLLOUT, { alarms });
    },
  );

  test('while the traffic should go back: back within seconds of its return', async () => {
    const cloud = await started({ acts: hurt(away(20 * MINUTE_MS), 10 * SECOND_MS) });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'alert', backendRefs: BACK });
    const [gone] = cloud.world.truth().acts;
    const back = (gone?.atMs ?? 0) + 20 * MINUTE_MS;
    const written = cloud.world.truth().routeWrites.find(({ atMs }) => atMs >= back)?.atMs ?? 0;
    expect(written - back).toBeLessThan(15 * SECOND_MS);
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
  });

  test('for longer than a hold may last: given up, back on its return, and not said every minute', async () => {
    const cloud = await started({
      acts: hurt(away(12 * HOUR_MS), null),
      traffic: [{ requestsPerSecond: 20 }],
    });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'holdTimeout', backendRefs: BACK });
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
    const times = new Map<string, number>();
    for (const { message } of cloud.platform.events) times.set(message.id, (times.get(message.id) ?? 0) + 1);
    expect(Math.max(...times.values())).toBeLessThan(12);
  });
});
