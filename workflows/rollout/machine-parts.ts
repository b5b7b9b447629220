/** The pieces that machine.ts is put together from: effects as actions, holds, and states that occur twice. */
import { assign } from 'xstate';
import { oldFailsWorse } from '../steps/gates/old-fails-worse.ts';
import { type RolloutContext, targetPercent } from './context.ts';
import type { Effect } from './effects.ts';
import type { RolloutEvent } from './events.ts';
import { REASSERTIONS_AT_ONCE } from './guards.ts';
import { updates } from './updates.ts';

export interface Args {
  readonly context: RolloutContext;
  readonly event: RolloutEvent;
}

/** Every update of updates.ts as an XState action of the same name. */
export const updateActions = Object.fromEntries(
  Object.entries(updates).map(([name, update]) => [
    name,
    assign(({ context, event }: Args) => update(context, event)),
  ]),
) as unknown as Record<keyof typeof updates, () => void>;

/** An action that `step` turns into an item of the outbox; null makes none. */
export const effect = (make: (args: Args) => Effect | null) => ({ type: 'effect' as const, params: make });

export const page = (code: string, sentence: (context: RolloutContext) => string) =>
  effect(({ context }) => ({ kind: 'page', code, sentence: sentence(context) }));

export const hold = (
  reason: Extract<RolloutEvent, { type: 'holdBegun' }>['reason'],
  sentence: (args: Args) => string,
  auto = false,
) =>
  ({
    type: 'raiseHold' as const,
    params: (args: Args) => ({
      reason: args.event.type === 'wayBackRefused' ? args.event.outcome.reason : (reasonOf(args) ?? reason),
      sentence: sentence(args),
      auto,
      driftSharePercent: args.event.type === 'drifted' ? args.event.drift.sharePercent : null,
      driftWhat: args.event.type === 'drifted' ? args.event.drift.what : null,
    }),
  }) as const;

/** Of a tripwire that holds: adapters that wait for slots are short of capacity, any other has lost its share. */
const reasonOf = ({ event }: Args): 'capacity' | null => {
  const gate =
    event.type === 'tripped'
      ? event.notice.gate
      : event.type === 'observed'
        ? event.tripped?.gate
        : undefined;
  return gate === 'adapterSlots' ? 'capacity' : null;
};

export const driftHold = hold('drift', ({ event }) =>
  event.type === 'drifted' ? event.drift.sentence : 'drift',
);

export const refusedHold = hold(
  'wayBack',
  ({ event }) => (event.type === 'wayBackRefused' ? event.outcome.sentence : 'the way back is not proved'),
  true,
);

export const trippedHold = hold('split', ({ event }) =>
  event.type === 'tripped'
    ? event.notice.sentence
    : event.type === 'observed'
      ? (event.tripped?.sentence ?? '')
      : '',
);

export const inconclusiveHold = hold('inconclusive', ({ context }) => {
  const open = context.verdicts.find((verdict) => verdict.answer === 'inconclusive');
  return open?.sentence ?? 'the gates of this rung stayed without an answer';
});

/** Once for each thing that stands in the way, not each time that it is met again. */
export const driftPage = effect(({ context, event }) =>
  event.type === 'drifted' && event.drift.sentence !== context.retireBlockedBy
    ? {
        kind: 'page',
        code: 'drift-while-retiring',
        sentence: `${context.rolloutId}: ${event.drift.sentence}`,
      }
    : null,
);

export const rollBackEffect = effect(({ context, event }) => ({
  kind: 'rollBack',
  cause: context.ending?.cause ?? 'operator',
  sickness: context.ending?.sickness ?? 'errors',
  force: event.type === 'command.rollback' && event.command.force,
  // A route that was gone before the way back began is gone since then (P4).
  sinceMs: goneSinceMs(context) ?? context.rollbackSinceMs ?? context.nowMs,
  oldFailsWorse: oldFailsWorse(context.evidence, context.nowMs),
}));

const goneSinceMs = ({ hold: held }: RolloutContext): number | null =>
  held?.driftWhat === 'routeDeleted' ? held.sinceMs : null;

/** Waiting for the gateway counts from the write. */
export const confirmRollbackEffect = effect(({ context }) => ({
  kind: 'confirmRollback',
  sinceMs: context.clocks.writtenMs ?? context.nowMs,
}));

export const confirmRemovalEffect = (side: 'old' | 'new') =>
  effect(({ context }) => ({ kind: 'confirmRefsRemoved', side, sinceMs: context.nowMs }));

/** A hold writes a new fence on the routes, so that a write still in flight cannot land after it (P4). */
export const fenceEffect = effect(({ context }) => (context.touched ? { kind: 'fenceRoutes' } : null));

/** Objectives follow the majority, in the same decision. */
export const objectivesWithMajority = effect(({ context }) =>
  context.course?.flipObjectives === true && targetPercent(context) >= 50 && context.objectivesAt === 'old'
    ? { kind: 'moveObjectives', to: 'new' }
    : null,
);

/** After a rollback's weights, never before. */
export const objectivesBack = effect(({ context }) =>
  context.objectivesAt === 'new' || (context.course?.flipObjectives === true && context.touched)
    ? { kind: 'moveObjectives', to: 'old' }
    : null,
);

export const deletionOfCreated = effect(({ context }) => ({
  kind: 'deleteObjects',
  side: 'new',
  identities: context.created,
}));

/** Growth stops the same way from every step of the shifting. */
export const suspendOn = {
  'command.pause': { target: '#shifting.suspended' },
  drifted: { target: '#shifting.suspended', actions: [driftHold] },
  tripped: [
    { guard: 'tripsRollback', target: '#rollingBack', actions: ['endByEvent'] },
    { target: '#shifting.suspended', actions: [trippedHold] },
  ],
  holdExpired: { target: '#rollingBack', actions: ['endByHold'] },
} as const;

/** Before traffic moved, everything that goes wrong ends the rollout the same way. */
export const failOn = {
  'command.rollback': { target: '#failing', actions: ['endByEvent'] },
  'command.abandon': { target: '#failed', actions: ['endAbandoned'] },
  holdExpired: { target: '#failing', actions: ['endByHold'] },
  refused: { target: '#failing', actions: ['endByEvent'] },
} as const;

/** Said once, not at each of the attempts that follow. */
export const keptPage = effect(({ context }) =>
  context.keptSinceMs === null
    ? {
        kind: 'page',
        code: 'rollback-kept',
        sentence: `${context.rolloutId}: the old side cannot take the traffic; shares are kept`,
      }
    : null,
);

const foughtPage = effect(({ context, event }) =>
  context.reassertions === REASSERTIONS_AT_ONCE + 1
    ? {
        kind: 'page',
        code: 'rollback-fought',
        sentence: `${context.rolloutId}: somebody keeps undoing the rollback; ${event.type === 'drifted' ? event.drift.sentence : 'drift'}`,
      }
    : null,
);

/** Drift on the way back is overwritten: at once the first times, then at a bounded rate, and a person is told (P5). */
export const reassertOn = {
  drifted: [
    { guard: 'isFought', target: '#rollingBack.fought', actions: ['countReassertion', foughtPage] },
    { target: '#rollingBack.writing', actions: ['countReassertion'] },
  ],
} as const;

export const forcedRollback = {
  'command.rollback': { guard: 'isForced', target: 'writing' },
} as const;

/** New pods stay for a while so that people can look at them; nothing is kept where we made none. */
export const keepingState = {
  entry: ['clearWork', 'enterStep'],
  always: { guard: 'hasNoPodsToKeep', target: 'cleaning' },
  after: { keepPods: { target: 'cleaning' } },
} as const;
