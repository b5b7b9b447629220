import { describe, expect, test } from 'vitest';
import { NO_CALL_FAULTS } from '../../../../simulator/scheduler/faults.ts';
import { createPlatform } from '../../../../simulator/scheduler/platform.ts';
import type { Ports } from '../../../../workflows/ports.ts';
import { commit, create, doors, get, START_MS, standIn } from './stand-ins.ts';

/** A shell that follows the rules: looks, makes it so, commits, tells; repeated, it changes nothing more. */
async function handle(ports: Ports, id: string): Promise<void> {
  const { document } = await ports.store.load({ rolloutId: id });
  if (document !== null) return;
  for (const part of ['a', 'b']) {
    const name = `${id}-${part}`;
    const found = await ports.kubernetes.get(get(name));
    if (found.kind === 'answer' && found.status === 404) await ports.kubernetes.create(create(name));
  }
  await Promise.all([ports.time.wait({ ms: 500 }), ports.time.now({})]);
  await ports.store.commit(commit(id));
  await ports.bus.publish({ topic: 'events', message: { id, data: {} } });
}

async function rollout(crashAt?: { call: number; when: 'before' | 'after' }) {
  const { scheduler, applications } = standIn(crashAt === undefined ? {} : { crashAt });
  const platform = createPlatform({
    scheduler,
    seed: 1,
    ticks: false,
    boot: (ports) =>
      doors({ onRequest: (event) => handle(ports, event.data.message.attributes['of'] ?? '') }),
  });
  platform.publish('requests', '{}', { of: 'r1' });
  const end = await scheduler.run({ untilMs: START_MS + 3_600_000 });
  return { end, scheduler, applications, platform };
}

describe('a crash at every call', () => {
  test('leaves the same truth behind, each call once before and once after its application', async () => {
    const whole = await rollout();
    const { count } = whole.scheduler.calls;
    expect(count).toBe(9);
    for (let call = 1; call <= count; call++) {
      for (const when of ['before', 'after'] as const) {
        const { end, scheduler, applications, platform } = await rollout({ call, when });
        const { port, method } = whole.scheduler.calls.log[call - 1] ?? {};
        const crashes = scheduler.history().match(/p0\.1 crashed/g);
        const said = `${when} ${call}, ${port}.${method}`;
        expect([said, end, crashes?.length]).toEqual([said, 'idle', 1]);
        expect(applications.objects).toEqual(whole.applications.objects);
        expect(applications.locks).toEqual(whole.applications.locks);
        expect(platform.counts).toMatchObject({ delivered: 2, acked: 1, lost: 1 });
        const applied = scheduler.calls.log.filter(({ process }) => process === 'p0.1').length;
        expect([said, applied]).toEqual([said, when === 'after' ? call : call - 1]);
      }
    }
  });

  test('before means that the world never saw the call, after that nobody heard the answer', async () => {
    const before = await rollout({ call: 3, when: 'before' });
    const after = await rollout({ call: 3, when: 'after' });
    const objectsOf = (run: typeof before): string[] =>
      run.scheduler
        .history()
        .split('\n')
        .filter((line) => line.includes('p0.1') && line.includes('create'))
        .map((line) => line.split(' ').slice(2, 5).join(' '));
    expect(objectsOf(before)).toEqual([]);
    expect(objectsOf(after)).toEqual(['#3 kubernetes.create applied']);
  });
});

test('a dead process’s calls never settle and never reach the world', async () => {
  const { scheduler, applications } = standIn();
  const process = scheduler.startProcess('p', (ports) => ports);
  let settled = 0;
  const invocation = process.invoke('one', async () => {
    await process.shell.time.wait({ ms: 1_000 });
    settled++;
  });
  const ends: unknown[] = [];
  invocation.onEnd((end) => ends.push(end));
  scheduler.at(START_MS + 500, () => process.crash());
  scheduler.at(START_MS + 600, () => {
    void process.shell.kubernetes.get(get('a')).finally(() => settled++);
    process.invoke('too late', async () => void settled++).onEnd((end) => ends.push(end));
  });
  await scheduler.run({ untilMs: START_MS + 60_000 });
  expect([settled, applications.names, ends, process.alive]).toEqual([
    0,
    [],
    [{ kind: 'lost' }, { kind: 'lost' }],
    false,
  ]);
});

test('of the calls under way at a crash the seed says which still arrive', async () => {
  const arrived = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const { scheduler, applications } = standIn({ seed, faults: { ...NO_CALL_FAULTS, delayedCall: 1 } });
    const process = scheduler.startProcess('p', (ports) => ports);
    process.invoke('one', () =>
      Promise.all(['a', 'b', 'c'].map((name) => process.shell.kubernetes.create(create(name)))),
    );
    scheduler.at(START_MS, () => process.crash());
    await scheduler.run({ untilMs: START_MS + 60_000 });
    arrived.add(applications.objects.size);
  }
  expect(arrived).toEqual(new Set([0, 1, 2, 3]));
});

describe('a frozen process', () => {
  test('hears nothing until it thaws, while the world and the others go on', async () => {
    const { scheduler, applications } = standIn();
    const frozen = scheduler.startProcess('frozen', (ports) => ports);
    const other = scheduler.startProcess('other', (ports) => ports);
    const seen: string[] = [];
    const note = (what: string): void => void seen.push(`${what} ${scheduler.nowMs - START_MS}`);
    frozen.invoke('write', async () => {
      await frozen.shell.time.wait({ ms: 100 });
      note('waited');
      const atMs = await frozen.shell.time.now({});
      note(`thinks it is ${atMs - START_MS}`);
      await frozen.shell.kubernetes.create(create('stale'));
    });
    other.invoke('work', async () => {
      await other.shell.time.wait({ ms: 1_000 });
      note('other');
    });
    scheduler.at(START_MS + 50, () => {
      frozen.freezeUntil(START_MS + 7_200_000);
      frozen.invoke('started in the ice', async () => note('started'));
    });
    await scheduler.run({ untilMs: START_MS + 3_600_000 });
    expect([seen, applications.objects.size, frozen.frozen]).toEqual([['other 1000'], 0, true]);
    await scheduler.run({ untilMs: START_MS + 9_000_000 });
    expect(seen).toEqual(['other 1000', 'started 7200000', 'waited 7200000', 'thinks it is 7200000 7200000']);
    expect([applications.objects.size, frozen.frozen]).toEqual([1, false]);
  });

  test('can thaw early', async () => {
    const { scheduler } = standIn();
    const process = scheduler.startProcess('p', (ports) => ports);
    const invocation = process.invoke('wait', () => process.shell.time.wait({ ms: 100 }));
    process.freezeUntil(START_MS + 7_200_000);
    scheduler.at(START_MS + 5_000, () => process.thaw());
    await scheduler.run({ untilMs: START_MS + 10_000 });
    expect(invocation.end).toEqual({ kind: 'done', value: START_MS + 5_100 });
  });
});
