import type { Clock } from '../../../functions/adapters/clock.ts';

/** A clock that only the test moves, and that knows how often it is held. */
export interface HandClock extends Clock {
  pass(ms: number): void;
  /** Holds that were not released. */
  held(): number;
  /** All holds so far. */
  holds(): number;
  /** Acts once, as soon as no more than `count` holds are left of more. */
  whenHeldBy(count: number, act: () => void): void;
}

interface Waiter {
  readonly dueMs: number;
  readonly end: () => void;
}

export const aHandClock = (startMs = 1_000_000): HandClock => {
  let nowMs = startMs;
  let held = 0;
  let holds = 0;
  let awaited: { readonly count: number; readonly act: () => void } | null = null;
  const waiters = new Set<Waiter>();
  return {
    nowMs: () => nowMs,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const waiter: Waiter = {
          dueMs: nowMs + ms,
          end: () => {
            waiters.delete(waiter);
            resolve(nowMs);
          },
        };
        waiters.add(waiter);
        if (signal?.aborted === true) waiter.end();
        else signal?.addEventListener('abort', waiter.end);
      }),
    hold: () => {
      let isHeld = true;
      held += 1;
      holds += 1;
      return () => {
        if (isHeld) held -= 1;
        isHeld = false;
        if (awaited === null || held > awaited.count) return;
        const { act } = awaited;
        awaited = null;
        act();
      };
    },
    pass: (ms) => {
      nowMs += ms;
      for (const waiter of waiters) if (waiter.dueMs <= nowMs) waiter.end();
    },
    held: () => held,
    holds: () => holds,
    whenHeldBy: (count, act) => {
      awaited = { count, act };
    },
  };
};
