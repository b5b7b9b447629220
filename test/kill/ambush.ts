/**
 * Lies in wait at the world's servers for the requests of chosen effects, and kills the process that sent one: before the
 * world has seen it, or before its sender has heard. What the dead process still has under way breaks off.
 */
import type { Gate, GatedCall, GateMoment, GateWord } from '../../simulator/servers/gate.ts';
import type { EffectKind } from '../../workflows/rollout/effects.ts';
import type { OutboxItem } from '../../workflows/rollout/stored.ts';
import { effectOf, writersOf } from './writing-effects.ts';

/** Where a kill is meant to strike. */
export interface Strike {
  readonly kind: EffectKind;
  /**
   * `notCalled`: the request never reaches the world. `noOutcome`: it is carried out and nobody hears. `late`: it is carried
   * out only when the next process is at work already.
   */
  readonly when: 'notCalled' | 'noOutcome' | 'late';
  /** Which effect of this kind, from 0. */
  readonly occurrence: number;
  /** Which request of the effect, from 0. */
  readonly request: number;
}

export interface Sprung {
  readonly strike: Strike;
  readonly effectId: string;
  readonly call: GatedCall;
}

export interface AmbushOptions {
  /** The item of the store's outbox that a request of one of these kinds comes from. */
  readonly itemOf: (kinds: readonly EffectKind[]) => Promise<OutboxItem | undefined>;
  /** SIGKILL, at once. */
  readonly kill: () => void;
  readonly onSprung: (sprung: Sprung) => void;
}

interface Counted {
  /** Ids of the effects, in the order of their first requests. */
  readonly effects: string[];
  readonly requests: Map<string, number>;
}

/** A request of a dead process that the server has read, and will carry out. */
export interface Late {
  /** Carries it out now. Resolves with whether it was accepted. */
  readonly land: () => Promise<boolean>;
}

/** The connections of a process that is being killed: nothing of them goes on until somebody decides. */
interface Hold {
  readonly word: Promise<GateWord>;
  readonly release: (word: GateWord) => void;
}

const isAccepted = ({ server }: GatedCall, moment: Extract<GateMoment, { kind: 'applied' }>): boolean =>
  server === 'kubernetes'
    ? moment.status < 300
    : (moment.answer as { readonly kind: string }).kind === 'message';

const makeHold = (): Hold => {
  const { promise, resolve } = Promise.withResolvers<GateWord>();
  return { word: promise, release: resolve };
};

const nameOf = ({ server, method, url, body }: GatedCall): string =>
  `${server} ${method} ${url} ${typeof body === 'string' ? body : JSON.stringify(body)}`;

export class Ambush {
  readonly #options: AmbushOptions;
  readonly #counted = new Map<EffectKind, Counted>();
  #armed: readonly Strike[] = [];
  /** Let through to be caught on the way back. */
  #awaited: { readonly name: string; readonly strike: Strike; readonly effectId: string } | null = null;
  #others: Hold | null = null;
  #landing: { readonly name: string; readonly resolve: (isAccepted: boolean) => void } | null = null;
  #late: Late | null = null;

  constructor(options: AmbushOptions) {
    this.#options = options;
  }

  arm(strikes: readonly Strike[]): void {
    this.#armed = strikes;
  }

  readonly gate: Gate = (call, moment) => {
    const kinds = writersOf(call);
    if (kinds.length === 0) return undefined;
    if (moment.kind === 'applied') return this.#onTheWayBack(call, moment);
    return this.#others === null ? this.#arrived(call, kinds) : this.#others.word;
  };

  /** The process is dead: what it had under way never happens, but for what is to land late. */
  buried(): void {
    this.#others?.release('drop');
    this.#others = null;
    this.#awaited = null;
  }

  /** What the dead process had asked for and is to be carried out later; null: nothing. */
  takeLate(): Late | null {
    const late = this.#late;
    this.#late = null;
    return late;
  }

  async #arrived(call: GatedCall, kinds: readonly EffectKind[]): Promise<GateWord> {
    const item = await this.#options.itemOf(kinds);
    if (this.#others !== null) return this.#others.word;
    if (item === undefined) return 'go';
    const { kind } = effectOf(item);
    const at = this.#count(kind, item.id);
    const strike = this.#armed.find(
      (one) => one.kind === kind && one.occurrence === at.occurrence && one.request === at.request,
    );
    if (strike === undefined || this.#awaited !== null) return 'go';
    if (strike.when === 'noOutcome') {
      this.#awaited = { name: nameOf(call), strike, effectId: item.id };
      return 'go';
    }
    const others = this.#spring({ strike, effectId: item.id, call });
    if (strike.when === 'notCalled') return others.word;
    const hold = makeHold();
    this.#late = {
      land: () =>
        new Promise((resolve) => {
          this.#landing = { name: nameOf(call), resolve };
          hold.release('go');
        }),
    };
    return hold.word;
  }

  #onTheWayBack(
    call: GatedCall,
    moment: Extract<GateMoment, { kind: 'applied' }>,
  ): Promise<GateWord> | undefined {
    if (this.#landing?.name === nameOf(call)) {
      this.#landing.resolve(isAccepted(call, moment));
      this.#landing = null;
      return undefined;
    }
    if (this.#others !== null) return this.#others.word;
    if (this.#awaited?.name !== nameOf(call)) return undefined;
    const { strike, effectId } = this.#awaited;
    this.#awaited = null;
    // Refused: nothing was done, and the process will try again.
    if (!isAccepted(call, moment)) return undefined;
    return this.#spring({ strike, effectId, call }).word;
  }

  #spring(sprung: Sprung): Hold {
    const hold = makeHold();
    this.#others = hold;
    this.#armed = this.#armed.filter((one) => one !== sprung.strike);
    this.#options.kill();
    this.#options.onSprung(sprung);
    return hold;
  }

  #count(kind: EffectKind, effectId: string): { readonly occurrence: number; readonly request: number } {
    const counted = this.#counted.get(kind) ?? { effects: [], requests: new Map<string, number>() };
    this.#counted.set(kind, counted);
    if (!counted.effects.includes(effectId)) counted.effects.push(effectId);
    const request = counted.requests.get(effectId) ?? 0;
    counted.requests.set(effectId, request + 1);
    return { occurrence: counted.effects.indexOf(effectId), request };
  }
}
