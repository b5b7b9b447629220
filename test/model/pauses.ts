/** A pause, and a resume right after it: where a rollout is then, compared with where it was (protocol P7). */
import type { Effect } from '../../workflows/rollout/effects.ts';
import type { Command } from '../../workflows/rollout/messages.ts';
import { commandMessage, newer, outcomeMessage, success } from './moves.ts';
import { effectsOf, isFinished, type Node, pathTo } from './node.ts';
import { after, move, type Walk } from './walk.ts';

/** How often nothing but success may be needed to be where one was: prove, write, confirm, and once more to spare. */
const ANSWERS_MAX = 4;

const say = (node: Node, command: Command, walk: Walk): Node | null => {
  const made = { type: command.name, message: commandMessage(node, command), atMs: node.nowMs };
  const step = move(node, made.message, node.nowMs, walk.versions);
  return step.kind !== 'next' || step.entry.refusal !== null ? null : after(node, step, made);
};

/** These are what has to be done again on the way back to a step. */
const REPEATED = new Set<Effect['kind']>(['proveWayBack', 'setWeights', 'confirmWeights']);

const answerOnce = (node: Node, walk: Walk): Node | null => {
  const item = node.document.outbox.find(({ effect }) => REPEATED.has(effect.kind as Effect['kind']));
  if (item === undefined) return null;
  const outcome = success(item.effect as unknown as Effect, walk.walked, node.nowMs);
  const made = { type: outcome.kind, message: outcomeMessage(item.id, outcome), atMs: node.nowMs };
  return after(node, move(node, made.message, node.nowMs, walk.versions), made);
};

/** At once, and with nothing but success, until the step is reached; where that leads nowhere, as far as it goes. */
const backTo = (step: string, from: Node, walk: Walk): Node => {
  let node = from;
  for (let count = 0; count < ANSWERS_MAX && node.step !== step; count += 1) {
    const next = answerOnce(node, walk);
    if (next === null) return node;
    node = next;
  }
  return node;
};

/** What a pause may not lose. Times as they stand against the clock, so that a bake that ran on would show. */
const kept = (node: Node): unknown => {
  const { context } = node.snapshot;
  const { startedAtMs, remainingMs, extensions } = context.bake;
  return {
    step: `${node.state}.${node.step}`,
    rung: context.rung,
    approved: context.approved,
    adopted: context.adoptedPercent,
    confirmed: context.confirmedPercent,
    remainingMs: startedAtMs === null ? remainingMs : remainingMs - (node.nowMs - startedAtMs),
    extensions,
    sums: [context.evidence.old, context.evidence.new],
    created: context.created,
    nodePool: [context.nodePool, context.nodePoolAttempts],
    objectives: [
      context.objectivesAt,
      effectsOf(node.document).filter(({ kind }) => kind === 'moveObjectives'),
    ],
    deadlineMs: context.deadlineMs,
    timers: node.document.timers.map(({ id, dueAtMs }) => `${id} ${dueAtMs}`).toSorted(),
    work: effectsOf(node.document)
      .map(({ kind }) => kind)
      .filter((kind) => kind !== 'page' && kind !== 'fenceRoutes')
      .toSorted(),
    ending: context.ending,
  };
};

const differences = (before: unknown, now: unknown): readonly string[] =>
  Object.entries(before as Record<string, unknown>).flatMap(([name, value]) => {
    const other = (now as Record<string, unknown>)[name];
    return JSON.stringify(value) === JSON.stringify(other)
      ? []
      : [`${name} ${JSON.stringify(value)} → ${JSON.stringify(other)}`];
  });

export interface Pauses {
  /** Pairs that were tried. */
  readonly pairs: number;
  readonly faults: readonly string[];
}

const held = ({ snapshot: { context } }: Node): boolean => context.hold !== null && !context.hold.auto;

const resumed = (node: Node, walk: Walk, drift: 'reapply' | null): Node | null =>
  say(node, { name: 'resume', generation: newer(node), holdId: null, drift }, walk);

const pauseOf = (node: Node): Command => ({ name: 'pause', generation: newer(node), reason: '' });

/** From a rollout that runs: back to the same step with everything it had. */
const ofRunning = (node: Node, walk: Walk): readonly string[] => {
  const paused = say(node, pauseOf(node), walk);
  if (paused === null) return ['the pause is refused'];
  const back = resumed(paused, walk, null);
  if (back === null) return ['the resume is refused'];
  // What was refused is asked again: then it is where it was before the refusal.
  if (node.state === 'shifting' && (node.step === 'blocked' || node.snapshot.context.hold !== null))
    return node.step === 'blocked' && back.step !== 'proving' ? [`step blocked → ${back.step}`] : [];
  return differences(kept(node), kept(backTo(node.step, back, walk)));
};

/** From a hold that had another cause: where its own resume would have led. */
const ofHeld = (node: Node, walk: Walk): readonly string[] => {
  const drift = node.snapshot.context.hold?.reason === 'drift' ? 'reapply' : null;
  const without = resumed(node, walk, drift);
  const paused = say(node, pauseOf(node), walk);
  if (paused === null || without === null) return ['the pause or the resume is refused'];
  const plain = resumed(paused, walk, null);
  if (drift !== null && plain !== null) return ['a plain resume is taken although a drift is open'];
  const back = resumed(paused, walk, drift);
  if (back === null) return ['the resume is refused'];
  return differences(kept(without), kept(back));
};

const GOING_BACK = new Set(['rollingBack', 'failing']);

/** A timer's own event comes before whatever else is said. */
const isOverdue = ({ document, nowMs }: Node): boolean =>
  document.timers.some(({ dueAtMs }) => dueAtMs <= nowMs);

/**
 * What a person answered to a drift and was not carried out yet is asked for anew: others may have changed the route once
 * more during the pause.
 */
const isAnswering = ({ step }: Node): boolean => step === 'adopting';

/** Every reachable rollout that may be paused, paused and resumed. */
export const pausePairs = (walk: Walk): Pauses => {
  const faults = new Map<string, string>();
  let pairs = 0;
  for (const node of walk.nodes) {
    if (isFinished(node) || GOING_BACK.has(node.state) || isOverdue(node) || isAnswering(node)) continue;
    pairs += 1;
    for (const what of held(node) ? ofHeld(node, walk) : ofRunning(node, walk)) {
      const kind = `${what.split(' ')[0] ?? ''} ${node.state}.${node.step}`;
      if (!faults.has(kind))
        faults.set(kind, `${node.state}.${node.step}: ${what}: ${pathTo(node).join(' > ')}`);
    }
  }
  return { pairs, faults: [...faults.values()] };
};
