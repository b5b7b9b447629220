/** Events in virtual time: earliest first, equal times in the order they were asked for. A binary heap. */
export interface EventQueue {
  /** Returns a handle for `cancel`. */
  at(timeMs: number, run: () => void): TimerHandle;
  cancel(handle: TimerHandle | null): void;
  /** Time of the earliest event; null when there is none. */
  peekMs(): number | null;
  /** Takes the earliest event; the caller runs it. */
  pop(): { readonly timeMs: number; readonly run: () => void } | null;
}

export interface TimerHandle {
  readonly timeMs: number;
  cancelled: boolean;
}

interface Entry extends TimerHandle {
  readonly seq: number;
  readonly run: () => void;
}

const before = (a: Entry, b: Entry): boolean =>
  a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.seq < b.seq);

function siftUp(heap: Entry[], start: number): void {
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const child = heap[index];
    const above = heap[parent];
    if (child === undefined || above === undefined || !before(child, above)) return;
    heap[index] = above;
    heap[parent] = child;
    index = parent;
  }
}

function siftDown(heap: Entry[]): void {
  let index = 0;
  for (;;) {
    const left = index * 2 + 1;
    const a = heap[left];
    if (a === undefined) return;
    const b = heap[left + 1];
    const least = b !== undefined && before(b, a) ? left + 1 : left;
    const child = heap[least];
    const above = heap[index];
    if (child === undefined || above === undefined || !before(child, above)) return;
    heap[index] = child;
    heap[least] = above;
    index = least;
  }
}

function takeTop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  siftDown(heap);
}

export function createEventQueue(): EventQueue {
  const heap: Entry[] = [];
  let seq = 0;
  const dropCancelled = (): void => {
    while (heap[0]?.cancelled === true) takeTop(heap);
  };
  return {
    at(timeMs, run) {
      const entry: Entry = { timeMs, seq: seq++, run, cancelled: false };
      heap.push(entry);
      siftUp(heap, heap.length - 1);
      return entry;
    },
    cancel(handle) {
      if (handle !== null) handle.cancelled = true;
    },
    peekMs() {
      dropCancelled();
      return heap[0]?.timeMs ?? null;
    },
    pop() {
      dropCancelled();
      const top = heap[0] ?? null;
      if (top !== null) takeTop(heap);
      return top;
    },
  };
}
