import type { NoAnswer } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';

export interface Deadline {
  readonly clock: Clock;
  /** By the clock. */
  readonly timeoutMs: number;
}

/**
 * Runs one request; after `timeoutMs` there is no answer and the request is cancelled. A paced clock stands still meanwhile,
 * as far as it does.
 * @param run Must not reject. Its signal is aborted when nobody waits any more, also after it has answered.
 */
export const withinDeadline = async <T>(
  { clock, timeoutMs }: Deadline,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | NoAnswer> => {
  const release = clock.hold();
  const cancelling = new AbortController();
  const answered = new AbortController();
  try {
    return await Promise.race([
      run(cancelling.signal),
      clock
        .wait(timeoutMs, answered.signal)
        .then((): NoAnswer => ({ kind: 'noAnswer', why: `no answer within ${timeoutMs / 1000} s` })),
    ]);
  } finally {
    cancelling.abort();
    answered.abort();
    release();
  }
};
