/** Runs one trial: a phase with faults, then one without in which everything must come to its end (I10). */
import { createSimulatedCloud, type SimulatedCloud } from '../../local/simulated-cloud.ts';
import { createRandom } from '../../simulator/scheduler/random.ts';
import { CURRENT_VERSION, VERSIONS } from '../../workflows/rollout/versions.ts';
import { People } from './people.ts';
import { recordEnd } from './recorder/record-end.ts';
import { recordFaults } from './recorder/record-faults.ts';
import { Recorder, type WatchedPools } from './recorder/recorder.ts';
import type { Seen, Sighting } from './seen.ts';
import { ALIASES, namesOf, reachedPools } from './stage/adapter-stack.ts';
import { nextVersions } from './stage/next-version.ts';
import { orderOf } from './stage/orders.ts';
import { CLUSTER_NAMES, rolloutText } from './stage/rollout-text.ts';
import { adaptersOf, EXAMPLE, namespaceOf, newSideObjects } from './stage/stack-objects.ts';
import { trialWorld } from './stage/trial-world.ts';
import { storeFaultsOf } from './store-faults.ts';
import type { Trial } from './trial.ts';
import { watchShares } from './watch-shares.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Longest quiet phase: queues wait a day, rollouts may take another. */
const QUIET_MS = 96 * HOUR_MS;
/** A message whose deliveries failed comes again at the latest after this: a start may be among them. */
const REDELIVERY_MS = 12 * MINUTE_MS;
/** Calls that are still on the way when everything is over may arrive until then. */
const AFTERMATH_MS = 15 * MINUTE_MS;

export interface TrialRun {
  readonly trial: Trial;
  readonly seen: Seen;
  /** What happened and left no other trace. */
  readonly counts: ReadonlyMap<string, number>;
  /** For what only the product can tell about itself: journals, replays, its log. */
  readonly cloud: SimulatedCloud;
}

export interface RunOptions {
  /** Keeps the scheduler's history. */
  readonly record?: boolean;
}

/** @throws SimulationError when the product awaits anything but a port, or the simulation breaks its own rules. */
export const runTrial = async (trial: Trial, options: RunOptions = {}): Promise<TrialRun> => {
  const watched = watchedPools(trial);
  const recorder = new Recorder(watched, (rolloutId) => {
    const order = trial.orders[Number(/^order-(\d+)-/.exec(rolloutId)?.[1] ?? -1)];
    return order === undefined ? undefined : watched[order.stack];
  });
  const cloud = makeCloud(trial, recorder, options);
  const { scheduler } = cloud;
  const startMs = scheduler.nowMs;
  const quietFromMs = startMs + trial.faultsForMs;
  recorder.watch(cloud.world, () => scheduler.calls.applying);
  const people = new People({ trial, cloud, recorder, untilMs: quietFromMs });
  const counts = new Map<string, number>();
  const count = (situation: string): void => void counts.set(situation, (counts.get(situation) ?? 0) + 1);
  countHolds(cloud, count);
  scheduleEverything(trial, { cloud, recorder, people, startMs, count });
  await scheduler.run({ untilMs: quietFromMs });
  beQuiet(cloud);
  await scheduler.run({ untilMs: quietFromMs + REDELIVERY_MS });
  await scheduler.run({ until: () => isOver(cloud.store.truth), untilMs: quietFromMs + QUIET_MS });
  await scheduler.run({ untilMs: scheduler.nowMs + AFTERMATH_MS });
  cloud.world.settle();
  const rolloutIds = trial.orders.map((_order, index) => people.rolloutIdOf(index));
  const sightings = recordEnd(recorder.sightings, cloud);
  const seen: Seen = {
    orders: trial.orders.map((order, index) =>
      orderOf(trial, order, {
        requestId: `start-${index}`,
        rolloutId: rolloutIds[index] ?? null,
        startMs,
        carriers: carriersMadeFor(sightings, rolloutIds[index] ?? null),
      }),
    ),
    startMs,
    quietFromMs,
    endMs: scheduler.nowMs,
    sightings,
  };
  return { trial, seen, counts, cloud };
};

const CARRIERS = /^inferencemodel(?:rewrite)?s\./u;
const INTENT = 'sluice.dev/intent';

/** Names of the objects with a rollout's intent that give a name its targets. */
const carriersMadeFor = (sightings: readonly Sighting[], rolloutId: string | null): readonly string[] =>
  rolloutId === null
    ? []
    : sightings.flatMap((sighting) =>
        sighting.kind === 'write' &&
        sighting.verb === 'create' &&
        CARRIERS.test(sighting.resource) &&
        sighting.after?.metadata.annotations?.[INTENT] === rolloutId
          ? [sighting.name]
          : [],
      );

/** Each time a rollout begins to be held, and for what. */
const countHolds = ({ store }: SimulatedCloud, count: (situation: string) => void): void => {
  const held = new Map<string, string | null>();
  store.onCommit((document) => {
    const before = held.get(document.rolloutId) ?? null;
    if (document.held !== null && document.held !== before) count(`hold ${document.held}`);
    held.set(document.rolloutId, document.held);
  });
};

const watchedPools = (trial: Trial): readonly WatchedPools[] =>
  trial.stacks.map((stack, index) => {
    const cluster = CLUSTER_NAMES[stack.cluster];
    const namespace = namespaceOf(index);
    const { oldPool, newPool } = EXAMPLE[stack.type];
    const pools = [oldPool, newPool];
    if (stack.type !== 'adapter') return { cluster, namespace, pools };
    const adapters = adaptersOf(stack);
    const names = ALIASES.flatMap((alias) => {
      const { from, to, other } = namesOf(adapters, alias);
      return [from, to, other];
    });
    return {
      cluster,
      namespace,
      pools,
      adapters: { cluster, namespace, pools: reachedPools(adapters), names },
    };
  });

const makeCloud = (trial: Trial, recorder: Recorder, options: RunOptions): SimulatedCloud => {
  const last = trial.instances - 1;
  const versions = trial.twoVersions ? nextVersions() : VERSIONS;
  return createSimulatedCloud({
    world: trialWorld(trial),
    instances: trial.instances,
    skewMs: (instance) => trial.skewMs[instance] ?? 0,
    ...(trial.twoVersions
      ? {
          versions: (instance: number) => (instance === last ? versions : VERSIONS),
          startVersion: (instance: number) => (instance === last ? '2' : CURRENT_VERSION),
        }
      : {}),
    ...(trial.calls === null ? {} : { faults: trial.calls }),
    ...(trial.answers === null ? {} : { answers: trial.answers }),
    storeVersions: (trial.store?.restores.length ?? 0) > 0 ? 12 : 1,
    onApplied: (call) => recorder.applied(call),
    onProcess: (process, what) => recordFaults.process(recorder, process, what),
    ...(options.record === true ? { record: true } : {}),
  });
};

interface Stage {
  readonly cloud: SimulatedCloud;
  readonly recorder: Recorder;
  readonly people: People;
  readonly startMs: number;
  readonly count: (situation: string) => void;
}

const scheduleEverything = (trial: Trial, stage: Stage): void => {
  const { cloud, recorder, people, startMs } = stage;
  const { scheduler, platform } = cloud;
  platform.setFaults(trial.platform);
  if (trial.store !== null)
    cloud.store.setFaults(
      storeFaultsOf(trial.store, {
        random: createRandom(trial.seed, 'store'),
        sinceStartMs: () => scheduler.nowMs - startMs,
        happened: (kind) => stage.count(`store ${kind}`),
      }),
    );
  recordFaults.rates(recorder, trial, startMs);
  cloud.world.onIncident((message) => recordFaults.incident(recorder, message, cloud.world.nowMs));
  trial.orders.forEach((order, index) => {
    const stack = trial.stacks[order.stack];
    if (stack === undefined) return;
    const body = {
      file: rolloutText(trial, index, startMs),
      manifests: stack.newSideThere || order.adapter !== undefined ? [] : newSideObjects(stack, order.stack),
      queue: order.queue,
    };
    scheduler.at(startMs + order.afterMs, () => people.start(index, body));
    if (order.operator !== null) people.lookAfter(index, order.operator);
  });
  scheduleDeeds(trial, stage);
  scheduleIncidents(trial, stage);
};

const scheduleDeeds = (trial: Trial, { cloud, recorder, people, startMs }: Stage): void => {
  const { scheduler } = cloud;
  for (const deed of trial.deeds)
    if ('afterMs' in deed.when) scheduler.at(startMs + deed.when.afterMs, () => people.do(deed));
  watchShares(recorder, trial, (deed, forMs) => scheduler.at(scheduler.nowMs + forMs, () => people.do(deed)));
};

/** What happens to the platform around Sluice. */
const scheduleIncidents = (trial: Trial, { cloud, recorder, people, startMs }: Stage): void => {
  const { scheduler, platform, store } = cloud;
  for (const { afterMs, forMs } of trial.ticksStopped)
    scheduler.at(startMs + afterMs, () => {
      platform.stopTicksUntil(scheduler.nowMs + forMs);
      recorder.add({ kind: 'fault', atMs: scheduler.nowMs, what: 'ticksStopped', whom: 'scheduler', forMs });
    });
  for (const { afterMs, instance, skewMs } of trial.clockJumps)
    scheduler.at(startMs + afterMs, () => {
      platform.skewInstance(instance, skewMs);
      recorder.add({
        kind: 'fault',
        atMs: scheduler.nowMs,
        what: 'clockJumped',
        whom: `p${instance}`,
        forMs: null,
      });
    });
  for (const afterMs of trial.redrives) scheduler.at(startMs + afterMs, () => void platform.redrive());
  for (const { afterMs, order, commitsBack } of trial.store?.restores ?? [])
    scheduler.at(startMs + afterMs, () => {
      const rolloutId = people.rolloutIdOf(order);
      if (rolloutId === null || !store.restoreOlder(rolloutId, commitsBack)) return;
      recorder.add({ kind: 'fault', atMs: scheduler.nowMs, what: 'restored', whom: rolloutId, forMs: null });
    });
};

/** No fault begins any more, and what was frozen thaws. Whatever the world's gateways did, they obey again. */
const beQuiet = (cloud: SimulatedCloud): void => {
  const { scheduler, platform, store, world } = cloud;
  scheduler.setFaults(null);
  cloud.setAnswerFaults(null);
  platform.setFaults(null);
  platform.stopTicksUntil(scheduler.nowMs);
  const never = (): boolean => false;
  store.setFaults({ outage: never, contend: never, staleList: never, loseAnswer: never });
  for (const process of platform.processes) process.thaw();
  for (const cluster of CLUSTER_NAMES)
    world.act({
      kind: 'gatewayBehaves',
      cluster,
      as: {
        reconciles: true,
        reportsFalsely: false,
        refuses: null,
        trafficLagMs: [0, 0],
        reportLagMs: [0, 0],
      },
    });
  platform.redrive();
};

const isOver = ({ documents }: SimulatedCloud['store']['truth']): boolean => {
  for (const document of documents.values())
    if (document.finishedAtMs === null || document.wakeAtMs !== null) return false;
  return true;
};
