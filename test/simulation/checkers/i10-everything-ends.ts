/** I10: once faults have stopped and deadlines have passed, every rollout is promoted, rolledBack or failed. */
import type { Checker, Order, Seen, SeenEntry, Violation } from '../seen.ts';
import { lifeOf, livesOf } from './lives.ts';
import { timelineOf } from './timeline.ts';
import { span } from './words.ts';

/** A trial that took so long was not ended because everything was over. */
const PATIENCE_MS = 90 * 3_600_000;

const lastWord = (seen: Seen, entry: SeenEntry): string =>
  `its last entry, ${entry.seq}, is ${span(seen.endMs - entry.atMs)} old: "${entry.sentence}"`;

/** What looks do every minute says nothing about where it hangs. */
const telling = (entries: readonly SeenEntry[]): SeenEntry | undefined =>
  entries.findLast(({ message }) => message.kind !== 'observed') ?? entries.at(-1);

const unfinished = (seen: Seen): readonly Violation[] =>
  livesOf(seen).flatMap(({ rolloutId, end, entries, restoredAtMs }) => {
    const last = telling(entries);
    if (end !== undefined || last === undefined) return [];
    // A journal that goes on from an older entry repeats numbers that were published: its end may be among them.
    if (Number.isFinite(restoredAtMs) && seen.endMs - seen.quietFromMs < PATIENCE_MS) return [];
    return [
      {
        rule: 'I10' as const,
        atMs: seen.endMs,
        rolloutId,
        sentence: `still in ${last.to} at the end; ${lastWord(seen, last)}`,
      },
    ];
  });

/** Of every start that was said to be one there is a rollout, and of every rollout something is published. */
const unheardOf = (seen: Seen, order: Order): readonly Violation[] => {
  const answer = timelineOf(seen)
    .of('answer')
    .find(({ id, status }) => id === order.requestId && status >= 200 && status < 300);
  if (order.rolloutId === null)
    return answer === undefined
      ? []
      : [
          {
            rule: 'I10',
            atMs: answer.atMs,
            rolloutId: null,
            sentence: `${order.requestId} was answered ${answer.status} ${answer.code}, and there is no rollout`,
          },
        ];
  return lifeOf(seen, order.rolloutId) === undefined
    ? [
        {
          rule: 'I10',
          atMs: seen.endMs,
          rolloutId: order.rolloutId,
          sentence: 'it was started, and nothing was ever published of it',
        },
      ]
    : [];
};

export const everythingEnds: Checker = (seen) => [
  ...unfinished(seen),
  ...seen.orders.flatMap((order) => unheardOf(seen, order)),
];
