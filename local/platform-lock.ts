import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { InputProblem, Read } from './input-problem.ts';

export interface StateLock {
  /** Tells others who holds the folder, and where it is to be found. */
  describe(what: string): void;
  release(): void;
}

const BUSY = 5;

const problem = (stateDir: string, code: string, what: string, mend: string): InputProblem => ({
  file: stateDir,
  line: null,
  column: null,
  code,
  what,
  mend,
});

const holderOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim().slice(0, 200) || 'another process';
  } catch {
    return 'another process';
  }
};

const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  (error.errcode & 0xff) === BUSY;

/**
 * A state folder for this process alone. What is locked is a file, by the operating system, through an exclusive
 * transaction of SQLite that never ends: when the process dies, however it dies, the lock is gone with it. A number in a
 * file could not tell a dead process from another one that was given its number.
 */
export const lockState = (stateDir: string): Read<StateLock> => {
  const holder = join(stateDir, 'process');
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(stateDir, { recursive: true });
    database = new DatabaseSync(join(stateDir, 'lock'), { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = database;
    writeFileSync(holder, `process ${process.pid}\n`);
    return {
      kind: 'ok',
      value: {
        describe: (what) => writeFileSync(holder, `process ${process.pid}, ${what}\n`),
        release: () => {
          if (held.isOpen) held.close();
        },
      },
    };
  } catch (error) {
    database?.close();
    const found = isBusy(error)
      ? problem(
          stateDir,
          'state-locked',
          `It is in use by ${holderOf(holder)}.`,
          'Stop that one, or take another folder with --state.',
        )
      : problem(
          stateDir,
          'state-unusable',
          `It cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
          'Check the path and its permissions, or take another folder with --state.',
        );
    return { kind: 'problems', problems: [found] };
  }
};
