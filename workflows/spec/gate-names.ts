/** Gates that are built. Tripwires run at each look and can only fail; judges speak at the end of a bake. */
import type { RolloutSpec } from './rollout-spec.ts';

type RolloutType = RolloutSpec['type'];

export const TRIPWIRES = [
  'errors.fast',
  'unanswered',
  'split',
  'ready',
  'queue',
  'adapter.notFound',
  'adapterSlots',
] as const;
export const JUDGES = ['errors', 'ttft.slo', 'adapter.errors', 'adapter.duration'] as const;

export type GateName = (typeof TRIPWIRES)[number] | (typeof JUDGES)[number];

/** Two pools can be compared with each other, and lose each other. */
const OF_POOLS: readonly GateName[] = [
  'errors.fast',
  'unanswered',
  'split',
  'ready',
  'queue',
  'errors',
  'ttft.slo',
];

/** Which gates take part: both versions of an adapter run on the same pods, so that most figures are of both. */
export const GATES_OF_TYPE: Readonly<Record<RolloutType, readonly GateName[]>> = {
  node: OF_POOLS,
  baseModel: OF_POOLS,
  adapter: [
    'errors.fast',
    'queue',
    'adapter.notFound',
    'adapterSlots',
    'errors',
    'adapter.errors',
    'adapter.duration',
  ],
};
