/**
 * Runs what the outbox holds: rollback first, then traffic, then the rest (protocol P3). Outcomes re-enter `step` in
 * process. Effects are idempotent and need no leases: two drains of one rollout at once only do work twice.
 */
import { type Effect, effectLane, waitsWhileHeld } from '../../workflows/rollout/effects.ts';
import type { Outcome } from '../../workflows/rollout/messages.ts';
import type { OutboxItem, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { advance } from './advance.ts';
import { carryOut } from './hands/carry-out.ts';
import { type Facts, type FactsCache, factsOf, jobOf } from './job.ts';
import type { Shell } from './shell.ts';

/** What one invocation remembers between two drains of the same rollout. */
export interface DrainMemory extends FactsCache {
  /** Items that are not to be tried before. Not stored: another invocation tries at its own time. */
  readonly retryAtMs: Map<string, number>;
  /** Journal entries up to here were published; stored with the next commit. */
  publishedSeq: number;
}

export const createDrainMemory = (shell: Shell): DrainMemory => ({
  facts: null,
  texts: shell.texts,
  retryAtMs: new Map(),
  publishedSeq: 0,
});

/** More decisions in a row than any rollout makes at once. */
const ITEMS_MAX = 100;

/** Drains until nothing is immediate or the budget is spent. Returns the document as it then stands. */
export const drain = async (
  shell: Shell,
  document: RolloutDocument,
  memory: DrainMemory,
  budgetEndMs: number,
): Promise<RolloutDocument> => {
  let current = document;
  for (let count = 0; count < ITEMS_MAX; count += 1) {
    if (current.outbox.length === 0) return current;
    const nowMs = await shell.ports.time.now({});
    if (nowMs >= budgetEndMs) return current;
    const facts = factsOf(current, memory);
    const item = nextItem(facts, memory, nowMs);
    if (item === null) return current;
    current = await runItem(shell, facts, item, { memory, nowMs });
  }
  return current;
};

const runItem = async (
  shell: Shell,
  facts: Facts,
  item: OutboxItem,
  run: { readonly memory: DrainMemory; readonly nowMs: number },
): Promise<RolloutDocument> => {
  const { document } = facts;
  const result = await carryOut(shell.ports, await jobOf(shell, facts, item, run.nowMs));
  if (result.kind === 'again') {
    run.memory.retryAtMs.set(item.id, run.nowMs + result.inMs);
    return document;
  }
  if (result.kind === 'stale') {
    run.memory.retryAtMs.set(item.id, Number.POSITIVE_INFINITY);
    return (await shell.ports.store.load({ rolloutId: document.rolloutId })).document ?? document;
  }
  return land(shell, document, { item, publishedSeq: run.memory.publishedSeq }, result.outcome);
};

/** An outcome enters `step`; a lock that is taken is an outcome of its own. */
const land = async (
  shell: Shell,
  document: RolloutDocument,
  from: { readonly item: OutboxItem; readonly publishedSeq: number },
  outcome: Outcome,
): Promise<RolloutDocument> => {
  const { id } = from.item;
  const enter = (landed: Outcome) =>
    advance(
      shell,
      document.rolloutId,
      () => ({ kind: 'outcome', messageId: `${id}/${landed.kind}`, effectId: id, outcome: landed }),
      from.publishedSeq,
    );
  const advanced = await enter(outcome);
  if (advanced.kind === 'missing') return document;
  if (advanced.kind !== 'locked') return advanced.document;
  const back = await enter({ kind: 'locksTaken', key: advanced.key, holder: advanced.holder });
  return back.kind === 'missing' ? document : back.document;
};

const nextItem = (facts: Facts, memory: DrainMemory, nowMs: number): OutboxItem | null => {
  const { hold } = facts.state.context;
  const forwardWaits = hold !== null && !hold.auto;
  const runnable = facts.document.outbox.filter(
    (item) =>
      (memory.retryAtMs.get(item.id) ?? 0) <= nowMs &&
      !(forwardWaits && waitsWhileHeld(item.effect as unknown as Effect)),
  );
  const [first] = runnable.toSorted((a, b) => effectLane(kindOf(a)) - effectLane(kindOf(b)));
  return first ?? null;
};

const kindOf = (item: OutboxItem): Effect['kind'] => (item.effect as unknown as Effect).kind;
