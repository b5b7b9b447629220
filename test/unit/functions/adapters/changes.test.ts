import { describe, expect, test } from 'vitest';
import { createChanges } from '../../../../functions/adapters/changes.ts';
import { createJsonLog } from '../../../../functions/adapters/log-json.ts';
import { createTime } from '../../../../functions/adapters/time.ts';
import type { StorePort } from '../../../../workflows/ports.ts';
import type { JournalEntry } from '../../../../workflows/rollout/stored.ts';
import { manualClock } from '../../../helpers/manual-clock.ts';

/** A journal of which only the length matters. */
const aJournal = () => {
  const journal = { length: 0, reads: 0 };
  const store: Pick<StorePort, 'journal'> = {
    journal: async ({ afterSeq }) => {
      journal.reads += 1;
      return afterSeq < journal.length ? [{ seq: afterSeq + 1 } as JournalEntry] : [];
    },
  };
  return { journal, store };
};

describe('waiting for changes', () => {
  test('returns at once where the entry is there already', async () => {
    const { journal, store } = aJournal();
    journal.length = 1;
    const clock = manualClock();
    const changes = createChanges({ store, clock });
    expect(await changes({ rolloutId: 'a', afterSeq: 0, deadlineMs: 0 })).toEqual({ changed: true });
    expect(clock.waiting).toBe(0);
  });

  test('looks once a second, and not at all when nobody waits', async () => {
    const { journal, store } = aJournal();
    const clock = manualClock();
    const changes = createChanges({ store, clock });
    const waiting = changes({ rolloutId: 'a', afterSeq: 0, deadlineMs: clock.nowMs() + 60_000 });
    await clock.advance(4_500);
    expect(journal.reads).toBe(5);
    journal.length = 1;
    await clock.advance(1_000);
    expect(await waiting).toEqual({ changed: true });
    await clock.advance(3_600_000);
    expect({ reads: journal.reads, waiting: clock.waiting }).toEqual({ reads: 6, waiting: 0 });
  });

  test('ends at the deadline, not later', async () => {
    const clock = manualClock();
    const changes = createChanges({ store: aJournal().store, clock });
    const deadlineMs = clock.nowMs() + 2_500;
    const waiting = changes({ rolloutId: 'a', afterSeq: 0, deadlineMs });
    await clock.advance(2_500);
    expect(await waiting).toEqual({ changed: false });
    expect(clock.nowMs()).toBe(deadlineMs);
  });

  test('ends when the process is about to, and other waits go on', async () => {
    const clock = manualClock();
    const stopping = new AbortController();
    const changes = createChanges({ store: aJournal().store, clock, stopping: stopping.signal });
    const time = createTime({ clock, changes });
    const waiting = time.changes({ rolloutId: 'a', afterSeq: 0, deadlineMs: clock.nowMs() + 60_000 });
    const other = time.wait({ ms: 5_000 });
    await clock.advance(0);
    stopping.abort();
    expect(await waiting).toEqual({ changed: false });
    expect(clock.waiting).toBe(1);
    const startMs = await time.now({});
    await clock.advance(5_000);
    expect((await other) - startMs).toBe(5_000);
  });
});

describe('the structured log', () => {
  test('is one line of JSON with Cloud Logging’s names, which no field can replace', () => {
    const lines: string[] = [];
    const log = createJsonLog({
      write: (line) => lines.push(line),
      nowMs: () => 0,
      trace: () => 'projects/acme/traces/0af7651916cd43dd8448eb211c80319c',
    });
    log('ERROR', 'store-busy', 'two\nlines', { rolloutId: 'a-1', seq: 3, severity: 'DEBUG', message: 'x' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        severity: 'ERROR',
        message: 'two\nlines',
        code: 'store-busy',
        time: '1970-01-01T00:00:00.000Z',
        rolloutId: 'a-1',
        seq: 3,
        'logging.googleapis.com/labels': { rolloutId: 'a-1' },
        'logging.googleapis.com/trace': 'projects/acme/traces/0af7651916cd43dd8448eb211c80319c',
      },
    ]);
    expect(lines[0]).not.toContain('\n');
  });

  test('has no label and no trace where there is none', () => {
    const lines: string[] = [];
    createJsonLog({ write: (line) => lines.push(line), nowMs: () => 0, trace: () => null })('INFO', 'a', 'b');
    expect(lines).toEqual(['{"severity":"INFO","message":"b","code":"a","time":"1970-01-01T00:00:00.000Z"}']);
  });
});
