import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './processes.ts';
import { until } from './until.ts';

const LOCK_WAIT_MS = 45 * 60_000;

/** The process that holds the lock; null for one that is just being made. */
const holderOf = (path: string): number | null => {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8'));
  } catch {
    return null;
  }
};

const take = (path: string): boolean => {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(path, 'pid'), String(process.pid));
  return true;
};

/**
 * Runs `work` while no other process of this machine runs one under the same path: making a folder either succeeds or
 * finds it there. The lock of a process that is gone is taken over.
 */
export const withFolderLock = async (
  path: string,
  progress: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> => {
  let said = false;
  await until(`the lock ${path}`, LOCK_WAIT_MS, () => {
    if (take(path)) return true;
    const holder = holderOf(path);
    if (holder !== null && !isAlive(holder)) {
      rmSync(path, { recursive: true, force: true });
      return take(path);
    }
    if (!said) progress(`waiting for process ${String(holder)}, which is building`);
    said = true;
    return false;
  });
  try {
    await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
};
