import type { Trial } from './trial.ts';

/** A trial as a file holds it; kinds of faults that are younger than the file do not happen. */
export const readTrial = (kept: unknown): Trial => ({
  clockJumps: [],
  ...(kept as Partial<Trial> & Omit<Trial, 'clockJumps'>),
});
