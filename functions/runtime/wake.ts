/**
 * One wake of one rollout: timers, outbox, looks. While weights are unconfirmed or 0 < share < 100 it stays awake and
 * looks again every few seconds until its budget is spent (protocol P3); everything else has the resolution of a tick.
 */

import { timerInWords } from '../../workflows/rollout/describe.ts';
import { dueTimers } from '../../workflows/rollout/outbox.ts';
import { isObserved, mustStayAwake } from '../../workflows/rollout/read-state.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { advance, commitOnce } from './advance.ts';
import { createDrainMemory, type DrainMemory, drain } from './drain.ts';
import { type Facts, factsOf } from './job.ts';
import { createLookMemory, type LookMemory, observe } from './observe.ts';
import { publishJournal } from './publish.ts';
import type { Shell } from './shell.ts';

interface Memory {
  readonly drain: DrainMemory;
  readonly look: LookMemory;
  /** The last minute whose heartbeat this wake sent on the way back. */
  beatMinute: number | null;
}

const MINUTE_MS = 60_000;

/** Verifying asks pod after pod, and a node pool is polled, within one wake as long as the budget lasts. */
const BUSY_STATES = new Set(['verifying', 'deploying']);
const BUSY_WAIT_MS = 10_000;

/** Wakes a rollout. @throws what the store throws, and InvariantError for a broken machine. */
export const wake = async (shell: Shell, rolloutId: string): Promise<void> => {
  const startMs = await shell.ports.time.now({});
  const endMs = startMs + shell.settings.wakeBudgetMs;
  const memory: Memory = { drain: createDrainMemory(shell), look: createLookMemory(), beatMinute: null };
  let nowMs = startMs;
  while (nowMs < endMs) {
    const waitMs = await turn(shell, rolloutId, { memory, nowMs, endMs });
    if (waitMs === null) return;
    nowMs = await shell.ports.time.wait({ ms: waitMs });
  }
  // A turn whose calls time out, or a wait that is too long, may have used up the budget by itself.
  const { document } = await shell.ports.store.load({ rolloutId });
  if (document !== null) await storeCursor(shell, document, memory.drain.publishedSeq);
};

/**
 * One turn, and how long until the next; null: it was the last. Nothing of the document outlives it: a wake mostly
 * waits, and a process has many of them.
 */
const turn = async (
  shell: Shell,
  rolloutId: string,
  at: { readonly memory: Memory; readonly nowMs: number; readonly endMs: number },
): Promise<number | null> => {
  const { memory, nowMs, endMs } = at;
  const { document, readAtMs } = await shell.ports.store.load({ rolloutId });
  if (document === null) return null;
  const next = await work(shell, document, { memory, readAtMs, endMs });
  const waitMs = pauseMs(shell, next, memory);
  memory.drain.facts = null;
  if (waitMs !== null && nowMs + waitMs < endMs) return waitMs;
  await storeCursor(shell, next, memory.drain.publishedSeq);
  return null;
};

interface Turn {
  readonly memory: Memory;
  readonly readAtMs: number;
  readonly endMs: number;
}

/** Timers, outbox, look, publication. */
const work = async (shell: Shell, loaded: RolloutDocument, run: Turn): Promise<RolloutDocument> => {
  const { memory, endMs } = run;
  let document = loaded;
  if (document.finishedAtMs === null) {
    document = await lookBeforeJudging(shell, document, run);
    document = await fireTimers(shell, document, run.readAtMs);
    document = await drain(shell, document, memory.drain, endMs);
  }
  if (document.finishedAtMs === null) {
    const facts = factsOf(document, memory.drain);
    if (isObserved(facts.state.state, facts.state.context) && facts.plan !== null) {
      // What was decided in this turn is older than what is seen now.
      const seen = await observe(shell, facts, memory, {
        nowMs: Math.max(run.readAtMs, document.lastNowMs),
      });
      if (seen.revision !== document.revision) document = await drain(shell, seen, memory.drain, endMs);
    } else if (mustStayAwake(facts.state.state, facts.state.context)) await beat(shell, facts, run);
  }
  memory.drain.publishedSeq = await publishJournal(shell, document, memory.drain.publishedSeq);
  return document;
};

/** The judges of a bake that is over speak on everything up to its end, not up to the last full minute. */
const lookBeforeJudging = async (
  shell: Shell,
  document: RolloutDocument,
  { memory, readAtMs }: Turn,
): Promise<RolloutDocument> => {
  const nowMs = Math.max(readAtMs, document.lastNowMs);
  if (!dueTimers(document.timers, nowMs).some(({ id }) => timerInWords(id) === 'bake')) return document;
  const facts = factsOf(document, memory.drain);
  return facts.plan === null ? document : observe(shell, facts, memory, { nowMs, isLast: true });
};

/**
 * A way back that takes long is looked after as well: the alarm outside is for what nobody looks after, or cannot (I16):
 * a rollback that could not even be tried stays in the outbox.
 */
const beat = async (shell: Shell, facts: Facts, { memory, readAtMs }: Turn): Promise<void> => {
  const minute = Math.floor(readAtMs / MINUTE_MS);
  const isTried = facts.document.outbox.every((item) => item.effect.kind !== 'rollBack');
  if (facts.plan === null || !isTried || memory.beatMinute === minute) return;
  memory.beatMinute = minute;
  await shell.ports.monitoring.heartbeat({
    project: facts.plan.alerts.project,
    rolloutId: facts.document.rolloutId,
    atMs: readAtMs,
  });
};

/**
 * Keeps how far the journal is published, where no later commit of this invocation does. A finished rollout whose last
 * entries are out is woken no more; its state does not change (I6).
 */
const storeCursor = async (shell: Shell, document: RolloutDocument, publishedSeq: number): Promise<void> => {
  const closes =
    document.finishedAtMs !== null && document.wakeAtMs !== null && publishedSeq >= document.journalSeq;
  if (publishedSeq <= document.publishedSeq && !closes) return;
  await commitOnce(shell, {
    expectedRevision: document.revision,
    document: {
      ...document,
      revision: document.revision + 1,
      lastCommitId: shell.nextCommitId(),
      wakeAtMs: closes ? null : document.wakeAtMs,
      publishedSeq,
    },
    entries: [],
  });
};

/** In order of time, deadlines before bakes; each is an event of its own. */
const fireTimers = async (
  shell: Shell,
  loaded: RolloutDocument,
  readAtMs: number,
): Promise<RolloutDocument> => {
  let document = loaded;
  const nowMs = Math.max(readAtMs, loaded.lastNowMs);
  for (const timer of dueTimers(loaded.timers, nowMs)) {
    const advanced = await advance(shell, loaded.rolloutId, (current) =>
      current.timers.some((set) => set.token === timer.token)
        ? { kind: 'timer', messageId: `${timer.token}/fired`, timerId: timer.id, token: timer.token }
        : null,
    );
    if (advanced.kind !== 'missing') document = advanced.document;
  }
  return document;
};

/** How long until the next turn of this wake; null ends it. */
const pauseMs = (shell: Shell, document: RolloutDocument, memory: Memory): number | null => {
  if (document.finishedAtMs !== null) return null;
  const { state } = factsOf(document, memory.drain);
  if (mustStayAwake(state.state, state.context))
    return memory.look.suspicious ? shell.settings.suspiciousLookMs : shell.settings.lookMs;
  return BUSY_STATES.has(state.state) && document.outbox.length > 0 ? BUSY_WAIT_MS : null;
};

/** After a message from a door: run what it decided, within the budget of an ordinary invocation. */
export const settle = async (shell: Shell, document: RolloutDocument): Promise<RolloutDocument> => {
  const nowMs = await shell.ports.time.now({});
  const memory = createDrainMemory(shell);
  const drained = await drain(shell, document, memory, nowMs + shell.settings.budgetMs);
  const publishedSeq = await publishJournal(shell, drained, 0);
  await storeCursor(shell, drained, publishedSeq);
  // Somebody must keep looking, and not only from the next tick on.
  const { state } = factsOf(drained, memory);
  if (drained.finishedAtMs === null && mustStayAwake(state.state, state.context))
    await publishWake(shell, drained);
  return drained;
};

/** Asks for a wake. One that is lost is made up for by the next tick. */
export const publishWake = async (
  shell: Shell,
  due: { readonly rolloutId: string; readonly wakeAtMs: number | null },
): Promise<void> => {
  await shell.ports.bus.publish({
    topic: 'wakes',
    message: { id: `${due.rolloutId}/${due.wakeAtMs ?? 0}`, data: { rolloutId: due.rolloutId } },
  });
};
