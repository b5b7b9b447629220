/**
 * tick.idle.ratio: one message through the door on-tick, on SQLite files.
 *
 *   numerator    the store holds 10 rollouts that are due and 100,000 that are not
 *   denominator  the store holds the same 10 and no other
 *
 * Either tick reads the due ones, publishes their 10 wakes and asks for leftovers. Both are timed in turn in one run.
 * The idle documents are small ones, to spare the disk: a tick reads no document.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { createOnTick } from '../../functions/on-tick.ts';
import { createShell } from '../../functions/runtime/shell.ts';
import type { CloudEvent } from '../../workflows/door-types.ts';
import type { Ports } from '../../workflows/ports.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { aDocument } from '../helpers/stored-records.ts';
import { type Figure, median, round, type Say, spread } from './figure.ts';

const DUE = 10;
const IDLE = 100_000;
const WARM_UP = 300;
const TICKS = 1_000;

const NOW_MS = 1_772_442_000_000;

const TICK: CloudEvent = {
  specversion: '1.0',
  type: 'google.cloud.pubsub.topic.v1.messagePublished',
  source: '//pubsub.googleapis.com/projects/sluice/topics/ticks',
  id: '1',
  time: '2026-03-02T09:00:00Z',
  datacontenttype: 'application/json',
  data: {
    subscription: 'projects/sluice/subscriptions/ticks',
    message: { data: 'e30=', attributes: {}, messageId: '1', publishTime: '2026-03-02T09:00:00Z' },
  },
};

interface Bench {
  readonly tick: () => Promise<void>;
  readonly wakes: () => number;
  readonly close: () => void;
}

const bench = async (path: string, idle: number): Promise<Bench> => {
  const store = openSqliteStore({ path, now: () => NOW_MS });
  for (let index = 0; index < DUE; index += 1) {
    const document = aDocument({ rolloutId: `due-${index}`, wakeAtMs: NOW_MS - index });
    await store.commit({ expectedRevision: null, document, entries: [] });
  }
  const asleep = aDocument({ rolloutId: 'idle', wakeAtMs: NOW_MS + 60_000 });
  await store.commit({ expectedRevision: null, document: asleep, entries: [] });
  multiply(path, idle);
  let wakes = 0;
  const ports = {
    store,
    bus: {
      publish: async () => {
        wakes += 1;
        return { kind: 'ok' as const };
      },
    },
    time: { now: async () => NOW_MS },
    log: () => undefined,
  } as unknown as Ports;
  const onTick = createOnTick(createShell({ ports, versions: VERSIONS, instanceId: 'bench' }));
  return { tick: () => onTick(TICK), wakes: () => wakes, close: () => store.close() };
};

/** The one idle rollout becomes `count`, each due at another time, by one statement instead of that many commits. */
const multiply = (path: string, count: number): void => {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = OFF');
  database
    .prepare(
      `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       INSERT INTO rollouts
       SELECT 'idle-' || n, revision, schemaVersion, state, wakeAtMs + n, poolKey || n, createdAtMs, finishedAtMs,
         replace(document, '"idle"', '"idle-' || n || '"')
       FROM rollouts, numbers WHERE rolloutId = 'idle' AND ? > 0`,
    )
    .run(count, count);
  database.exec("DELETE FROM rollouts WHERE rolloutId = 'idle'");
  database.close();
};

const timed = async (given: Bench): Promise<number> => {
  const fromMs = performance.now();
  await given.tick();
  return (performance.now() - fromMs) * 1000;
};

export const tickIdleRatio = async (say: Say): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const crowded = await bench(join(folder, 'crowded.db'), IDLE);
  const alone = await bench(join(folder, 'alone.db'), 0);
  const times = { crowded: [] as number[], alone: [] as number[] };
  for (let index = 0; index < WARM_UP + TICKS; index += 1) {
    const first = index % 2 === 0 ? await timed(crowded) : 0;
    const aloneUs = await timed(alone);
    const crowdedUs = index % 2 === 0 ? first : await timed(crowded);
    if (index < WARM_UP) continue;
    times.crowded.push(crowdedUs);
    times.alone.push(aloneUs);
  }
  const wakes = [crowded.wakes(), alone.wakes()];
  crowded.close();
  alone.close();
  rmSync(folder, { recursive: true });
  if (wakes.some((count) => count !== (WARM_UP + TICKS) * DUE))
    throw new Error(`${wakes.join(' and ')} wakes were published`);
  say(`a tick with ${IDLE} idle and ${DUE} due: ${spread(times.crowded, 0)} µs`);
  say(`a tick with ${DUE} due: ${spread(times.alone, 0)} µs`);
  return [
    {
      name: 'tick.idle.ratio',
      value: round(median(times.crowded) / median(times.alone), 2),
      unit: 'ratio',
      means: `a tick with ${IDLE} idle rollouts and ${DUE} due, over one with ${DUE} due alone; SQLite`,
    },
  ];
};
