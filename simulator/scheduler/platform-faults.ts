import type { PubSubFaults } from './pubsub.ts';
import type { Random } from './random.ts';
import type { TickFaults } from './ticks.ts';

/** On top of the messages' own: a tick that never comes, one that comes twice. */
export interface PlatformFaults extends PubSubFaults, TickFaults {}

export const NO_PLATFORM_FAULTS: PlatformFaults = {
  duplicated: 0,
  delayed: 0,
  delayMaxMs: 300_000,
  dayLate: 0,
  tickLost: 0,
  tickDoubled: 0,
};

/** Rates for one seed: each kind is absent in one run, rare in another, frequent in a third. */
export function drawPlatformFaults(random: Random): PlatformFaults {
  const rate = (most: number): number => (random.chance(0.3) ? 0 : most * 10 ** -random.int(0, 2));
  return {
    ...NO_PLATFORM_FAULTS,
    duplicated: rate(0.3),
    delayed: rate(0.5),
    dayLate: rate(0.1),
    tickLost: rate(0.3),
    tickDoubled: rate(0.3),
  };
}
