import { expect, test } from 'vitest';
import { createDirectPorts } from '../../../../simulator/ports/direct-ports.ts';
import { create, get, RetryableStandIn, START_MS, StandInClock, standInHandlers } from './stand-ins.ts';

function direct(spendTime: boolean) {
  const world = new StandInClock();
  const applications = { names: [], objects: new Map(), locks: new Map(), journalSeq: 3 };
  return createDirectPorts({
    world,
    handlers: standInHandlers(applications),
    toError: ({ code, message }) => new RetryableStandIn(code, message),
    journalSeqOf: () => applications.journalSeq,
    spendTime,
  });
}

test('calls are answered at once by the handlers, waiting moves the world', async () => {
  const { ports, published } = direct(false);
  const answers = [
    await ports.kubernetes.get(get('a')),
    await ports.kubernetes.create(create('a')),
    await ports.kubernetes.get(get('a')),
    await ports.time.now({}),
    await ports.time.wait({ ms: 500 }),
    await ports.time.changes({ rolloutId: 'r', afterSeq: 2, deadlineMs: START_MS + 900 }),
    await ports.time.changes({ rolloutId: 'r', afterSeq: 3, deadlineMs: START_MS + 900 }),
    await ports.time.now({}),
    await ports.bus.publish({ topic: 'events', message: { id: 'e', data: 1 } }),
  ];
  expect(answers).toEqual([
    { kind: 'answer', status: 404 },
    { kind: 'answer', status: 201 },
    { kind: 'answer', status: 200 },
    START_MS,
    START_MS + 500,
    { changed: true },
    { changed: false },
    START_MS + 900,
    { kind: 'ok' },
  ]);
  expect(published).toEqual([{ topic: 'events', message: { id: 'e', data: 1 } }]);
});

test('a failure of the store is thrown', async () => {
  const { ports } = direct(false);
  await expect(ports.store.journal({ rolloutId: 'r', afterSeq: 0, limit: 1 })).rejects.toEqual(
    new RetryableStandIn('outage', 'away'),
  );
});

test('answers may take their time', async () => {
  const { ports } = direct(true);
  await ports.kubernetes.get(get('a'));
  expect(await ports.time.now({})).toBe(START_MS + 3);
});
