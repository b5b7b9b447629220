import type { Trial } from './trial.ts';

/** A trial from a file; kinds of faults that are younger than the file do not happen. @throws SyntaxError when it is no JSON. */
export const readTrial = (text: string): Trial => {
  const kept = JSON.parse(text) as Partial<Trial> & Omit<Trial, 'clockJumps'>;
  return { clockJumps: [], ...kept };
};
