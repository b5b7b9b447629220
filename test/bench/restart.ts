import type { CommitBatch } from '../../workflows/ports.ts';
import { start } from '../../workflows/rollout/step.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';

/** A rollout's first commit once more, from its last document and its first journal entry. @throws Error where that is no start. */
export const restart = (ended: RolloutDocument, { message, atMs }: JournalEntry): CommitBatch => {
  if (message.kind !== 'started') throw new Error('the journal begins with no start');
  const { document, entry, acquireLocks } = start(
    {
      rolloutId: ended.rolloutId,
      starter: message.origin.principal,
      queue: message.queue,
      expectedPlanHash: message.expectedPlanHash,
      nowMs: atMs,
      specJson: ended.spec,
      poolKey: ended.poolKey,
      watches: ended.watches,
    },
    message,
    ended.machineVersion,
  );
  return { expectedRevision: null, document, entries: [entry], acquireLocks };
};
