/**
 * What a trial dwells on, so that rare things meet: some of the drawn ones do, and those of a hunt for a mutant whose mistake
 * shows only then. The trial is drawn as ever and then given more of that.
 */
import { NO_CALL_FAULTS } from '../../../simulator/scheduler/faults.ts';
import { NO_PLATFORM_FAULTS } from '../../../simulator/scheduler/platform-faults.ts';
import { createRandom, type Random } from '../../../simulator/scheduler/random.ts';
import { CLUSTER_NAMES, WINDOW_HOURS } from '../stage/rollout-text.ts';
import { EXAMPLE, namespaceOf } from '../stage/stack-objects.ts';
import type { Trial, TrialDeed, TrialOrder, TrialWhen } from '../trial.ts';
import {
  backFromNames,
  fineShares,
  lostVersions,
  namesAndPools,
  replacedServers,
  silentVersions,
} from './adapter-emphasis.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

const PERCENTS = [1, 5, 20, 45] as const;

const atSomeShare = (random: Random, order: number): TrialWhen => ({
  order,
  percent: PERCENTS[random.int(0, PERCENTS.length - 1)] ?? 1,
  forMs: random.int(0, 300) * SECOND_MS,
});

const sometime = (random: Random): TrialWhen => ({ afterMs: random.int(2 * 60, 30 * 60) * SECOND_MS });

const later = (when: TrialWhen, ms: number): TrialWhen =>
  'afterMs' in when ? { afterMs: when.afterMs + ms } : { ...when, forMs: when.forMs + ms };

const deed = (order: number, when: TrialWhen, action: TrialDeed['action']): TrialDeed => ({
  when,
  order,
  via: 'api',
  action,
  staleByMs: 0,
  again: false,
});

const forEachOrder = (trial: Trial, make: (order: number) => readonly TrialDeed[]): Trial => ({
  ...trial,
  deeds: [...trial.deeds, ...trial.orders.flatMap((_order, index) => make(index))],
});

const calm = (trial: Trial): Trial => ({
  ...trial,
  calls: null,
  platform: null,
  store: null,
  answers: null,
  gitOps: [],
  ticksStopped: [],
});

const FIRST_GROWTH_MS = 12 * MINUTE_MS;

/** A rollback that comes while the first share is being written, by calls that are late or never answered. */
const earlyRollback = (trial: Trial, random: Random): Trial => ({
  ...calm(trial),
  stacks: trial.stacks.map((stack) => ({ ...stack, newSideThere: true })),
  orders: trial.orders.map((order) => ({
    ...order,
    nodes: order.nodes === 'create' ? ('nodePool' as const) : order.nodes,
    ladder: order.ladder.map((rung) => ({ ...rung, approval: false })),
    // Growth waits for a window, so that it is known when it begins.
    windowAfterMs: FIRST_GROWTH_MS,
  })),
  instances: 3,
  skewMs: [0, 0, 0],
  twoVersions: false,
  calls: {
    ...NO_CALL_FAULTS,
    lateCall: 0.05,
    lateMaxMs: 2 * MINUTE_MS,
    freeze: 0.02,
    freezeMaxMs: 2 * MINUTE_MS,
  },
  acts: [],
  deeds: trial.orders.map((_order, index) =>
    deed(index, { afterMs: FIRST_GROWTH_MS + random.int(0, 12_000) }, 'rollback'),
  ),
});

/** More rollouts for the same pool, that wait for it, on a slow platform. */
const rivals = (trial: Trial, random: Random): Trial => ({
  ...trial,
  stacks: trial.stacks.map((stack) => ({ ...stack, newSideThere: true })),
  orders: trial.orders.flatMap((order) => {
    const first: TrialOrder = { ...order, nodes: order.nodes === 'create' ? 'nodePool' : order.nodes };
    const other = (): TrialOrder => ({
      ...first,
      queue: true,
      afterMs: order.afterMs + random.int(1, 12) * MINUTE_MS,
    });
    return [first, other(), other()];
  }),
  // What speaks of an order would speak of another one now.
  acts: [],
  deeds: trial.orders.map((_order, index) => deed(3 * index, sometime(random), 'rollback')),
  calls: { ...NO_CALL_FAULTS, delayedCall: 0.5, delayedAnswer: 0.5 },
  platform: { ...NO_PLATFORM_FAULTS, delayed: 0.5, delayMaxMs: MINUTE_MS },
});

/** Routes that are deleted for good. */
const goneRoutes = (trial: Trial, random: Random): Trial => ({
  ...trial,
  stacks: trial.stacks.map((stack) => ({ ...stack, secondRoute: false })),
  acts: [
    ...trial.acts,
    ...trial.orders.map((order, index) => {
      const stack = trial.stacks[order.stack];
      return {
        when: atSomeShare(random, index),
        act: {
          kind: 'routeDeleted' as const,
          cluster: CLUSTER_NAMES[stack?.cluster ?? 0],
          namespace: namespaceOf(order.stack),
          route: EXAMPLE[stack?.type ?? 'node'].route,
        },
      };
    }),
  ],
});

/** Somebody gives the old side a part again when it was about to be retired. */
const lateEdits = (trial: Trial, random: Random): Trial => ({
  ...trial,
  orders: trial.orders.map((order) => ({ ...order, retentionMs: MINUTE_MS })),
  acts: [
    ...trial.acts,
    ...trial.orders.map((order, index) => {
      const stack = trial.stacks[order.stack];
      const { oldPool, newPool, route } = EXAMPLE[stack?.type ?? 'node'];
      const soakMs = order.ladder.at(-1)?.bakeMs ?? 0;
      return {
        when: { order: index, percent: 95, forMs: soakMs + random.int(30, 120) * SECOND_MS },
        act: {
          kind: 'weightsEdited' as const,
          cluster: CLUSTER_NAMES[stack?.cluster ?? 0],
          namespace: namespaceOf(order.stack),
          route,
          weights: { [oldPool]: 10, [newPool]: 90 },
        },
      };
    }),
  ],
});

/** Processes that stand still for about as long as a bake, while some rollouts are given up. */
const sleepers = (trial: Trial, random: Random): Trial =>
  forEachOrder(
    {
      ...trial,
      instances: 3,
      skewMs: [0, 0, 0],
      twoVersions: false,
      calls: { ...NO_CALL_FAULTS, freeze: 0.02, freezeMaxMs: 6 * MINUTE_MS },
    },
    (order) => (random.chance(0.5) ? [deed(order, sometime(random), 'abandon')] : []),
  );

/** Processes that stand still for as long as a bake takes, at the end of another one, on a long ladder. */
const oversleepers = (trial: Trial): Trial => ({
  ...calm(trial),
  stacks: trial.stacks.map((stack) => ({ ...stack, requestsPerSecond: 40, newSideThere: true })),
  orders: trial.orders.map((order) => ({
    ...order,
    nodes: order.nodes === 'create' ? ('nodePool' as const) : order.nodes,
    ladder: [10, 20, 30, 40, 50, 60, 70, 80, 100].map((share) => ({
      share,
      bakeMs: 5 * MINUTE_MS,
      approval: false,
    })),
    errorSamplesMin: 20,
    windowAfterMs: null,
  })),
  instances: 3,
  skewMs: [0, 0, 0],
  twoVersions: false,
  faultsForMs: 120 * MINUTE_MS,
  calls: { ...NO_CALL_FAULTS, freeze: 0.01, freezeMaxMs: 5 * MINUTE_MS },
  acts: [],
  deeds: [],
});

/** A single process that dies often, and ticks that do not come: whatever was begun goes on minutes later. */
const latecomers = (trial: Trial): Trial => ({
  ...trial,
  instances: 1,
  skewMs: [0],
  twoVersions: false,
  calls: { ...NO_CALL_FAULTS, crash: 0.02 },
  platform: { ...NO_PLATFORM_FAULTS, tickLost: 0.6 },
});

/** Every other rung needs an approval. */
const withApprovals = (trial: Trial, random: Random): Trial => ({
  ...trial,
  orders: trial.orders.map((order) => ({
    ...order,
    ladder: order.ladder.map((rung) => ({ ...rung, approval: random.chance(0.5) })),
  })),
});

/** People pause and go on, before traffic moves, while it does and between two rungs. */
const pauses = (trial: Trial, random: Random): Trial =>
  forEachOrder(withApprovals(trial, random), (order) =>
    [sometime(random), atSomeShare(random, order), atSomeShare(random, order)].flatMap((when) => [
      deed(order, when, 'pause'),
      deed(order, later(when, random.int(20, 400) * SECOND_MS), 'resume'),
    ]),
  );

/** Nobody answers when a rung asks for an approval. */
const unanswered = (trial: Trial): Trial => ({
  ...trial,
  orders: trial.orders.map((order) => ({
    ...order,
    ladder: order.ladder.map((rung, index) => ({ ...rung, approval: index > 0 })),
    operator: null,
  })),
});

/** A rollback of something that is paused, frozen or waits for an approval, in a world without faults. */
const backWhileHeld = (trial: Trial, random: Random): Trial => {
  const isAsked = random.chance(0.3);
  return forEachOrder(calm(isAsked ? unanswered(trial) : trial), (order) => {
    const when = atSomeShare(random, order);
    const backMs = random.int(30, 240) * SECOND_MS;
    if (isAsked) return [deed(order, later(when, backMs + 2 * MINUTE_MS), 'rollback')];
    return [
      deed(order, when, random.chance(0.5) ? 'pause' : 'freeze'),
      deed(order, later(when, backMs), 'rollback'),
      deed(order, later(when, backMs + 20 * MINUTE_MS), 'unfreeze'),
    ];
  });
};

const LONG_LADDER = [5, 10, 25, 50, 75, 100] as const;

/** Windows that close while the share grows, and open again the next day; mostly somebody has gone back before that. */
const closingWindows = (trial: Trial, random: Random): Trial =>
  forEachOrder(
    {
      ...(random.chance(0.6) ? { ...calm(trial), acts: [] } : trial),
      stacks: trial.stacks.map((stack) => ({ ...stack, newSideThere: true })),
      orders: trial.orders.map((order) => ({
        ...order,
        nodes: order.nodes === 'create' ? ('nodePool' as const) : order.nodes,
        ladder: LONG_LADDER.map((share) => ({ share, bakeMs: 2 * MINUTE_MS, approval: false })),
        windowAfterMs: random.int(8, 20) * MINUTE_MS - WINDOW_HOURS * 60 * MINUTE_MS,
      })),
    },
    (order) =>
      random.chance(0.8)
        ? [deed(order, { afterMs: trial.faultsForMs - random.int(0, 10) * MINUTE_MS }, 'rollback')]
        : [],
  );

/** Sides lose one of their replicas and keep the others: for minutes, or for good. */
const oneShort = (trial: Trial, random: Random): Trial => ({
  ...trial,
  stacks: trial.stacks.map((stack) => ({ ...stack, replicas: Math.max(2, stack.replicas) })),
  acts: [
    ...trial.acts,
    ...trial.orders.flatMap((order, index) => {
      const stack = trial.stacks[order.stack];
      const pools = EXAMPLE[stack?.type ?? 'node'];
      const replicas = Math.max(2, stack?.replicas ?? 2);
      const name = random.chance(0.5) ? pools.newPool : pools.oldPool;
      const when = atSomeShare(random, index);
      const scaled = (at: TrialWhen, to: number): Trial['acts'][number] => ({
        when: at,
        act: {
          kind: 'deploymentScaled',
          cluster: CLUSTER_NAMES[stack?.cluster ?? 0],
          namespace: namespaceOf(order.stack),
          name,
          replicas: to,
          by: 'horizontal-pod-autoscaler',
        },
      });
      const back = random.chance(0.6) ? [scaled(later(when, random.int(60, 600) * SECOND_MS), replicas)] : [];
      return [scaled(when, replicas - 1), ...back];
    }),
  ],
});

/** Too many requests fail for a judge, and too few for a tripwire. */
const fewFailures = (trial: Trial, random: Random): Trial => ({
  ...trial,
  stacks: trial.stacks.map((stack) => ({ ...stack, requestsPerSecond: 40 })),
  acts: trial.orders.map((order, index) => {
    const stack = trial.stacks[order.stack];
    return {
      when: { order: index, percent: 8, forMs: 0 },
      act: {
        kind: 'requestsFail' as const,
        target: {
          cluster: CLUSTER_NAMES[stack?.cluster ?? 0],
          namespace: namespaceOf(order.stack),
          pool: EXAMPLE[stack?.type ?? 'node'].newPool,
        },
        share: random.int(30, 45) / 1000,
        as: '500' as const,
      },
    };
  }),
});

/** The traffic dries up in the middle. */
const dryTraffic = (trial: Trial, random: Random): Trial => ({
  ...trial,
  acts: [
    ...trial.acts,
    ...trial.orders.map((order, index) => ({
      when: atSomeShare(random, index),
      act: { kind: 'trafficChanged' as const, stream: order.stack, requestsPerSecond: random.int(0, 1) },
    })),
  ],
});

/** People ask for many things while the store is often away. */
const lossyStore = (trial: Trial, random: Random): Trial =>
  forEachOrder(
    {
      ...trial,
      store: {
        outage: 0.1,
        contend: 0,
        staleList: 0,
        loseAnswer: 0.1,
        outages: [],
        restores: [],
      },
    },
    (order) => [
      ...(['pause', 'resume', 'pause', 'resume'] as const).map((action) =>
        deed(order, sometime(random), action),
      ),
      deed(order, atSomeShare(random, order), 'rollback'),
    ],
  );

/** Steps are approved, skipped and abandoned, also by people with an old page. */
const meddlers = (trial: Trial, random: Random): Trial =>
  forEachOrder(withApprovals(trial, random), (order) =>
    (['approve', 'approve', 'skip', 'skip', 'finish', 'abandon'] as const).map((action, index) => ({
      ...deed(order, index % 2 === 0 ? atSomeShare(random, order) : sometime(random), action),
      staleByMs: random.chance(0.5) ? random.int(1, 10) * MINUTE_MS : 0,
      again: random.chance(0.3),
    })),
  );

const MADE = {
  earlyRollback,
  goneRoutes,
  lateEdits,
  lossyStore,
  rivals,
  sleepers,
  pauses,
  backWhileHeld,
  closingWindows,
  latecomers,
  oneShort,
  oversleepers,
  dryTraffic,
  fewFailures,
  meddlers,
  backFromNames,
  fineShares,
  lostVersions,
  namesAndPools,
  replacedServers,
  silentVersions,
} as const;

export type Emphasis = keyof typeof MADE;

export const EMPHASES = Object.keys(MADE) as readonly Emphasis[];

/** The trial with more of what the emphasis is about; the same every time. */
export const emphasised = (trial: Trial, emphasis: Emphasis | undefined): Trial =>
  emphasis === undefined ? trial : MADE[emphasis](trial, createRandom(trial.seed, `emphasis/${emphasis}`));
