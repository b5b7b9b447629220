/**
 * Lends a clock to other processes, a line of text at a time over TCP: they hear `n MS` whenever time has moved and
 * `r ID MS` when a wait of theirs is over; they say `w ID MS` (wait), `x ID` (no longer), `+ ID` and `- ID` (hold, go on),
 * and `a MS` to every `n MS`. Who is too busy to say that holds the clock too: time must not run away from him. The other
 * end is functions/adapters/clock-remote.ts.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { RunningServer } from './hosted-world.ts';
import type { PacedClock } from './paced-clock.ts';

/** So much virtual time may pass before a borrower has heard of it, ms. */
const BEHIND_MAX_MS = 1_000;
/** And so long a borrower that hears nothing may hold the clock, ms of the wall: it may stand still for good. */
const BEHIND_HOLD_MS = 5_000;

/** Holds the clock while the borrower has not heard what time it is. */
const keepUp = (clock: PacedClock): { moved(nowMs: number): void; heard(ms: number): void; end(): void } => {
  let heardMs = clock.nowMs();
  let release: (() => void) | null = null;
  const end = (): void => {
    release?.();
    release = null;
  };
  return {
    moved: (nowMs) => {
      if (nowMs - heardMs > BEHIND_MAX_MS) release ??= clock.hold(BEHIND_HOLD_MS);
    },
    heard: (ms) => {
      heardMs = ms;
      if (clock.nowMs() - heardMs <= BEHIND_MAX_MS) end();
    },
    end,
  };
};

const lend = (clock: PacedClock, socket: Socket): ((nowMs: number) => void) => {
  const pace = keepUp(clock);
  const waits = new Map<string, AbortController>();
  const holds = new Map<string, () => void>();
  const say = (line: string): void => void (socket.writable && socket.write(`${line}\n`));
  const wait = async (id: string, ms: number): Promise<void> => {
    const controller = new AbortController();
    waits.set(id, controller);
    const nowMs = await clock.wait(ms, controller.signal);
    waits.delete(id);
    if (controller.signal.aborted) return;
    // The waiter acts before time goes on, as one in this process would: what it does first is to hold the clock.
    say(`r ${id} ${nowMs}`);
  };
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const controller of waits.values()) controller.abort();
    for (const release of holds.values()) release();
    pace.end();
  });
  const lines = createInterface({ input: socket });
  // The socket's own errors come up here once more.
  lines.on('error', () => socket.destroy());
  lines.on('line', (line) => {
    const [verb, id = '', ms] = line.split(' ');
    if (verb === 'a') pace.heard(Number(id));
    else if (verb === 'w') void wait(id, Number(ms));
    else if (verb === 'x') waits.get(id)?.abort();
    else if (verb === '+') holds.set(id, clock.hold());
    else if (verb === '-') {
      holds.get(id)?.();
      holds.delete(id);
    }
  });
  say(`n ${clock.nowMs()}`);
  return (nowMs) => {
    say(`n ${nowMs}`);
    pace.moved(nowMs);
  };
};

/** Listens on a free port of loopback. `requests` counts the processes that ever borrowed the clock. */
export const startClockServer = async (clock: PacedClock): Promise<RunningServer> => {
  const sockets = new Map<Socket, (nowMs: number) => void>();
  let borrowers = 0;
  const server = createServer((socket) => {
    borrowers += 1;
    sockets.set(socket, lend(clock, socket));
    socket.on('close', () => sockets.delete(socket));
  });
  clock.onMove((nowMs) => {
    for (const tell of sockets.values()) tell(nowMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the clock has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    requests: () => borrowers,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.keys()) socket.destroy();
        server.close(() => resolve());
      }),
  };
};
