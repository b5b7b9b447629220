import { describe, expect, test } from 'vitest';
import { drawFaults, NO_CALL_FAULTS } from '../../../../simulator/scheduler/faults.ts';
import { createRandom } from '../../../../simulator/scheduler/random.ts';
import type { Ports } from '../../../../workflows/ports.ts';
import { commit, create, get, START_MS, standIn } from './stand-ins.ts';

/** Some work with parallel calls, waits and writes. */
async function work(ports: Ports, id: number): Promise<void> {
  await ports.time.wait({ ms: id });
  await Promise.all([1, 2, 3].map((n) => ports.kubernetes.create(create(`o${n}`))));
  await ports.store.commit(commit(`r${id}`)).catch(() => null);
  await ports.bus.publish({ topic: 'events', message: { id: `e${id}`, data: { id } } });
}

async function historyOf(seed: number, faulty: boolean): Promise<string> {
  const faults = {
    ...drawFaults(createRandom(seed, 'faults')),
    delayedCall: 0.3,
    lostAnswer: 0.1,
    crash: 0.02,
  };
  const { scheduler } = standIn(faulty ? { seed, faults } : { seed });
  for (const name of ['a', 'b']) {
    const process = scheduler.startProcess(name, (ports) => ports);
    for (let id = 0; id < 5; id++) process.invoke(`work ${id}`, () => work(process.shell, id));
  }
  await scheduler.run({ untilMs: START_MS + 3_600_000 });
  return scheduler.history();
}

describe('determinism', () => {
  test('the same seed gives the same history, byte for byte, another seed another one', async () => {
    const [first, again, other] = [
      await historyOf(7, true),
      await historyOf(7, true),
      await historyOf(8, true),
    ];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(first.split('\n').length).toBeGreaterThan(60);
  });

  test('without faults the seed decides nothing', async () => {
    expect(await historyOf(1, false)).toBe(await historyOf(2, false));
  });

  test('without faults a call is applied when it is issued and answered in order of time, then of issue', async () => {
    const { scheduler } = standIn();
    const process = scheduler.startProcess('p', (ports) => ports);
    process.invoke('one', async () => {
      const { kubernetes, store } = process.shell;
      await Promise.all([store.locks({ keys: [] }), kubernetes.get(get('a')), kubernetes.get(get('b'))]);
    });
    expect(await scheduler.run({ untilMs: START_MS + 1_000 })).toBe('idle');
    expect(scheduler.history().split('\n')).toEqual([
      `${START_MS} p started`,
      `${START_MS} p one started`,
      `${START_MS} p #1 store.locks applied {"keys":[]}`,
      expect.stringMatching(`^${START_MS} p #2 kubernetes.get applied .*"name":"a"`),
      expect.stringMatching(`^${START_MS} p #3 kubernetes.get applied .*"name":"b"`),
      `${START_MS + 3} p #2 kubernetes.get answered {"kind":"answer","status":404}`,
      `${START_MS + 3} p #3 kubernetes.get answered {"kind":"answer","status":404}`,
      `${START_MS + 8} p #1 store.locks answered null`,
      `${START_MS + 8} p one done`,
    ]);
    expect(scheduler.calls.log).toEqual([
      { n: 1, process: 'p', port: 'store', method: 'locks' },
      { n: 2, process: 'p', port: 'kubernetes', method: 'get' },
      { n: 3, process: 'p', port: 'kubernetes', method: 'get' },
    ]);
  });

  test('with faults the seed chooses which of the calls under way is applied next', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { scheduler, applications } = standIn({ seed, faults: NO_CALL_FAULTS });
      const process = scheduler.startProcess('p', (ports) => ports);
      process.invoke('one', () =>
        Promise.all(['a', 'b', 'c'].map((name) => process.shell.kubernetes.create(create(name)))),
      );
      await scheduler.run({ untilMs: START_MS + 1_000 });
      orders.add([...applications.objects.keys()].join(''));
    }
    expect([...orders].toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  });
});

describe('time', () => {
  test('waits end in the order of their ends, and the clock tells exactly that', async () => {
    const { scheduler, clock } = standIn();
    const process = scheduler.startProcess('p', (ports) => ports);
    const ends: [number, number][] = [];
    for (const ms of [300, 100, 200, 100, 0]) {
      process.invoke(`wait ${ms}`, async () => {
        ends.push([ms, (await process.shell.time.wait({ ms })) - START_MS]);
      });
    }
    expect(await scheduler.run({ untilMs: START_MS + 60_000 })).toBe('idle');
    expect(ends).toEqual([
      [0, 0],
      [100, 100],
      [100, 100],
      [200, 200],
      [300, 300],
    ]);
    expect(clock.moves).toEqual([START_MS + 100, START_MS + 200, START_MS + 300]);
  });

  test('the world’s own events happen in between, at their time', async () => {
    const { scheduler, clock } = standIn();
    const seen: string[] = [];
    clock.schedule(START_MS + 50, () => {
      seen.push(`event ${clock.nowMs - START_MS}`);
      scheduler.at(clock.nowMs + 10, () => seen.push(`act ${scheduler.nowMs - START_MS}`));
    });
    clock.schedule(START_MS + 150, () => seen.push(`event ${clock.nowMs - START_MS}`));
    const process = scheduler.startProcess('p', (ports) => ports);
    process.invoke('wait', async () => {
      await process.shell.time.wait({ ms: 100 });
      seen.push('waited');
    });
    await scheduler.run({ untilMs: START_MS + 60_000 });
    expect(seen).toEqual(['event 50', 'act 60', 'waited', 'event 150']);
  });

  test('never runs backwards, with every fault there is', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { scheduler, clock } = standIn({ seed, faults: drawFaults(createRandom(seed, 'faults')) });
      const process = scheduler.startProcess('p', (ports) => ports);
      for (let id = 0; id < 10; id++) process.invoke(`w${id}`, () => work(process.shell, id));
      await scheduler.run({ untilMs: START_MS + 24 * 3_600_000 });
      expect(clock.moves).toEqual(clock.moves.toSorted((a, b) => a - b));
    }
  });

  test('a world whose clock goes back fails the run', async () => {
    const { scheduler, clock } = standIn();
    clock.schedule(START_MS + 10, () => {});
    clock.advanceTo = (ms) => {
      clock.nowMs = ms - 20;
    };
    await expect(scheduler.run({ untilMs: START_MS + 1_000 })).rejects.toThrow(
      `time ran backwards, from ${START_MS} to ${START_MS - 10}`,
    );
  });

  test('a run stops at its deadline and goes on from there', async () => {
    const { scheduler } = standIn();
    const process = scheduler.startProcess('p', (ports) => ports);
    const invocation = process.invoke('wait', () => process.shell.time.wait({ ms: 10_000 }));
    expect(await scheduler.run({ untilMs: START_MS + 4_000 })).toBe('deadline');
    expect([scheduler.nowMs, invocation.end]).toEqual([START_MS + 4_000, null]);
    expect(await scheduler.run({ untilMs: START_MS + 60_000, until: () => invocation.end !== null })).toBe(
      'done',
    );
    expect(invocation.end).toEqual({ kind: 'done', value: START_MS + 10_000 });
  });

  test('a process’s clock may be ahead or behind, its waits are as long as ever', async () => {
    const { scheduler } = standIn();
    const process = scheduler.startProcess('p', (ports) => ports, { skewMs: -90_000 });
    const seen = scheduler.settle(
      new Promise<number[]>((resolve) => {
        process.invoke('clock', async () => {
          const { time } = process.shell;
          const before = await time.now({});
          const after = await time.wait({ ms: 1_000 });
          await time.changes({ rolloutId: 'r', afterSeq: 0, deadlineMs: after + 500 });
          resolve([before, after, scheduler.nowMs]);
        });
      }),
      { untilMs: START_MS + 60_000 },
    );
    expect(await seen).toEqual([START_MS - 90_000, START_MS - 89_000, START_MS + 1_500]);
  });
});

describe('changes', () => {
  async function changesAfter(afterSeq: number, commitAfterMs: number | null): Promise<unknown[]> {
    const { scheduler } = standIn();
    const process = scheduler.startProcess('p', (ports) => ports);
    const { store, time } = process.shell;
    const watcher = process.invoke('watch', async () => [
      await time.changes({ rolloutId: 'r', afterSeq, deadlineMs: START_MS + 5_000 }),
      (await time.now({})) - START_MS,
    ]);
    process.invoke('commit', async () => {
      if (commitAfterMs === null) return;
      await time.wait({ ms: commitAfterMs });
      await store.commit(commit('x'));
    });
    await scheduler.run({ untilMs: START_MS + 60_000 });
    const told = watcher.end?.kind === 'done' ? watcher.end.value : [watcher.end];
    return [...told, scheduler.nowMs - START_MS];
  }

  test('are told at the commit', async () => {
    // The deadline is forgotten with it: the run ends with the commit.
    expect(await changesAfter(0, 1_200)).toEqual([{ changed: true }, 1_200, 1_208]);
  });

  test('are told at once when the entry is there', async () => {
    expect(await changesAfter(-1, null)).toEqual([{ changed: true }, 0, 0]);
  });

  test('end at the deadline, also when only older entries came', async () => {
    expect(await changesAfter(0, null)).toEqual([{ changed: false }, 5_000, 5_000]);
    expect(await changesAfter(1, 1_200)).toEqual([{ changed: false }, 5_000, 5_000]);
  });
});
