/**
 * The process of memory.rss. In it are:
 *
 *   - Node 24, which strips the types of every module as it loads it (a deployed process would run plain JavaScript);
 *   - all doors and the runtime, one shell, booted as for the cloud;
 *   - the SQLite store on a file: 1,000 rollouts in the middle of their ladders, each with its whole journal;
 *   - Pub/Sub, ticks and the deterministic scheduler in virtual time, with every wake that is under way: each lasts
 *     75 s and looks every 5 s, so that more than 1,000 are awake at once;
 *   - one simulated cluster with one stack. All rollouts see its pods and metrics; each has a route of its own, which is
 *     the world's route under another name. Answers of the API server are parsed anew from text each time, as a client
 *     of a real one would have to.
 *
 * The 1,000 documents are one real rollout's, brought to 25 % by the doors, under 1,000 ids.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteCommit } from '../../functions/adapters/sqlite-commit.ts';
import { sqliteReads } from '../../functions/adapters/sqlite-reads.ts';
import { sqliteRegistry } from '../../functions/adapters/sqlite-registry.ts';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { createDoors } from '../../functions/doors.ts';
import { createShell } from '../../functions/runtime/shell.ts';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { Applied, Handlers } from '../../simulator/ports/handlers.ts';
import { createPlatform, type Platform } from '../../simulator/scheduler/platform.ts';
import { createScheduler, type Scheduler } from '../../simulator/scheduler/scheduler.ts';
import type { KubeAnswer, NoAnswer, StorePort } from '../../workflows/ports.ts';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import {
  bakesAt,
  documentOf,
  journalOf,
  MINUTE_MS,
  pass,
  ROLLOUT,
  ROUTE,
  runUntil,
} from '../helpers/simulated-rollout.ts';
import { HALF_HOUR_FILE, startOn } from './whole-rollout.ts';

export interface MemoryReport {
  readonly rollouts: number;
  /** Bytes. */
  readonly rssStart: number;
  readonly rssMax: number;
  readonly heapUsed: number;
  /** The store's file. */
  readonly fileBytes: number;
  /** What the heap holds after a collection; null without `--expose-gc`. */
  readonly live: {
    /** Before there were any rollouts. */
    readonly before: number;
    /** While the wakes are under way. */
    readonly awake: number;
    readonly awakeNow: number;
    /** Once no wake is. */
    readonly asleep: number;
  } | null;
  /** Rollouts whose wake began within the measured minute. */
  readonly woken: number;
  readonly awakeMax: number;
  readonly portCalls: number;
}

const ROLLOUTS = 1_000;
/** Every so many choices of the scheduler. */
const SAMPLE_EVERY = 500;
/** What one call of the store takes, virtual. */
const STORE_MS = 5;

const idOf = (index: number): string => `${ROLLOUT}${String(index).padStart(3, '0')}`;
const routeOf = (rolloutId: string): string => `${ROUTE}-of-${rolloutId}`;

/** One rollout's records, under another id and with another route. */
const renamed = <T>(value: T, rolloutId: string): T =>
  JSON.parse(JSON.stringify(value).replaceAll(ROLLOUT, rolloutId).replaceAll(ROUTE, routeOf(rolloutId))) as T;

const fill = async (path: string, document: RolloutDocument, entries: readonly JournalEntry[]) => {
  const database = new DatabaseSync(path);
  const store = openSqliteStore({ path, now: () => 0 });
  database.close();
  for (let index = 0; index < ROLLOUTS; index += 1) {
    const rolloutId = idOf(index);
    const result = await store.commit({
      expectedRevision: null,
      document: renamed(document, rolloutId),
      entries: renamed(entries, rolloutId),
    });
    if (result.kind !== 'committed') throw new Error(`${rolloutId}: ${result.kind}`);
  }
  store.close();
};

/** The production store without its promises: the scheduler answers instead. */
const storeHandlers = (path: string, now: () => number): Handlers['store'] => {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = FULL');
  const methods = {
    commit: sqliteCommit(database),
    ...sqliteReads(database, now),
    ...sqliteRegistry(database, now),
  };
  const handlers = Object.entries(methods).map(([name, method]) => [
    name,
    (call: unknown) => ({ value: (method as (given: unknown) => unknown)(call), tookMs: STORE_MS }),
  ]);
  return Object.fromEntries(handlers) as { [M in keyof StorePort]: never };
};

/** Each rollout's own route is the world's one, renamed. */
const kubernetesHandlers = (world: Handlers['kubernetes']): Handlers['kubernetes'] => {
  const parsed = <T>(reply: Applied<KubeAnswer<T> | NoAnswer>): Applied<KubeAnswer<T> | NoAnswer> =>
    'failure' in reply ? reply : (JSON.parse(JSON.stringify(reply)) as typeof reply);
  return {
    ...world,
    get: (call) => {
      const [, rolloutId] = call.name.split('-of-');
      return rolloutId === undefined
        ? parsed(world.get(call))
        : renamed(world.get({ ...call, name: ROUTE }), rolloutId);
    },
    list: (call) => parsed(world.list(call)),
  };
};

interface Awake {
  readonly woken: Set<string>;
  now: number;
  max: number;
}

/** The doors as for the cloud, with somebody who counts at on-wake. */
const boot = (
  cloud: SimulatedCloud,
  path: string,
  awake: Awake,
): { readonly scheduler: Scheduler; readonly platform: Platform } => {
  const { world } = cloud;
  const handlers = world.handlers();
  const scheduler = createScheduler({
    seed: 1,
    world,
    handlers: {
      ...handlers,
      kubernetes: kubernetesHandlers(handlers.kubernetes),
      store: storeHandlers(path, () => world.nowMs),
    },
    toError: ({ code, message }) => storeFailure(code as never, message),
  });
  const platform = createPlatform({
    scheduler,
    seed: 1,
    boot: (ports) => {
      const doors = createDoors(createShell({ ports, versions: VERSIONS, instanceId: 'bench' }));
      return {
        ...doors,
        onWake: async (event) => {
          awake.now += 1;
          awake.max = Math.max(awake.max, awake.now);
          awake.woken.add(Buffer.from(event.data.message.data, 'base64').toString());
          await doors.onWake(event);
          awake.now -= 1;
        },
      };
    },
  });
  return { scheduler, platform };
};

const run = async (): Promise<MemoryReport> => {
  const { cloud, rolloutId } = await startOn({ seed: 1 }, HALF_HOUR_FILE);
  await runUntil(cloud, () => bakesAt(cloud, 25));
  await pass(cloud, 2 * MINUTE_MS);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const path = join(folder, 'store.db');
  const rssStart = process.memoryUsage.rss();
  const before = liveHeap();
  await fill(path, documentOf(cloud, rolloutId), journalOf(cloud, rolloutId));
  const awake: Awake = { woken: new Set(), now: 0, max: 0 };
  const fileBytes = statSync(path).size;
  const { scheduler, platform } = boot(cloud, path, awake);
  // Two minutes until every wake of the one before overlaps with the next.
  await scheduler.run({ untilMs: scheduler.nowMs + 2 * MINUTE_MS });
  awake.woken.clear();
  awake.max = awake.now;
  const callsBefore = scheduler.calls.count;
  let choices = 0;
  let rssMax = process.memoryUsage.rss();
  await scheduler.run({
    untilMs: scheduler.nowMs + MINUTE_MS,
    until: () => {
      choices += 1;
      if (choices % SAMPLE_EVERY === 0) rssMax = Math.max(rssMax, process.memoryUsage.rss());
      return false;
    },
  });
  const report: Omit<MemoryReport, 'live'> = {
    rollouts: ROLLOUTS,
    rssStart,
    rssMax: Math.max(rssMax, process.memoryUsage.rss()),
    heapUsed: process.memoryUsage().heapUsed,
    fileBytes,
    woken: awake.woken.size,
    awakeMax: awake.max,
    portCalls: scheduler.calls.count - callsBefore,
  };
  const live = before === null ? null : { before, ...(await liveAwakeAndAsleep(scheduler, platform, awake)) };
  rmSync(folder, { recursive: true });
  return { ...report, live };
};

/** null without `--expose-gc`. */
const liveHeap = (): number | null => {
  if (globalThis.gc === undefined) return null;
  // What the first collection lets go of by way of finalizers goes with the second.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

/** Without what was published: that is the subscribers', in the cloud. */
const liveHeapOf = (platform: Platform): number => {
  (platform.events as unknown[]).length = 0;
  return liveHeap() ?? Number.NaN;
};

const liveAwakeAndAsleep = async (
  scheduler: Scheduler,
  platform: Platform,
  awake: Awake,
): Promise<{ awake: number; awakeNow: number; asleep: number }> => {
  const whileAwake = liveHeapOf(platform);
  const awakeNow = awake.now;
  platform.stopTicksUntil(Infinity);
  await scheduler.run({ until: () => awake.now === 0, untilMs: scheduler.nowMs + 2 * MINUTE_MS });
  if (awake.now > 0) throw new Error(`${awake.now} wakes did not end`);
  return { awake: whileAwake, awakeNow, asleep: liveHeapOf(platform) };
};

console.log(JSON.stringify(await run()));
