/** Sluice in a process of its own, with its store on disk: what a live demo watches and a kill test kills. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FunctionName } from '../functions/http/register.ts';

export interface SpawnOptions {
  /** Folder of store and bus. */
  readonly stateDir: string;
  /** `SLUICE_*` of the world that it is to live in. */
  readonly environment: Readonly<Record<string, string>>;
  /** Hears what it logs, a line each. */
  readonly onLog?: (line: string) => void;
}

export interface SpawnedPlatform {
  /** `http://127.0.0.1:PORT` */
  readonly apiUrl: string;
  readonly busUrl: string;
  /** Of each function, as Pub/Sub's push calls it. */
  readonly functionUrls: Readonly<Record<FunctionName, string>>;
  readonly storePath: string;
  readonly pid: number;
  /** Fulfilled when the process has ended, however. */
  readonly ended: Promise<void>;
  /** How it ended, with the last that it said. */
  why(): string;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('platform-main.ts', import.meta.url));
const LAST_LINES = 20;

type Ready = Pick<SpawnedPlatform, 'apiUrl' | 'busUrl' | 'functionUrls' | 'storePath'>;

/** What the caller's shell says of a Sluice is of another one than this. */
const withoutSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('SLUICE_')));

/** Resolves when it is ready. @throws Error with its last lines when it ends before that. */
export const spawnPlatform = async ({
  stateDir,
  environment,
  onLog,
}: SpawnOptions): Promise<SpawnedPlatform> => {
  const child = spawn(process.execPath, [MAIN, '--state', stateDir, '--port', '0'], {
    env: { ...withoutSettings(process.env), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told: string[] = [];
  const hear = (line: string): void => {
    told.push(line);
    if (told.length > LAST_LINES) told.shift();
    onLog?.(line);
  };
  createInterface({ input: child.stderr }).on('line', hear);
  const ended = once(child, 'exit').then(() => undefined);
  const why = (): string => `Sluice ended (${endingOf(child)}): ${told.join('\n') || 'it said nothing'}`;
  // A program that ends takes it along.
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  void ended.then(() => process.off('exit', killAtExit));
  const { apiUrl, busUrl, functionUrls, storePath } = await new Promise<Ready>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Ready));
    child.once('exit', () => reject(new Error(why())));
    child.once('error', reject);
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return {
    apiUrl,
    busUrl,
    functionUrls,
    storePath,
    pid: child.pid ?? 0,
    ended,
    why,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
};

const endingOf = ({ exitCode, signalCode }: ChildProcess): string =>
  signalCode ?? (exitCode === null ? 'running' : `exit code ${exitCode}`);
