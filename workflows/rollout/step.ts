/**
 * The pure step: stored document × message × time → what is to be committed. No I/O, clock or randomness. All of
 * XState's oddities are handled here and in outbox.ts: restoring by `restoreSnapshot`, finished snapshots that would
 * still take transitions, events that nobody may forge, internal raises, timers without generations.
 */
import { type AnyStateMachine, initialTransition } from 'xstate';
import { classified, InvariantError } from '../errors.ts';
import { refuseAlert, refuseCommand } from './admit.ts';
import type { RolloutContext, RolloutInput } from './context.ts';
import { describe } from './describe.ts';
import { type Effect, waitsWhileHeld } from './effects.ts';
import { eventOf } from './event-of.ts';
import { sealEntry } from './journal.ts';
import { leftoversOf } from './leftovers.ts';
import type { Message } from './messages.ts';
import { foldActions, type Work } from './outbox.ts';
import { plannedTexts } from './planned-texts.ts';
import { pureTransition } from './pure-transition.ts';
import { isObserved, mustStayAwake, type Snapshot, wordsOf } from './read-state.ts';
import { heardOfRecord, recordStep } from './record-step.ts';
import { remember } from './seen.ts';
import type { JournalEntry, Leftover, RolloutDocument, Verdict } from './stored.ts';
import { verdictsNow } from './verdicts-now.ts';
import { type MachineVersions, VERSIONS } from './versions.ts';

export type Step =
  | {
      readonly kind: 'next';
      readonly document: RolloutDocument;
      /** What `document.snapshot` says, for whoever reads it next; absent where it was not taken apart. */
      readonly snapshot?: unknown;
      readonly entry: JournalEntry;
      readonly acquireLocks: readonly string[];
      readonly releaseLocks: readonly string[];
      readonly leftovers: readonly Leftover[];
    }
  /** Accounted for already, or its target is past without anybody having to know: nothing is written. */
  | { readonly kind: 'duplicate' }
  /** A finished rollout never changes (I6): the refusal goes to the rejected record. */
  | { readonly kind: 'finished' };

/** A share of 100 is looked at once a minute; a little less, so that no tick is missed. */
const MINUTE_LOOK_MS = 45_000;

/** What a step works with. */
export interface StepMeans {
  readonly versions: MachineVersions;
  /** JSON to what it says, shared and never changed: a process may remember the snapshot that it has just written. */
  readonly parse: (text: string) => unknown;
}

/** One message applied to one rollout. @throws InvariantError for a broken machine or snapshot: the caller falls back to the rollback record. */
export const step = (
  stored: RolloutDocument,
  message: Message,
  readAtMs: number,
  versions: MachineVersions = VERSIONS,
): Step => stepBy(stored, message, readAtMs, { versions, parse: JSON.parse });

/** `step`, by a process that remembers what it read. */
export const stepBy = (
  stored: RolloutDocument,
  message: Message,
  readAtMs: number,
  means: StepMeans,
): Step => {
  try {
    return decide(stored, message, readAtMs, means);
  } catch (error) {
    // A guard that throws, a text that is no JSON: the caller has to see that it is the machine.
    throw classified(error);
  }
};

const decide = (
  stored: RolloutDocument,
  message: Message,
  readAtMs: number,
  { versions, parse }: StepMeans,
): Step => {
  if (stored.finishedAtMs !== null) return { kind: 'finished' };
  if (stored.seen.includes(message.messageId)) return { kind: 'duplicate' };
  const nowMs = Math.max(readAtMs, stored.lastNowMs);
  if (message.kind === 'recordExecuted')
    return {
      kind: 'next',
      ...recordStep(stored, message, nowMs),
      acquireLocks: [],
      releaseLocks: [],
      leftovers: [],
    };
  const machine = machineOf(stored, versions);
  const { before, earlier } = heardOfRecord(machine, stored, restore(machine, stored, nowMs, parse));
  const words = wordsOf(before.value);
  if (isPast(stored, message, before.context)) return { kind: 'duplicate' };

  // Who asks for a way back that has just begun for another reason is not refused: it is granted.
  const isGranted = earlier.length > 0 && asksForWayBack(message);
  const refusal = isGranted ? null : refusalOf(message, words, before.context);
  if (refusal !== null && earlier.length === 0) return refused(stored, message, refusal, nowMs);

  if (message.kind === 'started') return { kind: 'duplicate' };
  const { event, verdicts } = eventOf(message, before.context, words);
  const { next: after, actions } =
    refusal === null ? pureTransition(machine, before, event) : { next: before, actions: [] };
  if (after === before && actions.length === 0 && earlier.length === 0)
    return ignored(stored, message, nowMs);
  const next = after as Snapshot;
  const work = foldActions(withoutDone(stored, message), [...earlier, ...actions], {
    rolloutId: stored.rolloutId,
    revision: stored.journalSeq + 1,
    nowMs,
    fence: next.context.fence,
  });
  return nextStep(stored, message, {
    persisted: persist(machine, next),
    work,
    nowMs,
    verdicts: verdicts ?? newVerdicts(before, next),
    refusal,
    recordExecuted: null,
  });
};

/** The document and first entry of a rollout that was just asked for. */
export const start = (
  input: RolloutInput & {
    readonly specJson: string;
    readonly poolKey: string;
    readonly watches: readonly string[];
  },
  message: Extract<Message, { kind: 'started' }>,
  version: string,
  versions: MachineVersions = VERSIONS,
): Extract<Step, { kind: 'next' }> => {
  const released = versions.get(version);
  if (released === undefined) throw new InvariantError('machine-unknown', `no machine version ${version}`);
  const [snapshot, actions] = initialTransition(released.machine, {
    rolloutId: input.rolloutId,
    starter: input.starter,
    queue: input.queue,
    expectedPlanHash: input.expectedPlanHash,
    nowMs: input.nowMs,
  }) as unknown as [Snapshot, never[]];
  if (snapshot.status !== 'active') throw new InvariantError('machine-start', 'the machine did not start');
  const empty = emptyDocument(input, released.hash, version);
  const fold = { rolloutId: input.rolloutId, revision: 1, nowMs: input.nowMs, fence: snapshot.context.fence };
  const persisted = persist(released.machine, snapshot);
  const work = foldActions({ timers: [], outbox: [] }, actions, fold);
  return nextStep(empty, message, { persisted, work, nowMs: input.nowMs, verdicts: [] });
};

const emptyDocument = (
  input: Parameters<typeof start>[0],
  machineHash: string,
  machineVersion: string,
): RolloutDocument => ({
  schemaVersion: 1,
  rolloutId: input.rolloutId,
  revision: 0,
  lastCommitId: '',
  machineVersion,
  machineHash,
  state: '',
  held: null,
  wakeAtMs: null,
  createdAtMs: input.nowMs,
  finishedAtMs: null,
  poolKey: input.poolKey,
  watches: [...input.watches],
  lastNowMs: input.nowMs,
  fence: 0,
  failures: 0,
  spec: input.specJson,
  plan: null,
  snapshot: '',
  rollbackRecord: null,
  recordExecuted: null,
  timers: [],
  outbox: [],
  seen: [],
  journalSeq: 0,
  journalHash: '',
  publishedSeq: 0,
});

const machineOf = (stored: RolloutDocument, versions: MachineVersions): AnyStateMachine => {
  const released = versions.get(stored.machineVersion);
  if (released === undefined || released.hash !== stored.machineHash)
    throw new InvariantError(
      'machine-unknown',
      `rollout ${stored.rolloutId} is run by machine ${stored.machineVersion} (${stored.machineHash}), which this code does not have`,
    );
  return released.machine;
};

/** Without XState's walk through the context in search of actors: ours holds JSON only. */
const persist = (machine: AnyStateMachine, { context, ...rest }: Snapshot): Snapshot => {
  const bare = machine.getPersistedSnapshot({ ...rest, context: {} } as never);
  return { ...(bare as unknown as Snapshot), context };
};

/**
 * Time and the number of the entry enter the machine through its context, before each transition. The entry's number,
 * not the document's revision: a replay knows only the journal.
 */
const restore = (
  machine: AnyStateMachine,
  stored: RolloutDocument,
  nowMs: number,
  parse: StepMeans['parse'],
): Snapshot => {
  try {
    const json = parse(stored.snapshot) as Snapshot;
    const context = { ...json.context, nowMs, revision: stored.journalSeq + 1 };
    // As in `persist`. The walk took a third of a step.
    const bare = machine.restoreSnapshot({ ...json, context: {} } as never, {} as never);
    return { ...(bare as unknown as Snapshot), context };
  } catch (error) {
    throw new InvariantError('snapshot-broken', `snapshot of ${stored.rolloutId} cannot be restored`, {
      cause: error,
    });
  }
};

/** Outcomes of effects that were voided, timers of another entry, looks at a step that is left, or older than the last. */
const isPast = (stored: RolloutDocument, message: Message, context: RolloutContext): boolean => {
  switch (message.kind) {
    case 'outcome':
      return !stored.outbox.some((item) => item.id === message.effectId);
    case 'timer':
      return !stored.timers.some((timer) => timer.id === message.timerId && timer.token === message.token);
    case 'observed':
      // Who stood still for an hour brings a look that has long been taken, and forgotten among those that were seen.
      return (
        message.stepEntry !== context.stepEntry || message.look.atMs <= (context.evidence.lastAtMs ?? -1)
      );
    case 'noticed':
      return message.stepEntry !== context.stepEntry;
    case 'started':
    case 'recordExecuted':
      return true;
    case 'command':
    case 'alert':
      return false;
    default:
      return message satisfies never;
  }
};

const asksForWayBack = (message: Message): boolean =>
  message.kind === 'alert' || (message.kind === 'command' && message.command.name === 'rollback');

const refusalOf = (
  message: Message,
  words: { readonly state: string; readonly step: string },
  context: RolloutContext,
): string | null => {
  if (message.kind === 'command')
    return refuseCommand(
      message.command,
      { ...words, context, verdictsNow: () => verdictsNow(context) },
      message.origin,
    );
  return message.kind === 'alert' ? refuseAlert(message.incident, words.state, context) : null;
};

/** The effect whose outcome this is is done; the timer that fired is gone. */
const withoutDone = (stored: RolloutDocument, message: Message): Work => ({
  timers:
    message.kind === 'timer' ? stored.timers.filter((timer) => timer.id !== message.timerId) : stored.timers,
  outbox:
    message.kind === 'outcome' ? stored.outbox.filter((item) => item.id !== message.effectId) : stored.outbox,
});

const newVerdicts = (before: Snapshot, next: Snapshot): readonly Verdict[] =>
  before.context.verdicts === next.context.verdicts ? [] : next.context.verdicts;

/** No state wants it: an effect or timer that is done still leaves the document; anything else changes nothing. */
const ignored = (stored: RolloutDocument, message: Message, nowMs: number): Step => {
  if (message.kind === 'command')
    return refused(stored, message, `not possible in state ${stored.state}`, nowMs);
  if (message.kind === 'alert')
    return refused(stored, message, `not watched in state ${stored.state}`, nowMs);
  if (message.kind !== 'outcome' && message.kind !== 'timer') return { kind: 'duplicate' };
  const snapshot = JSON.parse(stored.snapshot) as Snapshot;
  return nextStep(stored, message, {
    persisted: snapshot,
    work: withoutDone(stored, message),
    nowMs,
    verdicts: [],
  });
};

const refused = (stored: RolloutDocument, message: Message, refusal: string, nowMs: number): Step => {
  const snapshot = JSON.parse(stored.snapshot) as Snapshot;
  const work = { timers: stored.timers, outbox: stored.outbox };
  return nextStep(stored, message, { persisted: snapshot, work, nowMs, verdicts: [], refusal });
};

interface Result {
  readonly persisted: Snapshot;
  readonly work: Work;
  readonly nowMs: number;
  readonly verdicts: readonly Verdict[];
  readonly refusal?: string | null;
  /** What the machine has still not heard of; absent: as it was. */
  readonly recordExecuted?: null;
}

const nextStep = (
  stored: RolloutDocument,
  message: Message,
  result: Result,
): Extract<Step, { kind: 'next' }> => {
  const { persisted, nowMs } = result;
  const { context } = persisted;
  const words = wordsOf(persisted.value);
  const finished = persisted.status !== 'active';
  if (finished && persisted.status !== 'done')
    throw new InvariantError('machine-error', `the machine of ${stored.rolloutId} stopped with an error`);
  const work: Work = finished ? { timers: [], outbox: [] } : result.work;
  const revision = stored.revision + 1;
  const refusal = result.refusal ?? null;
  const entry = sealEntry({
    rolloutId: stored.rolloutId,
    seq: stored.journalSeq + 1,
    atMs: nowMs,
    message,
    from: stored.state,
    to: words.state,
    effects: work.outbox
      .filter((item) => !stored.outbox.some((old) => old.id === item.id))
      .map((item) => item.effect.kind),
    verdicts: result.verdicts,
    refusal,
    sentence: describe(message, { from: stored.state, words, context, refusal, verdicts: result.verdicts }),
    previousHash: stored.journalHash,
  });
  const document: RolloutDocument = {
    ...stored,
    revision,
    state: words.state,
    held: context.hold?.reason ?? null,
    // A finished one is woken until its last entries are published.
    wakeAtMs: finished ? nowMs : wakeAt(words.state, context, work, nowMs),
    finishedAtMs: finished ? nowMs : null,
    lastNowMs: nowMs,
    fence: context.fence,
    failures: 0,
    ...plannedTexts(stored, message, context, refusal),
    recordExecuted: result.recordExecuted === null ? null : stored.recordExecuted,
    snapshot: JSON.stringify(persisted),
    timers: [...work.timers],
    outbox: [...work.outbox],
    seen: remember(stored.seen, message.messageId),
    journalSeq: entry.seq,
    journalHash: entry.hash,
  };
  return {
    kind: 'next',
    document,
    snapshot: persisted,
    entry,
    ...locksOf(stored, document, message),
    leftovers: finished ? leftoversOf(document, context) : [],
  };
};

/** min(timers, retry times, the next look); a document with work left always has one (P2). */
const wakeAt = (state: string, context: RolloutContext, work: Work, nowMs: number): number | null => {
  if (mustStayAwake(state, context)) return nowMs;
  const waits = context.hold !== null && !context.hold.auto;
  const times = [
    ...work.timers.map((timer) => timer.dueAtMs),
    ...work.outbox
      .filter((item) => !(waits && waitsWhileHeld(item.effect as unknown as Effect)))
      .map((item) => item.notBeforeMs),
    ...(isObserved(state, context) ? [nowMs + MINUTE_LOOK_MS] : []),
  ];
  return times.length === 0 ? nowMs : Math.min(...times);
};

const locksOf = (
  stored: RolloutDocument,
  next: RolloutDocument,
  message: Message,
): Pick<Extract<Step, { kind: 'next' }>, 'acquireLocks' | 'releaseLocks'> => {
  if (next.finishedAtMs !== null) {
    const planned = next.plan === null ? [] : (JSON.parse(next.plan) as { locks: string[] }).locks;
    return { acquireLocks: [], releaseLocks: [...new Set([stored.poolKey, ...planned])] };
  }
  if (message.kind === 'started')
    return { acquireLocks: message.queue ? [] : [stored.poolKey], releaseLocks: [] };
  if (message.kind !== 'outcome') return { acquireLocks: [], releaseLocks: [] };
  if (message.outcome.kind === 'queueOpen') return { acquireLocks: [stored.poolKey], releaseLocks: [] };
  if (message.outcome.kind === 'planned')
    return { acquireLocks: message.outcome.plan.locks, releaseLocks: [] };
  return { acquireLocks: [], releaseLocks: message.outcome.kind === 'locksTaken' ? [stored.poolKey] : [] };
};
