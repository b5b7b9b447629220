import type { Random } from '../../simulator/scheduler/random.ts';
import type { EffectKind } from '../../workflows/rollout/effects.ts';
import type { Strike } from './ambush.ts';

/** What one rollout is to go through. */
export interface StrikePlan {
  readonly strikes: readonly Strike[];
  /** Kills at any time, as parts of the time that the rollout takes when it is left alone. */
  readonly anywhen: readonly number[];
  /** When an operator pauses it for a moment, likewise; null: nobody does. */
  readonly pauseAt: number | null;
}

const KILLS_PER_ROLLOUT_MAX = 5;
const KILLS_PER_ROLLOUT_MIN = 3;

/** How a strike is meant, in turns, so that both classes get their share. */
const TURNS: readonly Strike['when'][] = ['notCalled', 'noOutcome', 'notCalled', 'late'];

/** Requests of an effect beyond the first. */
const LAST_REQUEST: Readonly<Partial<Record<EffectKind, number>>> = { createObjects: 3, deleteObjects: 3 };

/** Draws plans; what was drawn seldom so far comes first. */
export class StrikeDrawer {
  readonly #random: Random;
  readonly #drawn = new Map<string, number>();
  #turn = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * @param writers how often the rollout does what
   * @param kills at most so many
   */
  draw(writers: ReadonlyMap<EffectKind, number>, kills: number): StrikePlan {
    const count = Math.min(kills, this.#random.int(KILLS_PER_ROLLOUT_MIN, KILLS_PER_ROLLOUT_MAX));
    const anywhen = count > 1 && this.#random.chance(0.6) ? [this.#random.int(2, 98) / 100] : [];
    const strikes: Strike[] = [];
    while (strikes.length + anywhen.length < count) {
      const when = TURNS[this.#turn % TURNS.length] ?? 'notCalled';
      this.#turn += 1;
      const free = [...writers.keys()].filter((kind) => strikes.every((strike) => strike.kind !== kind));
      const kind = this.#seldom(free, when);
      if (kind === undefined) break;
      strikes.push(this.#strike(kind, when, writers.get(kind) ?? 1));
    }
    const pauseAt = this.#random.chance(0.5) ? this.#random.int(10, 90) / 100 : null;
    return { strikes, anywhen, pauseAt };
  }

  #seldom(kinds: readonly EffectKind[], when: Strike['when']): EffectKind | undefined {
    const timesOf = (kind: EffectKind): number => this.#drawn.get(`${when} ${kind}`) ?? 0;
    const fewest = Math.min(...kinds.map(timesOf));
    const among = kinds.filter((kind) => timesOf(kind) === fewest);
    const kind = among[this.#random.int(0, Math.max(0, among.length - 1))];
    if (kind !== undefined) this.#drawn.set(`${when} ${kind}`, fewest + 1);
    return kind;
  }

  #strike(kind: EffectKind, when: Strike['when'], count: number): Strike {
    const occurrence = this.#random.int(0, count - 1);
    // Objects are many only at the first stage; and only of an effect's first request is it sure that nothing was called.
    const last = when === 'noOutcome' && occurrence === 0 ? (LAST_REQUEST[kind] ?? 0) : 0;
    return { kind, when, occurrence, request: this.#random.int(0, last) };
  }
}
