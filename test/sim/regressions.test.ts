/** Trials that once broke a rule, made as small as they would go. Each file says what it found. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tryTrial } from '../simulation/examine.ts';
import { readTrial } from '../simulation/read-trial.ts';

const FOLDER = join(import.meta.dirname, '../simulation/regressions');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

interface Kept {
  /** What went wrong. */
  readonly found: string;
  readonly trial: unknown;
}

describe('trials that once broke a rule', () => {
  test('are there', () => {
    console.log(`regressions: ${String(FILES.length)} trials`);
    expect(FILES.length).toBeGreaterThan(8);
  });

  test.each(FILES)('%s', async (name) => {
    const kept = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Kept;
    expect(kept.found.length).toBeGreaterThan(20);
    const { run, found } = await tryTrial(readTrial(kept.trial));
    expect(found).toEqual([]);
    expect(run?.cloud.store.truth.documents.size).toBeGreaterThan(0);
  });
});
