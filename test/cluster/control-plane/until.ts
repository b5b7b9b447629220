import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Looks until `look` returns something that is neither null, undefined nor false, and returns that. After `timeoutMs`:
 * throws that `what` did not happen, with what `look` threw last.
 */
export const until = async <T>(
  what: string,
  timeoutMs: number,
  look: () => T | Promise<T>,
): Promise<Exclude<T, null | undefined | false>> => {
  const endMs = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      last = undefined;
      if (seen !== null && seen !== undefined && seen !== false)
        return seen as Exclude<T, null | undefined | false>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > endMs)
      throw new Error(`${what}: not within ${String(timeoutMs / 1000)} s`, { cause: last });
    await pause(LOOK_EVERY_MS);
  }
};
