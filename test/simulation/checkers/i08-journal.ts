/** I8, of journals: each message has one entry at most, commands meet what they were about, every entry is published once and for all. */
import type { Seen, SeenEntry, Violation } from '../seen.ts';
import { commandOf, isApplied } from './journal.ts';
import { type Life, livesOf } from './lives.ts';
import { at, canonical } from './routes.ts';
import { timelineOf } from './timeline.ts';

const violation = (life: Life, entry: SeenEntry, sentence: string): Violation => ({
  rule: 'I8',
  atMs: life.publishedMs(entry),
  rolloutId: life.rolloutId,
  sentence,
});

type Check = (life: Life) => readonly Violation[];

/** Sentences for each entry in the order of the journal; the check remembers what it saw before. */
const walk = (life: Life, look: (entry: SeenEntry) => string | null): readonly Violation[] =>
  life.entries.flatMap((entry) => {
    const sentence = look(entry);
    return sentence === null ? [] : [violation(life, entry, sentence)];
  });

const appliedTwice: Check = (life) => {
  const applied = new Map<string, number>();
  return walk(life, (entry) => {
    if (!isApplied(entry)) return null;
    const { messageId } = entry.message;
    const before = applied.get(messageId);
    applied.set(messageId, entry.seq);
    return before === undefined
      ? null
      : `${entry.message.kind} ${messageId} was applied by entry ${before} and again by entry ${entry.seq}`;
  });
};

const gaps: Check = (life) => {
  let wanted = 1;
  return walk(life, ({ seq }) => {
    const missing = wanted;
    wanted = seq + 1;
    if (seq === missing) return null;
    return `entry ${seq} was published, but never ${seq - 1 === missing ? `entry ${missing}` : `entries ${missing} to ${seq - 1}`}`;
  });
};

/** The highest generation wins, whatever the order of arrival. */
const generations: Check = (life) => {
  let highest = 0;
  return walk(life, (entry) => {
    const name = commandOf(entry);
    const generation = at(entry.message, 'command', 'generation');
    if ((name !== 'pause' && name !== 'resume') || typeof generation !== 'number') return null;
    const before = highest;
    highest = Math.max(highest, generation);
    return generation > before
      ? null
      : `entry ${entry.seq} applied ${name} of generation ${generation} after one of generation ${before}`;
  });
};

const STEPPED: ReadonlySet<string> = new Set(['approve', 'skip', 'finish']);

/** Work that belongs to another step than one that waits or bakes. */
const MOVES_ON: ReadonlySet<string> = new Set(['proveWayBack', 'setWeights', 'confirmWeights']);

/** `rolloutId/seq`: the entry with which the step was entered. */
const seqOf = (stepEntry: string): number => Number(/\/(\d+)$/u.exec(stepEntry)?.[1] ?? Number.NaN);

/** A command about a step is applied in that step, and one is enough for it. */
const targets: Check = (life) => {
  const used = new Map<string, SeenEntry>();
  return walk(life, (entry) => {
    const name = commandOf(entry);
    const stepEntry = at(entry.message, 'command', 'stepEntry');
    if (name === null || !STEPPED.has(name) || typeof stepEntry !== 'string') return null;
    const before = used.get(stepEntry);
    used.set(stepEntry, entry);
    if (before !== undefined)
      return `entry ${entry.seq} applied ${name} to the step ${stepEntry}, which entry ${before.seq} had ended`;
    const enteredSeq = seqOf(stepEntry);
    const left = life.entries.find(
      ({ seq, from, to, effects }) =>
        seq > enteredSeq && seq < entry.seq && (from !== to || effects.some((kind) => MOVES_ON.has(kind))),
    );
    return left === undefined
      ? null
      : `entry ${entry.seq} applied ${name} to the step ${stepEntry}, which was left with entry ${left.seq}`;
  });
};

const changed = (seen: Seen, kept: ReadonlyMap<string, Life>): readonly Violation[] => {
  const first = new Map<string, SeenEntry>();
  return timelineOf(seen)
    .of('published')
    .flatMap(({ atMs, id, entry }) => {
      const before = first.get(id);
      if (before === undefined) first.set(id, entry);
      if (!kept.has(entry.rolloutId)) return [];
      if (id !== `${entry.rolloutId}/${entry.seq}`)
        return [
          {
            rule: 'I8' as const,
            atMs,
            rolloutId: entry.rolloutId,
            sentence: `entry ${entry.seq} of ${entry.rolloutId} was published as ${id}`,
          },
        ];
      if (before === undefined || before === entry || canonical(before) === canonical(entry)) return [];
      return [
        {
          rule: 'I8' as const,
          atMs,
          rolloutId: entry.rolloutId,
          sentence: `entry ${id} was published as "${before.sentence}" and again as "${entry.sentence}"`,
        },
      ];
    });
};

/** What is wrong in the published journals. Those of documents that were set back repeat themselves. */
export const checkJournals = (seen: Seen): readonly Violation[] => {
  const kept = livesOf(seen).filter(({ restoredAtMs }) => !Number.isFinite(restoredAtMs));
  return [
    ...kept.flatMap((life) => [appliedTwice, gaps, generations, targets].flatMap((check) => check(life))),
    ...changed(seen, new Map(kept.map((life) => [life.rolloutId, life]))),
  ];
};
