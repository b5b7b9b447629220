import { type AnswerFaults, NO_ANSWER_FAULTS } from './answer-faults.ts';
import type { Random } from './random.ts';

export type AnswerFaultKind = keyof AnswerFaults;

/** How often each kind happened, not how often it was drawn. */
export type AnswerFaultCounts = Readonly<Record<AnswerFaultKind, number>>;

/** Draws of one stream for all faulty answers, and the count of those that came true. */
export class AnswerFaultDice {
  faults: AnswerFaults | null;
  readonly counts: Record<AnswerFaultKind, number> = { ...NO_ANSWER_FAULTS };
  readonly random: Random;
  readonly #onFault: (kind: AnswerFaultKind, whom: string) => void;

  constructor(
    faults: AnswerFaults | null,
    random: Random,
    onFault: (kind: AnswerFaultKind, whom: string) => void,
  ) {
    this.faults = faults;
    this.random = random;
    this.#onFault = onFault;
  }

  /** Whether a fault is to happen now; draws nothing where its rate is 0. */
  falls(kind: AnswerFaultKind): boolean {
    const rate = this.faults?.[kind] ?? 0;
    return rate > 0 && this.random.uniform() < rate;
  }

  /** @param whom what it happened to: a cluster, a pod. */
  happened(kind: AnswerFaultKind, whom: string): void {
    this.counts[kind]++;
    this.#onFault(kind, whom);
  }
}
