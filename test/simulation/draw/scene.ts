import type { Random } from '../../../simulator/scheduler/random.ts';
import type { SideTarget } from '../../../simulator/world/acts.ts';
import { EXAMPLE } from '../stage/stack-objects.ts';
import type { TrialStack } from '../trial.ts';

/** Where something happens. */
export interface Scene {
  readonly random: Random;
  readonly stack: TrialStack;
  readonly index: number;
  readonly cluster: string;
  readonly namespace: string;
}

export type Which = 'old' | 'new';

export const side = ({ stack, cluster, namespace }: Scene, which: Which): SideTarget => ({
  cluster,
  namespace,
  pool: which === 'old' ? EXAMPLE[stack.type].oldPool : EXAMPLE[stack.type].newPool,
});

/** All of a side, or some of it. */
export const some = ({ random, stack }: Scene): { readonly pods?: number } =>
  random.chance(0.4) ? { pods: random.int(1, stack.replicas) } : {};

/** From seconds to a quarter of an hour, ms. */
export const awhile = (random: Random): number => random.int(10, 900) * 1000;
