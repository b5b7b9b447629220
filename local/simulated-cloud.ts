/**
 * Sluice on a simulated Google Cloud: the production doors and runtime under the deterministic scheduler, the world
 * behind their ports, Cloud Scheduler and Pub/Sub in virtual time around them.
 */
import { createDoors } from '../functions/doors.ts';
import { createShell, type ShellSettings } from '../functions/runtime/shell.ts';
import type { Faults } from '../simulator/scheduler/faults.ts';
import { createPlatform, type Platform } from '../simulator/scheduler/platform.ts';
import type { AppliedCall } from '../simulator/scheduler/port-call.ts';
import { createScheduler, type Scheduler } from '../simulator/scheduler/scheduler.ts';
import type { AnswerFaultCounts } from '../simulator/world/answer-fault-dice.ts';
import type { AnswerFaults } from '../simulator/world/answer-faults.ts';
import type { WorldInput } from '../simulator/world/parameters.ts';
import { createRandom } from '../simulator/world/random.ts';
import { createWorldStore, type WorldStore } from '../simulator/world/store.ts';
import { withAnswerFaults } from '../simulator/world/with-answer-faults.ts';
import { createWorld, type World } from '../simulator/world/world.ts';
import type { ApiResponse } from '../workflows/door-types.ts';
import type { LogSeverity } from '../workflows/ports.ts';
import { storeFailure } from '../workflows/rollout/store-failure.ts';
import { type MachineVersions, VERSIONS } from '../workflows/rollout/versions.ts';

export interface SimulatedCloudInput {
  readonly world: WorldInput & { readonly seed: number };
  readonly versions?: (instance: number) => MachineVersions;
  readonly startVersion?: (instance: number) => string;
  readonly instances?: number;
  readonly settings?: Partial<ShellSettings>;
  readonly faults?: Faults;
  /** What the world's servers answer wrongly. */
  readonly answers?: AnswerFaults;
  /** How far an instance's clock is ahead, ms. */
  readonly skewMs?: (instance: number) => number;
  /** Hears what becomes of processes. */
  readonly onProcess?: (process: string, what: string) => void;
  /** Hears of each port call once its server is done with it. */
  readonly onApplied?: (call: AppliedCall) => void;
  readonly crashAt?: { readonly call: number; readonly when: 'before' | 'after' };
  readonly record?: boolean;
  /** How many versions of each document the store keeps; more only for tests that restore old ones. */
  readonly storeVersions?: number;
  /** The last number of rollouts of a name that were there before. */
  readonly lastNumbers?: Readonly<Record<string, number>>;
}

export interface LogLine {
  readonly atMs: number;
  readonly severity: LogSeverity;
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

export interface SimulatedCloud {
  readonly world: World;
  readonly store: WorldStore;
  readonly scheduler: Scheduler;
  readonly platform: Platform;
  readonly log: readonly LogLine[];
  /** How often a server answered wrongly, by kind. */
  readonly wrongAnswers: AnswerFaultCounts;
  /** What the world's servers answer wrongly from now on; null: nothing. */
  setAnswerFaults(faults: AnswerFaults | null): void;
  /** Drops the logs of what has been: for runs of days. */
  forget(): void;
  /** A request to the API; returns its answer after running the simulation until it is there. */
  call(method: string, path: string, body?: unknown): Promise<ApiResponse>;
}

const PRINCIPAL = 'operator@example.com';

/** Everything in one process, nothing started yet but the world. */
export const createSimulatedCloud = (input: SimulatedCloudInput): SimulatedCloud => {
  const world = createWorld(input.world);
  const store = createWorldStore({
    clock: () => world.nowMs,
    versionsMax: input.storeVersions ?? 1,
    ...(input.lastNumbers === undefined ? {} : { lastNumbers: input.lastNumbers }),
  });
  const log: LogLine[] = [];
  const answers = withAnswerFaults(world.handlers(), {
    faults: input.answers ?? null,
    random: createRandom(input.world.seed, 'answers'),
    world,
  });
  const scheduler = createScheduler({
    seed: input.world.seed,
    world,
    handlers: { ...answers, store: store.handlers },
    toError: ({ code, message }) => storeFailure(code, message),
    journalSeqOf: (rolloutId) => store.truth.documents.get(rolloutId)?.journalSeq ?? 0,
    ...(input.faults === undefined ? {} : { faults: input.faults }),
    ...(input.crashAt === undefined ? {} : { crashAt: input.crashAt }),
    ...(input.record === undefined ? {} : { record: input.record }),
    ...(input.onProcess === undefined ? {} : { onProcess: input.onProcess }),
    ...(input.onApplied === undefined ? {} : { onApplied: input.onApplied }),
    onLog: (_process, ...[severity, code, message, fields]) =>
      log.push({ atMs: world.nowMs, severity, code, message, fields: fields ?? {} }),
  });
  const platform = createPlatform({
    scheduler,
    seed: input.world.seed,
    instances: input.instances ?? 1,
    skewMs: ({ index }) => input.skewMs?.(index) ?? 0,
    onIncident: (listener) => world.onIncident((message) => listener(JSON.stringify(message))),
    boot: (ports, instance) =>
      createDoors(
        createShell({
          ports,
          versions: input.versions?.(instance.index) ?? VERSIONS,
          ...(input.startVersion === undefined ? {} : { startVersion: input.startVersion(instance.index) }),
          instanceId: `p${instance.index}.${instance.incarnation}`,
          ...(input.settings === undefined ? {} : { settings: input.settings }),
        }),
      ),
  });
  return {
    world,
    store,
    scheduler,
    platform,
    log,
    wrongAnswers: answers.counts,
    setAnswerFaults: (faults) => answers.set(faults),
    forget: () => {
      log.length = 0;
      platform.forgetEvents();
      world.forgetWrites();
    },
    call: caller(scheduler, platform),
  };
};

const HOUR_MS = 3_600_000;

const caller =
  (scheduler: Scheduler, platform: Platform): SimulatedCloud['call'] =>
  (method, path, body) =>
    scheduler.settle(platform.call({ method, path, query: {}, headers: {}, body, principal: PRINCIPAL }), {
      untilMs: scheduler.nowMs + HOUR_MS,
    });
