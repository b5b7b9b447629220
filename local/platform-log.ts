import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface LogFile {
  readonly path: string;
  /** Adds a line; never fails. */
  write(line: string): void;
  close(): void;
}

/** A file that is larger at a start is put aside, and one more before it is dropped. */
const BYTES_MAX = 10 * 1024 * 1024;

/** The structured log as a file: whoever reads the terminal, or reads nothing at all, does not hold the functions up. */
export const openLogFile = (path: string): LogFile => {
  mkdirSync(dirname(path), { recursive: true });
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > BYTES_MAX) renameSync(path, `${path}.1`);
  let file: number | null = openSync(path, 'a');
  return {
    path,
    write: (line) => {
      if (file === null) return;
      try {
        writeSync(file, `${line}\n`);
      } catch {
        // A full disk is told by the store, which stands on the same one.
      }
    },
    close: () => {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
};
