import { expect, test } from 'vitest';
import { drawFaults } from '../../../../simulator/scheduler/faults.ts';
import { createPlatform } from '../../../../simulator/scheduler/platform.ts';
import { drawPlatformFaults } from '../../../../simulator/scheduler/platform-faults.ts';
import { createRandom } from '../../../../simulator/scheduler/random.ts';
import type { Ports } from '../../../../workflows/ports.ts';
import { commit, create, doors, START_MS, standIn } from './stand-ins.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

async function handle(ports: Ports, id: string): Promise<void> {
  const { document } = await ports.store.load({ rolloutId: id });
  if (document !== null) return;
  const created = await ports.kubernetes.create(create(id));
  if (created.kind === 'noAnswer') throw new Error('again');
  await ports.time.wait({ ms: 2_000 });
  await ports.store.commit(commit(id));
}

async function soak(seed: number) {
  const random = createRandom(seed, 'rates');
  const rates = drawFaults(random);
  // The shell is small: a whole rollout makes many more calls.
  const faults = { ...rates, crash: rates.crash * 20, freeze: rates.freeze * 20 };
  const { scheduler, applications } = standIn({ seed, faults });
  const platform = createPlatform({
    scheduler,
    seed,
    instances: 2,
    faults: drawPlatformFaults(random),
    boot: (ports) => doors({ onRequest: ({ data }) => handle(ports, data.message.attributes['of'] ?? '') }),
  });
  for (let n = 0; n < 5; n++) platform.publish('requests', '{}', { of: `r${n}` });
  await scheduler.run({ untilMs: START_MS + 30 * MINUTE_MS });
  scheduler.setFaults(null);
  platform.setFaults(null);
  platform.redrive();
  const end = await scheduler.run({
    untilMs: START_MS + 2 * DAY_MS,
    until: () => applications.locks.size === 5,
  });
  return { end, applications, counts: platform.counts, history: scheduler.history() };
}

test('after a phase of faults and one without, every message was worked off, whatever the seed', async () => {
  const sum = { crashes: 0, freezes: 0, lost: 0, late: 0, redelivered: 0, duplicated: 0 };
  for (let seed = 0; seed < 150; seed++) {
    const { end, applications, counts, history } = await soak(seed);
    expect([seed, end, [...applications.objects.keys()].toSorted()]).toEqual([
      seed,
      'done',
      ['r0', 'r1', 'r2', 'r3', 'r4'],
    ]);
    const times = (pattern: RegExp): number => history.match(pattern)?.length ?? 0;
    sum.crashes += times(/ crashed$/gm);
    sum.freezes += times(/ frozen until /g);
    sum.lost += times(/ lostCall| lostAnswer/g);
    sum.late += times(/ lateCall/g);
    sum.redelivered += counts.nacked + counts.lost + counts.expired;
    sum.duplicated += counts.duplicated;
  }
  // Each kind of trouble was met in good number.
  for (const [what, times] of Object.entries(sum)) expect([what, times > 20]).toEqual([what, true]);
});
