/**
 * I3, what people laid down beside the gates: a share grows to a rung with an approval only after somebody approved the
 * question that was asked for it, which no `skip` answers; and it grows within a window only.
 */
import type { Checker, Order, SeenEntry, Violation } from '../seen.ts';
import { type Raise, raisesOf } from './climb.ts';
import { commandOf } from './journal.ts';
import { at } from './routes.ts';
import { timelineOf } from './timeline.ts';
import { span } from './words.ts';

/** Between the last look at the clock and the write that relied on it, as for pods (I1). */
const TOLERANCE_MS = 30_000;

/** Rungs that a growth reaches for the first time and that ask somebody. */
const rungsThatAsk = ({ ladder }: Order, { rung, reached }: Raise): number =>
  ladder.filter(({ approval }, index) => approval && index > reached && index <= rung).length;

/** Number in the journal of the entry of its own rollout that a command names; null: it names none. */
const namedSeq = ({ message, rolloutId }: SeenEntry): number | null => {
  const name = at(message, 'command', 'stepEntry');
  const [, of, seq] = typeof name === 'string' ? (/^(.+)\/(\d+)$/.exec(name) ?? []) : [];
  return of === rolloutId ? Number(seq) : null;
};

/** The entry that asked what an approval answers: whoever is asked is told, so it pages. undefined: nothing was asked. */
const questionOf = (entries: readonly SeenEntry[], approval: SeenEntry): SeenEntry | undefined => {
  const named = namedSeq(approval);
  return entries.find(({ seq, effects }) => seq === named && seq < approval.seq && effects.includes('page'));
};

const isUnapproved = (
  order: Order,
  entries: readonly SeenEntry[],
  raise: Raise,
  sinceMs: number,
): boolean => {
  const wanted = rungsThatAsk(order, raise);
  if (wanted === 0) return false;
  const questions = new Set(
    entries
      .filter((entry) => commandOf(entry) === 'approve' && entry.atMs <= raise.write.issuedAtMs)
      .flatMap((entry) => questionOf(entries, entry) ?? [])
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ seq }) => seq),
  );
  return questions.size < wanted;
};

/** For how long all windows had been shut, ms; 0: one was open, or there are none; Infinity: none had opened yet. */
const shutForMs = ({ windows }: Order, atMs: number): number => {
  if (windows.length === 0 || windows.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)) return 0;
  return Math.min(...windows.map(({ toMs }) => (toMs <= atMs ? atMs - toMs : Number.POSITIVE_INFINITY)));
};

const sentencesOf = (
  order: Order,
  entries: readonly SeenEntry[],
  raise: Raise,
  sinceMs: number,
): readonly string[] => {
  const { write, sharePercent } = raise;
  const grew = `${write.name} grew to ${Math.round(sharePercent * 10) / 10} %`;
  const shutMs = shutForMs(order, write.issuedAtMs);
  const outside =
    shutMs === Number.POSITIVE_INFINITY
      ? 'before its window opened'
      : `${span(shutMs)} after its window had closed`;
  return [
    ...(isUnapproved(order, entries, raise, sinceMs)
      ? [`${grew} although nobody had approved what was asked before it`]
      : []),
    ...(shutMs > TOLERANCE_MS ? [`${grew} ${outside}`] : []),
  ];
};

export const askedAndInTime: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    const { rolloutId } = order;
    if (rolloutId === null) continue;
    const entries = timeline.entries(rolloutId);
    const raises = raisesOf(timeline, order);
    for (const [index, raise] of raises.entries()) {
      // The same share once more, on another route or after others had changed it, was asked for before.
      if (raise.rung <= raise.reached) continue;
      // What a document of yesterday says of questions and answers is true of yesterday.
      if (raise.write.atMs >= timeline.restoredAtMs(rolloutId)) continue;
      const sinceMs = raises[index - 1]?.write.issuedAtMs ?? 0;
      for (const sentence of sentencesOf(order, entries, raise, sinceMs))
        found.push({ rule: 'I3', atMs: raise.write.atMs, rolloutId, sentence });
    }
  }
  return found;
};
