/**
 * Load → step → commit, until it is committed or refused (protocol P2).
 *
 *   load document (revision r)          ← nobody is blocked: there is no transaction
 *   step: pure
 *   commit on condition "revision is r" → committed: done
 *                                       → conflict: load again. lastCommitId ours → it had been committed after all
 *                                       → answer lost: the same question, the same way to find out
 */
import { ConflictError, RetryableError } from '../../workflows/errors.ts';
import type { CommitResult } from '../../workflows/ports.ts';
import type { Message } from '../../workflows/rollout/messages.ts';
import { type Step, stepBy } from '../../workflows/rollout/step.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { Shell } from './shell.ts';

export type Advanced =
  | { readonly kind: 'applied'; readonly document: RolloutDocument; readonly entry: JournalEntry }
  /** Accounted for already; the document as it stands. */
  | { readonly kind: 'unchanged'; readonly document: RolloutDocument }
  | { readonly kind: 'finished'; readonly document: RolloutDocument }
  | {
      readonly kind: 'locked';
      readonly document: RolloutDocument;
      readonly key: string;
      readonly holder: string;
    }
  | { readonly kind: 'missing' };

/** Makes the message from the document as it is read; null: nothing is to be said any more. */
export type MakeMessage = (document: RolloutDocument, readAtMs: number) => Message | null;

/** Losing this often in a row is no longer chance. */
const ATTEMPTS_MAX = 12;

/**
 * Applies one message. @throws ConflictError after too many lost races, RetryableError when the store is away,
 * InvariantError when the machine is broken.
 */
export const advance = async (
  shell: Shell,
  rolloutId: string,
  make: MakeMessage,
  publishedSeq = 0,
): Promise<Advanced> => {
  const { store } = shell.ports;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { document, readAtMs } = await store.load({ rolloutId });
    if (document === null) return { kind: 'missing' };
    const message = make(document, readAtMs);
    if (message === null) return { kind: 'unchanged', document };
    const next = stepBy(document, message, readAtMs, {
      versions: shell.versions,
      parse: shell.texts.parse,
    });
    if (next.kind === 'finished') return { kind: 'finished', document };
    if (next.kind === 'duplicate') return { kind: 'unchanged', document };
    if (next.snapshot !== undefined) shell.texts.keep(next.document.snapshot, next.snapshot);
    const committed = await commitStep(shell, document, next, publishedSeq);
    if (committed.kind === 'committed')
      return { kind: 'applied', document: committed.document, entry: next.entry };
    if (committed.kind === 'locked') return { ...committed, document };
  }
  throw new ConflictError('commit-contended', `rollout ${rolloutId}: lost ${ATTEMPTS_MAX} races in a row`);
};

type Committed =
  | { readonly kind: 'committed'; readonly document: RolloutDocument }
  | { readonly kind: 'lost' }
  | { readonly kind: 'locked'; readonly key: string; readonly holder: string };

const commitStep = async (
  shell: Shell,
  before: RolloutDocument,
  next: Extract<Step, { kind: 'next' }>,
  publishedSeq: number,
): Promise<Committed> => {
  const document = {
    ...next.document,
    lastCommitId: shell.nextCommitId(),
    publishedSeq: Math.max(next.document.publishedSeq, publishedSeq),
  };
  const result = await commitOnce(shell, {
    expectedRevision: before.revision,
    document,
    entries: [next.entry],
    acquireLocks: next.acquireLocks,
    releaseLocks: next.releaseLocks,
    leftovers: next.leftovers,
  });
  if (result?.kind === 'committed') return { kind: 'committed', document };
  if (result?.kind === 'locked') return result;
  const again = await shell.ports.store.load({ rolloutId: before.rolloutId });
  // Somebody may have committed on top of ours meanwhile: then its journal holds our entry.
  if (again.document?.lastCommitId === document.lastCommitId) return { kind: 'committed', document };
  return (await holdsEntry(shell, next.entry, again.document))
    ? { kind: 'committed', document: again.document as RolloutDocument }
    : { kind: 'lost' };
};

const holdsEntry = async (
  shell: Shell,
  entry: JournalEntry,
  now: RolloutDocument | null,
): Promise<boolean> => {
  if (now === null || now.journalSeq < entry.seq) return false;
  const [found] = await shell.ports.store.journal({
    rolloutId: entry.rolloutId,
    afterSeq: entry.seq - 1,
    limit: 1,
  });
  return found?.hash === entry.hash;
};

/** null: the answer was lost, it may have happened. */
export const commitOnce = async (
  shell: Shell,
  batch: Parameters<Shell['ports']['store']['commit']>[0],
): Promise<CommitResult | null> => {
  try {
    return await shell.ports.store.commit(batch);
  } catch (error) {
    if (error instanceof RetryableError) return null;
    throw error;
  }
};
