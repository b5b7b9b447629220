/**
 * The things to do outside, as data: a closed union. Each is idempotent ("make it so"); the one exception, creating a
 * node pool, records its attempt before the call (protocol P6). What became of it comes back as an Outcome.
 *
 * Forward effects grow or build something; they wait while the rollout is held and die when a rollback begins.
 */
import type { ObjectIdentity } from '../kubernetes.ts';

export type RollbackCause = 'alert' | 'tripwire' | 'judge' | 'operator' | 'deadline' | 'verify' | 'hold';

export type Effect =
  // ---- before traffic
  /** Locks, windows: may this rollout begin? `behind`: the key that somebody else held when the plan was to be frozen. */
  | { readonly kind: 'awaitTurn'; readonly behind: string | null }
  | { readonly kind: 'makePlan' }
  | { readonly kind: 'createObjects'; readonly stage: 'cheap' | 'workload' }
  /** `attempt` is in the name; it was committed before this effect can run. */
  | { readonly kind: 'createNodePool'; readonly attempt: number; readonly nodePool: string }
  | { readonly kind: 'awaitNewSide' }
  | { readonly kind: 'verifyPods' }
  // ---- traffic, forward
  /** Dry-run of the rollback patch, old side at its floor, new side able to carry the share, gateway, freeze, incidents (I14). */
  | {
      readonly kind: 'proveWayBack';
      readonly sharePercent: number;
      readonly rung: number;
      readonly provenNeeded: 'growth' | 'attach';
    }
  /** A share of 0 adds the new backendRef with weight 0. Written by P4. */
  | {
      readonly kind: 'setWeights';
      readonly sharePercent: number;
      /** After `resume --reapply`: what others wrote is overwritten. */
      readonly reapply?: boolean;
    }
  | { readonly kind: 'confirmWeights'; readonly sharePercent: number }
  /** A hold writes a new fence, so that a write still in flight cannot land after it (P4). Weights stay as they are. */
  | { readonly kind: 'fenceRoutes' }
  /** After `resume --adopt`: read the foreign rules, make them the stored originals (P7). Writes nothing. */
  | {
      readonly kind: 'adoptDrift';
      /** The rung's share: the route may have been changed once more since the drift was seen. Absent: not bounded. */
      readonly atMostPercent?: number;
    }
  | { readonly kind: 'moveObjectives'; readonly to: 'old' | 'new' }
  // ---- traffic, back
  | {
      readonly kind: 'rollBack';
      readonly cause: RollbackCause;
      readonly sickness: 'errors' | 'latency';
      readonly force: boolean;
      /** When the way back began: a route that stays gone for 10 minutes from then is gone. */
      readonly sinceMs: number;
      /** The evidence of the last minutes: does the old side fail worse than the new one? Absent: not known. */
      readonly oldFailsWorse?: boolean;
    }
  | {
      readonly kind: 'confirmRollback';
      /** When the weights were written; 120 s later the gateway's silence is reported and no longer waited for. */
      readonly sinceMs: number;
    }
  // ---- closing
  /** `old`: the old backendRef goes, the new one stays. `new`: originals come back byte for byte (I15). */
  | { readonly kind: 'removeRefs'; readonly side: 'old' | 'new' }
  | {
      readonly kind: 'confirmRefsRemoved';
      readonly side: 'old' | 'new';
      /** When the refs were removed; after a rollback the gateway's silence is not waited for longer than 120 s. */
      readonly sinceMs: number;
    }
  /** `old`: what the plan lists for retiring. `new`: what we created. Only after nothing else refers to it (P6). */
  | {
      readonly kind: 'deleteObjects';
      readonly side: 'old' | 'new';
      readonly identities: readonly ObjectIdentity[];
    }
  | { readonly kind: 'deleteNodePool'; readonly nodePool: string }
  // ---- people
  | { readonly kind: 'page'; readonly code: string; readonly sentence: string };

export type EffectKind = Effect['kind'];

/** Which effects only ever run while nothing is held, and are dropped when the way back begins. */
const FORWARD_EFFECTS: ReadonlySet<EffectKind> = new Set<EffectKind>([
  'awaitTurn',
  'makePlan',
  'createObjects',
  'createNodePool',
  'awaitNewSide',
  'verifyPods',
  'proveWayBack',
  'setWeights',
  'confirmWeights',
]);

/** Drain order (P3): rollback first, then traffic, then the rest. */
export const effectLane = (kind: EffectKind): 0 | 1 | 2 => {
  if (kind === 'rollBack' || kind === 'confirmRollback') return 0;
  if (
    kind === 'setWeights' ||
    kind === 'confirmWeights' ||
    kind === 'fenceRoutes' ||
    kind === 'proveWayBack' ||
    kind === 'removeRefs'
  )
    return 1;
  return 2;
};

/** While people hold, nothing grows, nothing is built and nothing of the old side goes. */
export const waitsWhileHeld = (effect: Effect): boolean =>
  FORWARD_EFFECTS.has(effect.kind) ||
  ((effect.kind === 'removeRefs' || effect.kind === 'deleteObjects') && effect.side === 'old');
