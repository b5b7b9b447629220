/**
 * Lends a clock to other processes, a line of text at a time over TCP: they hear `n MS` whenever time has moved and
 * `r ID MS` when a wait of theirs is over, and say `w ID MS` (wait), `x ID` (no longer), `+ ID` and `- ID` (hold, go on).
 * The other end is functions/adapters/clock-remote.ts.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { RunningServer } from './hosted-world.ts';
import type { PacedClock } from './paced-clock.ts';

const lend = (clock: PacedClock, socket: Socket): void => {
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
  });
  const lines = createInterface({ input: socket });
  // The socket's own errors come up here once more.
  lines.on('error', () => socket.destroy());
  lines.on('line', (line) => {
    const [verb, id = '', ms] = line.split(' ');
    if (verb === 'w') void wait(id, Number(ms));
    else if (verb === 'x') waits.get(id)?.abort();
    else if (verb === '+') holds.set(id, clock.hold());
    else if (verb === '-') {
      holds.get(id)?.();
      holds.delete(id);
    }
  });
  say(`n ${clock.nowMs()}`);
};

/** Listens on a free port of loopback. `requests` counts the processes that ever borrowed the clock. */
export const startClockServer = async (clock: PacedClock): Promise<RunningServer> => {
  const sockets = new Set<Socket>();
  let borrowers = 0;
  const server = createServer((socket) => {
    borrowers += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    lend(clock, socket);
  });
  clock.onMove((nowMs) => {
    for (const socket of sockets) if (socket.writable) socket.write(`n ${nowMs}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the clock has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    requests: () => borrowers,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};
