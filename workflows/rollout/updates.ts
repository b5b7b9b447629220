/** What the machine remembers: each update is a pure function from context and event to the fields that change. */
import { sha256Hex } from '../spec/canonical.ts';
import { restartRung } from '../steps/evidence.ts';
import { courseOf, type RolloutContext, targetPercent } from './context.ts';
import { overrideEnding, setEnding } from './endings.ts';
import type { RolloutEvent } from './events.ts';
import { verdictsNow } from './verdicts-now.ts';

export type Update = (context: RolloutContext, event: RolloutEvent) => Partial<RolloutContext>;

const HOUR_MS = 3_600_000;

/** A hold in a phase without a plan still needs a deadline. */
const HOLD_DEFAULT_MS = 8 * HOUR_MS;

const enterStep: Update = (context) => ({ stepEntry: `${context.rolloutId}/${context.revision}` });

/** Every decision about traffic moves the fence: what was decided before can no longer be written (P4). */
const bumpFence: Update = (context) => ({ fence: context.fence + 1 });

const takePlan: Update = (context, event) => {
  if (event.type !== 'planned') return {};
  const { plan, hash } = event.outcome;
  return { course: courseOf(plan), planHash: hash, deadlineMs: context.startedAtMs + plan.deadlineMs };
};

const rememberObjects: Update = (context, event) =>
  event.type === 'objectsCreated' ? { created: [...context.created, ...event.outcome.identities] } : {};

const nameNodePool: Update = (context) => {
  const attempt = context.nodePoolAttempts + 1;
  return {
    nodePoolAttempts: attempt,
    nodePool: nodePoolName(context, attempt),
    nodePoolReady: false,
  };
};

const NODE_POOL_NAME_MAX = 40;

/** Rollout and attempt are in the name (P6); what does not fit GKE's 40 characters becomes a hash. */
const nodePoolName = (context: RolloutContext, attempt: number): string => {
  const full = `${context.course?.nodePool?.name ?? 'sluice'}-${context.rolloutId}-${attempt}`;
  if (full.length <= NODE_POOL_NAME_MAX) return full;
  const tail = `-${sha256Hex(context.rolloutId).slice(0, 6)}-${attempt}`;
  return `${full.slice(0, NODE_POOL_NAME_MAX - tail.length).replace(/-+$/, '')}${tail}`;
};

const learnOfNodes: Update = (_context, event) => {
  if (event.type === 'nodePoolCreated') return { nodePoolReady: true };
  return event.type === 'nodePoolFailed' ? { nodePoolReady: event.outcome.anyReadyNode } : {};
};

const forgetNodePool: Update = () => ({ nodePool: null });

const askForShare: Update = (context) => {
  const asked = targetPercent(context);
  return {
    askedPercent: asked,
    touched: true,
    trafficSinceMs: context.trafficSinceMs ?? (asked > 0 ? context.nowMs : null),
    clocks: { askedMs: context.nowMs, writtenMs: null, programmedMs: null },
    written: [],
  };
};

const shareWritten: Update = (context, event) =>
  event.type === 'weightsWritten'
    ? {
        writtenPercent: event.outcome.sharePercent,
        reapply: false,
        written: event.outcome.routes,
        clocks: { ...context.clocks, writtenMs: event.outcome.atMs },
      }
    : {};

const shareConfirmed: Update = (context, event) => {
  if (event.type !== 'weightsConfirmed') return {};
  const grown = event.outcome.sharePercent !== context.confirmedPercent;
  return {
    confirmedPercent: event.outcome.sharePercent,
    clocks: { ...context.clocks, programmedMs: event.outcome.atMs },
    // A new share starts the rung's evidence; the same one confirmed anew goes on with what it had.
    ...(grown ? { evidence: restartRung(context.evidence), bake: freshBake(context) } : {}),
  };
};

const bakeMsOf = (context: RolloutContext): number =>
  context.rung < 0 ? 0 : (context.course?.ladder[context.rung]?.bakeMs ?? 0);

const freshBake = (context: RolloutContext): RolloutContext['bake'] => ({
  startedAtMs: null,
  remainingMs: bakeMsOf(context),
  extensions: 0,
  sinceMs: context.nowMs,
});

const startBake: Update = (context) => ({
  bake: { ...context.bake, startedAtMs: context.nowMs, sinceMs: context.bake.sinceMs ?? context.nowMs },
});

/** A hold stops the bake; what is left of it runs after the hold. */
const stopBake: Update = (context) => ({
  bake: {
    ...context.bake,
    startedAtMs: null,
    remainingMs:
      context.bake.startedAtMs === null
        ? context.bake.remainingMs
        : Math.max(0, context.bake.remainingMs - (context.nowMs - context.bake.startedAtMs)),
  },
});

const extendBake: Update = (context) => ({
  bake: { ...context.bake, extensions: context.bake.extensions + 1, remainingMs: bakeMsOf(context) },
});

/** The rung's bake and evidence begin again: the share was changed by others, or evidence never sufficed. */
const restartBake: Update = (context) => ({
  bake: freshBake(context),
  evidence: restartRung(context.evidence),
});

/** The gateway confirmed weights that others have changed since: nothing is confirmed until it confirms anew. */
const unconfirmed = ({ clocks }: RolloutContext): Pick<RolloutContext, 'clocks'> => ({
  clocks: { ...clocks, programmedMs: null },
});

const restartIfAsked: Update = (context, event) =>
  event.type === 'resumed'
    ? {
        reapply: event.reapply,
        ...(event.reapply ? unconfirmed(context) : {}),
        ...(event.restart ? restartBake(context, event) : {}),
      }
    : {};

const judgeRung: Update = (context) => ({ verdicts: verdictsNow(context) });

const advanceRung: Update = (context) => ({ rung: context.rung + 1, approved: false, adoptedPercent: null });

/** The adopted share has baked: now the rung's own share, under the same gates. */
const leaveAdopted: Update = () => ({ adoptedPercent: null });

const approve: Update = () => ({ approved: true });

const takeEvidence: Update = (_context, event) =>
  event.type === 'observed' ? { evidence: event.evidence } : {};

const adoptRules: Update = (context, event) => {
  if (event.type !== 'adopted') return {};
  return {
    adoptedPercent: event.outcome.sharePercent,
    adoptedRoutes: event.outcome.routes,
    // Now theirs is ours: a wish to write over it is past.
    reapply: false,
    askedPercent: event.outcome.sharePercent,
    writtenPercent: event.outcome.sharePercent,
    ...unconfirmed(context),
    trafficSinceMs: context.trafficSinceMs ?? (event.outcome.sharePercent > 0 ? context.nowMs : null),
  };
};

const beginHold: Update = (context, event) => {
  const base = { id: `${context.rolloutId}/${context.revision}`, sinceMs: context.nowMs };
  const deadlineMs =
    context.hold?.deadlineMs ?? context.nowMs + (context.course?.onHoldForMs ?? HOLD_DEFAULT_MS);
  if (event.type === 'command.pause') {
    const { generation: pauseGeneration } = event.command;
    // What others did, or what the judges could not say, is still to be answered after a pause.
    if (context.hold !== null && !context.hold.auto && context.hold.reason !== 'operator')
      return { pauseGeneration, hold: { ...context.hold, id: base.id } };
    const sentence = event.command.reason === '' ? 'paused by an operator' : event.command.reason;
    return {
      pauseGeneration,
      hold: {
        ...base,
        deadlineMs,
        reason: 'operator',
        sentence,
        auto: false,
        driftSharePercent: null,
        driftWhat: null,
      },
    };
  }
  if (event.type !== 'holdBegun') return {};
  const { reason, sentence, auto, driftSharePercent, driftWhat } = event;
  if (auto && context.hold?.auto === true && context.hold.reason === reason)
    return { hold: { ...context.hold, sentence } };
  return { hold: { ...base, deadlineMs, reason, sentence, auto, driftSharePercent, driftWhat } };
};

const endHold: Update = (_context, event) => ({
  hold: null,
  ...(event.type === 'command.resume' ? { pauseGeneration: event.command.generation } : {}),
});

const objectivesMoved: Update = (_context, event) =>
  event.type === 'objectivesMoved' ? { objectivesAt: event.outcome.to } : {};

const beginRollback: Update = (context) => ({
  fence: context.fence + 1,
  rollbackSinceMs: context.rollbackSinceMs ?? context.nowMs,
  askedPercent: 0,
  clocks: { askedMs: context.nowMs, writtenMs: null, programmedMs: null },
});

const rollbackWritten: Update = (context, event) =>
  event.type === 'rollbackWritten'
    ? {
        writtenPercent: event.outcome.sharePercent,
        keptSinceMs: null,
        // What was found at the first write; later ones are counted as they are seen.
        reassertions:
          context.reassertions === 0 ? Math.min(1, event.outcome.foreignWrites) : context.reassertions,
        clocks: { ...context.clocks, writtenMs: event.outcome.atMs },
      }
    : {};

const rollbackKept: Update = (context) => ({ keptSinceMs: context.keptSinceMs ?? context.nowMs });

const rollbackConfirmed: Update = (context, event) =>
  event.type === 'rollbackConfirmed'
    ? { confirmedPercent: 0, clocks: { ...context.clocks, programmedMs: event.outcome.atMs } }
    : {};

/** What was confirmed is undone. */
const countReassertion: Update = (context) => ({
  reassertions: context.reassertions + 1,
  ...unconfirmed(context),
});

const rememberNotDone: Update = (context, event) =>
  event.type === 'objectsDeleted'
    ? {
        notDone: [
          ...context.notDone,
          ...event.outcome.notDone.map((finding) => `${finding.object}: ${finding.what}`),
        ],
      }
    : {};

const askToFinish: Update = () => ({ finishAsked: true });

const blockRetirement: Update = (_context, event) =>
  event.type === 'drifted' ? { retireBlockedBy: event.drift.sentence } : {};

const retirementOverdue: Update = (context) => ({
  notDone: [...context.notDone, `${context.course?.oldPool ?? 'the old side'}: not retired within 24h`],
});

export const updates = {
  enterStep,
  bumpFence,
  takePlan,
  rememberObjects,
  nameNodePool,
  learnOfNodes,
  forgetNodePool,
  askForShare,
  shareWritten,
  shareConfirmed,
  startBake,
  stopBake,
  extendBake,
  restartBake,
  restartIfAsked,
  judgeRung,
  advanceRung,
  leaveAdopted,
  approve,
  takeEvidence,
  adoptRules,
  beginHold,
  endHold,
  objectivesMoved,
  beginRollback,
  rollbackWritten,
  rollbackKept,
  rollbackConfirmed,
  countReassertion,
  rememberNotDone,
  retirementOverdue,
  blockRetirement,
  askToFinish,
  endByEvent: setEnding(null),
  endByQueueTimeout: setEnding('queueTimeout'),
  endByDeadline: setEnding('deadline'),
  endByApproval: setEnding('approval'),
  endByHold: setEnding('holdExpired'),
  endByJudge: setEnding('judge'),
  endByChangedPlan: setEnding('planChanged'),
  endAbandoned: overrideEnding('abandoned'),
  endOldSideLost: overrideEnding('oldSideLost'),
  endRouteGone: overrideEnding(null),
} as const satisfies Record<string, Update>;
