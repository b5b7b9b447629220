/** Stacks of adapters and the orders about them, each with a generator of its own: trials of other kinds stay as they are. */
import type { Random } from '../../../simulator/scheduler/random.ts';
import type { TrialAdapters, TrialOrder, TrialStack } from '../trial.ts';
import { drawOrder } from './draw-orders.ts';
import { pickWeighted } from './pick.ts';

const MINUTE_MS = 60_000;

const drawAdapters = (random: Random): TrialAdapters => {
  const era = pickWeighted(random, [
    [6, 'x-k8s'],
    [3, 'llm-d'],
    [2, 'model'],
  ] as const);
  const rewrite = pickWeighted(random, [
    [6, 'absent'],
    [6, 'own'],
    [5, 'shared'],
    [1, 'foreign'],
  ] as const);
  const pools = random.chance(0.25) ? 2 : 1;
  return {
    era,
    pools,
    firstPoolOnly: pools === 2 && random.chance(0.25),
    rewrite: era === 'model' && rewrite === 'foreign' ? 'own' : rewrite,
    foreignTarget: rewrite !== 'absent' && random.chance(0.3),
    shadowed: era !== 'model' && rewrite === 'own' && random.chance(0.15),
    loaded: random.chance(0.25),
    pickerReadable: random.chance(0.5),
  };
};

const drawStack = (random: Random): TrialStack => ({
  type: 'adapter',
  adapters: drawAdapters(random),
  replicas: pickWeighted(random, [
    [4, 2],
    [2, 3],
    [1, 4],
  ]),
  newSideThere: false,
  cluster: random.chance(0.3) ? 1 : 0,
  requestsPerSecond: pickWeighted(random, [
    [6, 20],
    [3, 8],
    [1, 0],
  ]),
  weight: null,
  neighbour: false,
  secondRoute: false,
  bareRoute: random.chance(0.5),
});

const ofEra = (stack: TrialStack, era: TrialAdapters['era'] | undefined): TrialStack =>
  stack.adapters === undefined || era === undefined
    ? stack
    : { ...stack, adapters: { ...stack.adapters, era } };

/** Mostly one stack of adapters, now and then two, in a fleet of one era. */
export const drawAdapterStacks = (random: Random): readonly TrialStack[] => {
  const first = drawStack(random);
  return random.chance(0.15) ? [first, ofEra(drawStack(random), first.adapters?.era)] : [first];
};

const drawAdapterOrder = (random: Random, stack: TrialStack, index: number, alias: 0 | 1): TrialOrder => ({
  ...drawOrder(random, stack, index),
  ttft: false,
  adapter: { alias, load: stack.adapters?.loaded === true && random.chance(0.85) ? 'loaded' : 'syncer' },
});

/**
 * One order for a stack's first name; often one for its second at the same time, sometimes a rival for the first, and
 * sometimes one for the machines of the whole pool.
 */
export const drawAdapterOrders = (random: Random, stacks: readonly TrialStack[]): readonly TrialOrder[] =>
  stacks.flatMap((stack, index) => {
    const orders = [drawAdapterOrder(random, stack, index, 0)];
    if (random.chance(0.4)) orders.push(drawAdapterOrder(random, stack, index, 1));
    if (random.chance(0.12))
      orders.push({
        ...drawAdapterOrder(random, stack, index, 0),
        afterMs: random.int(0, 25) * MINUTE_MS,
      });
    if (random.chance(0.1)) {
      const { adapter: _adapter, ...rival } = drawAdapterOrder(random, stack, index, 0);
      orders.push({ ...rival, afterMs: random.int(0, 15) * MINUTE_MS });
    }
    return orders;
  });
