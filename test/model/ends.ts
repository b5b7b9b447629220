/** Where a walk gets to when nobody does anything any more: over the graph, so that every reachable rollout is asked. */
import { type Effect, waitsWhileHeld } from '../../workflows/rollout/effects.ts';
import { dueTimers } from '../../workflows/rollout/outbox.ts';
import { success } from './moves.ts';
import { effectsOf, isFinished, type Node, pathTo } from './node.ts';
import type { Walk } from './walk.ts';

/** Which effects the outside answers, always with success; null: none of this kind. */
export type Outside = (effect: Effect) => boolean;

/** Faults that have ceased. */
export const HEALTHY: Outside = () => true;

/** Nothing that builds or grows is ever answered again; what leads back is. */
export const ONLY_BACK: Outside = (effect) =>
  !waitsWhileHeld(effect) && effect.kind !== 'adoptDrift' && effect.kind !== 'fenceRoutes';

/** Names of the moves that time and such an outside make, the likelier first. */
const comingMoves = (node: Node, walk: Walk, outside: Outside): readonly string[] => {
  const { hold } = node.snapshot.context;
  const isHeld = hold !== null && !hold.auto;
  const answers = effectsOf(node.document)
    .filter((effect) => outside(effect) && !(isHeld && waitsWhileHeld(effect)))
    .map((effect) => `${effect.kind}: ${success(effect, walk.walked, node.nowMs).kind}`);
  const timers = dueTimers(node.document.timers, Number.POSITIVE_INFINITY).map(({ id }) => id);
  return [...answers, ...timers];
};

/** What comes next: the first answer, else the earliest timer, that changes anything; null: nothing ever will. */
const successor = (node: Node, walk: Walk, outside: Outside): Node | null => {
  const next = walk.next.get(node.key) ?? [];
  for (const name of comingMoves(node, walk, outside)) {
    const found = next.find(
      ({ move, to }) =>
        to !== node.key && name === (move.message.kind === 'timer' ? move.message.timerId : move.type),
    );
    if (found !== undefined) return walk.byKey.get(found.to) ?? null;
  }
  return null;
};

/** Rollouts that time and such an outside bring to no end, but to a stop or round in a circle, with the way there (I10). */
export const endless = (walk: Walk, outside: Outside): readonly string[] => {
  const ends = new Map<string, boolean>();
  for (const first of walk.nodes) {
    const passed: Node[] = [];
    const seen = new Set<string>();
    let node: Node | null = first;
    while (node !== null && !isFinished(node) && !seen.has(node.key) && !ends.has(node.key)) {
      seen.add(node.key);
      passed.push(node);
      node = successor(node, walk, outside);
    }
    const isEnd = node !== null && (isFinished(node) || ends.get(node.key) === true);
    for (const { key } of passed) ends.set(key, isEnd);
  }
  return walk.nodes
    .filter((node) => ends.get(node.key) === false)
    .map((node) => `${node.state}.${node.step}: ${pathTo(node).join(' > ')}`);
};
