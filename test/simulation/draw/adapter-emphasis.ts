/** What trials of adapters dwell on. A trial of another kind becomes one of adapters first. */
import { NO_CALL_FAULTS } from '../../../simulator/scheduler/faults.ts';
import { createRandom, type Random } from '../../../simulator/scheduler/random.ts';
import type { Act } from '../../../simulator/world/acts.ts';
import { FIRST_POOL, namesOf } from '../stage/adapter-stack.ts';
import { CLUSTER_NAMES } from '../stage/rollout-text.ts';
import { adaptersOf, namespaceOf } from '../stage/stack-objects.ts';
import type { Trial, TrialOrder, TrialWhen } from '../trial.ts';
import { drawAdapterOrders, drawAdapterStacks } from './draw-adapters.ts';
import { drawnOn } from './pick.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

const isAboutAdapters = ({ stacks }: Trial): boolean => stacks.every(({ type }) => type === 'adapter');

/** Rollouts of adapters only, and what spoke of others left out. */
const ofAdapters = (trial: Trial): Trial => {
  const drawn = drawnOn(createRandom(trial.seed, 'emphasis/adapters'));
  const stacks = isAboutAdapters(trial) ? trial.stacks : drawAdapterStacks(drawn);
  const orders = isAboutAdapters(trial) ? trial.orders : drawAdapterOrders(drawn, stacks);
  return {
    ...trial,
    stacks,
    orders: orders.filter(({ adapter }) => adapter !== undefined),
    store: trial.store === null ? null : { ...trial.store, restores: [] },
    gitOps: [],
    acts: [],
    deeds: [],
  };
};

const calls = (trial: Trial): Trial => ({
  ...trial,
  calls: null,
  platform: null,
  store: null,
  answers: null,
});

/** Nobody is asked, and it begins at once. */
const straight = (order: TrialOrder): TrialOrder => ({
  ...order,
  ladder: order.ladder.map((rung) => ({ ...rung, approval: false })),
  windowAfterMs: null,
});

/** What befalls each order, at a time of its own. */
const befalls = (
  trial: Trial,
  make: (order: TrialOrder, index: number) => readonly { readonly when: TrialWhen; readonly act: Act }[],
): Trial => ({ ...trial, acts: trial.orders.flatMap(make) });

const target = (trial: Trial, order: TrialOrder, pods: number) => ({
  cluster: CLUSTER_NAMES[trial.stacks[order.stack]?.cluster ?? 0],
  namespace: namespaceOf(order.stack),
  pool: FIRST_POOL,
  pods,
});

const newVersion = (trial: Trial, order: TrialOrder): string => {
  const stack = trial.stacks[order.stack];
  return stack === undefined || order.adapter === undefined
    ? ''
    : namesOf(adaptersOf(stack), order.adapter.alias).to;
};

/** A version that one server lists and answers like the base model, from the beginning on. */
export const silentVersions = (trial: Trial): Trial => {
  const scene = ofAdapters(trial);
  return befalls({ ...scene, orders: scene.orders.map(straight) }, (order) => [
    {
      when: { afterMs: 0 },
      act: {
        kind: 'adapterMissing',
        target: target(scene, order, 1),
        adapter: newVersion(scene, order),
        as: 'silent',
      },
    },
  ]);
};

/** A version that one server loses for good when it has nearly everything. */
export const lostVersions = (trial: Trial, random: Random): Trial => {
  const scene = calls(ofAdapters(trial));
  const two = scene.stacks.map((stack) => ({ ...stack, replicas: 2, requestsPerSecond: 20 }));
  const lost = { ...scene, stacks: two, orders: scene.orders.map(straight) };
  return befalls(lost, (order, index) => [
    {
      when: { order: index, percent: 95, forMs: random.int(1, 40) * SECOND_MS },
      act: {
        kind: 'adapterMissing',
        target: target(scene, order, 1),
        adapter: newVersion(scene, order),
        as: 'absent',
      },
    },
  ]);
};

/** Servers that come up without the new version for a while, between two rungs. */
export const replacedServers = (trial: Trial, random: Random): Trial => {
  const scene = ofAdapters(trial);
  return befalls({ ...scene, orders: scene.orders.map(straight) }, (order, index) => {
    const when = (forMs: number): TrialWhen => ({ order: index, percent: 3, forMs });
    const forMs = random.int(30, 200) * SECOND_MS;
    const adapter = newVersion(scene, order);
    const { pods: _pods, ...all } = target(scene, order, 1);
    return [
      {
        when: when(0),
        act: { kind: 'syncerFails', target: all, adapter, as: 'absent', forMs: 6 * MINUTE_MS },
      },
      { when: when(forMs), act: { kind: 'serverKilled', target: target(scene, order, 1) } },
    ];
  });
};

/** Shares of which one version has a single part in a hundred. */
export const fineShares = (trial: Trial): Trial => {
  const scene = ofAdapters(trial);
  return {
    ...scene,
    stacks: scene.stacks.map((stack) => ({
      ...stack,
      adapters: { ...adaptersOf(stack), foreignTarget: false },
    })),
    orders: scene.orders.map((order) => ({
      ...straight(order),
      ladder: [1, 99, 100].map((share) => ({ share, bakeMs: 90 * SECOND_MS, approval: false })),
    })),
  };
};

/** Rollouts of the pool itself, and of the same name, while one is under way. */
export const namesAndPools = (trial: Trial, random: Random): Trial => {
  const scene = ofAdapters(trial);
  return {
    ...scene,
    stacks: scene.stacks.map((stack) => ({
      ...stack,
      adapters: {
        ...adaptersOf(stack),
        rewrite: 'absent' as const,
        era: 'x-k8s' as const,
        pools: 1 as const,
      },
    })),
    orders: scene.orders.flatMap((order) => {
      const first = straight({ ...order, queue: true });
      const later = (): TrialOrder => ({ ...first, afterMs: order.afterMs + random.int(1, 6) * MINUTE_MS });
      const { adapter: _adapter, ...pool } = later();
      return [first, pool, later()];
    }),
  };
};

/** Nobody waits with the new version once its traffic is back; somebody goes back in the middle. */
export const backFromNames = (trial: Trial, random: Random): Trial => {
  const scene = ofAdapters(trial);
  return {
    ...scene,
    calls: scene.calls === null ? null : { ...NO_CALL_FAULTS, delayedCall: 0.1 },
    orders: scene.orders.map((order) => ({ ...straight(order), keepNewPodsMs: 0 })),
    deeds: scene.orders.map((_order, index) => ({
      when: { order: index, percent: 1, forMs: random.int(5, 90) * SECOND_MS },
      order: index,
      via: 'api' as const,
      action: 'rollback' as const,
      staleByMs: 0,
      again: false,
    })),
  };
};
