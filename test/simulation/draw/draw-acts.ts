import type { Random } from '../../../simulator/scheduler/random.ts';
import { CLUSTER_NAMES } from '../stage/rollout-text.ts';
import { namespaceOf } from '../stage/stack-objects.ts';
import type { Trial, TrialOrder, TrialStack, TrialWhen } from '../trial.ts';
import { OTHER_ACTS } from './other-acts.ts';
import { pick, pickWeighted, several } from './pick.ts';
import type { Scene } from './scene.ts';
import { SIDE_ACTS } from './side-acts.ts';

const SECOND_MS = 1000;

const PERCENTS = [1, 3, 8, 20, 45, 95] as const;

const drawWhen = (random: Random, order: number): TrialWhen =>
  random.chance(0.35)
    ? { afterMs: random.int(0, 40 * 60) * SECOND_MS }
    : { order, percent: pick(random, PERCENTS), forMs: random.int(0, 200) * SECOND_MS };

/** What befalls the world: in half of the trials something that should put the traffic back. */
export const drawActs = (
  random: Random,
  stacks: readonly TrialStack[],
  orders: readonly TrialOrder[],
): Trial['acts'] =>
  several(random, { more: 0.6, most: 8 }, () => {
    const order = random.int(0, orders.length - 1);
    const index = orders[order]?.stack ?? 0;
    const stack = stacks[index];
    if (stack === undefined) throw new RangeError(`order ${order} is about no stack`);
    const scene: Scene = {
      random,
      stack,
      index,
      cluster: CLUSTER_NAMES[stack.cluster],
      namespace: namespaceOf(index),
    };
    const act = random.chance(0.5)
      ? pickWeighted(random, SIDE_ACTS)(scene, random.chance(0.75) ? 'new' : 'old')
      : pickWeighted(random, OTHER_ACTS)(scene);
    return { when: drawWhen(random, order), act };
  });
