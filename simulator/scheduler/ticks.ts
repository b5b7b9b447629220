import type { PubSub } from './pubsub.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** Probabilities per tick. */
export interface TickFaults {
  readonly tickLost: number;
  readonly tickDoubled: number;
}

const MINUTE_MS = 60_000;

/** Cloud Scheduler: a message on each full minute. */
export class Ticks {
  faults: TickFaults | null = null;
  silentUntilMs = -Infinity;
  readonly #scheduler: Scheduler;
  readonly #pubsub: PubSub;
  readonly #random: Random;

  constructor(scheduler: Scheduler, pubsub: PubSub, random: Random) {
    this.#scheduler = scheduler;
    this.#pubsub = pubsub;
    this.#random = random;
  }

  start(): void {
    const nextMs = (Math.floor(this.#scheduler.nowMs / MINUTE_MS) + 1) * MINUTE_MS;
    this.#scheduler.at(nextMs, () => {
      this.#tick();
      this.start();
    });
  }

  #tick(): void {
    if (this.#scheduler.nowMs < this.silentUntilMs) return;
    if (this.faults !== null && this.#random.chance(this.faults.tickLost)) return;
    this.#pubsub.publish('ticks', '{"kind":"tick"}');
    if (this.faults !== null && this.#random.chance(this.faults.tickDoubled)) {
      this.#pubsub.publish('ticks', '{"kind":"tick"}');
    }
  }
}
