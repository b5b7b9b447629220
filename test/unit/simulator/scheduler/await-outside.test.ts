import { readFile } from 'node:fs/promises';
import { gzip } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Ports } from '../../../../workflows/ports.ts';
import { get, START_MS, standIn } from './stand-ins.ts';

type Shell = (ports: Ports) => Promise<unknown>;

/** Runs one invocation to its end; the message of the run's failure, or how it ended. */
async function outcomeOf(shell: Shell): Promise<string> {
  const { scheduler } = standIn();
  const process = scheduler.startProcess('p', (ports) => ports);
  const invocation = process.invoke('onTick 7', () => shell(process.shell));
  return scheduler.run({ untilMs: START_MS + 60_000 }).then(
    (end) => `${end}, ${invocation.end?.kind ?? 'running'}`,
    (error: Error) => error.message,
  );
}

const hops = async (count: number): Promise<void> => {
  for (let hop = 0; hop < count; hop++) await Promise.resolve();
};

const later = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 0));
};

describe('what the shell may do', () => {
  const allowed: Record<string, Shell> = {
    'one port call after the other': async (ports) => {
      await ports.time.now({});
      await ports.kubernetes.get(get('a'));
      await ports.time.wait({ ms: 1_000 });
    },
    'several at once': async (ports) => {
      await Promise.all([ports.kubernetes.get(get('a')), ports.time.wait({ ms: 10 }), ports.time.now({})]);
    },
    'a thousand awaits of settled promises between two calls': async (ports) => {
      await ports.time.now({});
      await hops(1_000);
      await ports.time.now({});
      await hops(1_000);
    },
    'branches of different length after one answer': async (ports) => {
      const shared = ports.time.now({});
      const branch = async (count: number): Promise<void> => {
        await shared;
        await hops(count);
        await ports.kubernetes.get(get(`after ${count}`));
      };
      await Promise.all([branch(0), branch(1), branch(50), branch(500)]);
    },
    'a failure of the store that is caught': async (ports) => {
      await ports.store.journal({ rolloutId: 'r', afterSeq: 0, limit: 1 }).catch(() => []);
    },
    'nothing at all': async () => {},
  };
  for (const [what, shell] of Object.entries(allowed)) {
    test(`${what}`, async () => {
      expect(await outcomeOf(shell)).toBe('idle, done');
    });
  }
});

test('a rejected invocation that nobody observes ends the invocation, not the run', async () => {
  const outcome = await outcomeOf(async (ports) => {
    await ports.store.journal({ rolloutId: 'r', afterSeq: 0, limit: 1 });
  });
  expect(outcome).toBe('idle, failed');
});

test('a throw before the first await ends the invocation, not the run', async () => {
  const outcome = await outcomeOf(() => {
    throw new Error('at once');
  });
  expect(outcome).toBe('idle, failed');
});

describe('what fails the run, with the name of the invocation and its last answered call', () => {
  const afterGet = (then: () => unknown): Shell => {
    return async (ports) => {
      await ports.kubernetes.get(get('a'));
      await then();
      await ports.time.now({});
    };
  };
  const made = (what: string): string =>
    `p, onTick 7: await outside a port: it made a ${what}; last answered call: kubernetes.get`;
  const stuck =
    'p, onTick 7: await outside a port: it has not ended and waits for no port call; last answered call: kubernetes.get';
  const forbidden: Record<string, [Shell, string]> = {
    'a timer': [afterGet(later), made('Timeout')],
    'a timer beside a port call': [
      async (ports) => {
        await ports.kubernetes.get(get('a'));
        await Promise.all([later(), ports.time.wait({ ms: 100 })]);
      },
      made('Timeout'),
    ],
    'a timer that nobody awaits': [afterGet(() => void later()), made('Timeout')],
    'an immediate': [afterGet(() => new Promise((resolve) => setImmediate(resolve))), made('Immediate')],
    'a read of a file': [afterGet(() => readFile('/dev/null')), made('FSREQPROMISE')],
    'asynchronous compression': [afterGet(() => new Promise((resolve) => gzip('x', resolve))), made('ZLIB')],
    'asynchronous cryptography': [
      afterGet(() => crypto.subtle.digest('SHA-256', new Uint8Array(1))),
      made('HASHREQUEST'),
    ],
    'an abort signal with a time-out': [
      afterGet(() => new Promise((resolve) => AbortSignal.timeout(1).addEventListener('abort', resolve))),
      made('Timeout'),
    ],
    'a promise that never settles': [afterGet(() => new Promise(() => {})), stuck],
    // Invisible to hooks: only that nothing is waited for gives it away.
    'work on a thread of the engine': [
      afterGet(() => Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1).value),
      stuck,
    ],
    'a port call that nobody awaits': [
      async (ports) => {
        await ports.kubernetes.get(get('a'));
        void ports.time.wait({ ms: 10 });
      },
      'p, onTick 7: ended while a port call is in flight (the last one issued: time.wait); last answered call: kubernetes.get',
    ],
    'work that nobody awaits and that calls later': [
      async (ports) => {
        await ports.kubernetes.get(get('a'));
        void hops(5).then(() => ports.time.now({}));
      },
      'p, onTick 7: called time.now after its end: something was not awaited; last answered call: kubernetes.get',
    ],
    'a rejection that nobody hears': [
      async (ports) => {
        await ports.kubernetes.get(get('a'));
        void Promise.reject(new Error('unheard'));
        await ports.time.now({});
      },
      // Told at the runtime's next own turn, as ever.
      'p, onTick 7: a promise was rejected and nobody listened; last answered call: time.now',
    ],
    'a failed port call that is listened to only after another one': [
      async (ports) => {
        const failing = ports.store.journal({ rolloutId: 'r', afterSeq: 0, limit: 1 });
        await ports.time.wait({ ms: 100 });
        await failing;
      },
      'p, onTick 7: a promise was rejected and nobody listened; last answered call: store.journal',
    ],
  };
  for (const [what, [shell, message]] of Object.entries(forbidden)) {
    test(`${what}`, async () => {
      expect(await outcomeOf(shell)).toBe(message);
    });
  }
});

test('an invocation that waits for the port call of another one is told', async () => {
  const { scheduler } = standIn();
  const process = scheduler.startProcess('p', (ports) => ports);
  let shared: Promise<unknown> = Promise.resolve();
  process.invoke('first', () => (shared = process.shell.time.wait({ ms: 1_000 })));
  process.invoke('second', () => shared);
  await expect(scheduler.run({ untilMs: START_MS + 60_000 })).rejects.toThrow(
    'p, second: await outside a port: it has not ended and waits for no port call; last answered call: nothing',
  );
});

test('what runs outside of simulations is nobody’s business', async () => {
  const { scheduler } = standIn();
  const process = scheduler.startProcess('p', (ports) => ports);
  process.invoke('one', () => process.shell.time.wait({ ms: 5_000 }));
  const [end] = await Promise.all([scheduler.run({ untilMs: START_MS + 60_000 }), later()]);
  expect(end).toBe('idle');
});

test('two runs at once do not disturb each other', async () => {
  const outcomes = await Promise.all([
    outcomeOf((ports) => ports.time.wait({ ms: 50 })),
    outcomeOf(async () => later()),
    outcomeOf((ports) => ports.time.wait({ ms: 50 })),
  ]);
  expect(outcomes).toEqual([
    'idle, done',
    'p, onTick 7: await outside a port: it made a Timeout; last answered call: nothing',
    'idle, done',
  ]);
});

test('an endless loop at one time is told', async () => {
  const outcome = await outcomeOf(async (ports) => {
    for (;;) await ports.time.now({});
  });
  expect(outcome).toBe(`100000 choices at ${START_MS} and time did not move: an endless loop`);
});
