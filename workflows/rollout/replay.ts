/**
 * Runs a rollout again from its spec and its journal alone, and compares: every entry with the one that the step makes
 * now, and the end with the stored snapshot. An entry that was changed, lost or moved is found by its number.
 */
import type { RolloutSpec } from '../spec/rollout-spec.ts';
import { entryHash } from './journal.ts';
import { start, step } from './step.ts';
import type { JournalEntry, RolloutDocument } from './stored.ts';
import { type MachineVersions, VERSIONS } from './versions.ts';

export type Replay =
  | { readonly kind: 'matches'; readonly entries: number; readonly document: RolloutDocument }
  /** `seq`: the entry that is wrong; the last one where the end itself differs. */
  | { readonly kind: 'differs'; readonly seq: number; readonly why: string };

/** Replays `entries` (in the order of the journal) against the stored document. */
export const replay = (
  stored: RolloutDocument,
  entries: readonly JournalEntry[],
  versions: MachineVersions = VERSIONS,
): Replay => {
  let document: RolloutDocument | null = null;
  for (const [index, entry] of entries.entries()) {
    const again = continueWith(stored, document, { entry, seq: index + 1 }, versions);
    if (typeof again === 'string') return { kind: 'differs', seq: index + 1, why: again };
    document = again;
  }
  if (document === null) return { kind: 'differs', seq: 1, why: 'the journal is empty' };
  return compareEnd(stored, document, entries.length);
};

/** The document after one more entry, or what is wrong with it: of an entry that means nothing, that it cannot be followed. */
const continueWith = (
  stored: RolloutDocument,
  document: RolloutDocument | null,
  { entry, seq }: { readonly entry: JournalEntry; readonly seq: number },
  versions: MachineVersions,
): RolloutDocument | string => {
  try {
    return chainFault(entry, seq, document) ?? replayEntry(stored, document, entry, versions);
  } catch (error) {
    return `entry ${seq} cannot be followed: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const chainFault = (entry: JournalEntry, seq: number, document: RolloutDocument | null): string | null => {
  if (entry.seq !== seq) return `entry ${seq} is missing: ${entry.seq} stands in its place`;
  const { hash, ...rest } = entry;
  if (hash !== entryHash(rest)) return `entry ${seq} was changed: its hash does not fit its content`;
  if (document !== null && entry.previousHash !== document.journalHash)
    return `entry ${seq} does not continue the one before it`;
  return null;
};

const replayEntry = (
  stored: RolloutDocument,
  document: RolloutDocument | null,
  entry: JournalEntry,
  versions: MachineVersions,
): RolloutDocument | string => {
  if (document === null) {
    if (entry.message.kind !== 'started') return 'the first entry is not a start';
    return sameEntry(restart(stored, entry, versions), entry);
  }
  const next = step(document, entry.message, entry.atMs, versions);
  if (next.kind !== 'next') return `entry ${entry.seq} would not be written now: ${next.kind}`;
  return sameEntry(next, entry);
};

const restart = (stored: RolloutDocument, entry: JournalEntry, versions: MachineVersions) => {
  const message = entry.message as Extract<JournalEntry['message'], { kind: 'started' }>;
  const spec = JSON.parse(stored.spec) as RolloutSpec;
  return start(
    {
      rolloutId: message.rolloutId,
      starter: message.origin.principal,
      queue: message.queue,
      expectedPlanHash: message.expectedPlanHash,
      nowMs: entry.atMs,
      specJson: stored.spec,
      poolKey: stored.poolKey,
      watches: spec.alerts.policies.map((policy) => policy.name),
    },
    message,
    stored.machineVersion,
    versions,
  );
};

const sameEntry = (
  next: { readonly document: RolloutDocument; readonly entry: JournalEntry },
  entry: JournalEntry,
): RolloutDocument | string => {
  if (next.entry.hash === entry.hash) return next.document;
  const differs = (['from', 'to', 'effects', 'verdicts', 'refusal', 'sentence'] as const).find(
    (field) => JSON.stringify(next.entry[field]) !== JSON.stringify(entry[field]),
  );
  return `entry ${entry.seq}: ${differs ?? 'content'} is ${JSON.stringify(entry[differs ?? 'to'])}, the step makes ${JSON.stringify(next.entry[differs ?? 'to'])}`;
};

const COMPARED = [
  'state',
  'held',
  'fence',
  'plan',
  'rollbackRecord',
  'snapshot',
  'journalSeq',
  'journalHash',
] as const;

const compareEnd = (stored: RolloutDocument, document: RolloutDocument, entries: number): Replay => {
  if (stored.journalSeq > entries)
    return {
      kind: 'differs',
      seq: entries + 1,
      why: `entry ${entries + 1} is missing: the journal ends too early`,
    };
  const differs = COMPARED.find((field) => stored[field] !== document[field]);
  if (
    differs === undefined &&
    JSON.stringify([stored.timers, stored.outbox]) === JSON.stringify([document.timers, document.outbox])
  )
    return { kind: 'matches', entries, document };
  return {
    kind: 'differs',
    seq: entries,
    why: `the stored ${differs ?? 'timers or outbox'} is not what the journal leads to`,
  };
};
