/** The third clock: when the requests themselves show a share. Counted at the clients' side, not by Sluice. */
import type { World } from '../simulator/world/world.ts';
import { type DemoSides, requestsBySide } from './demo-sides.ts';
import type { ShareClocks } from './follow-rollout.ts';

const PROBE_MS = 5_000;

interface Counts {
  readonly atMs: number;
  readonly old: number;
  readonly new: number;
}

/**
 * Looks at both sides' counts every few seconds while a share is written and not yet seen. Has the world compute its
 * traffic up to then, in runs that are watched as in those that are not.
 */
export class ShareMeter {
  readonly #world: World;
  readonly #sides: DemoSides;
  #last: Counts | null = null;

  constructor(world: World, sides: DemoSides) {
    this.#world = world;
    this.#sides = sides;
  }

  probe(shares: readonly ShareClocks[]): void {
    const share = shares.at(-1);
    if (share === undefined || share.measuredMs !== null) {
      this.#last = null;
      return;
    }
    if (this.#last !== null && this.#world.nowMs - this.#last.atMs < PROBE_MS) return;
    const counts = this.#count();
    const before = this.#last;
    if (before !== null && counts.atMs === before.atMs) return;
    this.#last = counts;
    if (before === null) return;
    const fromPercent = shares.at(-2)?.sharePercent ?? 0;
    const target = share.sharePercent;
    const fresh = counts.new - before.new;
    const all = fresh + counts.old - before.old;
    if (all === 0) return;
    const measured = (100 * fresh) / all;
    const halfWay = (fromPercent + target) / 2;
    const arrived = target >= fromPercent ? measured >= halfWay : measured <= halfWay;
    // A share of 0 at the very beginning is there from the start.
    if (arrived && (target !== fromPercent || share.programmedMs !== null)) share.measuredMs = counts.atMs;
  }

  #count(): Counts {
    this.#world.settle();
    const truth = this.#world.truth();
    return { atMs: truth.asOfMs, ...requestsBySide(truth, this.#sides) };
  }
}
