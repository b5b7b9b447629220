/** What was published of each rollout, and between which times its end must have been decided. */
import type { Order, Seen, SeenEntry, SeenWrite } from '../seen.ts';
import { fenceOf, writesFence } from './routes.ts';
import { endOf, timelineOf } from './timeline.ts';

/** One rollout from its first published entry on. */
export interface Life {
  readonly rolloutId: string;
  /** undefined: nobody's order became this rollout. */
  readonly order: Order | undefined;
  /** Each entry once, by seq. */
  readonly entries: readonly SeenEntry[];
  readonly end: SeenEntry | undefined;
  /** The end was published: it was certainly decided by then. Infinity: not ended. */
  readonly endedByMs: number;
  /** From then on its document is older than what it did; Infinity: never set back. */
  readonly restoredAtMs: number;
  /** When an entry was first published. */
  readonly publishedMs: (entry: SeenEntry) => number;
  /**
   * When an entry was certainly committed: once it was published, or read for the next one. Its own time is that of the read on
   * which it was decided, and may be minutes before its commit.
   */
  readonly committedByMs: (entry: SeenEntry) => number;
}

const build = (seen: Seen): readonly Life[] => {
  const timeline = timelineOf(seen);
  const first = new Map<string, number>();
  const ids = new Set<string>();
  for (const { atMs, entry } of timeline.of('published')) {
    const id = `${entry.rolloutId}/${entry.seq}`;
    ids.add(entry.rolloutId);
    if (!first.has(id)) first.set(id, atMs);
  }
  return [...ids].map((rolloutId) => {
    const entries = timeline.entries(rolloutId);
    const end = endOf(entries);
    const publishedMs = ({ seq }: SeenEntry): number =>
      first.get(`${rolloutId}/${seq}`) ?? Number.POSITIVE_INFINITY;
    const nextMs = new Map(entries.map(({ seq, atMs }) => [seq - 1, atMs]));
    return {
      rolloutId,
      order: timeline.order(rolloutId),
      entries,
      end,
      endedByMs: end === undefined ? Number.POSITIVE_INFINITY : publishedMs(end),
      restoredAtMs: timeline.restoredAtMs(rolloutId),
      publishedMs,
      committedByMs: (entry) =>
        Math.min(publishedMs(entry), nextMs.get(entry.seq) ?? Number.POSITIVE_INFINITY),
    };
  });
};

const built = new WeakMap<Seen, readonly Life[]>();

/** All rollouts of which anything was published, in the order of their first entries. */
export const livesOf = (seen: Seen): readonly Life[] => {
  const found = built.get(seen) ?? build(seen);
  built.set(seen, found);
  return found;
};

/** The life of a rollout; undefined: nothing was published of it. */
export const lifeOf = (seen: Seen, rolloutId: string): Life | undefined =>
  livesOf(seen).find((life) => life.rolloutId === rolloutId);

/** Whose decision a write of the product to any object was, by the fence that it left there; null: it left none. */
export const writerOf = (write: SeenWrite): string | null =>
  write.by === 'sluice' && writesFence(write) ? (fenceOf(write.after)?.rolloutId ?? null) : null;
