import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createWallClock } from '../../../../functions/adapters/clock.ts';
import { connectClock, type RemoteClock } from '../../../../functions/adapters/clock-remote.ts';
import type { WorldClock } from '../../../../simulator/ports/handlers.ts';
import { startClockServer } from '../../../../simulator/servers/clock-server.ts';
import type { RunningServer } from '../../../../simulator/servers/hosted-world.ts';
import { createPacedClock, type PacedClock } from '../../../../simulator/servers/paced-clock.ts';

const emptyWorld = (): WorldClock => {
  let nowMs = 1_000_000;
  return {
    get nowMs() {
      return nowMs;
    },
    nextEventMs: () => null,
    advanceTo: (ms) => {
      nowMs = Math.max(nowMs, ms);
    },
  };
};

/** So fast that a test waits for nothing: an hour in a few moves. */
const SPEED = 100_000;
const HOUR_MS = 3_600_000;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const paced = (speed = SPEED): PacedClock => {
  const clock = createPacedClock({ world: emptyWorld(), speed });
  ends.push(() => clock.stop());
  return clock;
};

const lent = async (clock: PacedClock): Promise<{ server: RunningServer; remote: RemoteClock }> => {
  const server = await startClockServer(clock);
  const remote = await connectClock({ address: server.address, onLost: () => {} });
  ends.push(
    () => server.close(),
    () => remote.close(),
  );
  return { server, remote };
};

describe('a paced clock', () => {
  test('ends waits at their very time, in the order of their times', async () => {
    const clock = paced();
    const startMs = clock.nowMs();
    const order: string[] = [];
    const note =
      (name: string) =>
      (atMs: number): void => {
        order.push(`${name} ${atMs - startMs}`);
      };
    await Promise.all([
      clock.wait(HOUR_MS).then(note('late')),
      clock.wait(5_000).then(note('first')),
      clock.wait(5_000).then(note('second')),
      clock.wait(0).then(note('at once')),
    ]);
    expect(order).toEqual(['at once 0', 'first 5000', 'second 5000', `late ${HOUR_MS}`]);
  });

  test('stands still while somebody holds it, and goes on when all let go', async () => {
    const clock = paced();
    const release = clock.hold();
    const other = clock.hold();
    const heldMs = clock.nowMs();
    const woken = clock.wait(1);
    await createWallClock().wait(40);
    expect(clock.nowMs()).toBe(heldMs);
    release();
    release();
    await createWallClock().wait(20);
    expect(clock.nowMs()).toBe(heldMs);
    other();
    expect(await woken).toBe(heldMs + 1);
  });

  test('goes on without him who holds it for good', async () => {
    const clock = paced();
    clock.hold();
    const startMs = clock.nowMs();
    expect(await clock.wait(1_000)).toBe(startMs + 1_000);
  });

  test('an aborted wait ends with the time that it is', async () => {
    const clock = paced(1);
    const controller = new AbortController();
    const woken = clock.wait(HOUR_MS, controller.signal);
    controller.abort();
    expect(await woken).toBeLessThan(1_000_000 + HOUR_MS);
    expect(await clock.wait(HOUR_MS, controller.signal)).toBeLessThan(1_000_000 + HOUR_MS);
  });
});

describe('a clock that another process owns', () => {
  test('tells the owner’s time and ends waits no earlier than asked', async () => {
    const clock = paced();
    const { remote, server } = await lent(clock);
    const startMs = remote.nowMs();
    expect(startMs).toBeGreaterThanOrEqual(1_000_000);
    expect(await remote.wait(HOUR_MS)).toBeGreaterThanOrEqual(startMs + HOUR_MS);
    expect(server.requests()).toBe(1);
  });

  test('holds the owner’s clock until it lets go or is gone', async () => {
    const clock = paced(1_000);
    const { remote } = await lent(clock);
    const release = remote.hold();
    // The word needs its way.
    await createWallClock().wait(30);
    const heldMs = clock.nowMs();
    await createWallClock().wait(30);
    expect(clock.nowMs()).toBe(heldMs);
    release();
    expect(await clock.wait(1)).toBeGreaterThan(heldMs);
    remote.hold();
    await createWallClock().wait(30);
    remote.close();
    const closedMs = clock.nowMs();
    expect(await clock.wait(1)).toBeGreaterThan(closedMs);
  });

  test('does not run away from a process that is too busy to hear', async () => {
    const clock = paced(1_000);
    const server = await startClockServer(clock);
    ends.push(() => server.close());
    // Hears the time once and says nothing: as a process does that loads its libraries.
    const deaf = createConnection(Number(server.address.split(':')[1]), '127.0.0.1');
    ends.push(() => deaf.destroy());
    await once(deaf, 'data');
    const startMs = clock.nowMs();
    await createWallClock().wait(300);
    expect(clock.nowMs() - startMs).toBeLessThan(60_000);
    deaf.destroy();
    expect(await clock.wait(HOUR_MS)).toBeGreaterThan(startMs + HOUR_MS);
  });

  test('an aborted wait is over on both sides', async () => {
    const { remote } = await lent(paced(1));
    const controller = new AbortController();
    const woken = remote.wait(HOUR_MS, controller.signal);
    controller.abort();
    expect(await woken).toBe(remote.nowMs());
  });

  test('says so when its owner is gone, and when nobody is there', async () => {
    const server = await startClockServer(paced());
    const lost = new Promise<void>((resolve) => {
      void connectClock({ address: server.address, onLost: resolve }).then(() => server.close());
    });
    await lost;
    await expect(connectClock({ address: server.address, onLost: () => {} })).rejects.toThrow(
      /no clock at 127/,
    );
  });
});
