import type { Random } from '../../../simulator/scheduler/random.ts';
import type { GatewayBehaviour, NodePoolFault } from '../../../simulator/world/parameters.ts';
import type { Trial, TrialStack } from '../trial.ts';
import { pick, several } from './pick.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export const drawGateway = (random: Random): Partial<GatewayBehaviour> => ({
  ...(random.chance(0.2) ? { frontEnds: random.int(2, 3), trafficLagMs: [0, 60_000] as const } : {}),
  ...(random.chance(0.2) ? { reportLagMs: [1_000, 60_000] as const } : {}),
  ...(random.chance(0.25) ? { statusChurnMs: random.int(1, 60) * SECOND_MS } : {}),
});

export const drawNodePoolFaults = (random: Random): readonly NodePoolFault[] =>
  random.chance(0.2)
    ? [
        {
          machineType: 'a3-ultragpu-8g',
          kind: pick(random, ['stockout', 'partial', 'slow'] as const),
          afterMs: random.int(1, 35) * MINUTE_MS,
          nodes: random.int(0, 1),
          ...(random.chance(0.5) ? { times: 1 } : {}),
        },
      ]
    : [];

export const drawGitOps = (
  random: Random,
  { stacks, faultsForMs }: { readonly stacks: readonly TrialStack[]; readonly faultsForMs: number },
): Trial['gitOps'] =>
  random.chance(0.06)
    ? [
        {
          stack: random.int(0, stacks.length - 1),
          everyMs: random.int(20, 300) * SECOND_MS,
          fromMs: random.int(0, 30) * MINUTE_MS,
          forMs: random.int(1, faultsForMs / MINUTE_MS) * MINUTE_MS,
        },
      ]
    : [];

/** A process's clock that is set while it runs. */
export const drawClockJumps = (
  random: Random,
  { instances, faultsForMs }: { readonly instances: number; readonly faultsForMs: number },
): Trial['clockJumps'] =>
  several(random, { more: 0.1, most: 2 }, () => ({
    afterMs: random.int(1, faultsForMs),
    instance: random.int(0, instances - 1),
    skewMs: random.int(-600, 600) * SECOND_MS,
  }));
