/** Bound on what is waited for, ms of the wall: only a failing test comes near it. */
const PATIENCE_MS = 20_000;

/** Lets the event loop turn until something holds. @throws Error when it never does. */
export const eventually = async (holds: () => boolean, what = holds.toString()): Promise<void> => {
  const endMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`it never came to that: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
};
