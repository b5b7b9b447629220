/** One trial per mutant that is known to catch it, kept whole: a later change of the generator must not lose it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTrial } from '../read-trial.ts';
import type { Trial } from '../trial.ts';

export interface KnownTrial {
  /** From which it was drawn. */
  readonly seed: number;
  /** How many rollouts of fresh seeds it took to find it. */
  readonly rollouts: number;
  /** Reduced where that was easy. */
  readonly trial: Trial;
}

const FOLDER = join(import.meta.dirname, 'known');

const fileOf = (name: string): string => join(FOLDER, `${name}.json`);

/** null: it was never hunted with success. */
export const knownTrial = (name: string): KnownTrial | null => {
  if (!existsSync(fileOf(name))) return null;
  const known = JSON.parse(readFileSync(fileOf(name), 'utf8')) as KnownTrial;
  return { ...known, trial: readTrial(known.trial) };
};

export const keepTrial = (name: string, known: KnownTrial): void => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(fileOf(name), `${JSON.stringify(known, null, 2)}\n`);
};
