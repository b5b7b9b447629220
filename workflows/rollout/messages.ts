/**
 * What can happen to a rollout. Every message has an identity that is the same whenever and however often it is
 * delivered (protocol P7), and is plain JSON: the journal keeps it, a replay feeds it again.
 */

import type { ObjectIdentity } from '../kubernetes.ts';
import type { Finding, Plan, RoutePlan } from '../plans/plan.ts';
import type { Look } from '../steps/observation.ts';
import type { Incident } from './stored.ts';

/** Who, and by which door. */
export interface Origin {
  readonly principal: string;
  readonly via: string;
}

/** What a person or a pipeline asks for. Targets name what the sender saw; a target that is past refuses the command. */
export type Command =
  | { readonly name: 'pause'; readonly generation: number; readonly reason: string }
  | {
      readonly name: 'resume';
      readonly generation: number;
      readonly holdId: string | null;
      /** After drift: take the foreign share, or write ours again. */
      readonly drift: 'adopt' | 'reapply' | null;
    }
  | { readonly name: 'approve'; readonly stepEntry: string }
  | { readonly name: 'skip'; readonly stepEntry: string; readonly reason: string }
  | { readonly name: 'finish'; readonly stepEntry: string }
  | { readonly name: 'rollback'; readonly reason: string; readonly force: boolean }
  | { readonly name: 'abandon'; readonly reason: string };

/** What became of an effect. `again` never comes here: it only moves the retry time. */
export type Outcome =
  | { readonly kind: 'queueOpen' }
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
      readonly hash: string;
      readonly findings: readonly Finding[];
    }
  | { readonly kind: 'refused'; readonly reason: string; readonly findings: readonly Finding[] }
  | { readonly kind: 'locksTaken'; readonly key: string; readonly holder: string }
  | {
      readonly kind: 'objectsCreated';
      readonly stage: 'cheap' | 'workload';
      readonly identities: readonly ObjectIdentity[];
      /** The version of an adapter that its syncer is to load from now on. */
      readonly askedFor?: string;
    }
  | { readonly kind: 'nodePoolCreated'; readonly nodePool: string }
  | {
      readonly kind: 'nodePoolFailed';
      readonly nodePool: string;
      readonly reason: string;
      readonly anyReadyNode: boolean;
    }
  | { readonly kind: 'newSideReady'; readonly pods: number }
  | {
      readonly kind: 'verified';
      readonly pods: number;
      readonly checks: number;
      /** Warnings: nothing that keeps it from going on. */
      readonly findings?: readonly Finding[];
    }
  | { readonly kind: 'verifyFailed'; readonly findings: readonly Finding[] }
  | { readonly kind: 'wayBackProved'; readonly newReady: number }
  /** Not now; asked again by itself. */
  | { readonly kind: 'wayBackRefused'; readonly reason: HoldReason; readonly sentence: string }
  | {
      readonly kind: 'weightsWritten';
      readonly sharePercent: number;
      readonly atMs: number;
      readonly routes: readonly WrittenRoute[];
      /** Of an adapter: what was written are targets, in no route. */
      readonly targets?: true;
    }
  | { readonly kind: 'weightsConfirmed'; readonly sharePercent: number; readonly atMs: number }
  | { readonly kind: 'drifted'; readonly drift: Drift }
  | { readonly kind: 'fenced' }
  /** The foreign share and the rules that are restored from now on. */
  | { readonly kind: 'adopted'; readonly sharePercent: number; readonly routes: readonly RoutePlan[] }
  | { readonly kind: 'adoptRefused'; readonly sentence: string }
  | { readonly kind: 'objectivesMoved'; readonly to: 'old' | 'new' }
  | {
      readonly kind: 'rollbackWritten';
      readonly sharePercent: number;
      readonly atMs: number;
      readonly complete: boolean;
      readonly foreignWrites: number;
    }
  | { readonly kind: 'rollbackKept'; readonly sentence: string }
  | { readonly kind: 'rollbackConfirmed'; readonly atMs: number }
  /** As people call it: `HTTPRoute team/chat`. */
  | { readonly kind: 'routeGone'; readonly route: string }
  | { readonly kind: 'refsRemoved'; readonly side: 'old' | 'new'; readonly targets?: true }
  | { readonly kind: 'refsRemovalConfirmed' }
  | { readonly kind: 'objectsDeleted'; readonly notDone: readonly Finding[] }
  | { readonly kind: 'nodePoolDeleted' }
  | { readonly kind: 'paged' };

export interface WrittenRoute {
  /** namespace/name */
  readonly route: string;
  readonly uid: string;
  readonly generation: number;
  /** Weights as they stand after the write, by rule index. */
  readonly weights: readonly {
    readonly rule: number;
    readonly old: number;
    readonly new: number;
    readonly others: number;
  }[];
}

export type HoldReason =
  | 'operator'
  | 'inconclusive'
  | 'drift'
  | 'freeze'
  | 'incident'
  | 'gateway'
  | 'oldSide'
  | 'wayBack'
  | 'capacity'
  | 'confirmation'
  | 'split';

/** A foreign change of a route, recognised by the value. */
export interface Drift {
  readonly route: string;
  /** The manager that wrote last, as managedFields name it. */
  readonly by: string;
  readonly what: 'weights' | 'refs' | 'fence' | 'routeRecreated' | 'routeDeleted';
  /** The new side's share as it stands now; null where it cannot be read as one share. */
  readonly sharePercent: number | null;
  readonly sentence: string;
}

/** What a look decided (protocol P3). */
export type Notice =
  | {
      readonly kind: 'tripped';
      readonly gate: string;
      readonly action: 'rollback' | 'hold';
      readonly sentence: string;
      readonly samples: number;
      readonly newValue: number | null;
      readonly oldValue: number | null;
      readonly limit: number | null;
    }
  | { readonly kind: 'drifted'; readonly drift: Drift };

export type Message =
  | {
      readonly kind: 'started';
      readonly messageId: string;
      readonly origin: Origin;
      readonly rolloutId: string;
      /** The hash that `start --plan` insists on. */
      readonly expectedPlanHash: string | null;
      readonly queue: boolean;
    }
  | {
      readonly kind: 'command';
      readonly messageId: string;
      readonly origin: Origin;
      readonly command: Command;
    }
  | { readonly kind: 'alert'; readonly messageId: string; readonly incident: Incident }
  | {
      readonly kind: 'outcome';
      readonly messageId: string;
      readonly effectId: string;
      readonly outcome: Outcome;
    }
  | { readonly kind: 'timer'; readonly messageId: string; readonly timerId: string; readonly token: string }
  /** Once per rollout and full minute: the only evidence of minute tripwires, judges and replay (P2). */
  | { readonly kind: 'observed'; readonly messageId: string; readonly stepEntry: string; readonly look: Look }
  /** The machine could not be used: the stored originals are written back without it (P5). Moves the fence. */
  | { readonly kind: 'recordExecuted'; readonly messageId: string; readonly why: string }
  | {
      readonly kind: 'noticed';
      readonly messageId: string;
      readonly stepEntry: string;
      readonly notice: Notice;
    };
