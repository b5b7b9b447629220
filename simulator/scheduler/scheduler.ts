import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { BusMessage, Ports } from '../../workflows/ports.ts';
import type { Failure, Handlers, WorldClock } from '../ports/handlers.ts';
import type { Faults } from './faults.ts';
import { History } from './history.ts';
import type { LiveInvocation } from './invocation.ts';
import type { AppliedCall, CallFate, CallRecord } from './port-call.ts';
import { PortCalls } from './port-calls.ts';
import { LiveProcess, type SimProcess } from './process.ts';
import { createRandom, randomOf } from './random.ts';
import { SimulationError } from './simulation-error.ts';
import { type Cancellable, type RunEnd, type RunLimits, TimeLoop } from './time-loop.ts';

export interface SchedulerOptions {
  readonly seed: number;
  readonly world: WorldClock;
  readonly handlers: Handlers;
  /** The exception of a failure, thrown by the port. */
  readonly toError: (failure: Failure) => Error;
  /** Sequence of the newest journal entry of a rollout, 0 for none: ends `changes`. Without it only deadlines do. */
  readonly journalSeqOf?: (rolloutId: string) => number;
  /** Without them every call is applied at once and answered in order. */
  readonly faults?: Faults;
  /** Instead of a generator made from the seed. */
  readonly random?: RandomGenerator;
  /** Kills the caller just before its n-th port call of the run (from 1) is applied, or just after, unanswered. */
  readonly crashAt?: { readonly call: number; readonly when: 'before' | 'after' };
  /** Keeps the history and the log of calls; slow. */
  readonly record?: boolean;
  /** Hears what becomes of processes: `started`, `crashed`, `frozen until MS`, an invocation that starts or ends. */
  readonly onProcess?: (process: string, what: string) => void;
  /** Hears of each call once its server is done with it. */
  readonly onApplied?: (call: AppliedCall) => void;
  readonly onLog?: (process: string, ...line: Parameters<Ports['log']>) => void;
}

type PublishListener = (topic: 'wakes' | 'events', message: BusMessage, process: string) => void;

export interface Scheduler {
  readonly nowMs: number;
  /** `boot` gets ports of its own: no two processes share anything but the world. */
  startProcess<T>(
    name: string,
    boot: (ports: Ports) => T,
    options?: { readonly skewMs?: number },
  ): SimProcess<T>;
  /** Does something at a time, ms since 1970: an operator's act, a delivery, a fault. */
  at(ms: number, act: () => void): Cancellable;
  /** Hears what processes publish. */
  onPublish(listener: PublishListener): void;
  /** From now on; null: none. */
  setFaults(faults: Faults | null): void;
  /** Port calls that were applied, and, when recorded, which; and the one that its server is at work on. */
  readonly calls: {
    readonly count: number;
    readonly log: readonly CallRecord[];
    readonly fates: Readonly<Record<CallFate, number>>;
    readonly applying: { readonly caller: { readonly name: string }; readonly issuedAtMs: number } | null;
  };
  /** A line per event; the same for the same seed, byte for byte. Empty unless recorded. */
  history(): string;
  /** Adds a line to the history. */
  record(who: string, what: string): void;
  /**
   * Runs until `until` says so, the deadline, or nothing is left.
   * @throws SimulationError (as a rejection) when the shell awaits anything but a port, a handler throws, time runs
   * backwards or does not move.
   */
  run(limits: RunLimits): Promise<RunEnd>;
  /** Runs until the promise settles, and returns its value. @throws SimulationError when the run ends before. */
  settle<R>(promise: Promise<R>, limits: { readonly untilMs: number }): Promise<R>;
}

/** The deterministic scheduler: doors and runtime run unmodified, the seed decides what happens when. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const history = options.record === true ? new History() : null;
  const listeners: PublishListener[] = [];
  /** Looked at after each choice; one may stand in it twice. */
  const touched: LiveInvocation[] = [];
  const loop = new TimeLoop(options.world, () => {
    for (let index = 0; index < touched.length; index++) touched[index]?.check();
    touched.length = 0;
  });
  const touch = (invocation: LiveInvocation): void => void touched.push(invocation);
  const calls = new PortCalls({
    loop,
    random: options.random === undefined ? createRandom(options.seed, 'calls') : randomOf(options.random),
    handlers: options.handlers,
    toError: options.toError,
    journalSeqOf: options.journalSeqOf ?? (() => 0),
    crashAt: options.crashAt ?? null,
    history,
    onApplied: options.onApplied ?? null,
    onPublish: ({ topic, message }, process) => {
      for (const listener of listeners) listener(topic, message, process);
    },
    touched: touch,
  });
  calls.faults = options.faults ?? null;
  const record = (who: string, what: string): void => history?.add(loop.nowMs, who, what);
  const tell = (process: string, what: string): void => {
    record(process, what);
    options.onProcess?.(process, what);
  };

  return {
    get nowMs() {
      return loop.nowMs;
    },
    calls,
    at: (ms, act) => loop.at(ms, act),
    onPublish: (listener) => void listeners.push(listener),
    setFaults: (faults) => {
      calls.faults = faults;
    },
    history: () => history?.text() ?? '',
    record,
    run: (limits) => loop.run(limits),
    settle: (promise, limits) => settle(loop, promise, limits.untilMs),
    startProcess: (name, boot, { skewMs = 0 } = {}) => {
      const log: Ports['log'] = (...line) => {
        record(name, `log ${line[0]} ${line[1]} ${line[2]}`);
        options.onLog?.(name, ...line);
      };
      tell(name, 'started');
      const process = new LiveProcess({ name, skewMs, loop, calls, log, touched: touch, record: tell });
      return Object.assign(process, { shell: boot(process.ports) });
    },
  };
}

async function settle<R>(loop: TimeLoop, promise: Promise<R>, untilMs: number): Promise<R> {
  let settled = false;
  const isSettled = (): void => {
    settled = true;
  };
  promise.then(isSettled, isSettled);
  const end = await loop.run({ until: () => settled, untilMs });
  if (end !== 'done') throw new SimulationError(`the run ended (${end}) before the promise settled`);
  return promise;
}
