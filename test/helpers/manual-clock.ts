import type { Clock } from '../../functions/adapters/clock.ts';

interface Waiting {
  readonly atMs: number;
  readonly end: () => void;
}

export interface ManualClock extends Clock {
  /** Lets time pass; whoever waited for a moment on the way acts at that moment, as far as it gets without the network. */
  advance(ms: number): Promise<void>;
  /** How many wait. */
  readonly waiting: number;
  readonly held: number;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until it is told. */
export const manualClock = (startMs = Date.UTC(2026, 2, 2, 9)): ManualClock => {
  let nowMs = startMs;
  let held = 0;
  const waits = new Set<Waiting>();
  const next = (untilMs: number): Waiting | undefined =>
    [...waits].filter(({ atMs }) => atMs <= untilMs).toSorted((one, other) => one.atMs - other.atMs)[0];
  return {
    nowMs: () => nowMs,
    hold: () => {
      held += 1;
      let isHeld = true;
      return () => {
        if (isHeld) held -= 1;
        isHeld = false;
      };
    },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const waiting: Waiting = {
          atMs: nowMs + Math.max(0, ms),
          end: () => {
            waits.delete(waiting);
            signal?.removeEventListener('abort', waiting.end);
            resolve(nowMs);
          },
        };
        waits.add(waiting);
        if (signal?.aborted === true) waiting.end();
        else signal?.addEventListener('abort', waiting.end);
      }),
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await turn();
      for (let first = next(untilMs); first !== undefined; first = next(untilMs)) {
        nowMs = Math.max(nowMs, first.atMs);
        first.end();
        await turn();
      }
      nowMs = untilMs;
    },
    get waiting() {
      return waits.size;
    },
    get held() {
      return held;
    },
  };
};
