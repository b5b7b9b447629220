import { describe, expect, test } from 'vitest';
import { replay } from '../../workflows/rollout/replay.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import { aPlan } from '../helpers/a-plan.ts';
import { aDriver, drive } from '../helpers/driver.ts';

/** Changes a value so that it certainly is another one, of the same kind where there is one. */
const altered = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}x`;
  if (typeof value === 'boolean') return !value;
  if (value === null) return 'x';
  if (Array.isArray(value)) return value.length === 0 ? ['x'] : value.slice(1);
  return { ...(value as object), planted: 1 };
};

/** All ways to alter one field, at any depth but within one array element each. */
const alterations = (value: unknown, path: string): [string, unknown][] => {
  const own: [string, unknown][] = [[path, altered(value)]];
  if (typeof value !== 'object' || value === null) return own;
  const inner = Object.entries(value)
    .slice(0, 12)
    .flatMap(([key, item]) =>
      alterations(item, `${path}.${key}`).map(([where, changed]): [string, unknown] => [
        where,
        Array.isArray(value)
          ? value.map((old, index) => (String(index) === key ? changed : old))
          : { ...value, [key]: changed },
      ]),
    );
  return [...own, ...inner];
};

describe('replay', () => {
  const minute = 60_000;
  const plan = aPlan({
    ladder: aPlan().ladder.map((rung) => ({ ...rung, bakeMs: 3 * minute })),
    retention: { oldMs: 6 * minute, retire: 'keep' },
  });
  const driver = drive(aDriver(plan), (at) => at.document.finishedAtMs !== null);
  const { document, entries } = driver;

  test('reproduces the stored snapshot from spec and journal alone', () => {
    const result = replay(document, JSON.parse(JSON.stringify(entries)) as JournalEntry[]);

    expect(result.kind === 'matches' && result.document.snapshot).toBe(document.snapshot);
    expect(entries.some((entry) => 'snapshot' in entry)).toBe(false);
  });

  test('each field of each entry, altered in turn, is reported with the number of its entry', () => {
    let tried = 0;
    for (const [index, entry] of entries.entries()) {
      // Deep for a few entries of each kind, the fields themselves for all.
      const deep = entries.findIndex((other) => other.message.kind === entry.message.kind) === index;
      const fields = Object.entries(entry).flatMap(([field, value]) =>
        (deep ? alterations(value, field) : [[field, altered(value)] as [string, unknown]]).map(
          ([where, changed]) => [where, { ...entry, [field]: changed } as JournalEntry] as const,
        ),
      );
      for (const [where, changed] of fields) {
        const result = replay(document, [...entries.slice(0, index), changed, ...entries.slice(index + 1)]);
        expect(result, `entry ${entry.seq}, ${where}`).toMatchObject({ kind: 'differs', seq: entry.seq });
        tried += 1;
      }
    }
    console.log(`${entries.length} entries, ${tried} alterations`);
    expect(tried).toBeGreaterThan(entries.length * 10);
  });

  test('each entry, deleted in turn, is missed by its number', () => {
    for (const [index, entry] of entries.entries())
      expect(replay(document, entries.toSpliced(index, 1)), `without ${entry.seq}`).toMatchObject({
        kind: 'differs',
        seq: entry.seq,
      });
  });

  test('two entries that were swapped are reported by the first one', () => {
    for (let index = 0; index + 1 < entries.length; index += 1) {
      const swapped = entries
        .with(index, entries[index + 1] as JournalEntry)
        .with(index + 1, entries[index] as JournalEntry);
      expect(replay(document, swapped)).toMatchObject({ kind: 'differs', seq: index + 1 });
    }
  });

  test('an altered snapshot is reported', () => {
    const changed = { ...document, snapshot: document.snapshot.replace('"fence":', '"fence": ') };
    expect(replay(changed, entries)).toMatchObject({ kind: 'differs', seq: entries.length });
  });
});
