/** A reachable rollout, and what of it decides how it goes on: all that guards, delays and admission read. */
import { type RolloutContext, targetPercent } from '../../workflows/rollout/context.ts';
import type { Effect } from '../../workflows/rollout/effects.ts';
import { ROUTE_GONE_MS } from '../../workflows/rollout/guards.ts';
import type { Message } from '../../workflows/rollout/messages.ts';
import { wordsOf } from '../../workflows/rollout/read-state.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { verdictsNow } from '../../workflows/rollout/verdicts-now.ts';
import { windowState } from '../../workflows/time.ts';

/** One event of the walk. `type` is its name in paths. */
export interface Move {
  readonly type: string;
  readonly message: Message;
  readonly atMs: number;
}

export interface Snapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: RolloutContext;
}

export interface Node {
  readonly key: string;
  readonly document: RolloutDocument;
  readonly snapshot: Snapshot;
  readonly state: string;
  readonly step: string;
  readonly nowMs: number;
  /** The shortest way here. */
  readonly from: { readonly node: Node; readonly made: Move } | null;
}

export const nodeOf = (
  document: RolloutDocument,
  snapshot: Snapshot,
  nowMs: number,
  from: Node['from'],
): Node => ({
  key: keyOf(document, snapshot, nowMs),
  document,
  snapshot,
  ...wordsOf(snapshot.value),
  nowMs,
  from,
});

/** Labels of the moves from the start to a node. */
export const pathTo = (node: Node): readonly string[] =>
  node.from === null ? [] : [...pathTo(node.from.node), node.from.made.type];

export const effectsOf = (document: RolloutDocument): readonly Effect[] =>
  document.outbox.map((item) => item.effect as unknown as Effect);

export const isFinished = ({ document }: Node): boolean => document.finishedAtMs !== null;

/** In these the machine judges what was seen, or will. */
const JUDGED = new Set(['baking', 'watching']);

/**
 * Two rollouts with the same key are taken for the same: finite, because counters and times enter only as the answers
 * to the questions that the machine asks about them, and only where it may still ask.
 */
const keyOf = (document: RolloutDocument, { value, context }: Snapshot, nowMs: number): string => {
  const { state, step } = wordsOf(value);
  if (document.finishedAtMs !== null)
    return JSON.stringify([value, context.ending?.outcome, context.ending?.reason]);
  return JSON.stringify([
    value,
    document.timers.map((timer) => timer.id).toSorted(),
    workOf(document),
    context.nodePool === null ? 0 : context.nodePoolReady ? 2 : 1,
    context.created.length > 0,
    context.objectivesAt,
    holdOf(context, nowMs),
    ...(state === 'rollingBack' || state === 'failing' ? wayBackOf(context, step, nowMs) : []),
    ...(state === 'shifting' ? growthOf(context, nowMs) : []),
    ...(JUDGED.has(step) ? evidenceOf(context) : []),
  ]);
};

/** Pages and fences lead nowhere; where the others stand in the outbox does not matter. */
const workOf = (document: RolloutDocument): readonly string[] =>
  effectsOf(document)
    .filter(({ kind }) => kind !== 'page' && kind !== 'fenceRoutes')
    .map((effect) => (effect.kind === 'moveObjectives' ? `${effect.kind} ${effect.to}` : effect.kind))
    .toSorted();

const isUnready = ({ evidence }: RolloutContext): boolean => evidence.minutes.at(-1)?.new.ready === 0;

const isAdoptable = ({ hold, course, rung }: RolloutContext): boolean => {
  const foreign = hold?.driftSharePercent ?? null;
  return foreign !== null && foreign <= (course?.ladder[rung]?.sharePercent ?? 0);
};

const holdOf = (context: RolloutContext, nowMs: number): unknown => {
  const { hold } = context;
  if (hold === null || hold.auto) return hold?.auto;
  // Tripwires go on while people hold.
  if (hold.reason === 'operator') return [hold.reason, isUnready(context)];
  if (hold.reason !== 'drift') return hold.reason === 'inconclusive' ? hold.reason : 'other';
  const isGone = hold.driftWhat === 'routeDeleted' && nowMs >= hold.sinceMs + ROUTE_GONE_MS;
  return [hold.reason, hold.driftWhat === 'routeDeleted', isGone, isAdoptable(context)];
};

/** In these a sick old side may still want another way back (P5). */
const WRITTEN_BACK = new Set(['writing', 'stepping', 'kept']);

const wayBackOf = (context: RolloutContext, step: string, nowMs: number): readonly unknown[] => [
  Math.min(context.reassertions, 5),
  context.writtenPercent > 0,
  WRITTEN_BACK.has(step) && context.ending?.sickness,
  context.ending?.outcome,
  context.ending?.reason === 'routeGone',
  context.rollbackSinceMs !== null && nowMs >= context.rollbackSinceMs + (context.course?.onHoldForMs ?? 0),
];

const known = new Map<string, boolean>();

/** Remembered: calendars are slow. */
const isWindowOpen = ({ course }: RolloutContext, nowMs: number): boolean => {
  if (course === null || course.windows.length === 0) return true;
  const key = `${JSON.stringify(course.windows)} ${nowMs}`;
  const isOpen = known.get(key) ?? windowState(course.windows, nowMs).open;
  known.set(key, isOpen);
  return isOpen;
};

const growthOf = (context: RolloutContext, nowMs: number): readonly unknown[] => [
  context.rung,
  context.approved,
  context.adoptedPercent,
  context.reapply,
  context.trafficSinceMs !== null,
  targetPercent(context) > context.confirmedPercent && isWindowOpen(context, nowMs),
];

/** What the judges, and the next look, would make of what was seen. */
const evidenceOf = (context: RolloutContext): readonly unknown[] => {
  const { evidence, clocks } = context;
  const verdicts = verdictsNow(context);
  return [
    context.bake.extensions,
    verdicts.find(({ answer }) => answer !== 'pass')?.answer ?? 'pass',
    evidence.skipNext,
    isUnready(context),
    clocks.programmedMs !== null && (evidence.lastAtMs ?? 0) >= clocks.programmedMs,
  ];
};
