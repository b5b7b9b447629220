import type { Clock } from '../functions/adapters/clock.ts';

export interface TickerOptions {
  readonly clock: Clock;
  /** Called on each full minute by the clock. */
  readonly tick: (atMs: number) => void;
  /** Aborted: no more ticks. */
  readonly stopping: AbortSignal;
}

const MINUTE_MS = 60_000;

/**
 * Cloud Scheduler for one machine. Minutes that passed while the machine slept are not made up for: a tick says only that
 * time has passed. Resolves once it was stopped; rejects with what `tick` throws.
 */
export const runTicker = async ({ clock, tick, stopping }: TickerOptions): Promise<void> => {
  for (;;) {
    const nowMs = clock.nowMs();
    const nextMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
    await clock.wait(nextMs - nowMs, stopping);
    if (stopping.aborted) return;
    tick(clock.nowMs());
  }
};
