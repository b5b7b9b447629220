import type { WorldClock } from '../ports/handlers.ts';
import { type Due, DueQueue } from './due-queue.ts';
import { watchAwaits } from './outside-awaits.ts';
import { SimulationError } from './simulation-error.ts';

export interface RunLimits {
  /** Ends the run; asked after each choice and each move of time. */
  readonly until?: () => boolean;
  /** Virtual time to stop at, ms since 1970. */
  readonly untilMs: number;
}

/** `idle`: nothing can ever happen again. */
export type RunEnd = 'done' | 'deadline' | 'idle';

export interface Cancellable {
  cancel(): void;
}

/** Real events get their turn this often: signals, a test's time-out, unhandled rejections. */
const TURNS_BETWEEN_REAL_EVENTS = 512;
/** So many choices without time moving are an endless loop. */
const TURNS_AT_ONE_TIME_MAX = 100_000;

const settled = Promise.resolve();

/**
 * One choice after the other in virtual time. After each choice all microtasks run to the end before the next: the
 * next turn is asked for from a microtask as a `nextTick`, and the runtime starts no tick before the microtask
 * queue is empty. Time moves only when nothing is due.
 */
export class TimeLoop {
  readonly #world: WorldClock;
  readonly #queue = new DueQueue();
  /** Asked after each choice: throws when somebody waits for what cannot come. */
  readonly #afterChoice: () => void;
  #failure: Error | null = null;
  #running = false;
  #turns = 0;
  #turnsAtThisTime = 0;
  #realTurnNext = false;

  constructor(world: WorldClock, afterChoice: () => void) {
    this.#world = world;
    this.#afterChoice = afterChoice;
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** The first failure ends the run. */
  fail(failure: Error): void {
    this.#failure ??= failure;
  }

  /** The next choice comes after a turn of the runtime's own: it tells of rejections that nobody heard. */
  takeRealTurn(): void {
    this.#realTurnNext = true;
  }

  /** @param order breaks ties of time, lower first; then the order of entry. */
  push(atMs: number, order: number, fire: () => void): Due {
    return this.#queue.push(atMs, order, fire);
  }

  at(atMs: number, fire: () => void): Cancellable {
    const due = this.push(atMs, 0, fire);
    return {
      cancel: () => {
        due.cancelled = true;
      },
    };
  }

  /** @throws SimulationError (as a rejection) when the simulation's rules were broken. */
  run(limits: RunLimits): Promise<RunEnd> {
    if (this.#running) throw new SimulationError('this scheduler runs already');
    this.#running = true;
    const stopWatching = watchAwaits();
    return new Promise((resolve, reject) => {
      const end = (how: RunEnd): void => {
        // A real turn first: rejections that nobody heard are told only then.
        setImmediate(() => {
          stopWatching();
          this.#running = false;
          if (this.#failure === null) resolve(how);
          else reject(this.#failure);
        });
      };
      const turn = (): void => {
        const how = this.#turn(limits);
        if (how !== null) end(how);
        else if (this.#realTurnNext || ++this.#turns % TURNS_BETWEEN_REAL_EVENTS === 0) setImmediate(turn);
        else void settled.then(askForTurn);
      };
      const askForTurn = (): void => process.nextTick(turn);
      setImmediate(turn);
    });
  }

  /** One choice, and the moves of time before it; null: go on. */
  #turn(limits: RunLimits): RunEnd | null {
    try {
      this.#realTurnNext = false;
      this.#afterChoice();
      return this.#choose(limits);
    } catch (thrown) {
      this.fail(thrown instanceof Error ? thrown : new SimulationError(String(thrown)));
      return 'done';
    }
  }

  #choose(limits: RunLimits): RunEnd | null {
    for (;;) {
      if (this.#failure !== null || limits.until?.() === true) return 'done';
      const due = this.#queue.peek();
      if (due !== undefined && due.atMs <= this.#world.nowMs) {
        this.#queue.pop();
        if (++this.#turnsAtThisTime > TURNS_AT_ONE_TIME_MAX) throw this.#endless();
        due.fire();
        return null;
      }
      const nextMs = Math.min(due?.atMs ?? Infinity, this.#world.nextEventMs() ?? Infinity);
      if (nextMs === Infinity) return 'idle';
      if (nextMs > limits.untilMs) {
        if (limits.untilMs > this.#world.nowMs) this.#moveTo(limits.untilMs);
        return 'deadline';
      }
      this.#moveTo(nextMs);
    }
  }

  #moveTo(ms: number): void {
    const fromMs = this.#world.nowMs;
    this.#world.advanceTo(ms);
    const toMs = this.#world.nowMs;
    if (toMs < fromMs) throw new SimulationError(`time ran backwards, from ${fromMs} to ${toMs}`);
    if (toMs !== fromMs) this.#turnsAtThisTime = 0;
    else if (++this.#turnsAtThisTime > TURNS_AT_ONE_TIME_MAX) throw this.#endless();
  }

  #endless(): SimulationError {
    return new SimulationError(
      `${TURNS_AT_ONE_TIME_MAX} choices at ${this.#world.nowMs} and time did not move: an endless loop`,
    );
  }
}
