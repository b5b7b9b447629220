import type { Clock } from '../../functions/adapters/clock.ts';
import type { WorldClock } from '../ports/handlers.ts';

/** A world's clock that moves by itself, at most `speed` times as fast as the wall's. */
export interface PacedClock extends Clock {
  readonly speed: number;
  setSpeed(speed: number): void;
  /** @param atMostMs of the wall; after it the hold counts no more. */
  hold(atMostMs?: number): () => void;
  /** Hears the time whenever it has moved. */
  onMove(listener: (nowMs: number) => void): void;
  /** Whoever holds the clock now holds it no longer: what is under way waits for time itself. */
  letGo(): void;
  /** Time stands still for good; nobody's wait is answered any more. */
  stop(): void;
}

export interface PacedClockOptions {
  readonly world: WorldClock;
  /** Virtual per real time, more than 0. */
  readonly speed: number;
}

/** Real time between two moves, ms. */
const STEP_MS = 4;
/** Whoever lags behind the wall by more stalls: the clock never catches up. */
const STEP_MAX_MS = 25;
/** Nobody holds the clock for longer, ms of the wall: a server that hangs must not stop the world that it hangs in. */
const HOLD_MAX_MS = 1_000;

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly resolve: () => void;
}

/** First who waits for the earlier time, then who asked first. */
const before = (one: Waiting, other: Waiting): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);

class WorldPacedClock implements PacedClock {
  readonly #world: WorldClock;
  readonly #listeners: ((nowMs: number) => void)[] = [];
  /** Few at a time: looked through, not sorted. */
  readonly #waiting = new Set<Waiting>();
  /** Until when each hold counts, ms of the wall. */
  readonly #holds = new Map<object, number>();
  #speed: number;
  #order = 0;
  #lastWallMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ world, speed }: PacedClockOptions) {
    this.#world = world;
    this.#speed = speed;
    this.#schedule();
  }

  get speed(): number {
    return this.#speed;
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
  }

  nowMs(): number {
    return this.#world.nowMs;
  }

  onMove(listener: (nowMs: number) => void): void {
    this.#listeners.push(listener);
  }

  hold(atMostMs = HOLD_MAX_MS): () => void {
    const key = {};
    this.#holds.set(key, performance.now() + atMostMs);
    return () => void this.#holds.delete(key);
  }

  wait(ms: number, signal?: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        atMs: this.nowMs() + Math.max(0, ms),
        order: (this.#order += 1),
        resolve: () => {
          this.#waiting.delete(waiting);
          signal?.removeEventListener('abort', waiting.resolve);
          resolve(this.nowMs());
        },
      };
      if (signal?.aborted === true) return waiting.resolve();
      signal?.addEventListener('abort', waiting.resolve);
      this.#waiting.add(waiting);
      return undefined;
    });
  }

  letGo(): void {
    this.#holds.clear();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      const wallMs = performance.now();
      const passedMs = Math.min(STEP_MAX_MS, wallMs - this.#lastWallMs);
      this.#lastWallMs = wallMs;
      this.#move(this.nowMs() + passedMs * this.#speed);
    }, STEP_MS);
  }

  /** Towards a time, one wait after the other: whoever is woken acts before time goes on. */
  #move(untilMs: number): void {
    if (this.#stopped) return;
    if (this.#isHeld()) return this.#schedule();
    const next = this.#next();
    const toMs = Math.min(Math.floor(untilMs), next?.atMs ?? Number.POSITIVE_INFINITY);
    if (toMs > this.nowMs()) {
      this.#world.advanceTo(toMs);
      for (const listener of this.#listeners) listener(toMs);
    }
    if (next === undefined || next.atMs > this.nowMs()) return this.#schedule();
    next.resolve();
    setImmediate(() => this.#move(untilMs));
  }

  #next(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const waiting of this.#waiting) if (first === undefined || before(waiting, first)) first = waiting;
    return first;
  }

  #isHeld(): boolean {
    if (this.#holds.size === 0) return false;
    const wallMs = performance.now();
    for (const [key, untilMs] of this.#holds) if (untilMs <= wallMs) this.#holds.delete(key);
    return this.#holds.size > 0;
  }
}

/** Starts at once. */
export const createPacedClock = (options: PacedClockOptions): PacedClock => new WorldPacedClock(options);
