import type { RolloutDocument } from '../../../workflows/rollout/stored.ts';
import { compareText, SortedList } from './sorted-list.ts';

interface Due {
  readonly rolloutId: string;
  readonly wakeAtMs: number;
}

function compareDue(a: Due, b: Due): number {
  return a.wakeAtMs - b.wakeAtMs || compareText(a.rolloutId, b.rolloutId);
}

/** The indexed fields of all documents: what lists and ticks are answered from. */
export class RolloutIndex {
  readonly #documents = new Map<string, RolloutDocument>();
  readonly #ids = new SortedList<string>(compareText);
  readonly #unfinished = new SortedList<string>(compareText);
  readonly #wakes = new SortedList<Due>(compareDue);

  put(document: RolloutDocument): void {
    const { rolloutId, wakeAtMs, finishedAtMs } = document;
    const before = this.#documents.get(rolloutId);
    this.#documents.set(rolloutId, document);
    if (before === undefined) this.#ids.add(rolloutId);
    if (finishedAtMs !== null) this.#unfinished.remove(rolloutId);
    else if (before === undefined || before.finishedAtMs !== null) this.#unfinished.add(rolloutId);
    if (before !== undefined && before.wakeAtMs === wakeAtMs) return;
    if (before !== undefined && before.wakeAtMs !== null) {
      this.#wakes.remove({ rolloutId, wakeAtMs: before.wakeAtMs });
    }
    if (wakeAtMs !== null) this.#wakes.add({ rolloutId, wakeAtMs });
  }

  remove(rolloutId: string): void {
    const before = this.#documents.get(rolloutId);
    if (before === undefined) return;
    this.#documents.delete(rolloutId);
    this.#ids.remove(rolloutId);
    this.#unfinished.remove(rolloutId);
    if (before.wakeAtMs !== null) this.#wakes.remove({ rolloutId, wakeAtMs: before.wakeAtMs });
  }

  due(nowMs: number, limit: number, after: Due | undefined): readonly Due[] {
    const wakes = this.#wakes.items;
    const found: Due[] = [];
    for (let at = after === undefined ? 0 : this.#wakes.after(after); found.length < limit; at += 1) {
      const wake = wakes[at];
      if (wake === undefined || wake.wakeAtMs > nowMs) break;
      found.push(wake);
    }
    return found;
  }

  list(
    unfinished: boolean,
    poolKey: string | undefined,
    limit: number,
    afterId: string | undefined,
  ): readonly RolloutDocument[] {
    const ids = unfinished ? this.#unfinished : this.#ids;
    const found: RolloutDocument[] = [];
    for (let at = afterId === undefined ? 0 : ids.after(afterId); found.length < limit; at += 1) {
      const id = ids.items[at];
      if (id === undefined) break;
      const document = this.#documents.get(id);
      if (document !== undefined && (poolKey === undefined || document.poolKey === poolKey))
        found.push(document);
    }
    return found;
  }

  watching(policy: string): readonly string[] {
    return this.#unfinished.items.filter((id) => this.#documents.get(id)?.watches.includes(policy) ?? false);
  }
}
