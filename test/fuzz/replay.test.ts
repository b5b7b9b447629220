import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sealEntry } from '../../workflows/rollout/journal.ts';
import { replay } from '../../workflows/rollout/replay.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { aPlan } from '../helpers/a-plan.ts';
import { aDriver, drive } from '../helpers/driver.ts';
import { fuzz, LONG, outcomeOf } from './fuzz.ts';
import { edit, edited } from './mutate.ts';

const MINUTE_MS = 60_000;

const plan = aPlan({
  ladder: aPlan().ladder.map((rung) => ({ ...rung, bakeMs: 3 * MINUTE_MS })),
  retention: { oldMs: 6 * MINUTE_MS, retire: 'keep' },
});
const { document, entries } = drive(aDriver(plan), (at) => at.document.finishedAtMs !== null);

/** The chain made sound again after an edit: what is wrong then is only what the entries say. */
const resealed = (given: readonly JournalEntry[]): readonly JournalEntry[] => {
  const chain: JournalEntry[] = [];
  for (const [index, entry] of given.entries()) {
    const { hash: _, ...rest } = entry;
    const previousHash = chain.at(-1)?.hash ?? rest.previousHash;
    chain.push(sealEntry({ ...rest, seq: index + 1, previousHash }));
  }
  return chain;
};

interface Case {
  readonly stored: RolloutDocument;
  readonly journal: readonly JournalEntry[];
}

const part = fc.nat({ max: entries.length });

const journals: fc.Arbitrary<Case> = fc.oneof(
  fc.tuple(part, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([at, edits]) => ({
    stored: document,
    journal: entries.map((entry, index) => (index === at ? edited(entry, edits) : entry)),
  })),
  fc.tuple(part, part).map(([from, to]) => ({ stored: document, journal: entries.slice(from, to) })),
  fc
    .array(edit, { minLength: 1, maxLength: 2 })
    .map((edits) => ({ stored: document, journal: edited(entries, edits) })),
  fc
    .array(edit, { minLength: 1, maxLength: 2 })
    .map((edits) => ({ stored: edited(document, edits), journal: entries })),
);

/** The text of an entry, damaged and sealed anew by whoever damaged it. */
const forged = fc
  .tuple(part, fc.array(edit, { minLength: 1, maxLength: 2 }))
  .map(([at, edits]) =>
    entries.map((entry, index) =>
      index === at ? { ...entry, message: edited(entry.message, edits) } : entry,
    ),
  )
  .map((journal) => JSON.parse(JSON.stringify(journal)) as JournalEntry[]);

const check = ({ stored, journal }: Case) =>
  outcomeOf(
    () => replay(stored, JSON.parse(JSON.stringify(journal)) as JournalEntry[]),
    (result) => {
      if (result.kind === 'matches') {
        expect(result.document.snapshot).toBe(stored.snapshot);
        return 'matches';
      }
      expect(Number.isSafeInteger(result.seq) && result.seq >= 0).toBe(true);
      expect(result.why).toMatch(/./su);
      return 'differs';
    },
  );

test('journal, mutated or cut, through replay', LONG, async () => {
  const seen = await fuzz({
    runs: 80,
    input: journals,
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['matches', 'differs']));
});

test('journal with forged messages, sealed anew, through replay', LONG, async () => {
  const seen = await fuzz({
    runs: 80,
    input: forged,
    check: (journal) => check({ stored: document, journal: resealed(journal) }),
  });
  expect(seen).toEqual(expect.arrayContaining(['differs']));
});
