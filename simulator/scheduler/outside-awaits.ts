/**
 * Finds what the shell may not do: wait for anything but a port. Each invocation runs in an async context of its
 * own; while a simulation runs, whatever the runtime creates to come back later (a timer, a file request, a thread's
 * job) is reported at its creation, with the invocation that made it. Promises are not tracked, so this costs nothing.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';

/** Who is reported to. */
export interface Watched {
  /** `what` was created inside; called within the runtime's own code: must not throw. */
  wentOutside(what: string, stack: string): void;
  /** A promise was rejected inside and nobody listens. */
  rejectedUnheard(reason: unknown): void;
}

/** Carries the invocation through awaits. */
export const context = new AsyncLocalStorage<Watched>();

/** Not waiting: microtasks, and what a line on the terminal makes. */
const HARMLESS = new Set(['PROMISE', 'Microtask', 'TickObject', 'TTYWRAP', 'PIPEWRAP', 'WRITEWRAP']);

const hook = createHook({
  init: (_id, type) => {
    const inside = context.getStore();
    if (inside === undefined || HARMLESS.has(type)) return;
    inside.wentOutside(type, new Error('created here').stack ?? '');
  },
  trackPromises: false,
});

type Listener = (reason: unknown, promise: Promise<unknown>) => void;
let running = 0;
let others: Listener[] = [];

/** Ours go to their run; everybody else's to whoever listened before, as if we were not here. */
function onUnhandled(reason: unknown, promise: Promise<unknown>): void {
  const inside = context.getStore();
  if (inside !== undefined) return inside.rejectedUnheard(reason);
  if (others.length === 0) throw reason;
  for (const other of others) other(reason, promise);
}

/** Starts watching; the function that comes back ends it. Runs may overlap. */
export function watchAwaits(): () => void {
  if (running++ === 0) {
    hook.enable();
    others = process.rawListeners('unhandledRejection') as Listener[];
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', onUnhandled);
  }
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    if (--running > 0) return;
    hook.disable();
    process.removeListener('unhandledRejection', onUnhandled);
    for (const other of others) process.on('unhandledRejection', other);
    others = [];
  };
}
