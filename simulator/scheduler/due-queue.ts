/** Something to do at a time. Lower `order` first at equal times, then the order of entry. */
export interface Due {
  atMs: number;
  order: number;
  seq: number;
  readonly fire: () => void;
  cancelled: boolean;
}

function before(a: Due, b: Due): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.order !== b.order) return a.order < b.order;
  return a.seq < b.seq;
}

/** A binary heap by (time, order, sequence). Cancelled entries are thrown away when they come to the top. */
export class DueQueue {
  readonly #heap: Due[] = [];
  #seq = 0;

  /** @param atMs time it is due, ms since 1970. */
  push(atMs: number, order: number, fire: () => void): Due {
    const due: Due = { atMs, order, seq: this.#seq++, fire, cancelled: false };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !before(due, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = due;
    return due;
  }

  /** The next one, left in place. */
  peek(): Due | undefined {
    let top = this.#heap[0];
    while (top?.cancelled) {
      this.pop();
      top = this.#heap[0];
    }
    return top;
  }

  pop(): Due | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const leftDue = heap[left];
      if (leftDue === undefined) break;
      const rightDue = heap[left + 1];
      const rightWins = rightDue !== undefined && before(rightDue, leftDue);
      const child = rightWins ? rightDue : leftDue;
      if (!before(child, last)) break;
      heap[at] = child;
      at = rightWins ? left + 1 : left;
    }
    heap[at] = last;
    return top;
  }
}
