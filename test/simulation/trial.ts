/**
 * One trial: everything that happens in it by design, as plain data, so that a failing one can be kept in a file and made
 * smaller by leaving things out. What is left to chance within it (which call is delayed, which node takes longer) follows
 * from `seed`.
 */
import type { Faults } from '../../simulator/scheduler/faults.ts';
import type { PlatformFaults } from '../../simulator/scheduler/platform-faults.ts';
import type { Act } from '../../simulator/world/acts.ts';
import type { AnswerFaults } from '../../simulator/world/answer-faults.ts';
import type { GatewayBehaviour, NodePoolFault } from '../../simulator/world/parameters.ts';

/** When something happens, from the start of the phase with faults. */
export type TrialWhen =
  | { readonly afterMs: number }
  /** The gateway has sent at least `percent` of the order's traffic to its new pool for `forMs`; once. */
  | { readonly order: number; readonly percent: number; readonly forMs: number };

/** A rollout that somebody asks for. */
export interface TrialOrder {
  /** Which stack it is about: orders on one stack compete for its pool. */
  readonly stack: number;
  readonly nodes: 'same' | 'nodePool' | 'create';
  readonly afterMs: number;
  readonly queue: boolean;
  readonly via: 'api' | 'requests';
  readonly ladder: readonly {
    readonly share: number;
    readonly bakeMs: number;
    readonly approval: boolean;
  }[];
  readonly settleMs: number;
  readonly warmUpMs: number;
  readonly errorSamplesMin: number;
  readonly ttft: boolean;
  readonly floorPercent: number;
  readonly onHoldForMs: number;
  readonly keepNewPodsMs: number;
  readonly retentionMs: number;
  readonly retire: 'keep' | 'delete';
  readonly holdWhileOpen: boolean;
  /** Growth is allowed only in a window that opens this long after the start, and stays open for 4 h; null: always. */
  readonly windowAfterMs: number | null;
  readonly operator: TrialOperator | null;
  /** On a stack of adapters: which of them gets a new version; absent: it is a rollout of the whole pool. */
  readonly adapter?: {
    readonly alias: 0 | 1;
    readonly load: 'syncer' | 'loaded';
  };
}

/** A person who looks after a rollout while faults go on; sees what the API shows. */
export interface TrialOperator {
  readonly everyMs: number;
  readonly approves: boolean;
  readonly onHold: 'resume' | 'adopt' | 'reapply' | 'rollback' | 'wait';
}

/** How clients' names become adapters in a stack. */
export interface TrialAdapters {
  /** InferenceModelRewrites of which group, or InferenceModels. */
  readonly era: 'x-k8s' | 'llm-d' | 'model';
  readonly pools: 1 | 2;
  /** A rollout is about the first pool alone, though the route reaches two. */
  readonly firstPoolOnly: boolean;
  /**
   * What gives names their targets when the world begins: nothing (clients ask for the version itself), one object for each
   * name, one for both, or a rule that is about more names than one.
   */
  readonly rewrite: 'absent' | 'own' | 'shared' | 'foreign';
  /** A target beside the present version. */
  readonly foreignTarget: boolean;
  /** A younger object for the first name, that pickers ignore, comes after a second. */
  readonly shadowed: boolean;
  /** The new versions are loaded when the world begins. */
  readonly loaded: boolean;
  /** The picker's metrics can be read by everybody. */
  readonly pickerReadable: boolean;
}

/** The serving stack of one namespace. */
export interface TrialStack {
  readonly type: 'node' | 'baseModel' | 'adapter';
  /** Only of type `adapter`. */
  readonly adapters?: TrialAdapters;
  /** Of both sides. */
  readonly replicas: number;
  /** The new side is deployed before anybody asks for a rollout. */
  readonly newSideThere: boolean;
  /** Which of the world's two clusters. */
  readonly cluster: 0 | 1;
  readonly requestsPerSecond: number;
  /** Weight of the old pool in the first rule; null: none is written. */
  readonly weight: number | null;
  /** A second backend in the first rule with a weight of its own. */
  readonly neighbour: boolean;
  /** A second route to the same pool. */
  readonly secondRoute: boolean;
  /** The route has no annotations of its own. */
  readonly bareRoute: boolean;
}

/** Something that a person does by the API or by a message; `rolloutId`, `stepEntry`, `generation` are filled in by what they see then. */
export interface TrialDeed {
  readonly when: TrialWhen;
  readonly order: number;
  readonly via: 'api' | 'requests';
  readonly action:
    | 'pause'
    | 'resume'
    | 'adopt'
    | 'reapply'
    | 'approve'
    | 'skip'
    | 'finish'
    | 'rollback'
    | 'force'
    | 'abandon'
    | 'freeze'
    | 'unfreeze';
  /** Sends what was right so long ago: a person with an old page, a message delivered late. */
  readonly staleByMs: number;
  /** The same request once more, with the same id. */
  readonly again: boolean;
}

export interface TrialStoreFaults {
  /** Probabilities per call. */
  readonly outage: number;
  readonly contend: number;
  readonly staleList: number;
  readonly loseAnswer: number;
  readonly outages: readonly { readonly afterMs: number; readonly forMs: number }[];
  /** The document of an order is set back by some commits. */
  readonly restores: readonly {
    readonly afterMs: number;
    readonly order: number;
    readonly commitsBack: number;
  }[];
}

export interface Trial {
  readonly seed: number;
  readonly stacks: readonly TrialStack[];
  readonly orders: readonly TrialOrder[];
  /** Processes that live at the same time. */
  readonly instances: number;
  /** How far each one's clock is ahead, ms. */
  readonly skewMs: readonly number[];
  /** From then on an instance's clock is so far ahead: it may go backwards. */
  readonly clockJumps: readonly {
    readonly afterMs: number;
    readonly instance: number;
    readonly skewMs: number;
  }[];
  /** The last instance runs the next version of the machine. */
  readonly twoVersions: boolean;
  /** How long the phase with faults lasts. */
  readonly faultsForMs: number;
  readonly calls: Faults | null;
  readonly platform: PlatformFaults | null;
  readonly store: TrialStoreFaults | null;
  readonly answers: AnswerFaults | null;
  readonly gateway: Partial<GatewayBehaviour>;
  readonly nodePoolFaults: readonly NodePoolFault[];
  /** Somebody's GitOps controller holds a stack's route to what it was. */
  readonly gitOps: readonly {
    readonly stack: number;
    readonly everyMs: number;
    readonly fromMs: number;
    readonly forMs: number;
  }[];
  readonly acts: readonly { readonly when: TrialWhen; readonly act: Act }[];
  readonly deeds: readonly TrialDeed[];
  readonly ticksStopped: readonly { readonly afterMs: number; readonly forMs: number }[];
  /** Dead letters are driven again at these times, and in the quiet phase. */
  readonly redrives: readonly number[];
}
