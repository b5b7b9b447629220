/** What is wrong with a rollout that was killed: nothing, if it ended as without it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BusFile, type StoredMessage } from '../../local/bus/bus-file.ts';
import { readJournal } from '../../local/read-journal.ts';
import { RESOURCES } from '../../workflows/kubernetes.ts';
import type { Plan } from '../../workflows/plans/plan.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import { replay } from '../../workflows/rollout/replay.ts';
import type { JournalEntry, Leftover, Rejected, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { CHECKERS } from '../simulation/checkers/all.ts';
import type { Seen, Sighting } from '../simulation/seen.ts';
import { differences, type GroundTruth, groundTruth } from './ground-truth.ts';
import type { Play } from './play.ts';
import { entryOf, seenOf } from './seen-of-play.ts';

interface Left {
  readonly document: RolloutDocument;
  readonly journal: readonly JournalEntry[];
  readonly leftovers: readonly Leftover[];
  readonly rejected: readonly Rejected[];
  /** Keys of the plan that somebody holds still. */
  readonly locked: readonly string[];
}

/** What comes to a rollout that is over is set aside. */
const AFTER_THE_END = 'finished';
const EVENTS_MAX = 100_000;
/** What ticks and wakes say, the next ones say as well. */
const REPEATED = new Set(['ticks', 'wakes']);

const leftIn = async (play: Play): Promise<Left | null> => {
  const { options, stateDir, host, follower } = play;
  const { document } = follower;
  const reader = await options.store.openDead(stateDir, () => host.clock.nowMs());
  if (reader === null || document === null) return null;
  try {
    const { rolloutId, poolKey, plan } = document;
    const keys = [poolKey, ...(plan === null ? [] : (JSON.parse(plan) as Plan).locks)];
    const holders = await reader.locks({ keys });
    const { leftovers } = await reader.leftovers({ dueOnly: false });
    return {
      document: (await reader.load({ rolloutId })).document ?? document,
      journal: await readJournal(reader, rolloutId),
      leftovers,
      rejected: await reader.rejected(),
      locked: keys.filter((_key, index) => holders[index] !== null),
    };
  } finally {
    await reader.close();
  }
};

/** Everything that the test read of the journal while the processes lived is in it still. */
const lostEntries = ({ follower }: Play, { journal }: Left): readonly string[] => [
  ...follower.problems,
  ...follower.entries.flatMap((entry) =>
    journal[entry.seq - 1]?.hash === entry.hash
      ? []
      : [`entry ${entry.seq} (${entry.sentence}) had been committed, and is not in the journal`],
  ),
];

const publishedWrong = (events: readonly StoredMessage[], { journal }: Left): readonly string[] => {
  const published = new Map<number, string>();
  const found: string[] = [];
  for (const event of events) {
    const { seq, hash } = entryOf(event) as unknown as JournalEntry;
    published.set(seq, hash);
    if (journal[seq - 1]?.hash !== hash)
      found.push(`entry ${seq} was published, and the journal has another one`);
  }
  const missing = journal.filter(({ seq }) => !published.has(seq)).map(({ seq }) => seq);
  return missing.length === 0 ? found : [...found, `never published: entries ${missing.join(', ')}`];
};

/** Messages and effects are applied once. */
const doubledOutcomes = ({ journal }: Left): readonly string[] => {
  const seen = new Set<string>();
  return journal.flatMap(({ seq, message, refusal }) => {
    if (message.kind !== 'outcome' || refusal !== null) return [];
    const again = seen.has(message.effectId);
    seen.add(message.effectId);
    return again ? [`entry ${seq} is another outcome of effect ${message.effectId}`] : [];
  });
};

/** Whatever was accepted is in the journal once, or was set aside. */
const lostMessages = ({ watch }: Play, { journal, rejected }: Left): readonly string[] =>
  watch.sightings.flatMap((sent) => {
    if (sent.kind !== 'sent' || sent.atMs > (journal.at(-1)?.atMs ?? 0)) return [];
    const messageId = sent.action === 'alert' ? `incident/${sent.id}` : `request/${sent.id}`;
    const entries = journal.filter(({ message }) => message.messageId === messageId);
    const isAside = rejected.some(({ text }) => text.includes(sent.id));
    if (entries.length > 1) return [`${messageId} stands in ${entries.length} entries`];
    return entries.length === 1 || isAside ? [] : [`${messageId} vanished`];
  });

const nameOf = (write: Extract<Sighting, { kind: 'write' }>): string => `${write.resource} ${write.name}`;

/** Nothing is made twice, and nobody is given a new identity. */
const doubledObjects = (sightings: readonly Sighting[]): readonly string[] => {
  const made = new Map<string, number>();
  for (const sighting of sightings) {
    const isMade =
      sighting.kind === 'gke'
        ? sighting.what === 'createNodePool'
        : sighting.kind === 'write' && sighting.by === 'sluice' && sighting.verb === 'create';
    if (!isMade || (sighting.kind !== 'gke' && sighting.kind !== 'write')) continue;
    // Named after its rollout and its attempt: another name is another node pool.
    const name = sighting.kind === 'gke' ? 'node pool' : nameOf(sighting);
    made.set(name, (made.get(name) ?? 0) + 1);
  }
  return [...made].flatMap(([name, count]) => (count > 1 ? [`${name} was created ${count} times`] : []));
};

/** A rollback leaves every rule as it was before the first write, byte for byte. */
const rulesWrong = ({ options, host, watch }: Play): readonly string[] => {
  const { endsAs, input } = options.killCase;
  const { cluster, namespace } = input.rollout.spec;
  if (endsAs !== 'rolledBack') return [];
  const rulesOf = (object: unknown): string =>
    JSON.stringify((object as { readonly spec?: { readonly rules?: unknown } } | undefined)?.spec?.rules);
  return (host.world.kube(cluster)?.all(RESOURCES.httpRoute, namespace) ?? []).flatMap((route) => {
    const first = watch.sightings.find(
      (one) => one.kind === 'write' && one.by === 'sluice' && one.name === route.metadata.name,
    );
    const before = first?.kind === 'write' ? rulesOf(first.before) : rulesOf(route);
    return rulesOf(route) === before
      ? []
      : [`rules of ${route.metadata.name} are ${rulesOf(route)}, and were ${before}`];
  });
};

const replayWrong = ({ document, journal }: Left): readonly string[] => {
  const replayed = replay(document, journal);
  return replayed.kind === 'matches' ? [] : [`replay: entry ${replayed.seq}: ${replayed.why}`];
};

/** Log codes that only a fault of the program leaves. */
const STUMBLES = /"code":"(unexpected|api-failed)"|\\n\s+at /;

const stumbles = ({ stateDir }: Play): readonly string[] => {
  const path = join(stateDir, 'log.jsonl');
  if (!existsSync(path)) return ['the processes left no log'];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => STUMBLES.test(line))
    .slice(0, 3)
    .map((line) => `log: ${line.slice(0, 400)}`);
};

const truthOf = ({ options, host }: Play, { document, leftovers }: Left): GroundTruth =>
  groundTruth({
    world: host.world,
    cluster: options.killCase.input.rollout.spec.cluster,
    state: document.state,
    reason: readState(document).context.ending?.reason ?? null,
    leftovers,
  });

const checked = (seen: Seen): readonly string[] =>
  CHECKERS.flatMap(({ checker }) => checker(seen)).map(({ rule, sentence }) => `${rule}: ${sentence}`);

/** All that is wrong, a sentence each. After the last process ended, while the world is still up. */
export const examinePlay = async (play: Play, golden: GroundTruth): Promise<readonly string[]> => {
  const left = await leftIn(play);
  if (left === null) return [play.failure ?? 'there is no rollout'];
  const bus = new BusFile(join(play.stateDir, 'bus.db'));
  const events = bus.kept('events', '0', EVENTS_MAX);
  const deadLetters = bus.deadLetters().filter(({ topic }) => !REPEATED.has(topic));
  bus.close();
  const { rejected } = left;
  return [
    ...(play.failure === null ? [] : [play.failure]),
    ...(play.started?.status === 201 || play.started?.status === 200
      ? []
      : [`the start was answered ${play.started?.status ?? 'never'}`]),
    ...lostEntries(play, left),
    ...replayWrong(left),
    ...publishedWrong(events, left),
    ...doubledOutcomes(left),
    ...lostMessages(play, left),
    ...doubledObjects(play.watch.sightings),
    ...rulesWrong(play),
    ...differences(golden, truthOf(play, left)),
    ...left.locked.map((key) => `locked still: ${key}`),
    ...rejected
      .filter(({ reason }) => !reason.startsWith(AFTER_THE_END))
      .map(({ reason, text }) => `set aside: ${reason}: ${text.slice(0, 200)}`),
    ...deadLetters.map(({ topic, why }) => `given up: a message of ${topic}: ${why}`),
    ...stumbles(play),
    ...checked(seenOf(play, { events, rejected, deadLetters })),
  ];
};
