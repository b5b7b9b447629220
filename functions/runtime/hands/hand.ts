import type { ObjectIdentity } from '../../../workflows/kubernetes.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import type { Effect } from '../../../workflows/rollout/effects.ts';
import type { Outcome } from '../../../workflows/rollout/messages.ts';
import type { Manifests, RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';

/** Everything a hand may know: facts of the document it was read from, never more. */
export interface Job<E extends Effect = Effect> {
  readonly rolloutId: string;
  readonly effect: E;
  /** Id of the outbox item; the same through all attempts. */
  readonly effectId: string;
  /** The fence of the decision (P4). */
  readonly fence: number;
  /** When the effect was decided, by the store's clock: `notBeforeMs` of the outbox item, which no attempt moves. */
  readonly sinceMs: number;
  /** Time of the decision's document, by the store (P9). */
  readonly nowMs: number;
  readonly spec: RolloutSpec;
  /** null before the plan is frozen. */
  readonly plan: Plan | null;
  readonly manifests: Manifests;
  /** Objects that we created, in the order of creation. */
  readonly created: readonly ObjectIdentity[];
  /** Our node pool, when one was created. */
  readonly nodePool: string | null;
  /** Share that the document believes in, percent. */
  readonly sharePercent: number;
  /** When the first share above 0 was asked for; null before. */
  readonly trafficSinceMs: number | null;
}

/**
 * - `outcome`: done, one way or the other: goes back into `step`;
 * - `again`: not yet; the item stays in the outbox and is tried in `inMs`;
 * - `stale`: the fence is past: somebody decided anew; nothing was written, nothing is to be done.
 */
export type HandResult =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'again'; readonly inMs: number; readonly why: string }
  | { readonly kind: 'stale' };

/** Does one kind of effect. Awaits nothing but ports; throws only what a port throws. */
export type Hand<K extends Effect['kind']> = (
  ports: Ports,
  job: Job<Extract<Effect, { kind: K }>>,
) => Promise<HandResult>;
