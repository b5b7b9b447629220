import type { ObjectIdentity } from '../kubernetes.ts';
import type { GatePlan, Plan, RoutePlan, RungPlan } from '../plans/plan.ts';
import type { WindowSpec } from '../spec/rollout-spec.ts';
import { type Evidence, emptyEvidence } from '../steps/evidence.ts';
import type { RollbackCause } from './effects.ts';
import type { Drift, HoldReason, WrittenRoute } from './messages.ts';
import type { Verdict } from './stored.ts';

/** Why growth stands still. Beside the progress, never in its place (protocol P7). */
export interface Hold {
  readonly id: string;
  readonly reason: HoldReason;
  readonly sentence: string;
  readonly sinceMs: number;
  /** Absolute: a second hold within a hold does not extend it. */
  readonly deadlineMs: number;
  /** Ends by itself when its cause is gone: the way back is asked again and again. */
  readonly auto: boolean;
  /** The foreign share after drift; null otherwise, or where it is no single share. */
  readonly driftSharePercent: number | null;
  /** What kind of drift; null otherwise. */
  readonly driftWhat: Drift['what'] | null;
}

/** How a rollout that does not end in promoted will end, and why. */
export interface Ending {
  readonly outcome: 'failed' | 'rolledBack';
  /** Short and stable: `alert`, `queueTimeout`, `routeGone`, `oldSideLost`, `abandoned`, … */
  readonly reason: string;
  readonly sentence: string;
  readonly cause: RollbackCause;
  /** What the new side suffers from: decides how traffic goes back when the old side is small (P5). */
  readonly sickness: 'errors' | 'latency';
}

/** What the machine needs of the plan; the plan itself stays beside the snapshot. */
export interface Course {
  readonly ladder: readonly RungPlan[];
  readonly pacing: Plan['pacing'];
  readonly gates: GatePlan;
  /** Pools, or both versions of an adapter. */
  readonly newPool: string;
  readonly oldPool: string;
  readonly replicas: number;
  readonly verifyDeadlineMs: number;
  /** Longest time that accelerators may take; null where none are bought. */
  readonly nodePool: {
    readonly name: string;
    readonly deadlineMs: number;
    readonly keepAfterFailureMs: number | null;
  } | null;
  readonly hasObjects: boolean;
  readonly hasWorkload: boolean;
  readonly windows: readonly WindowSpec[];
  readonly notByStarter: boolean;
  readonly policies: readonly string[];
  readonly flipObjectives: boolean;
  readonly hasObjectives: boolean;
  readonly deletions: readonly ObjectIdentity[];
  /** An adapter's old version goes when it is retired. */
  readonly unloadsOld?: boolean;
  /** An adapter's new version is loaded by this rollout, and unloaded after it has gone back. */
  readonly loadsAdapter?: boolean;
  readonly onHoldForMs: number;
  readonly afterNewPodsMs: number;
  readonly afterNodePoolMs: number | null;
  readonly retentionMs: number;
  readonly drainMs: number;
}

/** JSON only: `Date`, `Map` and `undefined` do not survive being stored. */
export interface RolloutContext {
  readonly rolloutId: string;
  readonly starter: string;
  readonly queue: boolean;
  readonly expectedPlanHash: string | null;
  /** Set by `step` before each transition; the only clock that the machine knows. */
  readonly nowMs: number;
  readonly revision: number;
  readonly fence: number;
  /** Names the entry of the present step: what commands and observations are about (P7). */
  readonly stepEntry: string;
  readonly startedAtMs: number;
  readonly queueDeadlineMs: number;
  readonly planHash: string | null;
  readonly course: Course | null;
  /** Start to 100 %, absolute. */
  readonly deadlineMs: number;

  readonly created: readonly ObjectIdentity[];
  readonly nodePool: string | null;
  readonly nodePoolAttempts: number;
  /** It has, or had, a ready node: worth keeping after a failure. */
  readonly nodePoolReady: boolean;

  /** Index into the ladder; -1 while the new backendRef is attached at a share of 0. */
  readonly rung: number;
  /** After `resume --adopt`: bakes in full before the rung's own share is set. */
  readonly adoptedPercent: number | null;
  /** Rules that are restored instead of the plan's, after `resume --adopt`. */
  readonly adoptedRoutes: readonly RoutePlan[] | null;
  /** After `resume --reapply`: the next write may overwrite what others wrote. */
  readonly reapply: boolean;
  /** Our first write to a route was decided. */
  readonly touched: boolean;
  /** When the first share above 0 was decided. */
  readonly trafficSinceMs: number | null;
  /** A person wants no further retention: only connections are still drained. */
  readonly finishAsked: boolean;
  /** The foreign change that people were told of because it keeps the old side from being retired. */
  readonly retireBlockedBy: string | null;
  /** What the last decision asks for, what the API server took, what the gateway confirmed; percent. */
  readonly askedPercent: number;
  readonly writtenPercent: number;
  readonly confirmedPercent: number;
  readonly clocks: {
    readonly askedMs: number | null;
    readonly writtenMs: number | null;
    readonly programmedMs: number | null;
  };
  readonly written: readonly WrittenRoute[];
  readonly bake: {
    /** null while it does not run. */
    readonly startedAtMs: number | null;
    readonly remainingMs: number;
    readonly extensions: number;
    /** Start of the rung's evidence: the confirmation. */
    readonly sinceMs: number | null;
  };
  readonly approved: boolean;
  readonly evidence: Evidence;
  readonly verdicts: readonly Verdict[];
  readonly hold: Hold | null;
  readonly pauseGeneration: number;
  readonly ending: Ending | null;
  readonly objectivesAt: 'old' | 'new';
  /** Foreign writes that a rollback had to overwrite. */
  readonly reassertions: number;
  readonly rollbackSinceMs: number | null;
  /** Since when the old side has been too sick to take the traffic back; null while it is not. */
  readonly keptSinceMs: number | null;
  readonly notDone: readonly string[];
}

export interface RolloutInput {
  readonly rolloutId: string;
  readonly starter: string;
  readonly queue: boolean;
  readonly expectedPlanHash: string | null;
  readonly nowMs: number;
}

const QUEUE_DEADLINE_MS = 24 * 3_600_000;

/**
 * The context of a rollout that was just asked for. Tolerates a missing input, because XState calls the factory
 * without one on each transition and throws the result away.
 */
export const initialContext = (input: RolloutInput | undefined): RolloutContext => ({
  rolloutId: input?.rolloutId ?? '',
  starter: input?.starter ?? '',
  queue: input?.queue ?? false,
  expectedPlanHash: input?.expectedPlanHash ?? null,
  nowMs: input?.nowMs ?? 0,
  revision: 1,
  fence: 1,
  stepEntry: `${input?.rolloutId ?? ''}/1`,
  startedAtMs: input?.nowMs ?? 0,
  queueDeadlineMs: (input?.nowMs ?? 0) + QUEUE_DEADLINE_MS,
  planHash: null,
  course: null,
  deadlineMs: 0,
  created: [],
  nodePool: null,
  nodePoolAttempts: 0,
  nodePoolReady: false,
  rung: -1,
  adoptedPercent: null,
  adoptedRoutes: null,
  reapply: false,
  touched: false,
  trafficSinceMs: null,
  finishAsked: false,
  retireBlockedBy: null,
  askedPercent: 0,
  writtenPercent: 0,
  confirmedPercent: 0,
  clocks: { askedMs: null, writtenMs: null, programmedMs: null },
  written: [],
  bake: { startedAtMs: null, remainingMs: 0, extensions: 0, sinceMs: null },
  approved: false,
  evidence: emptyEvidence(),
  verdicts: [],
  hold: null,
  pauseGeneration: 0,
  ending: null,
  objectivesAt: 'old',
  reassertions: 0,
  rollbackSinceMs: null,
  keptSinceMs: null,
  notDone: [],
});

const loadsAdapter = ({ adapter }: Plan): boolean => (adapter?.syncers.length ?? 0) > 0;

/** The course that the machine follows, out of the frozen plan. */
export const courseOf = (plan: Plan): Course => ({
  ladder: plan.ladder,
  pacing: plan.pacing,
  gates: plan.gates,
  newPool: plan.adapter?.to ?? plan.new.pool,
  oldPool: plan.adapter?.from ?? plan.old.pool,
  replicas: plan.new.replicas,
  verifyDeadlineMs: plan.verify.deadlineMs,
  nodePool:
    plan.nodePool === null
      ? null
      : {
          name: plan.nodePool.nodePool.name,
          deadlineMs: plan.nodePool.capacity.deadlineMs,
          keepAfterFailureMs: plan.nodePool.keepAfterFailureMs,
        },
  hasObjects: plan.create.length > 0 || loadsAdapter(plan),
  hasWorkload: plan.create.some((planned) => planned.stage === 'workload') || loadsAdapter(plan),
  windows: plan.windows,
  notByStarter: plan.approvals.notByStarter,
  policies: plan.alerts.policies,
  flipObjectives: plan.objectives.mode === 'flip',
  hasObjectives: plan.objectives.objects.length > 0,
  deletions: plan.delete,
  ...(loadsAdapter(plan) ? { loadsAdapter: true } : {}),
  ...(plan.adapter?.unloadsOld === true ? { unloadsOld: true } : {}),
  onHoldForMs: plan.rollback.onHoldForMs,
  afterNewPodsMs: plan.rollback.afterNewPodsMs,
  afterNodePoolMs: plan.rollback.afterNodePoolMs,
  retentionMs: plan.retention.oldMs,
  drainMs: plan.drainMs,
});

/** The most that may be asked for on the present rung, percent (I2). */
export const rungPercent = (context: RolloutContext): number =>
  context.rung < 0 ? 0 : (context.course?.ladder[context.rung]?.sharePercent ?? 0);

/** The share that the present rung wants, percent. */
export const targetPercent = (context: RolloutContext): number =>
  context.rung < 0
    ? 0
    : (context.adoptedPercent ?? context.course?.ladder[context.rung]?.realSharePercent ?? 0);
