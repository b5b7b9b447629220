/** The route on a bad day: others edit, delete and revert it, or the gateway does not follow. */
import { describe, expect, test } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { Act } from '../../simulator/world/acts.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { CLUSTER } from '../helpers/a-plan.ts';
import { backendRefs, endOf, expectOrderlyEnd } from '../helpers/rollout-end.ts';
import {
  aCloud,
  ask,
  atShare,
  documentOf,
  HOUR_MS,
  isIn,
  journalOf,
  MINUTE_MS,
  NAMESPACE,
  OLD_SIDE,
  POLICY,
  pass,
  ROLLOUT,
  ROUTE,
  rolloutFile,
  runToEnd,
  runUntil,
  SECOND_MS,
  start,
  stateOf,
} from '../helpers/simulated-rollout.ts';
import { actedAtMs, writtenBackMs } from '../helpers/write-back.ts';

const PROMOTED = { state: 'promoted', reason: null, backendRefs: [{ name: 'llm-new', weight: 100 }] };
const BACK = [{ name: 'llm', weight: 1 }];

const started = async (world: WorldInput): Promise<SimulatedCloud> => {
  const cloud = aCloud(world);
  await start(cloud);
  return cloud;
};

/** Runs until growth is held; the hold. */
const held = async (cloud: SimulatedCloud) => {
  await runUntil(cloud, () => isIn(cloud, 'suspended'));
  return stateOf(cloud).context.hold;
};

const leftoversOf = (cloud: SimulatedCloud) =>
  [...cloud.store.truth.leftovers.values()].map(({ kind, name, dueAtMs }) => ({ kind, name, dueAtMs }));

const opened: Act = { kind: 'incidentOpened', policy: POLICY };

describe('the route is deleted while traffic is split', () => {
  const deletion: Act = { kind: 'routeDeleted', namespace: NAMESPACE, route: ROUTE };

  test('held at once; gone for good after ten minutes: failed routeGone, what was made is gone too', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, deletion)] });
    expect(await held(cloud)).toMatchObject({ reason: 'drift', driftWhat: 'routeDeleted' });
    expect(cloud.world.nowMs - actedAtMs(cloud)).toBeLessThan(10 * SECOND_MS);
    await pass(cloud, 9 * MINUTE_MS);
    expect(isIn(cloud, 'suspended')).toBe(true);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'routeGone', backendRefs: null });
    const gaveUp = journalOf(cloud).find(({ to }) => to === 'rollingBack')?.atMs ?? 0;
    expect(gaveUp - actedAtMs(cloud)).toBeGreaterThanOrEqual(10 * MINUTE_MS);
    expect(gaveUp - actedAtMs(cloud)).toBeLessThan(11 * MINUTE_MS);
    expectOrderlyEnd(cloud);
  });

  test('rolled back by hand meanwhile: the same end, ten minutes after it was gone', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, deletion)] });
    await held(cloud);
    await pass(cloud, 5 * MINUTE_MS);
    await ask(cloud, 'rollback', { reason: 'the route is gone' });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'routeGone', backendRefs: null });
    expect((documentOf(cloud).finishedAtMs ?? 0) - actedAtMs(cloud)).toBeLessThan(15 * MINUTE_MS);
    expectOrderlyEnd(cloud);
  });

  test('created again within the ten minutes: another drift, and adopting it goes on', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, deletion)] });
    await held(cloud);
    await pass(cloud, 5 * MINUTE_MS);
    const before = cloud.world.truth().routeWrites.findLast(({ after }) => after === null)?.before ?? null;
    const { apiVersion, kind, metadata, ...rest } = before as KubeObject;
    const again = {
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: NAMESPACE },
      spec: rest['spec'],
    };
    cloud.world.act({ kind: 'applied', objects: [again] });
    await runUntil(cloud, () => stateOf(cloud).context.hold?.driftWhat === 'routeRecreated', 2 * MINUTE_MS);
    const resumed = await ask(cloud, 'resume', { generation: 1, drift: 'adopt' });
    expect(resumed.status).toBe(200);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });
});

describe('the route is deleted and created again', () => {
  const recreation: Act = { kind: 'routeDeleted', namespace: NAMESPACE, route: ROUTE, again: true };

  test('held; adopted, it is ours again', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, recreation)] });
    expect(await held(cloud)).toMatchObject({ reason: 'drift', driftWhat: 'routeRecreated' });
    expect((await ask(cloud, 'resume', { generation: 1, drift: 'adopt' })).status).toBe(200);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });

  test('held; a rollback takes the weight away, and what the new route still names stays, written down', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, recreation)] });
    await held(cloud);
    await ask(cloud, 'rollback');
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({
      state: 'rolledBack',
      reason: 'operator',
      backendRefs: [...BACK, { name: 'llm-new', weight: 0 }],
    });
    expect(leftoversOf(cloud)).toEqual([{ kind: 'newSide', name: 'llm-new', dueAtMs: null }]);
    expectOrderlyEnd(cloud);
  });
});

describe('somebody edits the weights', () => {
  const edit = (old: number, fresh: number): Act => ({
    kind: 'weightsEdited',
    namespace: NAMESPACE,
    route: ROUTE,
    weights: { llm: old, 'llm-new': fresh },
  });

  test.each([
    [90, 10, 'adopt', 20],
    [100, 0, 'adopt', 20],
    [90, 10, 'reapply', 20],
    [100, 0, 'reapply', 20],
    [0, 100, 'reapply', 20],
    // Before the gateway has taken note of the foreign weights.
    [90, 10, 'adopt', 0],
    [90, 10, 'reapply', 0],
  ] as const)(
    '%i/%i at a share of 25: held, never taken for a failure; resume --%s after %i minutes',
    async (...[old, fresh, drift, minutes]) => {
      const cloud = await started({ acts: [atShare(25, MINUTE_MS, edit(old, fresh))] });
      expect(await held(cloud)).toMatchObject({ reason: 'drift', driftSharePercent: fresh });
      await pass(cloud, minutes * MINUTE_MS);
      expect(isIn(cloud, 'suspended')).toBe(true);
      expect((await ask(cloud, 'resume', { generation: 1, drift })).status).toBe(200);
      await runToEnd(cloud);
      expect(endOf(cloud)).toEqual(PROMOTED);
      expectOrderlyEnd(cloud);
    },
  );

  test('to what they are: no drift', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, edit(75, 25))] });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expect(journalOf(cloud).filter(({ message }) => message.kind === 'noticed')).toEqual([]);
    expectOrderlyEnd(cloud);
  });

  test('held for twenty minutes, the route is written once: the fence', async () => {
    const cloud = await started({ acts: [atShare(25, MINUTE_MS, edit(50, 50))] });
    await held(cloud);
    await pass(cloud, 20 * MINUTE_MS);
    const ours = cloud.world
      .truth()
      .routeWrites.filter(({ atMs, caller }) => atMs > actedAtMs(cloud) && caller.user === 'sluice');
    expect(ours).toHaveLength(1);
    expect(await ask(cloud, 'resume', { generation: 1, drift: 'adopt' })).toMatchObject({
      status: 409,
      body: { detail: "the foreign share 50 is above the current rung's 25" },
    });
    await ask(cloud, 'rollback');
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'operator', backendRefs: BACK });
    expectOrderlyEnd(cloud);
  });
});

describe('a GitOps controller that reverts again and again', () => {
  const route = OLD_SIDE.find(({ kind }) => kind === 'HTTPRoute') as KubeObject;
  const desired = (weights: Readonly<Record<string, number>>): KubeObject => {
    const spec = route['spec'] as { readonly rules: readonly { readonly backendRefs: readonly object[] }[] };
    const rules = spec.rules.map((rule) => ({
      ...rule,
      backendRefs: Object.entries(weights).map(([name, weight]) => ({
        ...rule.backendRefs[0],
        name,
        weight,
      })),
    }));
    return { ...route, spec: { ...spec, rules } };
  };
  const gitOps = (object: KubeObject, untilMs: number | null): WorldInput => ({
    gitOps: [
      {
        cluster: CLUSTER,
        object,
        everyMs: 20 * SECOND_MS,
        fromMs: 13 * MINUTE_MS,
        untilMs,
        manager: 'argocd',
      },
    ],
  });

  test('to what was in Git before: held as drift that names it, and given up when the hold is over', async () => {
    const cloud = await started(gitOps(desired({ llm: 1 }), null));
    const hold = await held(cloud);
    expect(hold).toMatchObject({ reason: 'drift', driftWhat: 'refs' });
    expect(hold?.sentence).toContain('last written by argocd');
    // Writing ours again lasts until it comes by again.
    expect((await ask(cloud, 'resume', { generation: 1, drift: 'reapply' })).status).toBe(200);
    await pass(cloud, 3 * MINUTE_MS);
    expect(stateOf(cloud).context.hold?.reason).toBe('drift');
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'holdTimeout', backendRefs: BACK });
    expectOrderlyEnd(cloud);
  });

  test('to weights of its own during a rollback: overwritten each time, a person is told, done when it stops', async () => {
    const cloud = await started(gitOps(desired({ llm: 50, 'llm-new': 50 }), 40 * MINUTE_MS));
    await held(cloud);
    await ask(cloud, 'rollback');
    await pass(cloud, 20 * MINUTE_MS);
    expect(isIn(cloud, 'rollingBack')).toBe(true);
    const told = cloud.log.filter(
      ({ severity, code }) => severity === 'CRITICAL' && code === 'rollback-fought',
    );
    expect(new Set(told.map(({ message }) => message)).size).toBe(1);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'operator', backendRefs: BACK });
    const byUs = cloud.world
      .truth()
      .routeWrites.filter(({ caller }) => caller.user === 'sluice')
      .map(({ atMs }) => atMs);
    const gaps = byUs.slice(1).map((atMs, index) => atMs - (byUs[index] ?? 0));
    // The first answers come at once, later ones at a bounded rate.
    expect(gaps.filter((gap) => gap < 4 * SECOND_MS).length).toBeLessThan(10);
    expectOrderlyEnd(cloud);
  });
});

describe('a gateway that does not reconcile', () => {
  const stops: Act = { kind: 'gatewayBehaves', as: { reconciles: false } };
  const works: Act = { kind: 'gatewayBehaves', as: { reconciles: true } };

  test('never, from before the start: refused in preflight', async () => {
    const cloud = await started({ gateway: { reconciles: false }, traffic: [] });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'failed', reason: 'preflight', backendRefs: BACK });
    expectOrderlyEnd(cloud);
  });

  test('from a share of 5 on: held for its confirmation, never advances, given up when the hold is over', async () => {
    const cloud = await started({ acts: [atShare(5, MINUTE_MS, stops)] });
    expect(await held(cloud)).toMatchObject({ reason: 'confirmation' });
    expect(stateOf(cloud).context).toMatchObject({ confirmedPercent: 5, writtenPercent: 25 });
    await pass(cloud, 4 * HOUR_MS);
    expect(backendRefs(cloud)).toEqual([
      { name: 'llm', weight: 75 },
      { name: 'llm-new', weight: 25 },
    ]);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'holdTimeout', backendRefs: BACK });
    // It may still send 5 % to the new side: nobody may take that away.
    await pass(cloud, HOUR_MS);
    cloud.world.settle();
    expect(cloud.world.truth().requests.failed).toBe(0);
    expect(leftoversOf(cloud)).toEqual([{ kind: 'newSide', name: 'llm-new', dueAtMs: null }]);
    // The gateway splits on, and nobody evaluates it any more.
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
  });

  test('for twenty minutes: resumed by hand, it goes on to the end', async () => {
    const cloud = await started({ acts: [atShare(5, MINUTE_MS, stops)] });
    await held(cloud);
    await pass(cloud, 10 * MINUTE_MS);
    cloud.world.act(works);
    expect((await ask(cloud, 'resume', { generation: 1 })).status).toBe(200);
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    expectOrderlyEnd(cloud);
  });

  test('during a rollback: the weights are back at once, its silence is reported, nothing in use is deleted', async () => {
    const cloud = await started({
      acts: [atShare(25, MINUTE_MS, stops), atShare(25, 90 * SECOND_MS, opened)],
    });
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual({ state: 'rolledBack', reason: 'alert', backendRefs: BACK });
    expect(writtenBackMs(cloud, actedAtMs(cloud))).toBeLessThan(32 * SECOND_MS);
    expect(
      cloud.log.some(({ severity, code }) => severity === 'CRITICAL' && code === 'rollback-unconfirmed'),
    ).toBe(true);
    await pass(cloud, HOUR_MS);
    cloud.world.settle();
    expect(cloud.world.truth().requests.failed).toBe(0);
    expect(leftoversOf(cloud)).toEqual([{ kind: 'newSide', name: 'llm-new', dueAtMs: null }]);
    const [left] = cloud.store.truth.leftovers.values();
    expect(left?.reason).toContain('It may still get traffic: Gateway serving/inference-gateway');
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
  });

  test.each([
    [5, 25],
    [25, 100],
  ])(
    'but says that it did, from a share of %i on: the %i that never arrives is held, and nothing fails',
    async (percent, never) => {
      const lies: Act = { kind: 'gatewayBehaves', as: { reportsFalsely: true } };
      const cloud = await started({ acts: [atShare(percent, MINUTE_MS, lies)] });
      expect(await held(cloud)).toMatchObject({ reason: 'split' });
      cloud.world.settle();
      const [route] = cloud.world.truth().routes;
      expect(route?.rules[0]?.programmed).toMatchObject({ 'llm-new': percent });
      expect(stateOf(cloud).context.writtenPercent).toBe(never);
      cloud.world.act({ kind: 'gatewayBehaves', as: { reportsFalsely: false } });
      await pass(cloud, 2 * MINUTE_MS);
      expect((await ask(cloud, 'resume', { generation: 1 })).status).toBe(200);
      await runToEnd(cloud);
      expect(endOf(cloud)).toEqual(PROMOTED);
      expect(cloud.world.truth().requests.failed).toBe(0);
      expectOrderlyEnd(cloud);
    },
  );

  test('but says so, from the soak on: the old side gets requests, so it is not deleted', async () => {
    const lies: Act = { kind: 'gatewayBehaves', as: { reportsFalsely: true } };
    const cloud = aCloud({ acts: [atShare(25, 4 * MINUTE_MS, lies)] });
    await start(cloud, rolloutFile({ retire: 'delete', more: ['  gates: { tune: { split: off } }'] }));
    await runToEnd(cloud);
    expect(endOf(cloud)).toEqual(PROMOTED);
    await pass(cloud, HOUR_MS);
    cloud.world.settle();
    expect(cloud.world.truth().requests.failed).toBe(0);
    expect(leftoversOf(cloud)).toEqual([{ kind: 'oldSide', name: 'llm', dueAtMs: null }]);
    expectOrderlyEnd(cloud, ROLLOUT, { alarms: 1 });
  });
});
