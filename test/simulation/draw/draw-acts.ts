import type { Random } from '../../../simulator/scheduler/random.ts';
import { CLUSTER_NAMES, policyOf } from '../stage/rollout-text.ts';
import { namespaceOf } from '../stage/stack-objects.ts';
import type { Trial, TrialOrder, TrialStack, TrialWhen } from '../trial.ts';
import { ADAPTER_ACTS } from './adapter-acts.ts';
import { OTHER_ACTS } from './other-acts.ts';
import { pick, pickWeighted, several } from './pick.ts';
import { type Scene, side } from './scene.ts';
import { SIDE_ACTS } from './side-acts.ts';

const SECOND_MS = 1000;

const PERCENTS = [1, 3, 8, 20, 45, 95] as const;

const drawWhen = (random: Random, order: number): TrialWhen =>
  random.chance(0.35)
    ? { afterMs: random.int(0, 40 * 60) * SECOND_MS }
    : { order, percent: pick(random, PERCENTS), forMs: random.int(0, 200) * SECOND_MS };

/**
 * The rows of the rollback table that chance rarely brings: the old side is weak or gone when the way back begins, and
 * sometimes the new one with it.
 */
const drawWeakOldSide = (scene: Scene, order: number): Trial['acts'] => {
  const { random, stack, index } = scene;
  const percent = pick(random, PERCENTS);
  const forMs = random.int(0, 60) * SECOND_MS;
  const longMs = random.int(60, 600) * SECOND_MS;
  const when = (laterMs: number): TrialWhen => ({ order, percent, forMs: forMs + laterMs });
  const pods = random.chance(0.5) && stack.replicas > 1 ? { pods: stack.replicas - 1 } : {};
  const old: Trial['acts'] = [
    { when: when(0), act: { kind: 'crashLoop', target: { ...side(scene, 'old'), ...pods }, forMs: longMs } },
  ];
  const both: Trial['acts'] = random.chance(0.4)
    ? [{ when: when(0), act: { kind: 'crashLoop', target: side(scene, 'new'), forMs: longMs } }]
    : [];
  const alert: Trial['acts'] = [
    { when: when(20 * SECOND_MS), act: { kind: 'incidentOpened', policy: policyOf(index), forMs: longMs } },
  ];
  return [...old, ...both, ...alert];
};

/** What befalls the world: in half of the trials something that should put the traffic back. */
export const drawActs = (
  random: Random,
  stacks: readonly TrialStack[],
  orders: readonly TrialOrder[],
): Trial['acts'] =>
  several(random, { more: 0.6, most: 8 }, (): Trial['acts'] => {
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
    if (stack.type === 'adapter')
      return [{ when: drawWhen(random, order), act: pickWeighted(random, ADAPTER_ACTS)(scene) }];
    if (random.chance(0.06)) return drawWeakOldSide(scene, order);
    const act = random.chance(0.5)
      ? pickWeighted(random, SIDE_ACTS)(scene, random.chance(0.75) ? 'new' : 'old')
      : pickWeighted(random, OTHER_ACTS)(scene);
    return [{ when: drawWhen(random, order), act }];
  }).flat();
