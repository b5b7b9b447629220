import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../workflows/plans/plan.ts';
import { parseDocument } from '../../workflows/rollout/parse-document.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { MOMENTS } from '../golden/moments.ts';
import { command, type Driver, drive } from '../helpers/driver.ts';

interface Golden {
  readonly nowMs: number;
  readonly plan: Plan;
  readonly document: unknown;
}

const read = (version: string, name: string): Driver => {
  const text = readFileSync(new URL(`../golden/v${version}/${name}.json`, import.meta.url), 'utf8');
  const golden = JSON.parse(text) as Golden;
  return {
    document: parseDocument(golden.document),
    nowMs: golden.nowMs,
    plan: golden.plan,
    entries: [],
    versions: VERSIONS,
  };
};

/** What a person has to do before it can go on. */
const help = (driver: Driver): void => {
  const { hold, stepEntry } = readState(driver.document).context;
  if (readState(driver.document).step === 'approving') command(driver, { name: 'approve', stepEntry });
  if (hold !== null && !hold.auto)
    command(driver, {
      name: 'resume',
      generation: 9,
      holdId: hold.id,
      drift: hold.reason === 'drift' ? 'reapply' : null,
    });
};

describe('documents of every released machine', () => {
  const files = [...VERSIONS.keys()].flatMap((version) =>
    readdirSync(new URL(`../golden/v${version}/`, import.meta.url)).map(
      (file) => [version, file.replace('.json', '')] as const,
    ),
  );

  test('there is one for each moment', () => {
    console.log(`${files.length} golden documents`);
    for (const version of VERSIONS.keys())
      expect(
        files
          .filter(([of]) => of === version)
          .map(([, name]) => name)
          .toSorted((a, b) => a.localeCompare(b)),
      ).toEqual(Object.keys(MOMENTS).toSorted((a, b) => a.localeCompare(b)));
  });

  test.each(files)('machine %s, %s: is restored and runs to its end', (version, name) => {
    const driver = read(version, name);
    expect(driver.document.machineHash).toBe(VERSIONS.get(version)?.hash);
    help(driver);

    drive(driver, (at) => at.document.finishedAtMs !== null);

    const expected = name.startsWith('rolling-back')
      ? 'rolledBack'
      : name === 'failing'
        ? 'failed'
        : 'promoted';
    expect(driver.document.state).toBe(expected);
  });

  test.each(files)('machine %s, %s: can be rolled back wherever a rollout may be', (version, name) => {
    const driver = read(version, name);
    command(driver, { name: 'rollback', reason: 'golden', force: false });

    drive(driver, (at) => at.document.finishedAtMs !== null);

    const expected = name === 'retiring-draining' ? ['promoted'] : ['rolledBack', 'failed'];
    expect(expected).toContain(driver.document.state);
  });
});
