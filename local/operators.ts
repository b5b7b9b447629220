import { readState } from '../workflows/rollout/read-state.ts';
import type { RolloutDocument } from '../workflows/rollout/stored.ts';
import type { RolloutFollower } from './follow-rollout.ts';
import type { OperatorAct } from './scenarios.ts';

/** How the people of a scenario reach the world that they are in. */
export interface OperatorHands {
  /** After virtual time. */
  later(ms: number, act: () => void): void;
  /** The rollout as it stands, or undefined. */
  document(rolloutId: string): RolloutDocument | undefined;
  /** A request to the API, made in somebody's name; what it answers is in the journal. */
  post(path: string, body: object, principal: string): void;
}

const isFinished = (document: RolloutDocument): boolean => document.finishedAtMs !== null;

/** The people of the scenario: they see what is committed, and answer a moment later, once per hold or step. */
export class Operators {
  readonly #acts: readonly OperatorAct[];
  readonly #hands: OperatorHands;
  readonly #done = new Set<string>();

  constructor(acts: readonly OperatorAct[], hands: OperatorHands) {
    this.#acts = acts;
    this.#hands = hands;
  }

  look({ now }: RolloutFollower): void {
    if (now === null || isFinished(now.document)) return;
    const { context } = now.state;
    for (const [index, act] of this.#acts.entries()) {
      if (!act.when(now.state)) continue;
      const once = `${index} ${context.hold?.id ?? context.stepEntry}`;
      if (this.#done.has(once)) continue;
      this.#done.add(once);
      this.#act(act, now.document.rolloutId, once);
    }
  }

  #act(act: OperatorAct, rolloutId: string, once: string): void {
    this.#hands.later(act.afterMs, () => {
      const document = this.#hands.document(rolloutId);
      if (document === undefined) return;
      const state = readState(document);
      if (!act.when(state)) return;
      const { verb, body } = act.request(state);
      const request = { requestId: `demo ${once}`, ...body };
      this.#hands.post(`/v1/rollouts/${rolloutId}/${verb}`, request, act.principal);
    });
  }
}
