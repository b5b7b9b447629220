/** An array that stays sorted; equal means the same item. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    const at = this.after(item);
    if (at > 0 && this.#compareAt(at - 1, item) === 0) return;
    this.#items.splice(at, 0, item);
  }

  remove(item: T): void {
    const at = this.after(item) - 1;
    if (at >= 0 && this.#compareAt(at, item) === 0) this.#items.splice(at, 1);
  }

  /** Index of the first item greater than `item`. */
  after(item: T): number {
    let low = 0;
    let high = this.#items.length;
    // Most additions go to the end.
    if (high === 0 || this.#compareAt(high - 1, item) <= 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareAt(middle, item) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compareAt(index: number, item: T): number {
    return this.#compare(this.#items[index] as T, item);
  }
}

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
