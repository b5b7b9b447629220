/**
 * Walks everything that a rollout can become: `step` itself, as a logic of XState's, given to its `getAdjacencyMap`.
 * Rollouts with the same key are one; the first that came there, by the shortest way, stands for all.
 */
import { fromTransition } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { rolloutMachine } from '../../workflows/rollout/machine.ts';
import type { Message } from '../../workflows/rollout/messages.ts';
import { type Step, start, stepBy } from '../../workflows/rollout/step.ts';
import { CURRENT_VERSION, type MachineVersions, machineVersion } from '../../workflows/rollout/versions.ts';
import { START_MS } from '../helpers/driver.ts';
import { movesOf } from './moves.ts';
import { type Move, type Node, nodeOf, pathTo, type Snapshot } from './node.ts';
import type { Walked } from './plans.ts';
import { type Watched, watch } from './watched-machine.ts';

export interface Edge {
  readonly from: Node;
  readonly move: Move;
  /** null: it threw. */
  readonly step: Step | null;
  readonly to: Node;
}

/** Says what is wrong with a transition; an empty list: nothing. Called once for each. */
export type Check = (edge: Edge) => readonly string[];

export interface Walk {
  readonly walked: Walked;
  readonly nodes: readonly Node[];
  /** By key: the move's name and the key that it leads to. */
  readonly next: ReadonlyMap<string, readonly { readonly move: Move; readonly to: string }[]>;
  readonly byKey: ReadonlyMap<string, Node>;
  readonly transitions: number;
  /** Reasons for which a way back or an end was begun: in the key they would multiply the states. */
  readonly reasons: readonly string[];
  readonly watched: Watched;
  readonly versions: MachineVersions;
  /** Each with the shortest way there. */
  readonly faults: readonly string[];
}

/** One move in a rollout that is not changed by it. */
export const move = (node: Node, message: Message, atMs: number, versions: MachineVersions): Step =>
  stepBy(node.document, message, atMs, { versions, parse: () => node.snapshot });

/** The rollout after a step; the same one where nothing was written. */
export const after = (node: Node, step: Step, made: Move): Node =>
  step.kind === 'next'
    ? nodeOf(step.document, step.snapshot as Snapshot, Math.max(node.nowMs, made.atMs), { node, made })
    : node;

const begin = (walked: Walked, versions: MachineVersions): Node => {
  const rolloutId = 'llm-to-new-1';
  const origin = { principal: 'ana@example.com', via: 'api' };
  const { queue, expectedPlanHash } = walked;
  const begun = start(
    {
      rolloutId,
      starter: origin.principal,
      queue,
      expectedPlanHash,
      nowMs: START_MS,
      specJson: '{}',
      poolKey: walked.plan.locks[0] ?? '',
      watches: [],
    },
    { kind: 'started', messageId: 'request/1', origin, rolloutId, expectedPlanHash, queue },
    CURRENT_VERSION,
    versions,
  );
  return nodeOf(begun.document, begun.snapshot as Snapshot, START_MS, null);
};

/** One state of XState's adjacency map; its own type indexes by branded strings. */
interface Adjacent {
  readonly transitions: Readonly<
    Record<string, { readonly event: Move; readonly state: { readonly context: Node } }>
  >;
}

const FAULTS_MAX = 20;

/** A machine that keeps finding new states is broken: XState stops the walk with an error. */
const TRANSITIONS_MAX = 150_000;

export const walk = (walked: Walked, checks: readonly Check[]): Walk => {
  const watched = watch(rolloutMachine);
  const versions: MachineVersions = new Map([
    [CURRENT_VERSION, machineVersion(CURRENT_VERSION, watched.machine)],
  ]);
  const first = begin(walked, versions);
  const byKey = new Map([[first.key, first]]);
  const faults = new Set<string>();
  const reasons = new Set<string>();
  const spoilt = new Set<string>();
  const told = new Set<string>();
  const tell = ({ from, move: made, to }: Edge, what: string): void => {
    const goesOn = spoilt.has(`${what} ${from.key}`);
    spoilt.add(`${what} ${to.key}`);
    // One path for each fault and state, the shortest, because it was found first; and not what only goes on.
    const kind = `${what} @ ${from.state}.${from.step}`;
    if (goesOn || told.has(kind) || faults.size >= FAULTS_MAX) return;
    told.add(kind);
    faults.add(`${what}: ${[...pathTo(from), made.type].join(' > ')}`);
  };
  const take = (node: Node, taken: Move): Node => {
    const found = tryMove(node, taken, versions);
    const to = found === null ? node : after(node, found, taken);
    const edge = { from: node, move: taken, step: found, to };
    for (const check of checks) for (const what of check(edge)) tell(edge, what);
    const { ending } = to.snapshot.context;
    if (ending !== null) reasons.add(ending.reason);
    const known = byKey.get(to.key);
    if (known === undefined) byKey.set(to.key, to);
    return known ?? to;
  };
  const logic = fromTransition((node: Node, taken: Move) => take(node, taken), first);
  const map = getAdjacencyMap(logic, {
    events: ({ context }) => (context.document.finishedAtMs === null ? movesOf(context, walked) : []),
    serializeState: ({ context }) => context.key,
    serializeEvent: ({ type }) => type,
    limit: TRANSITIONS_MAX,
  });
  let transitions = 0;
  const next = new Map(
    Object.entries(map as unknown as Record<string, Adjacent>).map(([key, value]) => {
      const all = Object.values(value.transitions);
      transitions += all.length;
      return [key, all.map(({ event, state }) => ({ move: event, to: state.context.key }))];
    }),
  );
  return {
    walked,
    nodes: [...byKey.values()],
    next,
    byKey,
    transitions,
    reasons: [...reasons],
    // A copy: what is asked of the walked rollouts later is no part of the walk.
    watched: { ...watched, taken: new Set(watched.taken), entered: new Set(watched.entered) },
    versions,
    faults: [...faults],
  };
};

export const tryMove = (node: Node, taken: Move, versions: MachineVersions): Step | null => {
  try {
    return move(node, taken.message, taken.atMs, versions);
  } catch {
    return null;
  }
};
