/** Questions that the machine asks. Each is a pure function of context and event. */
import { windowState } from '../time.ts';
import { type RolloutContext, targetPercent } from './context.ts';
import type { RolloutEvent } from './events.ts';

interface Args {
  readonly context: RolloutContext;
  readonly event: RolloutEvent;
}

/** More foreign writes than this on the way back are a fight, not an accident (protocol P5). */
export const REASSERTIONS_AT_ONCE = 3;

/** A route that is not there for so long is gone for good (protocol P4). */
export const ROUTE_GONE_MS = 600_000;

/** An incident counts if it started no earlier than this before the first write of traffic (protocol P8). */
export const ALERT_LOOKBACK_MS = 60_000;

const rungOf = (context: RolloutContext) =>
  context.rung < 0 ? undefined : context.course?.ladder[context.rung];

export const guards = {
  isAttaching: ({ context }: Args): boolean => context.rung < 0,
  isFullShare: ({ context }: Args): boolean => targetPercent(context) >= 100,
  hasNodePool: ({ context }: Args): boolean => context.course?.nodePool !== null && context.course !== null,
  hasNoPodsToKeep: ({ context }: Args): boolean =>
    context.course?.hasWorkload !== true ||
    (context.created.length === 0 && context.course.loadsAdapter !== true),
  hasDeletions: ({ context }: Args): boolean =>
    (context.course?.deletions.length ?? 0) > 0 || context.course?.unloadsOld === true,
  mustHandOver: ({ context }: Args): boolean =>
    (context.course?.deletions.length ?? 0) > 0 &&
    context.course?.hasObjectives === true &&
    context.objectivesAt !== 'new',
  needsApproval: ({ context }: Args): boolean =>
    rungOf(context)?.approval === true && !context.approved && context.adoptedPercent === null,
  /** Only growth waits for a window; writing the same share again does not. */
  isWindowClosed: ({ context }: Args): boolean =>
    targetPercent(context) > context.confirmedPercent &&
    context.course !== null &&
    !windowState(context.course.windows, context.nowMs).open,
  isHeldByPeople: ({ context }: Args): boolean => context.hold !== null && !context.hold.auto,
  isHeldAuto: ({ context }: Args): boolean => context.hold?.auto === true,
  hasFailed: ({ context }: Args): boolean => context.verdicts.some((verdict) => verdict.answer === 'fail'),
  hasPassed: ({ context }: Args): boolean => context.verdicts.every((verdict) => verdict.answer === 'pass'),
  passedAdopted: ({ context }: Args): boolean =>
    context.adoptedPercent !== null && context.verdicts.every((verdict) => verdict.answer === 'pass'),
  /** A foreign share of 0 was adopted: there is nothing to bake. */
  isAdoptedAtNothing: ({ context }: Args): boolean => context.adoptedPercent === 0,
  isAdopted: ({ context }: Args): boolean => context.adoptedPercent !== null,
  canExtend: ({ context }: Args): boolean =>
    context.bake.extensions + 1 < (context.course?.pacing.extendFactor ?? 1),
  endsRolledBack: ({ context }: Args): boolean => context.ending?.outcome === 'rolledBack',
  /** Watched, and not from before our traffic. Closed ones count too: they were open when it mattered. */
  alertCounts: ({ context, event }: Args): boolean =>
    event.type === 'alerted' &&
    context.trafficSinceMs !== null &&
    context.course !== null &&
    context.course.policies.includes(event.incident.policy) &&
    event.incident.startedAtMs >= context.trafficSinceMs - ALERT_LOOKBACK_MS,
  tripsRollback: ({ event }: Args): boolean =>
    (event.type === 'tripped' && event.notice.action === 'rollback') ||
    (event.type === 'observed' && event.tripped?.action === 'rollback'),
  tripsHold: ({ event }: Args): boolean =>
    (event.type === 'tripped' && event.notice.action === 'hold') ||
    (event.type === 'observed' && event.tripped?.action === 'hold'),
  isRollbackComplete: ({ event }: Args): boolean =>
    event.type === 'rollbackWritten' && event.outcome.complete,
  wantsAdoption: ({ event }: Args): boolean => event.type === 'resumed' && event.adopt,
  isForced: ({ event }: Args): boolean => event.type === 'command.rollback' && event.command.force,
  /** Drift found while people hold: the hold becomes one about the drift, with the same deadline. */
  holdBecomesDrift: ({ event }: Args): boolean => event.type === 'holdBegun' && event.reason === 'drift',
  /** The drift that is held for is a route that is gone, and it has not come back. */
  routeStaysGone: ({ context, event }: Args): boolean =>
    event.type === 'drifted' &&
    event.drift.what === 'routeDeleted' &&
    context.hold?.driftWhat === 'routeDeleted' &&
    context.nowMs >= context.hold.sinceMs + ROUTE_GONE_MS,
  isFought: ({ context }: Args): boolean => context.reassertions >= REASSERTIONS_AT_ONCE,
  oldSideIsLost: ({ context }: Args): boolean =>
    context.rollbackSinceMs !== null &&
    context.nowMs >= context.rollbackSinceMs + (context.course?.onHoldForMs ?? 0),
  hasUselessPool: ({ context }: Args): boolean => context.nodePool !== null && !context.nodePoolReady,
  planHashDiffers: ({ context, event }: Args): boolean =>
    event.type === 'planned' &&
    context.expectedPlanHash !== null &&
    context.expectedPlanHash !== event.outcome.hash,
} as const;
