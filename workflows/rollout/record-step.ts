/** The way back without the machine (protocol P5), and how the machine hears of it afterwards. */
import type { AnyStateMachine } from 'xstate';
import { GOING_BACK, refuseCommand } from './admit.ts';
import { sealEntry } from './journal.ts';
import type { Message } from './messages.ts';
import { type Collected, pureTransition } from './pure-transition.ts';
import { type Snapshot, wordsOf } from './read-state.ts';
import { remember } from './seen.ts';
import type { JournalEntry, RolloutDocument } from './stored.ts';
import { verdictsNow } from './verdicts-now.ts';

/**
 * Only the fence moves, in the document and, where it can be read, in the snapshot. Everything else stays for the code
 * that can run the machine.
 */
export const recordStep = (
  stored: RolloutDocument,
  message: Extract<Message, { kind: 'recordExecuted' }>,
  nowMs: number,
): { readonly document: RolloutDocument; readonly entry: JournalEntry } => {
  const fence = stored.fence + 1;
  const done =
    stored.rollbackRecord === null
      ? 'and nothing was written yet that could be written back'
      : 'the stored originals are written back';
  const entry = sealEntry({
    rolloutId: stored.rolloutId,
    seq: stored.journalSeq + 1,
    atMs: nowMs,
    message,
    from: stored.state,
    to: stored.state,
    effects: [],
    verdicts: [],
    refusal: null,
    sentence: `the machine cannot be used, ${done}: ${message.why}`,
    previousHash: stored.journalHash,
  });
  const document: RolloutDocument = {
    ...stored,
    revision: stored.revision + 1,
    lastNowMs: nowMs,
    fence,
    snapshot: withFence(stored.snapshot, fence),
    recordExecuted: message.why,
    // A way back that is under way is not a decision of before: its effects go on, under the new fence.
    outbox: GOING_BACK.has(stored.state) ? stored.outbox.map((item) => ({ ...item, fence })) : stored.outbox,
    seen: remember(stored.seen, message.messageId),
    journalSeq: entry.seq,
    journalHash: entry.hash,
  };
  return { document, entry };
};

const withFence = (snapshot: string, fence: number): string => {
  try {
    const json = JSON.parse(snapshot) as Snapshot;
    return JSON.stringify({ ...json, context: { ...json.context, fence } });
  } catch {
    return snapshot;
  }
};

const BY_RECORD = { principal: 'sluice', via: 'record' } as const;

/**
 * A record that was executed is a rollback that happened: the machine hears of it before anything else, or the next
 * message would find a drift, and somebody might let the share grow again (I4).
 */
export const heardOfRecord = (
  machine: AnyStateMachine,
  stored: RolloutDocument,
  before: Snapshot,
): { readonly before: Snapshot; readonly earlier: Collected['actions'] } => {
  if (stored.recordExecuted === null) return { before, earlier: [] };
  const { context } = before;
  const command = { name: 'rollback', reason: stored.recordExecuted, force: false } as const;
  const now = { ...wordsOf(before.value), context, verdictsNow: () => verdictsNow(context) };
  if (refuseCommand(command, now, BY_RECORD) !== null) return { before, earlier: [] };
  const event = { type: 'command.rollback', command, principal: BY_RECORD.principal } as const;
  const { next, actions } = pureTransition(machine, before, event);
  return { before: next as Snapshot, earlier: actions };
};
