import { drawAnswerFaults } from '../../../simulator/scheduler/draw-answer-faults.ts';
import { drawFaults } from '../../../simulator/scheduler/faults.ts';
import { drawPlatformFaults } from '../../../simulator/scheduler/platform-faults.ts';
import { createRandom } from '../../../simulator/scheduler/random.ts';
import { shadowObject } from '../stage/adapter-stack.ts';
import { CLUSTER_NAMES } from '../stage/rollout-text.ts';
import { adaptersOf, namespaceOf } from '../stage/stack-objects.ts';
import type { Trial } from '../trial.ts';
import { drawActs } from './draw-acts.ts';
import { drawAdapterOrders, drawAdapterStacks } from './draw-adapters.ts';
import { drawDeeds } from './draw-deeds.ts';
import { drawOrders, drawStacks } from './draw-orders.ts';
import { drawStoreFaults } from './draw-store-faults.ts';
import { drawClockJumps, drawGateway, drawGitOps, drawNodePoolFaults } from './draw-surroundings.ts';
import { EMPHASES, emphasised } from './emphasis.ts';
import { drawnOn, pick, several } from './pick.ts';

const MINUTE_MS = 60_000;

/** Some kinds of emphasis multiply what a trial holds. */
const DWELT_ON_MAX = 3;

/** One trial of so many is about adapters. */
const ADAPTERS_PART = 0.2;

/** A trial that follows from its seed alone; nearly a third of them dwell on something. */
export const drawTrial = (seed: number): Trial => {
  const isAboutAdapters = drawnOn(createRandom(seed, 'trial/kind')).chance(ADAPTERS_PART);
  const trial = drawParts(seed, isAboutAdapters ? drawAdapterScene(seed) : drawScene(seed));
  const random = createRandom(seed, 'trial/emphasis');
  return trial.orders.length <= DWELT_ON_MAX && random.chance(0.3)
    ? emphasised(trial, pick(random, EMPHASES))
    : trial;
};

type Scene = Pick<Trial, 'stacks' | 'orders'>;

const drawScene = (seed: number): Scene => {
  const stacks = drawStacks(createRandom(seed, 'trial/stacks'));
  return { stacks, orders: drawOrders(createRandom(seed, 'trial/orders'), stacks) };
};

const drawAdapterScene = (seed: number): Scene => {
  const stacks = drawAdapterStacks(drawnOn(createRandom(seed, 'trial/adapters')));
  const random = drawnOn(createRandom(seed, 'trial/adapterOrders'));
  return { stacks, orders: drawAdapterOrders(random, stacks) };
};

/** A younger object for a name that has one already. */
const drawShadows = (stacks: Trial['stacks']): Trial['acts'] =>
  stacks.flatMap((stack, index) => {
    const adapters = adaptersOf(stack);
    return stack.type === 'adapter' && adapters.shadowed
      ? [
          {
            when: { afterMs: 2_000 },
            act: {
              kind: 'applied' as const,
              cluster: CLUSTER_NAMES[stack.cluster],
              objects: [shadowObject(adapters, namespaceOf(index))],
            },
          },
        ]
      : [];
  });

/** Each part has a generator of its own: a change of one leaves the others. */
const drawParts = (seed: number, { stacks, orders }: Scene): Trial => {
  const random = createRandom(seed, 'trial');
  const instances = random.chance(0.5) ? 1 : random.int(2, 3);
  const faultsForMs = random.int(30, 120) * MINUTE_MS;
  const within = { count: orders.length, stacks, faultsForMs };
  const faulty = random.chance(0.85);
  const when = (): number => random.int(1, faultsForMs / MINUTE_MS) * MINUTE_MS;
  return {
    seed,
    stacks,
    orders,
    instances,
    skewMs: Array.from({ length: instances }, () => (random.chance(0.2) ? random.int(-120_000, 120_000) : 0)),
    clockJumps: drawClockJumps(createRandom(seed, 'trial/clocks'), { instances, faultsForMs }),
    twoVersions: instances > 1 && random.chance(0.2),
    faultsForMs,
    calls: faulty && random.chance(0.7) ? drawFaults(createRandom(seed, 'trial/calls')) : null,
    platform: faulty && random.chance(0.7) ? drawPlatformFaults(createRandom(seed, 'trial/platform')) : null,
    store: faulty && random.chance(0.5) ? drawStoreFaults(createRandom(seed, 'trial/store'), within) : null,
    answers: faulty && random.chance(0.6) ? drawAnswerFaults(createRandom(seed, 'trial/answers')) : null,
    gateway: drawGateway(createRandom(seed, 'trial/gateway')),
    nodePoolFaults: drawNodePoolFaults(createRandom(seed, 'trial/nodePools')),
    gitOps: drawGitOps(createRandom(seed, 'trial/gitOps'), within),
    acts: [...drawActs(createRandom(seed, 'trial/acts'), stacks, orders), ...drawShadows(stacks)],
    deeds: drawDeeds(createRandom(seed, 'trial/deeds'), orders),
    ticksStopped: several(random, { more: 0.06, most: 2 }, () => ({
      afterMs: when(),
      forMs: random.int(2, 25) * MINUTE_MS,
    })),
    redrives: several(random, { more: 0.1, most: 2 }, when),
  };
};
