/** Every journal entry goes out as a CloudEvent, at least once, with the entry's id (protocol P1). */

import type { LogSeverity } from '../../workflows/ports.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { Shell } from './shell.ts';

const PAGE_SIZE = 50;

/** How loud an entry is. CRITICAL and ERROR page a person. */
const severityOf = (entry: JournalEntry): LogSeverity => {
  if (entry.refusal !== null) return 'NOTICE';
  if (entry.from === entry.to) return 'INFO';
  if (entry.to === 'rollingBack') return 'CRITICAL';
  if (entry.to === 'failed' || entry.to === 'failing') return 'ERROR';
  return 'NOTICE';
};

/**
 * Publishes what is not known to be published and returns the new cursor. The cursor is stored with the next commit;
 * until then another invocation may publish the same entries again, with the same ids.
 */
export const publishJournal = async (
  shell: Shell,
  document: RolloutDocument,
  publishedSeq: number,
): Promise<number> => {
  let cursor = Math.max(publishedSeq, document.publishedSeq);
  while (cursor < document.journalSeq) {
    const entries = await shell.ports.store.journal({
      rolloutId: document.rolloutId,
      afterSeq: cursor,
      limit: PAGE_SIZE,
    });
    if (entries.length === 0) return cursor;
    for (const entry of entries) {
      const id = `${entry.rolloutId}/${entry.seq}`;
      const published = await shell.ports.bus.publish({
        topic: 'events',
        message: {
          id,
          data: entry,
          attributes: { rolloutId: entry.rolloutId, type: `dev.sluice.rollout.${entry.to}` },
        },
      });
      if (published.kind !== 'ok') return cursor;
      if (entry.message.kind !== 'observed')
        shell.ports.log(severityOf(entry), `rollout-${entry.message.kind}`, entry.sentence, {
          rolloutId: entry.rolloutId,
          seq: entry.seq,
        });
      cursor = entry.seq;
    }
  }
  return cursor;
};
