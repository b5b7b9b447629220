import type {
  Freeze,
  Incident,
  JournalEntry,
  Leftover,
  Rejected,
  RolloutDocument,
} from '../../../workflows/rollout/stored.ts';
import type { StoreFailure } from './checks.ts';
import { RolloutIndex } from './rollout-index.ts';

/** A rollout as it once stood; enough to set everything of it back. */
interface Version {
  readonly atMs: number;
  readonly document: RolloutDocument;
  readonly entries: number;
  readonly locks: readonly string[];
}

interface KnownIncident {
  readonly incident: Incident;
  readonly receivedAtMs: number;
  readonly openSeen: boolean;
  readonly closedSeen: boolean;
}

interface StoredRollout {
  readonly sinceMs: number;
  /** Oldest first; the last one is what stands. */
  readonly versions: Version[];
}

/** Everything the store holds. Changed by handlers only, read by checkers. */
export class StoreRecords {
  readonly documents = new Map<string, RolloutDocument>();
  readonly journals = new Map<string, JournalEntry[]>();
  readonly locks = new Map<string, string>();
  readonly requests = new Map<string, string>();
  readonly counters = new Map<string, number>();
  readonly attachments = new Map<string, Map<string, string>>();
  readonly incidents = new Map<string, KnownIncident>();
  readonly leftovers = new Map<string, Leftover>();
  readonly rejected = new Map<string, Rejected>();
  /** Documents that were put there past all checks, and what reading them fails with. */
  readonly unreadable = new Map<string, StoreFailure>();
  freeze: Freeze | null = null;
  readonly index = new RolloutIndex();
  readonly #rollouts = new Map<string, StoredRollout>();
  readonly #versionsMax: number;

  constructor(versionsMax: number) {
    this.#versionsMax = versionsMax;
  }

  /** Makes the document the one that stands, and remembers the state around it. Journal and locks come first. */
  put(document: RolloutDocument, atMs: number, locksChanged: boolean): void {
    const { rolloutId } = document;
    this.documents.set(rolloutId, document);
    this.unreadable.delete(rolloutId);
    this.index.put(document);
    const stored = this.#rollouts.get(rolloutId) ?? { sinceMs: atMs, versions: [] };
    const entries = this.journals.get(rolloutId)?.length ?? 0;
    const before = stored.versions.at(-1);
    const locks = before === undefined || locksChanged ? this.#locksOf(rolloutId) : before.locks;
    stored.versions.push({ atMs, document, entries, locks });
    if (stored.versions.length > this.#versionsMax) stored.versions.shift();
    this.#rollouts.set(rolloutId, stored);
  }

  /** What a reader sees whose view ends at `atMs`, as far as versions are kept. */
  indexAsOf(atMs: number): RolloutIndex {
    const index = new RolloutIndex();
    for (const { sinceMs, versions } of this.#rollouts.values()) {
      const version =
        sinceMs > atMs ? undefined : (versions.findLast((one) => one.atMs <= atMs) ?? versions[0]);
      if (version !== undefined) index.put(version.document);
    }
    return index;
  }

  /**
   * Sets document, journal and locks of a rollout back by a number of commits, as a restored backup does. A lock that
   * another rollout took meanwhile stays there. False where that version is not kept.
   */
  restore(rolloutId: string, commitsBack: number): boolean {
    const versions = this.#rollouts.get(rolloutId)?.versions ?? [];
    const version = versions.at(-1 - commitsBack);
    if (version === undefined || commitsBack < 1 || versions.length <= commitsBack) return false;
    versions.length -= commitsBack;
    this.documents.set(rolloutId, version.document);
    this.index.put(version.document);
    const journal = this.journals.get(rolloutId);
    if (journal !== undefined) journal.length = Math.min(journal.length, version.entries);
    for (const key of this.#locksOf(rolloutId)) this.locks.delete(key);
    for (const key of version.locks) if (!this.locks.has(key)) this.locks.set(key, rolloutId);
    return true;
  }

  /** Nothing of the rollout is left but its number: what a time to live does to finished ones. */
  forget(rolloutId: string): void {
    this.documents.delete(rolloutId);
    this.journals.delete(rolloutId);
    this.attachments.delete(rolloutId);
    this.index.remove(rolloutId);
    this.#rollouts.delete(rolloutId);
    for (const [requestId, holder] of this.requests)
      if (holder === rolloutId) this.requests.delete(requestId);
  }

  #locksOf(rolloutId: string): readonly string[] {
    const keys: string[] = [];
    for (const [key, holder] of this.locks) if (holder === rolloutId) keys.push(key);
    return keys;
  }
}
