import type { WriteRecord } from './types.ts';

/** Tells listeners of accepted writes, in the order of the writes even when a listener writes. */
export class WriteLog {
  readonly #clock: () => number;
  readonly #revision: () => number;
  readonly #listeners: ((record: WriteRecord) => void)[] = [];
  readonly #pending: WriteRecord[] = [];
  #telling = false;

  constructor(clock: () => number, revision: () => number) {
    this.#clock = clock;
    this.#revision = revision;
  }

  listen(listener: (record: WriteRecord) => void): void {
    this.#listeners.push(listener);
  }

  add(record: Omit<WriteRecord, 'atMs' | 'resourceVersion'>): void {
    if (this.#listeners.length === 0) return;
    this.#pending.push({ atMs: this.#clock(), resourceVersion: String(this.#revision()), ...record });
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        for (const listener of this.#listeners) listener(next);
      }
    } finally {
      this.#telling = false;
    }
  }
}
