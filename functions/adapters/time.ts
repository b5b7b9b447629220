import type { TimePort } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';

export interface TimeOptions {
  readonly clock: Clock;
  readonly changes: TimePort['changes'];
}

/**
 * The port over a clock. A process that is about to end does not cut waits short: some of them are what makes a deletion
 * safe. It ends while they wait, as it would by a crash.
 */
export const createTime = ({ clock, changes }: TimeOptions): TimePort => ({
  now: async () => clock.nowMs(),
  wait: async ({ ms }) => clock.wait(ms),
  changes,
});
