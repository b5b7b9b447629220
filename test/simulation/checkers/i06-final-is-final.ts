/** I6: a finished rollout never changes and never writes. */
import type { Checker, Seen, SeenGke, SeenWrite, Violation } from '../seen.ts';
import { type Life, livesOf, writerOf } from './lives.ts';
import { canonical } from './routes.ts';
import { timelineOf } from './timeline.ts';
import { nameOfWritten, span } from './words.ts';

/** Value: the rollout's id. */
const INTENT = 'sluice.dev/intent';
/** On node pools. */
const OWNER_LABEL = 'sluice-rollout';

const changesSpec = ({ before, after }: SeenWrite): boolean =>
  canonical(before?.['spec']) !== canonical(after?.['spec']);

const violation = (life: Life, atMs: number, sentence: string): Violation => ({
  rule: 'I6',
  atMs,
  rolloutId: life.rolloutId,
  sentence,
});

const sinceEnd = (life: Life, ms: number): string =>
  `${span(ms - life.endedByMs)} after the rollout was ${life.end?.to ?? 'over'}`;

/** Who read the document just before its end, and heard the answer late, cannot know of it. */
const GRACE_MS = 15_000;

/**
 * Sent after the end, or sent before and landed after it with an effect on the traffic. A fence that was renewed in the
 * seconds in which nobody could know better harms nobody.
 */
const fenced = (life: Life, write: SeenWrite): readonly Violation[] => {
  if (write.atMs <= life.endedByMs) return [];
  if (!changesSpec(write) && write.issuedAtMs <= life.endedByMs + GRACE_MS) return [];
  const sentence =
    write.issuedAtMs > life.endedByMs
      ? `${nameOfWritten(write)} was written ${sinceEnd(life, write.issuedAtMs)}`
      : `a late write changed ${nameOfWritten(write)} ${sinceEnd(life, write.atMs)}`;
  return [violation(life, write.atMs, sentence)];
};

/** What bears the rollout's intent is made and deleted before its end; no precondition could guard a creation. */
const owned = (life: Life, write: SeenWrite): readonly Violation[] => {
  if (write.issuedAtMs <= life.endedByMs + GRACE_MS) return [];
  const verb = write.verb === 'create' ? 'created' : write.verb === 'delete' ? 'deleted' : null;
  return verb === null
    ? []
    : [
        violation(
          life,
          write.atMs,
          `${nameOfWritten(write)} was ${verb} ${sinceEnd(life, write.issuedAtMs)}`,
        ),
      ];
};

/** A node pool that was kept is deleted later; none is made. */
const bought = (life: Life, call: SeenGke): readonly Violation[] =>
  call.what === 'createNodePool' && call.issuedAtMs > life.endedByMs
    ? [
        violation(
          life,
          call.atMs,
          `node pool ${call.nodePool} was asked for ${sinceEnd(life, call.issuedAtMs)}`,
        ),
      ]
    : [];

const laterEntries = ({ end, entries, ...life }: Life): readonly Violation[] =>
  end === undefined
    ? []
    : entries
        .filter((entry) => entry.seq > end.seq)
        .slice(0, 1)
        .map((entry) =>
          violation(
            { end, entries, ...life },
            life.publishedMs(entry),
            `entry ${entry.seq} ("${entry.sentence}") follows entry ${end.seq}, with which the rollout was ${end.to}`,
          ),
        );

/** Whose decision a write was, by its fence; on what carries adapters' weights, by the fence of the alias. */
const byFence = (seen: Seen, lives: ReadonlyMap<string, Life>): readonly Violation[] => {
  const timeline = timelineOf(seen);
  const views = new Set(timeline.routes);
  return [...timeline.of('write').filter((write) => !views.has(write)), ...timeline.routes].flatMap(
    (write) => {
      const writer = lives.get(writerOf(write) ?? '');
      return writer === undefined ? [] : fenced(writer, write);
    },
  );
};

const byIntent = (seen: Seen, lives: ReadonlyMap<string, Life>): readonly Violation[] =>
  timelineOf(seen)
    .of('write')
    .flatMap((write) => {
      if (write.by !== 'sluice') return [];
      const intent = (write.after ?? write.before)?.metadata.annotations?.[INTENT];
      const owner = lives.get(intent ?? '');
      return owner === undefined ? [] : owned(owner, write);
    });

/** A rollout whose document was set back to an older version may do again what it did. */
export const finalIsFinal: Checker = (seen) => {
  const ended = livesOf(seen).filter((life) => life.end !== undefined && !Number.isFinite(life.restoredAtMs));
  const lives = new Map(ended.map((life) => [life.rolloutId, life]));
  return [
    ...ended.flatMap(laterEntries),
    ...byFence(seen, lives),
    ...byIntent(seen, lives),
    ...timelineOf(seen)
      .of('gke')
      .flatMap((call) => {
        const life = lives.get(call.labels[OWNER_LABEL] ?? '');
        return life === undefined ? [] : bought(life, call);
      }),
  ];
};
