import type { AnswerFaults } from '../world/answer-faults.ts';
import type { Random } from './random.ts';

/**
 * Rates for one seed: each kind is absent in one run, rare in another, frequent in a third. A write has several chances
 * to go wrong, so that what refuses it stays at a few percent: rollouts shall get somewhere.
 */
export function drawAnswerFaults(random: Random): AnswerFaults {
  const rate = (most: number): number => (random.chance(0.3) ? 0 : most * 10 ** -random.int(0, 2));
  return {
    tooMany: rate(0.01),
    serverError: rate(0.01),
    errorAfterWrite: rate(0.05),
    conflict: rate(0.05),
    statusBump: rate(0.2),
    gkeError: rate(0.1),
    monitoringSilent: rate(0.2),
    scrapeMissing: rate(0.02),
    scrapeStale: rate(0.1),
    scrapeDoubled: rate(0.1),
    counterReset: rate(0.005),
  };
}
