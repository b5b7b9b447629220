import type { StorePort } from '../workflows/ports.ts';
import type { JournalEntry } from '../workflows/rollout/stored.ts';

const PAGE = 500;

/**
 * All entries of a rollout behind one of them, page by page; 0: from the beginning. A gap does not end it: what is missing
 * is the replay's to tell. @throws RetryableError, TerminalError what the store throws.
 */
export const readJournal = async (
  store: Pick<StorePort, 'journal'>,
  rolloutId: string,
  afterSeq = 0,
): Promise<readonly JournalEntry[]> => {
  const entries: JournalEntry[] = [];
  for (;;) {
    const page = await store.journal({ rolloutId, afterSeq: entries.at(-1)?.seq ?? afterSeq, limit: PAGE });
    entries.push(...page);
    if (page.length < PAGE) return entries;
  }
};
