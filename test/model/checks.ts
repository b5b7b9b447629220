/** What must hold of every single transition of every reachable rollout. */
import { wordsOf } from '../../workflows/rollout/read-state.ts';
import type { Step } from '../../workflows/rollout/step.ts';
import { effectsOf, type Node } from './node.ts';
import type { Check, Edge } from './walk.ts';

type Next = Extract<Step, { kind: 'next' }>;

const applied = ({ step }: Edge): Next | null =>
  step?.kind === 'next' && step.entry.refusal === null ? step : null;

/** No message makes a machine throw, wherever it comes. */
const throwsNothing: Check = ({ step }) => (step === null ? ['throws'] : []);

const ENDS = new Set(['promoted', 'rolledBack', 'failed']);

interface Regions {
  readonly attention: string;
}

/** Both regions are final together, and then nothing is left to do; held is what the hold says. */
const regionsAgree: Check = ({ to }) => {
  const { document, snapshot } = to;
  const { attention } = snapshot.value as Regions;
  const isDone = document.finishedAtMs !== null;
  const faults: string[] = [];
  if (isDone !== ENDS.has(to.state)) faults.push('finished elsewhere than in an end');
  if (isDone !== (snapshot.status === 'done')) faults.push('the status is not that of the regions');
  if (isDone !== (attention === 'ended')) faults.push('one region ended without the other');
  if (isDone && document.timers.length + document.outbox.length > 0) faults.push('work left at the end');
  if ((attention === 'held') !== (snapshot.context.hold !== null))
    faults.push('held without a hold, or not held with one');
  if (document.held !== (snapshot.context.hold?.reason ?? null))
    faults.push('the document tells another hold');
  return faults;
};

/** A rollout with work left is woken (P2). */
const isWoken: Check = ({ to: { document } }) => {
  if (document.finishedAtMs !== null) return [];
  const earliestMs = Math.min(...document.timers.map(({ dueAtMs }) => dueAtMs));
  return document.wakeAtMs === null || document.wakeAtMs > Math.max(earliestMs, document.lastNowMs)
    ? ['nobody wakes it in time']
    : [];
};

const GROWS = new Set([
  'awaitTurn',
  'makePlan',
  'createObjects',
  'createNodePool',
  'awaitNewSide',
  'verifyPods',
  'proveWayBack',
  'setWeights',
  'confirmWeights',
  'adoptDrift',
]);

const BACK = new Set(['rollingBack', 'failing']);

/** From the decision to go back on nothing grows, nothing is built, nothing delays it, and there is no other way (I4, I11). */
const goesOnlyBack: Check = (edge) => {
  const { from, to } = edge;
  const faults: string[] = [];
  if (BACK.has(from.state)) {
    if (!BACK.has(to.state) && to.state !== 'rolledBack' && to.state !== 'failed')
      faults.push('a way back turned round');
    if (to.snapshot.context.askedPercent > from.snapshot.context.askedPercent)
      faults.push('a way back asks for more');
    if (to.snapshot.context.writtenPercent > from.snapshot.context.writtenPercent)
      faults.push('a way back wrote more');
  }
  if (!BACK.has(to.state)) return faults;
  if (effectsOf(to.document).some(({ kind }) => GROWS.has(kind))) faults.push('forward work on the way back');
  if (movesForward(to)) faults.push('objectives go forward on the way back');
  if (to.snapshot.context.hold !== null) faults.push('a way back is held');
  if (to.snapshot.context.askedPercent !== 0) faults.push('a way back wants a share');
  return faults;
};

const movesForward = ({ document }: Node): boolean =>
  effectsOf(document).some((effect) => effect.kind === 'moveObjectives' && effect.to === 'new');

/** What is asked for, and what will be written, is never above the rung (I2). */
const staysOnRung: Check = ({ to }) => {
  const { context } = to.snapshot;
  if (BACK.has(to.state) || context.course === null) return [];
  const mostPercent = context.rung < 0 ? 0 : (context.course.ladder[context.rung]?.sharePercent ?? 0);
  const shares = effectsOf(to.document).flatMap((effect) =>
    effect.kind === 'setWeights' || effect.kind === 'proveWayBack' ? [effect.sharePercent] : [],
  );
  return [context.askedPercent, ...shares].some((share) => share > mostPercent)
    ? ['a share above the rung is wanted']
    : [];
};

/** A rung is left by a full bake that every judge passed, by a skip, or, at a share of 0, by confirmation (I3). */
const climbsByProof: Check = (edge) => {
  const { from, to, move } = edge;
  if (to.snapshot.context.rung <= from.snapshot.context.rung) return [];
  const { message } = move;
  if (to.snapshot.context.rung !== from.snapshot.context.rung + 1) return ['a rung is left out'];
  if (message.kind === 'command' && message.command.name === 'skip') return [];
  if (
    message.kind === 'outcome' &&
    message.outcome.kind === 'weightsConfirmed' &&
    from.snapshot.context.rung < 0
  )
    return [];
  const { verdicts } = to.snapshot.context;
  const isBaked = message.kind === 'timer' && message.timerId.startsWith('xstate.after.bake.');
  return isBaked && verdicts.length > 0 && verdicts.every(({ answer }) => answer === 'pass')
    ? []
    : ['a rung is left without its proof'];
};

/** Every decision has its fence, and none is given twice (P4). */
const movesTheFence: Check = (edge) => {
  const step = applied(edge);
  if (step === null) return [];
  const { from, to } = edge;
  if (to.document.fence < from.document.fence) return ['the fence falls'];
  const decides = step.entry.effects.some((kind) =>
    ['setWeights', 'rollBack', 'fenceRoutes', 'removeRefs'].includes(kind),
  );
  return decides && to.document.fence === from.document.fence ? ['a decision without a new fence'] : [];
};

/** What people and alerts say is applied, or refused with a reason, and then nothing but the journal has changed (P7). */
const isAnswered: Check = ({ from, move, step }) => {
  const { message } = move;
  if (message.kind !== 'command' && message.kind !== 'alert') return [];
  if (step === null) return [];
  if (step.kind !== 'next') return [`${message.kind} without an answer (${step.kind})`];
  const { document, entry } = step;
  const isSame =
    document.snapshot === from.document.snapshot &&
    JSON.stringify([document.timers, document.outbox]) ===
      JSON.stringify([from.document.timers, from.document.outbox]);
  if (entry.refusal === null) return isSame ? [`${move.type} is applied to no effect`] : [];
  if (entry.refusal.trim() === '') return ['a refusal without a reason'];
  return isSame ? [] : ['a refusal that changes something'];
};

const MOVING = new Set(['shifting', 'soaking', 'retaining']);

/** An alert that counts, a tripwire and a person bring the traffic back at once, held or not (I4, I11). */
const bringsBack: Check = (edge) => {
  const { from, move, to } = edge;
  const step = applied(edge);
  const { message } = move;
  const isTripped =
    message.kind === 'noticed' && message.notice.kind === 'tripped' && message.notice.action === 'rollback';
  const isAsked = message.kind === 'command' && message.command.name === 'rollback';
  const isAlert = message.kind === 'alert' && step !== null;
  if (!MOVING.has(from.state) || !(isTripped || isAsked || isAlert)) return [];
  return step?.entry.effects.includes('rollBack') === true && to.state === 'rollingBack'
    ? []
    : [`${move.type} does not bring the traffic back`];
};

/** An incident counts in every state in which traffic may be on the new side. */
const hearsAlerts: Check = (edge) => {
  const { from, move, to } = edge;
  if (move.type !== 'alert' && move.type !== 'alert, closed already') return [];
  const counts = MOVING.has(from.state) && from.snapshot.context.trafficSinceMs !== null;
  return counts && wordsOf(to.snapshot.value).state !== 'rollingBack' ? ['an alert is not heard'] : [];
};

const WAS_AT_FULL = new Set(['soaking', 'retaining']);

/** The time for the way to 100 % is no matter any more once it was reached: who is held then, however late, may wait. */
const isNotOverAtOnce: Check = ({ from, to }) => {
  const wasSet = new Set(from.document.timers.map(({ token }) => token));
  if (!WAS_AT_FULL.has(from.state) || to.state !== 'shifting') return [];
  return to.document.timers.some(
    ({ token, dueAtMs }) => !wasSet.has(token) && dueAtMs <= to.document.lastNowMs,
  )
    ? ['held at 100 %, and its time is over at once']
    : [];
};

/** What was just adopted is ours: no earlier wish to write over it is left. */
const adoptsHonestly: Check = ({ from, to }) =>
  from.step === 'adopting' &&
  to.step !== 'adopting' &&
  to.state === 'shifting' &&
  to.snapshot.context.hold === null
    ? to.snapshot.context.reapply
      ? ['what was adopted would be overwritten']
      : []
    : [];

/** Of any message, whether or not it can come there. */
export const ANYWHERE: readonly Check[] = [
  throwsNothing,
  regionsAgree,
  isWoken,
  goesOnlyBack,
  climbsByProof,
  movesTheFence,
];

export const CHECKS: readonly Check[] = [
  ...ANYWHERE,
  staysOnRung,
  isAnswered,
  bringsBack,
  hearsAlerts,
  isNotOverAtOnce,
  adoptsHonestly,
];
