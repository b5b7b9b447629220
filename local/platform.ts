/**
 * Google Cloud for one machine: the functions as they are deployed, under functions-framework in this process, Pub/Sub and
 * Cloud Scheduler around them, everything that must survive in one folder.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, createWallClock } from '../functions/adapters/clock.ts';
import { connectClock } from '../functions/adapters/clock-remote.ts';
import { compose, type Functions } from '../functions/compose.ts';
import { type Environment, readConfig } from '../functions/config.ts';
import { FUNCTION_NAMES, type FunctionName, register } from '../functions/http/register.ts';
import { createBusServer } from './bus/bus-server.ts';
import { type LocalBus, openLocalBus } from './bus/local-bus.ts';
import { PUSH_TOPICS, type PushTopic, SUBSCRIPTIONS } from './bus/subscriptions.ts';
import type { InputProblem, Read } from './input-problem.ts';
import { functionServer, type Hosted, listen } from './platform-host.ts';
import { lockState } from './platform-lock.ts';
import { openLogFile } from './platform-log.ts';
import { runTicker } from './tick.ts';

export interface PlatformOptions {
  /** Made when it is not there; one process at a time. */
  readonly stateDir: string;
  /** Of the API; 0: a free one. */
  readonly port: number;
  /** `SLUICE_*`: the world that the functions live in. Store, bus and principal are the platform's own unless named here. */
  readonly environment: Environment;
  /** Default: the one that the environment names, failing that the wall's. */
  readonly clock?: Clock;
  /** Takes the structured log; default: `log.jsonl` in the state folder. */
  readonly writeLog?: (line: string) => void;
  /** Whoever owns the clock is gone. */
  readonly onClockLost?: () => void;
  /** How long a stop waits for what is under way, ms of the wall. */
  readonly graceMs?: number;
}

export interface Platform {
  readonly stateDir: string;
  /** File of the store. */
  readonly storePath: string;
  /** `http://127.0.0.1:PORT` */
  readonly apiUrl: string;
  /** Base address of the publish endpoint. */
  readonly busUrl: string;
  readonly functionUrls: Readonly<Record<FunctionName, string>>;
  readonly bus: LocalBus;
  readonly clock: Clock;
  /** Accepts nothing more, waits for what is under way, gives everything back. `cut`: not all of it came to its end. */
  stop(): Promise<'clean' | 'cut'>;
}

const GRACE_MS = 10_000;

/** Undone in reverse order: at the end, and when a start fails half-way. */
type Undo = (() => unknown)[];

const undoAll = async (undo: Undo): Promise<void> => {
  for (const one of undo.splice(0).toReversed()) await one();
};

const failed = (file: string, code: string, what: string, mend: string): Read<never> => {
  const problem: InputProblem = { file, line: null, column: null, code, what, mend };
  return { kind: 'problems', problems: [problem] };
};

const TIME_FILE = 'time';

/** When a platform last ran in the folder, by its clock, ms; null: never. A new world must not begin before that. */
export const lastTimeIn = (stateDir: string): number | null => {
  try {
    const ms = Number(readFileSync(join(stateDir, TIME_FILE), 'utf8'));
    return Number.isFinite(ms) && ms > 0 ? ms : null;
  } catch {
    return null;
  }
};

const userName = (): string => {
  try {
    return userInfo().username;
  } catch {
    return 'operator';
  }
};

const openClock = async (options: PlatformOptions, undo: Undo): Promise<Clock> => {
  if (options.clock !== undefined) return options.clock;
  const address = options.environment['SLUICE_CLOCK'] ?? '';
  if (address === '') return createWallClock();
  const clock = await connectClock({ address, onLost: () => options.onClockLost?.() });
  undo.push(() => clock.close());
  return clock;
};

const listenForApi = async (port: number): Promise<Read<Hosted>> => {
  try {
    return { kind: 'ok', value: await listen(functionServer('api'), port) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      return failed(
        '--port',
        'port-in-use',
        `Port ${port} is in use by another program.`,
        `\`ss -ltnp 'sport = :${port}'\` (or \`lsof -i :${port}\`) says which; stop it, or take another port with --port.`,
      );
    if (code === 'EACCES')
      return failed('--port', 'port-refused', `Port ${port} is not for everybody.`, 'Take one above 1023.');
    throw error;
  }
};

const urlOf = ({ port }: Hosted): string => `http://127.0.0.1:${port}`;

/** The functions of the environment, each behind a server of its own. */
const hostFunctions = async (
  functions: Functions,
  port: number,
  undo: Undo,
): Promise<Read<Readonly<Record<FunctionName, Hosted>>>> => {
  register(functions);
  const api = await listenForApi(port);
  if (api.kind === 'problems') return api;
  undo.push(() => api.value.close());
  const hosted: Partial<Record<FunctionName, Hosted>> = { api: api.value };
  for (const name of FUNCTION_NAMES) {
    if (name === 'api') continue;
    const one = await listen(functionServer(name), 0);
    undo.push(() => one.close());
    hosted[name] = one;
  }
  return { kind: 'ok', value: hosted as Record<FunctionName, Hosted> };
};

const startTicking = (
  { stateDir, clock, bus }: { readonly stateDir: string; readonly clock: Clock; readonly bus: LocalBus },
  onTrouble: (code: string, message: string) => void,
): (() => Promise<void>) => {
  const stopping = new AbortController();
  const data = Buffer.from('{"kind":"tick"}').toString('base64');
  const tick = (atMs: number): void => {
    try {
      bus.publish('ticks', [{ data, attributes: {} }]);
      writeFileSync(join(stateDir, TIME_FILE), String(Math.floor(atMs)));
    } catch (error) {
      onTrouble('tick-failed', error instanceof Error ? error.message : String(error));
    }
  };
  const ticking = runTicker({ clock, tick, stopping: stopping.signal });
  return async () => {
    stopping.abort();
    await ticking;
  };
};

/** Resolves true when the work is done, false when it took longer. */
const within = async (graceMs: number, work: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<boolean>((resolve_) => {
    timer = setTimeout(() => resolve_(false), graceMs);
  });
  const isDone = await Promise.race([work.then(() => true), over]);
  clearTimeout(timer);
  return isDone;
};

/** No further work begins, and what is under way gets some time. Whether all of it came to its end. */
const finishWork = (
  bus: LocalBus,
  hosted: readonly Hosted[],
  stopping: AbortController,
  graceMs: number,
): Promise<boolean> => {
  const delivered = bus.stop();
  // The other functions go on accepting: what the bus has begun to deliver may be on its way to them.
  const [api] = hosted;
  api?.stopAccepting();
  stopping.abort();
  return within(graceMs, Promise.all([delivered, ...hosted.map((one) => one.idle())]));
};

const start = async (options: PlatformOptions, stateDir: string, undo: Undo): Promise<Read<Platform>> => {
  const lock = lockState(stateDir);
  if (lock.kind === 'problems') return lock;
  undo.push(() => lock.value.release());
  const logFile = options.writeLog === undefined ? openLogFile(join(stateDir, 'log.jsonl')) : null;
  undo.push(() => logFile?.close());
  const writeLog = options.writeLog ?? ((line: string) => logFile?.write(line));
  const clock = await openClock(options, undo);
  const onTrouble = (code: string, message: string): void =>
    writeLog(
      JSON.stringify({ severity: 'WARNING', message, code, time: new Date(clock.nowMs()).toISOString() }),
    );

  let bus: LocalBus | null = null;
  const project = options.environment['SLUICE_PROJECT'] ?? 'local';
  const busServer = await listen(createBusServer({ bus: () => bus, project }), 0);
  undo.push(() => busServer.close());
  const read = readConfig({
    SLUICE_PROJECT: project,
    SLUICE_STORE: `sqlite:${join(stateDir, 'sluice.db')}`,
    SLUICE_BUS: urlOf(busServer),
    SLUICE_PRINCIPAL: `${userName()}@localhost`,
    ...options.environment,
  });
  if (read.kind === 'problems')
    return failed('environment', 'environment-invalid', `${read.problems.join('. ')}.`, 'Correct it.');
  const stopping = new AbortController();
  const functions = compose({ config: read.config, clock, writeLog, stopping: stopping.signal });
  undo.push(() => functions.close());
  await functions.preload();
  const hosted = await hostFunctions(functions, options.port, undo);
  if (hosted.kind === 'problems') return hosted;
  const urls = Object.fromEntries(
    PUSH_TOPICS.map((topic) => [topic, `${urlOf(hosted.value[SUBSCRIPTIONS[topic].target])}/`]),
  ) as Record<PushTopic, string>;
  const opened = openLocalBus({ path: join(stateDir, 'bus.db'), project, clock, urls, onTrouble });
  bus = opened;
  undo.push(() => opened.close());
  const stopTicking = startTicking({ stateDir, clock, bus: opened }, onTrouble);
  undo.push(stopTicking);
  const apiUrl = urlOf(hosted.value.api);
  lock.value.describe(`its API at ${apiUrl}`);

  const shutDown = async (): Promise<'clean' | 'cut'> => {
    await stopTicking();
    const isDone = await finishWork(
      opened,
      Object.values(hosted.value),
      stopping,
      options.graceMs ?? GRACE_MS,
    );
    await undoAll(undo);
    return isDone ? 'clean' : 'cut';
  };
  let stopped: Promise<'clean' | 'cut'> | null = null;
  return {
    kind: 'ok',
    value: {
      stateDir,
      storePath: read.config.storePath,
      apiUrl,
      busUrl: urlOf(busServer),
      functionUrls: Object.fromEntries(
        FUNCTION_NAMES.map((name) => [name, urlOf(hosted.value[name])]),
      ) as Record<FunctionName, string>,
      bus: opened,
      clock,
      stop: () => (stopped ??= shutDown()),
    },
  };
};

/** Starts everything, and continues where the folder's last process was. What stands in the way is told in sentences. */
export const startPlatform = async (options: PlatformOptions): Promise<Read<Platform>> => {
  const undo: Undo = [];
  try {
    const started = await start(options, resolve(options.stateDir), undo);
    if (started.kind === 'problems') await undoAll(undo);
    return started;
  } catch (error) {
    await undoAll(undo);
    return failed(
      options.stateDir,
      'platform-failed',
      `It did not start: ${error instanceof Error ? error.message : String(error)}.`,
      'Mend that, or take another folder with --state.',
    );
  }
};
