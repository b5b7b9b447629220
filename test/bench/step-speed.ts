/**
 * step.vs.bare and step.p50, over every message of a real rollout's journal.
 *
 *   numerator    stored document string → JSON.parse → schema → step (evidence, tripwires, transition, timers, outbox,
 *                journal entry with its hash) → schema → stored document string and stored entry string
 *   denominator  stored snapshot string → JSON.parse → restoreSnapshot → transition(same event) → getPersistedSnapshot
 *                → JSON.stringify, of the same machine; its string is the snapshot alone, a third of the document
 *
 * Both are timed message by message, one after the other and in changing order; a repetition is the whole journal.
 */
import { type AnyStateMachine, transition } from 'xstate';
import { must } from '../../workflows/assert.ts';
import { checkBatch } from '../../workflows/rollout/check-batch.ts';
import { eventOf } from '../../workflows/rollout/event-of.ts';
import type { RolloutEvent } from '../../workflows/rollout/events.ts';
import type { Message } from '../../workflows/rollout/messages.ts';
import { parseDocument } from '../../workflows/rollout/parse-document.ts';
import { readState, wordsOf } from '../../workflows/rollout/read-state.ts';
import { step } from '../../workflows/rollout/step.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { type Figure, median, round, type Say, spread, sum } from './figure.ts';
import { restart } from './restart.ts';
import { HALF_HOUR_FILE, wholeRollout } from './whole-rollout.ts';

const WARM_UP = 30;
const REPETITIONS = 60;

interface Case {
  readonly message: Message;
  readonly atMs: number;
  readonly machine: AnyStateMachine;
  readonly documentText: string;
  /** The machine's part of it, with the clock of this message set. */
  readonly snapshotText: string;
  readonly event: RolloutEvent;
}

/** The document as it was before each message. */
const casesOf = (ended: RolloutDocument, entries: readonly JournalEntry[]): readonly Case[] => {
  const [first, ...rest] = entries;
  let { document } = restart(ended, must(first, 'first entry'));
  return rest.map(({ message, atMs, seq }) => {
    if (message.kind === 'started') throw new Error('a second start');
    const snapshot = JSON.parse(document.snapshot) as { value: unknown };
    const context = { ...readState(document).context, nowMs: atMs, revision: seq };
    const made: Case = {
      message,
      atMs,
      machine: must(VERSIONS.get(document.machineVersion), 'machine').machine,
      documentText: JSON.stringify(document),
      snapshotText: JSON.stringify({ ...snapshot, context }),
      event: eventOf(message as never, context, wordsOf(snapshot.value)).event,
    };
    const next = step(document, message, atMs);
    if (next.kind !== 'next') throw new Error(`entry ${seq} is ${next.kind} now`);
    document = next.document;
    return made;
  });
};

const production = ({ documentText, message, atMs }: Case): number => {
  const document = parseDocument(JSON.parse(documentText));
  const next = step(document, message, atMs);
  if (next.kind !== 'next') throw new Error(next.kind);
  const written = checkBatch({
    expectedRevision: document.revision,
    document: next.document,
    entries: [next.entry],
  });
  return written.documentJson.length + sum(written.entryJsons.map((text) => text.length));
};

const bare = ({ machine, snapshotText, event }: Case): number => {
  const snapshot = machine.restoreSnapshot(JSON.parse(snapshotText), {} as never);
  const [next] = transition(machine, snapshot, event);
  return JSON.stringify(machine.getPersistedSnapshot(next as never)).length;
};

interface Times {
  readonly production: number[];
  readonly bare: number[];
}

/** µs of one call; `sink` keeps the result from being optimised away. */
const timed = (work: (given: Case) => number, given: Case, sink: { bytes: number }): number => {
  const fromMs = performance.now();
  sink.bytes += work(given);
  return (performance.now() - fromMs) * 1000;
};

const repetition = (cases: readonly Case[], isOdd: boolean, sink: { bytes: number }): Times => {
  const times: Times = { production: [], bare: [] };
  for (const given of cases) {
    if (isOdd) times.bare.push(timed(bare, given, sink));
    times.production.push(timed(production, given, sink));
    if (!isOdd) times.bare.push(timed(bare, given, sink));
  }
  return times;
};

export const stepSpeed = async (say: Say): Promise<readonly Figure[]> => {
  const { document, entries } = await wholeRollout({ seed: 1 }, HALF_HOUR_FILE);
  const cases = casesOf(document, entries);
  const sink = { bytes: 0 };
  for (let index = 0; index < WARM_UP; index += 1) repetition(cases, index % 2 === 1, sink);
  const runs = Array.from({ length: REPETITIONS }, (_, index) => repetition(cases, index % 2 === 1, sink));
  const ratios = runs.map((run) => sum(run.production) / sum(run.bare));
  const perMessage = cases.map((_, index) => median(runs.map((run) => run.production[index] ?? Number.NaN)));
  const perBare = cases.map((_, index) => median(runs.map((run) => run.bare[index] ?? Number.NaN)));
  say(`${cases.length} messages, document ${document.snapshot.length} bytes of snapshot`);
  say(`ratio of whole journals: ${spread(ratios)}`);
  say(`production ${spread(perMessage, 0)} µs; bare ${spread(perBare, 0)} µs`);
  return [
    {
      name: 'step.vs.bare',
      value: round(median(ratios), 2),
      unit: 'ratio',
      means:
        'stored document in to stored document and entry out, over a bare parse, restore, transition, persist and stringify of the snapshot alone',
    },
    {
      name: 'step.p50',
      value: round(median(perMessage), 0),
      unit: 'µs',
      means:
        'stored document in to stored document and entry out; median over the messages of a whole journal',
    },
  ];
};
