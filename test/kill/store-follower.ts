/** Reads along, and remembers: whatever was committed once may never be missing or another one later. */
import { readJournal } from '../../local/read-journal.ts';
import type { JournalEntry, OutboxItem, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { KillStore, StoreReader } from './kill-store.ts';
import { itemOf } from './writing-effects.ts';

type Kinds = Parameters<typeof itemOf>[1];

/** The only rollout of the store; null: there is none yet. */
const documentIn = async (reader: StoreReader): Promise<RolloutDocument | null> => {
  const [first] = await reader.list({ limit: 1 });
  if (first === undefined) return null;
  return (await reader.load({ rolloutId: first.rolloutId })).document;
};

export class StoreFollower {
  readonly #store: KillStore;
  readonly #stateDir: string;
  readonly #now: () => number;
  #reader: StoreReader | null = null;
  /** By seq, from 1. */
  readonly entries: JournalEntry[] = [];
  readonly problems: string[] = [];
  document: RolloutDocument | null = null;

  constructor(store: KillStore, stateDir: string, now: () => number) {
    this.#store = store;
    this.#stateDir = stateDir;
    this.#now = now;
  }

  /** Beside the living process. True when there was something new. */
  async look(): Promise<boolean> {
    this.#reader ??= await this.#store.open(this.#stateDir, this.#now);
    return this.#reader === null ? false : this.#take(this.#reader);
  }

  /** What the document says now is to be done by requests of these kinds. */
  async itemOf(kinds: Kinds): Promise<OutboxItem | undefined> {
    this.#reader ??= await this.#store.open(this.#stateDir, this.#now);
    const document = this.#reader === null ? null : await documentIn(this.#reader);
    return itemOf(document?.outbox ?? [], kinds);
  }

  /** What the dead process left behind. */
  async lookAtDead(): Promise<RolloutDocument | null> {
    await this.close();
    const reader = await this.#store.openDead(this.#stateDir, this.#now);
    if (reader === null) return null;
    await this.#take(reader);
    await reader.close();
    return this.document;
  }

  /** No connection of the test's may lie in the next process's way, or help it. */
  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = null;
  }

  async #take(reader: StoreReader): Promise<boolean> {
    const document = await documentIn(reader);
    if (document === null) {
      if (this.document !== null) this.#problem('the document is gone');
      return false;
    }
    const before = this.document;
    this.document = document;
    if (before?.revision === document.revision && before.journalHash === document.journalHash) return false;
    const known = this.entries.length;
    if (document.journalSeq < known)
      this.#problem(
        `the journal ends with entry ${document.journalSeq}, and entry ${known} had been committed`,
      );
    const last = this.entries.at(-1);
    for (const entry of await readJournal(reader, document.rolloutId, Math.max(0, known - 1))) {
      const kept = this.entries[entry.seq - 1];
      if (kept === undefined) this.entries[entry.seq - 1] = entry;
      else if (kept.hash !== entry.hash)
        this.#problem(`entry ${entry.seq} is another one than the one that had been committed`);
    }
    return last !== this.entries.at(-1);
  }

  #problem(sentence: string): void {
    if (!this.problems.includes(sentence)) this.problems.push(sentence);
  }
}
