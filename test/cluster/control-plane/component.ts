import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Watchdog } from './watchdog.ts';

/** One process of the control plane; its log is `<folder>/<name>.log`. */
export interface Component {
  readonly name: string;
  readonly pid: number;
  /** null while it runs, else how it ended. */
  ended(): string | null;
  /** The end of its log. */
  lastLines(): string;
  /** Asks it to end; kills it after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

export interface ComponentInput {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly watchdog: Watchdog;
}

const LAST_LINES = 15;

/**
 * Starts one. It gets a bare environment: an API server that finds proxy variables would send requests to pods through
 * that proxy. Throws when the program cannot be started.
 */
export const startComponent = async (input: ComponentInput): Promise<Component> => {
  const { name, program, args, folder, watchdog } = input;
  const log = join(folder, `${name}.log`);
  const file = openSync(log, 'a');
  const child = spawn(program, [...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  let end: string | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      end = signal ?? `code ${String(code)}`;
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
  const pid = child.pid ?? 0;
  watchdog.kills(pid);
  return {
    name,
    pid,
    ended: () => end,
    lastLines: () => readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n'),
    stop: async (graceMs) => {
      if (end !== null) return;
      child.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
      await Promise.race([gone, pause(graceMs, undefined, { ref: false })]);
      if (end === null) child.kill('SIGKILL');
      await gone;
    },
  };
};
