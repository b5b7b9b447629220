/** What a rollback writes depends on what the old side can take (P5). The new side's share only ever falls. */
import { shareCapacityPercent } from './readiness.ts';

/** Freshly observed. null: could not be observed; the old side then counts as healthy. */
export interface RollbackFacts {
  readonly oldReady: number | null;
  readonly oldReplicas: number;
  readonly oldPickerReady: boolean | null;
  readonly newReady: number | null;
  /** Does the old side fail worse than the new one? */
  readonly oldFailsWorse: boolean;
  readonly sickness: 'errors' | 'latency';
  /** An operator insists. */
  readonly force: boolean;
  /** Largest share of any rule, percent. */
  readonly currentSharePercent: number;
}

export type RollbackDecision =
  /** `complete`: all traffic is back with this write. */
  | { readonly kind: 'write'; readonly sharePercent: number; readonly complete: boolean }
  | { readonly kind: 'keep'; readonly sentence: string };

const ALL_BACK: RollbackDecision = Object.freeze({ kind: 'write', sharePercent: 0, complete: true });

export const decideRollback = (facts: RollbackFacts): RollbackDecision => {
  const { oldReady, oldReplicas, newReady, currentSharePercent } = facts;
  // A share of 0 is written again: it moves nobody to the old side, and fences what is in flight.
  if (facts.force || currentSharePercent <= 0) return ALL_BACK;
  const refusal = whyKeep(facts);
  if (refusal !== null && newReady !== 0) return { kind: 'keep', sentence: refusal };
  if (refusal !== null || oldReady === null || facts.sickness === 'errors') return ALL_BACK;
  if (newReady === null || newReady === 0) return ALL_BACK;
  // Rounded up: the old side gets no more than it can carry.
  const left = Math.ceil((100 - shareCapacityPercent(oldReady, oldReplicas)) * 10 - 1e-6) / 10;
  const sharePercent = Math.max(0, Math.min(currentSharePercent, left));
  return { kind: 'write', sharePercent, complete: sharePercent === 0 };
};

const whyKeep = ({ oldReady, oldPickerReady, oldFailsWorse }: RollbackFacts): string | null => {
  if (oldReady === 0) return 'no pod of the old side is ready; shares are kept until it is back';
  if (oldPickerReady === false)
    return 'no endpoint picker of the old side is ready; shares are kept until one is';
  if (oldFailsWorse) return 'the old side fails worse than the new one; shares are kept until it recovers';
  return null;
};
