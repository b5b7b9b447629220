import type { StorePort, TimePort } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';

export interface ChangesOptions {
  readonly store: Pick<StorePort, 'journal'>;
  readonly clock: Clock;
  /** Aborted: whoever waits is told that nothing changed. */
  readonly stopping?: AbortSignal;
  /** Between two looks at the store, ms. */
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;

/**
 * `TimePort.changes` by looking at the journal: who commits may be another process. Nothing runs while nobody waits.
 * @throws RetryableError what the store throws.
 */
export const createChanges =
  ({ store, clock, stopping, everyMs = EVERY_MS }: ChangesOptions): TimePort['changes'] =>
  async ({ rolloutId, afterSeq, deadlineMs }) => {
    for (;;) {
      const entries = await store.journal({ rolloutId, afterSeq, limit: 1 });
      if (entries.length > 0) return { changed: true };
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs <= 0 || stopping?.aborted === true) return { changed: false };
      await clock.wait(Math.min(everyMs, leftMs), stopping);
    }
  };
