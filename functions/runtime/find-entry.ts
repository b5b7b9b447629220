import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { Shell } from './shell.ts';

const PAGE_SIZE = 100;

/** The journal's answer to a message that is accounted for, newest entries first; null where it has none. */
export const findEntry = async (
  shell: Shell,
  document: RolloutDocument,
  messageId: string,
): Promise<JournalEntry | null> => {
  const { rolloutId } = document;
  for (let upTo = document.journalSeq; upTo > 0; upTo -= PAGE_SIZE) {
    const afterSeq = Math.max(0, upTo - PAGE_SIZE);
    const entries = await shell.ports.store.journal({ rolloutId, afterSeq, limit: upTo - afterSeq });
    const found = entries.find(({ message }) => message.messageId === messageId);
    if (found !== undefined) return found;
  }
  return null;
};
