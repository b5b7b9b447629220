/** What can happen to a rollout next: every outcome of its work, each of its timers, what people, alerts and looks say. */

import { timerInWords } from '../../workflows/rollout/describe.ts';
import type { Effect } from '../../workflows/rollout/effects.ts';
import { ROUTE_GONE_MS } from '../../workflows/rollout/guards.ts';
import type { Command, Message, Outcome } from '../../workflows/rollout/messages.ts';
import { isObserved } from '../../workflows/rollout/read-state.ts';
import { lookOf, MINUTES } from './looks-of.ts';
import type { Move, Node } from './node.ts';
import {
  incident,
  NOTICES,
  OTHER_ANSWERS,
  OUTCOMES,
  type OutcomeKind,
  origin,
  VARIANTS,
} from './payloads.ts';
import { PLAN_HASH, type Walked } from './plans.ts';

const STARTER = 'ana@example.com';
const COLLEAGUE = 'bo@example.com';

/** What a healthy outside answers. */
export const success = (effect: Effect, walked: Walked, atMs: number): Outcome => {
  switch (effect.kind) {
    case 'awaitTurn':
      return OUTCOMES.queueOpen;
    case 'makePlan':
      return { ...OUTCOMES.planned, plan: walked.plan, hash: PLAN_HASH };
    case 'createObjects':
      return {
        kind: 'objectsCreated',
        stage: effect.stage,
        identities: effect.stage === 'workload' ? walked.identities : [],
      };
    case 'createNodePool':
      return { kind: 'nodePoolCreated', nodePool: effect.nodePool };
    case 'awaitNewSide':
      return OUTCOMES.newSideReady;
    case 'verifyPods':
      return OUTCOMES.verified;
    case 'proveWayBack':
      return OUTCOMES.wayBackProved;
    case 'setWeights':
      return { kind: 'weightsWritten', sharePercent: effect.sharePercent, atMs, routes: [] };
    case 'confirmWeights':
      return { kind: 'weightsConfirmed', sharePercent: effect.sharePercent, atMs };
    case 'fenceRoutes':
      return OUTCOMES.fenced;
    case 'adoptDrift':
      // The foreign share stands at nothing: no bound is below it.
      return { kind: 'adopted', sharePercent: 0, routes: walked.plan.routes };
    case 'moveObjectives':
      return { kind: 'objectivesMoved', to: effect.to };
    case 'rollBack':
      return { ...OUTCOMES.rollbackWritten, atMs };
    case 'confirmRollback':
      return { kind: 'rollbackConfirmed', atMs };
    case 'removeRefs':
      return { kind: 'refsRemoved', side: effect.side };
    case 'confirmRefsRemoved':
      return OUTCOMES.refsRemovalConfirmed;
    case 'deleteObjects':
      return OUTCOMES.objectsDeleted;
    case 'deleteNodePool':
      return OUTCOMES.nodePoolDeleted;
    case 'page':
      return OUTCOMES.paged;
    default:
      return effect satisfies never;
  }
};

const variantsOf = (kind: OutcomeKind): [string, Outcome][] => [
  [kind, OUTCOMES[kind]],
  ...Object.entries(VARIANTS[kind] ?? {}).map(([name, one]): [string, Outcome] => [`${kind} ${name}`, one]),
];

/** Foreign shares may have grown since the drift was seen; what is bounded is not adopted above its bound. */
const possible = (effect: Effect, kind: OutcomeKind): Readonly<Record<string, Outcome>> => {
  const variants: Readonly<Record<string, Outcome>> = VARIANTS[kind] ?? {};
  if (effect.kind !== 'adoptDrift') return variants;
  const { atMostPercent = 100 } = effect as { readonly atMostPercent?: number };
  return Object.fromEntries(
    Object.entries(variants).filter(([, one]) => one.kind !== 'adopted' || one.sharePercent <= atMostPercent),
  );
};

/** All answers to one effect, success first. */
const answersTo = (effect: Effect, node: Node, walked: Walked): [string, Outcome][] => {
  const done = success(effect, walked, node.nowMs);
  const halfway: [string, Outcome][] =
    effect.kind === 'rollBack' && effect.sickness === 'latency'
      ? [
          [
            'rollbackWritten partly',
            {
              ...OUTCOMES.rollbackWritten,
              complete: false,
              atMs: node.nowMs,
              sharePercent: node.snapshot.context.writtenPercent / 2,
            },
          ],
        ]
      : [];
  const otherPlan: [string, Outcome][] =
    done.kind === 'planned' ? [['planned otherwise', { ...done, hash: 'b' }]] : [];
  return [
    [done.kind, done],
    ...Object.entries(possible(effect, done.kind)).map(([name, one]): [string, Outcome] => [
      `${done.kind} ${name}`,
      { ...one, ...('atMs' in one ? { atMs: node.nowMs } : {}) } as Outcome,
    ]),
    ...halfway,
    ...otherPlan,
    ...OTHER_ANSWERS[effect.kind].flatMap(variantsOf),
  ];
};

export const outcomeMessage = (effectId: string, outcome: Outcome): Message => ({
  kind: 'outcome',
  messageId: `${effectId}/${outcome.kind}`,
  effectId,
  outcome,
});

const outcomeMoves = (node: Node, walked: Walked): Move[] =>
  node.document.outbox.flatMap((item) => {
    const effect = item.effect as unknown as Effect;
    return answersTo(effect, node, walked).map(
      ([name, outcome]): Move => ({
        type: `${effect.kind}: ${name}`,
        message: outcomeMessage(item.id, outcome),
        atMs: node.nowMs,
      }),
    );
  });

/** Any timer may be the next: which is due first depends on what the key leaves out. */
const timerMoves = ({ document, nowMs, snapshot, step }: Node): Move[] => {
  const fired = document.timers.map(
    ({ id, token, dueAtMs }): Move => ({
      type: id.replace(/^xstate\.after\.(\w+)\..*\.(\w+)$/, 'after $1 of $2'),
      message: { kind: 'timer', messageId: `${token}/fired`, timerId: id, token },
      atMs: Math.max(nowMs, dueAtMs),
    }),
  );
  if (step !== 'kept' && step !== 'stepping') return fired;
  // Asked again and again, as long as an old side may be waited for.
  const { rollbackSinceMs, course } = snapshot.context;
  const lostAtMs = (rollbackSinceMs ?? nowMs) + (course?.onHoldForMs ?? 0);
  return [
    ...fired,
    ...fired.map((one) => ({ ...one, type: `${one.type}, at last`, atMs: Math.max(one.atMs, lostAtMs) })),
  ];
};

/** Just before the next timer: as late as a message can come with nothing else having happened. */
const latestMs = ({ document, nowMs }: Node): number =>
  Math.max(nowMs, Math.min(...document.timers.map(({ dueAtMs }) => dueAtMs)) - 1000);

export const commandMessage = (node: Node, command: Command, principal = COLLEAGUE): Message => ({
  kind: 'command',
  messageId: `request/${node.document.revision}/${JSON.stringify(command)}/${principal}`,
  origin: origin(principal),
  command,
});

/** A pause or resume that is newer than all before it. */
export const newer = ({ snapshot }: Node): number => snapshot.context.pauseGeneration + 1;

const resume = (
  node: Node,
  drift: 'adopt' | 'reapply' | null = null,
  holdId: string | null = node.snapshot.context.hold?.id ?? null,
): Command => ({ name: 'resume', generation: newer(node), holdId, drift });

const commandMoves = (node: Node): Move[] => {
  const { stepEntry, pauseGeneration } = node.snapshot.context;
  const pause: Command = { name: 'pause', generation: newer(node), reason: '' };
  const late = latestMs(node);
  const said: [string, Command, string?, number?][] = [
    ['pause', pause],
    ...(Number.isFinite(late) && late > node.nowMs
      ? [['pause, late', pause, COLLEAGUE, late] as [string, Command, string, number]]
      : []),
    ['pause, older', { ...pause, generation: pauseGeneration }],
    ['resume', resume(node)],
    ['resume, of another hold', resume(node, null, 'another')],
    ['resume, older', { ...resume(node), generation: pauseGeneration } as Command],
    ['resume --adopt', resume(node, 'adopt')],
    ['resume --reapply', resume(node, 'reapply')],
    ['approve', { name: 'approve', stepEntry }],
    ['approve, of another step', { name: 'approve', stepEntry: 'another' }],
    ['approve, by who started', { name: 'approve', stepEntry }, STARTER],
    ['skip', { name: 'skip', stepEntry, reason: 'x' }],
    ['skip, of another step', { name: 'skip', stepEntry: 'another', reason: 'x' }],
    ['finish', { name: 'finish', stepEntry }],
    ['finish, of another step', { name: 'finish', stepEntry: 'another' }],
    ['rollback', { name: 'rollback', reason: 'x', force: false }],
    ['rollback --force', { name: 'rollback', reason: '', force: true }],
    ['abandon', { name: 'abandon', reason: 'x' }],
  ];
  return said.map(([type, command, principal, atMs]) => ({
    type,
    message: commandMessage(node, command, principal),
    atMs: atMs ?? node.nowMs,
  }));
};

/** One that counts, and each reason for which one does not. */
const alertMoves = (node: Node): Move[] => {
  const startedAtMs = node.nowMs;
  const sinceMs = node.snapshot.context.trafficSinceMs ?? node.nowMs;
  const said = {
    alert: incident({ startedAtMs }),
    'alert, closed already': incident({ startedAtMs, state: 'closed', endedAtMs: startedAtMs }),
    'alert, not watched': incident({ startedAtMs, policy: 'projects/acme/alertPolicies/2' }),
    'alert, from before': incident({ startedAtMs: sinceMs - 60_001 }),
  };
  return Object.entries(said).map(([type, one]) => ({
    type,
    message: { kind: 'alert', messageId: `${type}/${node.document.revision}`, incident: one },
    atMs: node.nowMs,
  }));
};

/** When the bake is over; 0 where none runs. The look just before it is what its judges speak on. */
const bakeEndMs = ({ document }: Node): number =>
  document.timers.find(({ id }) => timerInWords(id) === 'bake')?.dueAtMs ?? 0;

/** Only where somebody looks. */
const lookMoves = (node: Node): Move[] => {
  const { context } = node.snapshot;
  if (!isObserved(node.state, context)) return [];
  const { stepEntry } = context;
  const looks = Object.entries(MINUTES).map(([name, minute]): Move => {
    const seen = lookOf(context, minute, Math.max(node.nowMs, bakeEndMs(node) - minute.afterMs));
    return {
      type: `look: ${name}`,
      message: { kind: 'observed', messageId: `${stepEntry}/${seen.atMs}`, stepEntry, look: seen },
      atMs: seen.atMs,
    };
  });
  const notices = Object.entries(NOTICES).map(
    ([type, notice]): Move => ({
      type,
      message: {
        kind: 'noticed',
        messageId: `${stepEntry}/${type}/${node.document.revision}`,
        stepEntry,
        notice,
      },
      atMs: node.nowMs,
    }),
  );
  const late = latestMs(node);
  const again = notices
    .filter(({ type }) => type === 'drifted gone' || type === 'drifted below')
    .flatMap((move): Move[] => [
      { ...move, type: `${move.type}, 10 min later`, atMs: node.nowMs + ROUTE_GONE_MS },
      ...(Number.isFinite(late) ? [{ ...move, type: `${move.type}, late`, atMs: late }] : []),
    ]);
  return [...looks, ...notices, ...again];
};

export const movesOf = (node: Node, walked: Walked): readonly Move[] => [
  ...outcomeMoves(node, walked),
  ...timerMoves(node),
  ...commandMoves(node),
  ...alertMoves(node),
  ...lookMoves(node),
];
