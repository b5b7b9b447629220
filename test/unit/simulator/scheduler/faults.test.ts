import { describe, expect, test } from 'vitest';
import { type Faults, NO_CALL_FAULTS } from '../../../../simulator/scheduler/faults.ts';
import type { Ports } from '../../../../workflows/ports.ts';
import { commit, create, get, type RetryableStandIn, START_MS, standIn } from './stand-ins.ts';

/** What the caller hears, when, and when the world applied it (null: never); times in ms from the start. */
async function callUnder(faults: Partial<Faults>, shell: (ports: Ports) => Promise<unknown>, seed = 1) {
  const { scheduler } = standIn({ seed, faults: { ...NO_CALL_FAULTS, ...faults } });
  const process = scheduler.startProcess('p', (ports) => ports);
  const invocation = process.invoke('one', () => shell(process.shell));
  let heardMs = -1;
  invocation.onEnd(() => {
    heardMs = scheduler.nowMs - START_MS;
  });
  await scheduler.run({ untilMs: START_MS + 24 * 3_600_000 });
  const line = scheduler
    .history()
    .split('\n')
    .find((text) => text.includes(' applied '));
  const appliedMs = line === undefined ? null : Number(line.split(' ')[0]) - START_MS;
  return { heard: invocation.end, heardMs, appliedMs };
}

const lost = { kind: 'noAnswer', why: 'no answer in time' };
const unanswered = { kind: 'unanswered', why: 'no answer in time' };
const targets = ['a', 'b'].map((pod) => ({ pod, port: 8000 }));

describe('a call whose answer is lost', () => {
  test('was applied, and the caller hears `noAnswer` at its time-out', async () => {
    expect(await callUnder({ lostAnswer: 1 }, (ports) => ports.kubernetes.create(create('a')))).toEqual({
      heard: { kind: 'done', value: lost },
      heardMs: 10_000,
      appliedMs: 0,
    });
  });

  test('of the store throws', async () => {
    const { heard, heardMs, appliedMs } = await callUnder({ lostAnswer: 1 }, (ports) =>
      ports.store.commit(commit('r')),
    );
    const error = heard?.kind === 'failed' ? (heard.error as RetryableStandIn) : null;
    expect([error?.code, error?.message, heardMs, appliedMs]).toEqual([
      'store-unavailable',
      'store.commit: no answer in time',
      10_000,
      0,
    ]);
  });

  test('of a model server ends at the time-out that the call names, for each target', async () => {
    const call = { cluster: 'c', namespace: 'n', timeoutMs: 3_000 };
    const scrape = await callUnder({ lostAnswer: 1 }, (ports) =>
      ports.models.scrape({ ...call, targets, families: [] }),
    );
    const ask = await callUnder({ lostCall: 1 }, (ports) =>
      ports.models.ask({ ...call, target: { pod: 'a', port: 8000 }, method: 'GET', path: '/health' }),
    );
    expect([scrape, ask]).toEqual([
      { heard: { kind: 'done', value: [unanswered, unanswered] }, heardMs: 3_000, appliedMs: 0 },
      { heard: { kind: 'done', value: unanswered }, heardMs: 3_000, appliedMs: null },
    ]);
  });
});

test('a lost call is never applied', async () => {
  expect(await callUnder({ lostCall: 1 }, (ports) => ports.kubernetes.create(create('a')))).toEqual({
    heard: { kind: 'done', value: lost },
    heardMs: 10_000,
    appliedMs: null,
  });
});

test('a late call is applied after its caller gave up', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const { heard, heardMs, appliedMs } = await callUnder(
      { lateCall: 1, lateMaxMs: 60_000 },
      (ports) => ports.kubernetes.create(create('a')),
      seed,
    );
    expect([heard, heardMs]).toEqual([{ kind: 'done', value: lost }, 10_000]);
    expect(appliedMs).toBeGreaterThan(10_000);
    expect(appliedMs).toBeLessThanOrEqual(70_000);
  }
});

test('delays move application and answer apart, and stay within the time-out', async () => {
  const apart = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const { heard, heardMs, appliedMs } = await callUnder(
      { delayedCall: 0.5, delayedAnswer: 0.5 },
      (ports) => ports.kubernetes.get(get('a')),
      seed,
    );
    expect(heard).toEqual({ kind: 'done', value: { kind: 'answer', status: 404 } });
    expect(heardMs).toBeLessThan(10_000);
    apart.add(`${(appliedMs ?? 0) > 0} ${heardMs - (appliedMs ?? 0) > 3}`);
  }
  expect([...apart].toSorted()).toEqual(['false false', 'false true', 'true false', 'true true']);
});

test('waiting has no faults: it is the process’s own', async () => {
  const everything = { delayedCall: 1, delayedAnswer: 1, lostCall: 1, lostAnswer: 1, lateCall: 1 };
  expect(await callUnder(everything, (ports) => ports.time.wait({ ms: 70 }))).toEqual({
    heard: { kind: 'done', value: START_MS + 70 },
    heardMs: 70,
    appliedMs: 0,
  });
});

test('processes crash before and after applications, and freeze, as the seed says', async () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < 60; seed++) {
    const crash = await callUnder({ crash: 1 }, (ports) => ports.kubernetes.create(create('a')), seed);
    const crashed = `${crash.heard?.kind}, ${crash.appliedMs === null ? 'not applied' : 'applied'}`;
    const freeze = await callUnder({ freeze: 1 }, (ports) => ports.kubernetes.create(create('a')), seed);
    const frozen = `${freeze.heard?.kind} after ${freeze.heardMs >= 1_000 ? 'a freeze' : 'no freeze'}`;
    for (const what of [crashed, frozen]) seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  expect([...seen.keys()].toSorted()).toEqual(['done after a freeze', 'lost, applied', 'lost, not applied']);
  expect(seen.get('lost, applied')).toBeGreaterThan(15);
  expect(seen.get('lost, not applied')).toBeGreaterThan(15);
});

test('faults end when they are taken away', async () => {
  const { scheduler } = standIn({ faults: { ...NO_CALL_FAULTS, lostCall: 1 } });
  const process = scheduler.startProcess('p', (ports) => ports);
  const answers: unknown[] = [];
  process.invoke('one', async () => {
    for (let n = 0; n < 3; n++) {
      answers.push(await process.shell.kubernetes.get(get('a')));
      await process.shell.time.wait({ ms: 10_000 });
    }
  });
  scheduler.at(START_MS + 15_000, () => scheduler.setFaults(null));
  await scheduler.run({ untilMs: START_MS + 60_000 });
  const answer = { kind: 'answer', status: 404 };
  expect(answers).toEqual([lost, answer, answer]);
});
