/**
 * The time that a process lives by. On Google Cloud it is the wall's; on a laptop it is the simulated world's, which runs
 * up to sixty times as fast, and which another process may own. Adapters take every time-out and every wait from here.
 */
export interface Clock {
  /** Milliseconds since 1970; never less than before. */
  nowMs(): number;
  /** Resolves with the time after `ms`. Aborted: resolves at once with the time then. */
  wait(ms: number, signal?: AbortSignal): Promise<number>;
  /**
   * Something is under way that takes real time and no virtual one, e.g. a request over loopback: a paced clock stands
   * still until the returned function is called (twice does no harm), but never for long. The wall's ignores it.
   */
  hold(): () => void;
}

const NOTHING = (): void => undefined;

/** The wall's clock. */
export const createWallClock = (): Clock => {
  let lastMs = 0;
  const nowMs = (): number => {
    lastMs = Math.max(lastMs, Date.now());
    return lastMs;
  };
  return {
    nowMs,
    hold: () => NOTHING,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve(nowMs());
        };
        const timer = setTimeout(end, Math.max(0, ms));
        if (signal?.aborted === true) end();
        else signal?.addEventListener('abort', end);
      }),
  };
};
