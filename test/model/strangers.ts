/** Messages that a rollout should not get where it is: of another step, delivered again, or answers that fit no question. */
import type { AnyStateMachine } from 'xstate';
import type { Message, Outcome } from '../../workflows/rollout/messages.ts';
import { ANYWHERE } from './checks.ts';
import { lookOf, MINUTES } from './looks-of.ts';
import { isFinished, type Move, type Node, pathTo } from './node.ts';
import { NOTICES, OUTCOMES, origin, VARIANTS } from './payloads.ts';
import { after, move, tryMove, type Walk } from './walk.ts';
import { nodesOf } from './watched-machine.ts';

export interface Tried {
  readonly tried: number;
  readonly faults: readonly string[];
}

const FAULTS_MAX = 10;

/** Faults by kind and state, each with the first way there, which is the shortest. */
const collector = (): {
  readonly tell: (node: Node, type: string, what: string) => void;
  readonly faults: () => readonly string[];
} => {
  const faults = new Map<string, string>();
  return {
    tell: (node, type, what) => {
      const kind = `${what} @ ${node.state}.${node.step}`;
      if (!faults.has(kind) && faults.size < FAULTS_MAX)
        faults.set(kind, `${what}: ${[...pathTo(node), type].join(' > ')}`);
    },
    faults: () => [...faults.values()],
  };
};

const ALL_OUTCOMES: readonly (readonly [string, Outcome])[] = [
  ...Object.entries(OUTCOMES),
  ...Object.values(VARIANTS).flatMap((variants) => Object.entries(variants)),
];

/** Every outcome that there is, as the answer to whatever is in the outbox. */
const foreignOutcomes = ({ document, nowMs }: Node): readonly Move[] => {
  const [item] = document.outbox;
  if (item === undefined) return [];
  return ALL_OUTCOMES.map(([name, outcome]) => ({
    type: `${String(item.effect.kind)}: ${name}`,
    message: { kind: 'outcome', messageId: `foreign/${name}`, effectId: item.id, outcome },
    atMs: nowMs,
  }));
};

/** The first rollout of each state and work: the rest of a key decides nothing about answers that nobody asked for. */
const oneOfEach = (nodes: readonly Node[]): readonly Node[] => {
  const first = new Map<string, Node>();
  for (const node of nodes) {
    const kind = JSON.stringify([node.snapshot.value, node.document.outbox[0]?.effect.kind]);
    if (!isFinished(node) && !first.has(kind)) first.set(kind, node);
  }
  return [...first.values()];
};

/** Answers that fit no question are taken or ignored, and never lead where no answer leads. */
export const foreignAnswers = (walk: Walk): Tried => {
  const { tell, faults } = collector();
  let tried = 0;
  for (const node of oneOfEach(walk.nodes)) {
    for (const made of foreignOutcomes(node)) {
      tried += 1;
      const step = tryMove(node, made, walk.versions);
      const edge = { from: node, move: made, step, to: step === null ? node : after(node, step, made) };
      for (const check of ANYWHERE) for (const what of check(edge)) tell(node, made.type, what);
    }
  }
  return { tried, faults: faults() };
};

const timerIds = (machine: AnyStateMachine): readonly string[] =>
  nodesOf(machine).flatMap((node) => node.after.map(({ eventType }) => eventType));

/** Outcomes of effects that are gone, timers of other entries, looks at steps that are left: all of no account. */
const pastMessages = (node: Node, machine: AnyStateMachine): readonly Message[] => {
  const stepEntry = 'another';
  const minute = MINUTES['good'];
  if (minute === undefined) throw new Error('there is a good minute');
  return [
    ...Object.values(OUTCOMES).map(
      (outcome): Message => ({ kind: 'outcome', messageId: 'past', effectId: 'gone', outcome }),
    ),
    ...timerIds(machine).map(
      (timerId): Message => ({ kind: 'timer', messageId: 'past', timerId, token: 'of another entry' }),
    ),
    {
      kind: 'observed',
      messageId: 'past',
      stepEntry,
      look: lookOf(node.snapshot.context, minute, node.nowMs),
    },
    ...Object.values(NOTICES).map(
      (notice): Message => ({ kind: 'noticed', messageId: 'past', stepEntry, notice }),
    ),
    {
      kind: 'started',
      messageId: 'past',
      origin: origin('ana@example.com'),
      rolloutId: node.document.rolloutId,
      expectedPlanHash: null,
      queue: false,
    },
  ];
};

/** What is past writes nothing; a finished rollout answers nothing but that it is finished (I6, P9). */
export const pastIsVoid = (walk: Walk): Tried => {
  const { tell, faults } = collector();
  let tried = 0;
  for (const node of walk.nodes)
    for (const message of pastMessages(node, walk.watched.machine)) {
      tried += 1;
      const { kind } = move(node, message, node.nowMs, walk.versions);
      if (kind !== (isFinished(node) ? 'finished' : 'duplicate'))
        tell(node, `${message.kind} that is past`, `is ${kind}`);
    }
  return { tried, faults: faults() };
};

/** All that a rollout remembers, but for the clock and the number of the entry, which every message sets. */
const remembered = ({ snapshot, document }: Node): string =>
  JSON.stringify([
    snapshot.value,
    { ...snapshot.context, nowMs: 0, revision: 0 },
    document.timers,
    document.outbox,
  ]);

/** The message that led to each rollout, once more, with its id remembered and with its id forgotten (I8, P7). */
export const redelivered = (walk: Walk): Tried => {
  const { tell, faults } = collector();
  let tried = 0;
  for (const node of walk.nodes) {
    const made = node.from?.made;
    // A drift or a tripwire that is noticed once more is news of its own, and holds or goes back once more.
    if (made === undefined || made.message.kind === 'noticed') continue;
    tried += 1;
    const again = move(node, made.message, node.nowMs, walk.versions);
    if (again.kind !== (isFinished(node) ? 'finished' : 'duplicate'))
      tell(node, made.type, `is ${again.kind} when it is delivered again`);
    const forgetful: Node = { ...node, document: { ...node.document, seen: [] } };
    const once = after(forgetful, move(forgetful, made.message, node.nowMs, walk.versions), made);
    if (remembered(once) !== remembered(node)) tell(node, made.type, 'counts twice once its id is forgotten');
  }
  return { tried, faults: faults() };
};
