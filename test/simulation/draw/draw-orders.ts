import type { Random } from '../../../simulator/scheduler/random.ts';
import type { TrialOperator, TrialOrder, TrialStack } from '../trial.ts';
import { pick, pickWeighted } from './pick.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** How many stacks: mostly one or two, sometimes a fleet over both clusters. */
const drawCount = (random: Random): number =>
  pickWeighted(random, [
    [70, () => 1],
    [24, () => 2],
    [5, () => random.int(3, 5)],
    [1, () => random.int(8, 18)],
  ])();

const drawStack = (random: Random): TrialStack => ({
  type: random.chance(0.65) ? 'node' : 'baseModel',
  replicas: pickWeighted(random, [
    [4, 2],
    [2, 1],
    [2, 3],
  ]),
  newSideThere: random.chance(0.35),
  cluster: random.chance(0.3) ? 1 : 0,
  requestsPerSecond: pickWeighted(random, [
    [6, 20],
    [4, 40],
    [1, 4],
    [1, 0],
  ]),
  weight: pickWeighted(random, [
    [5, null],
    [2, 1],
    [1, 7],
    [1, 100],
    [1, 1000],
  ]),
  neighbour: random.chance(0.15),
  secondRoute: random.chance(0.2),
  bareRoute: random.chance(0.5),
});

export const drawStacks = (random: Random): readonly TrialStack[] =>
  Array.from({ length: drawCount(random) }, () => drawStack(random));

/** Mostly short ones: each rung is a few minutes of looks. */
const LADDERS: readonly (readonly [number, readonly number[]])[] = [
  [6, [25, 100]],
  [6, [50, 100]],
  [3, [10, 50, 100]],
  [2, [5, 100]],
  [1, [1, 25, 100]],
  [2, [33.3, 66.6, 100]],
  [3, [100]],
  [1, [10, 20, 40, 80, 100]],
];

const drawLadder = (random: Random): TrialOrder['ladder'] =>
  pickWeighted(random, LADDERS).map((share) => ({
    share,
    bakeMs: random.int(3, 6) * 30 * SECOND_MS,
    approval: random.chance(0.08),
  }));

const drawOperator = (random: Random): TrialOperator | null =>
  random.chance(0.25)
    ? null
    : {
        everyMs: random.int(1, 6) * MINUTE_MS,
        approves: random.chance(0.85),
        onHold: pickWeighted(random, [
          [6, 'resume'],
          [3, 'adopt'],
          [3, 'reapply'],
          [1, 'rollback'],
          [1, 'wait'],
        ] as const),
      };

const drawNodes = (random: Random, stack: TrialStack): TrialOrder['nodes'] => {
  if (stack.type === 'baseModel') return 'same';
  if (stack.type === 'adapter') return 'nodePool';
  if (stack.newSideThere) return 'nodePool';
  return random.chance(0.5) ? 'create' : 'nodePool';
};

export const drawOrder = (random: Random, stack: TrialStack, index: number): TrialOrder => ({
  stack: index,
  nodes: drawNodes(random, stack),
  afterMs: random.int(0, 120) * SECOND_MS,
  queue: random.chance(0.5),
  via: random.chance(0.75) ? 'api' : 'requests',
  ladder: drawLadder(random),
  settleMs: pick(random, [30, 30, 60]) * SECOND_MS,
  warmUpMs: pick(random, [0, 0, 30]) * SECOND_MS,
  errorSamplesMin: pick(random, [20, 30, 60]),
  ttft: random.chance(0.3),
  floorPercent: pick(random, [100, 100, 100, 50]),
  onHoldForMs: pick(random, [4, 8, 15, 30]) * MINUTE_MS,
  keepNewPodsMs: pick(random, [0, 1, 5]) * MINUTE_MS,
  retentionMs: pick(random, [1, 2, 5, 20]) * MINUTE_MS,
  retire: random.chance(0.5) ? 'keep' : 'delete',
  holdWhileOpen: random.chance(0.8),
  windowAfterMs: random.chance(0.06) ? random.int(-60, 90) * MINUTE_MS : null,
  operator: drawOperator(random),
});

/** One order per stack, and now and then a second one for the same pool. */
export const drawOrders = (random: Random, stacks: readonly TrialStack[]): readonly TrialOrder[] =>
  stacks.flatMap((stack, index) => {
    const first = drawOrder(random, stack, index);
    if (!random.chance(0.08)) return [first];
    const second = { ...drawOrder(random, stack, index), afterMs: random.int(0, 40) * MINUTE_MS };
    return [first, second];
  });
