import type { Ports } from '../../workflows/ports.ts';

type ChangesArgs = Parameters<Ports['time']['changes']>[0];

/** Somebody waits for an entry of a journal. */
interface Watcher {
  readonly args: ChangesArgs;
  readonly changed: () => void;
}

/** Who waits in `changes`, and for which entry. */
export class ChangesWatch {
  readonly #journalSeqOf: (rolloutId: string) => number;
  #watchers: Watcher[] = [];

  constructor(journalSeqOf: (rolloutId: string) => number) {
    this.#journalSeqOf = journalSeqOf;
  }

  /** The entry is there. */
  isPast(args: ChangesArgs): boolean {
    return this.#journalSeqOf(args.rolloutId) > args.afterSeq;
  }

  add(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** After a commit: tells those whose entry came, once. */
  committed(): void {
    if (this.#watchers.length === 0) return;
    const past = this.#watchers.filter((watcher) => this.isPast(watcher.args));
    this.#watchers = this.#watchers.filter((watcher) => !past.includes(watcher));
    for (const watcher of past) watcher.changed();
  }
}
