/** Situations in which two things meet: what a journal was in the middle of when somebody asked for something, and the like. */
import { commandOf, isApplied, outcomeOf } from './checkers/journal.ts';
import { at, refsByRule } from './checkers/routes.ts';
import { CONFIG_MAPS, wants } from './checkers/syncer-text.ts';
import { endOf, newPoolOf, oldPoolOf, type Timeline, timelineOf } from './checkers/timeline.ts';
import type { Order, Seen, SeenEntry, SeenSide } from './seen.ts';

type Count = (situation: string) => void;

const MINUTE_MS = 60_000;

/** How long a side has to be short, an executor to stand still, a rollout to wait, to be counted. */
const MINUTES_MS = 2 * MINUTE_MS;

/** States in which a share may have moved. */
const MOVING: ReadonlySet<string> = new Set(['shifting', 'soaking', 'retaining']);

/** What a rollout is in the middle of, as its journal tells. */
interface Midst {
  paused: boolean;
  /** Somebody was asked for an approval, and nothing was decided since. */
  asked: boolean;
  baking: boolean;
  /** The first share above 0 is being written. */
  growsFirst: boolean;
  /** What was confirmed last, percent; null: nothing yet. */
  share: number | null;
}

const MEETS: Readonly<Record<string, readonly (keyof Midst)[]>> = {
  pause: ['asked', 'baking'],
  rollback: ['paused', 'asked', 'baking', 'growsFirst'],
};

const WORDS: Readonly<Record<keyof Midst, string>> = {
  paused: 'while paused',
  asked: 'while an approval is awaited',
  baking: 'in a bake',
  growsFirst: 'at the first growth',
  share: '',
};

const shareOf = (entry: SeenEntry): number => {
  const share = at(entry.message, 'outcome', 'sharePercent');
  return typeof share === 'number' ? share : 0;
};

/** The middle of things after an entry. */
const after = (midst: Midst, entry: SeenEntry): Midst => {
  if (!isApplied(entry)) return midst;
  const command = commandOf(entry);
  const outcome = outcomeOf(entry);
  const paused = command === 'pause' || (midst.paused && command !== 'resume');
  const share = outcome === 'weightsConfirmed' ? shareOf(entry) : midst.share;
  const decides = entry.effects.length > 0;
  return {
    paused,
    share,
    asked: decides
      ? entry.to === 'shifting' && entry.effects.every((kind) => kind === 'page')
      : midst.asked && command !== 'approve',
    baking:
      outcome === 'weightsConfirmed'
        ? (share ?? 0) > 0
        : midst.baking && !decides && entry.to !== 'retaining',
    growsFirst: decides ? entry.effects.includes('setWeights') && share === 0 : midst.growsFirst,
  };
};

const countMeetings = (seen: Seen, order: Order, entries: readonly SeenEntry[], count: Count): void => {
  const freezes = timelineOf(seen)
    .of('sent')
    .filter(({ action }) => action === 'freeze' || action === 'unfreeze');
  let midst: Midst = { paused: false, asked: false, baking: false, growsFirst: false, share: null };
  for (const entry of entries) {
    const command = commandOf(entry) ?? '';
    for (const what of MEETS[command] ?? []) if (midst[what] === true) count(`${command} ${WORDS[what]}`);
    const isSplit = (midst.share ?? 0) > 0;
    const frozen = freezes.findLast(({ atMs }) => atMs <= entry.atMs)?.action === 'freeze';
    if (command === 'rollback' && frozen && MOVING.has(entry.from)) count('rollback while frozen');
    const isShut =
      order.windows.length > 0 &&
      !order.windows.some(({ fromMs, toMs }) => entry.atMs >= fromMs && entry.atMs < toMs);
    if (command === 'rollback' && isShut && isSplit) count('rollback while its window is shut');
    const timer = entry.message.kind === 'timer' ? entry.message['timerId'] : undefined;
    if (typeof timer === 'string' && timer.includes('windowOpens') && isSplit)
      count('window waited for between two rungs');
    midst = after(midst, entry);
  }
  const begun = entries.find(({ from, to }) => from === 'queued' && to === 'preflight');
  if (begun !== undefined && order.rolloutId !== null && begun.atMs - (entries[0]?.atMs ?? 0) > MINUTES_MS)
    count('waited for its turn');
};

const lasted = (sides: readonly SeenSide[], index: number, endMs: number): number =>
  (sides[index + 1]?.atMs ?? endMs) - (sides[index]?.atMs ?? endMs);

const isShort = (
  timeline: Timeline,
  order: Order,
  which: 'old' | 'new',
  within: readonly [number, number],
) => {
  const sides = timeline.sides(which === 'old' ? oldPoolOf(order) : newPoolOf(order));
  const replicas = which === 'old' ? order.oldReplicas : order.newReplicas;
  return sides.some(
    ({ ready, atMs }, index) =>
      ready > 0 &&
      ready === replicas - 1 &&
      atMs > within[0] &&
      atMs < within[1] &&
      lasted(sides, index, within[1]) >= MINUTES_MS,
  );
};

/** What happens to a new version of an adapter, and around it. */
const countAdapter = (seen: Seen, order: Order, entries: readonly SeenEntry[], count: Count): void => {
  const { adapter, rolloutId } = order;
  if (adapter === undefined) return;
  const timeline = timelineOf(seen);
  const kind = adapter.resource.startsWith('inferencemodels.') ? 'model' : 'rewrite';
  const own = timeline.routeWrites(rolloutId ?? '');
  const isCreated = own.some(({ verb }) => verb === 'create');
  if (own.length > 0) count(`adapter ${kind} ${isCreated ? 'created' : 'edited'}`);
  if (adapter.pools.length > 1 && own.length > 0) count('adapter in two pools');
  const hasOthers = own.some(({ after }) =>
    refsByRule(after, order).some((refs) => refs.some(({ side, weight }) => side === 'other' && weight > 0)),
  );
  if (hasOthers) count('adapter beside a foreign target');
  const end = endOf(entries);
  if (end !== undefined && own.length > 0) count(`adapter ${end.to}`);
  const failing = entries.find(({ from, to }) => from !== to && to === 'failing')?.from;
  if (failing !== undefined) count(`adapter failed while ${failing}`);
  for (const { resource, name, by, before, after, cluster, namespace } of timeline.of('write')) {
    if (
      resource !== CONFIG_MAPS ||
      by !== 'sluice' ||
      cluster !== order.cluster ||
      namespace !== order.namespace
    )
      continue;
    if (!adapter.syncers.includes(name)) continue;
    if (!wants(before, adapter.to) && wants(after, adapter.to)) count('adapter loaded');
    if (wants(before, adapter.to) && !wants(after, adapter.to)) count('adapter unloaded after a rollback');
    if (wants(before, adapter.from) && !wants(after, adapter.from))
      count('adapter unloaded after its retention');
  }
  countPods(timeline, order, entries, count);
};

/** Servers without the version while it has a share. */
const countPods = (timeline: Timeline, order: Order, entries: readonly SeenEntry[], count: Count): void => {
  const grown = entries.find((entry) => outcomeOf(entry) === 'weightsConfirmed' && shareOf(entry) > 0);
  if (grown === undefined) return;
  const endMs = endOf(entries)?.atMs ?? Number.POSITIVE_INFINITY;
  const lacking = timeline
    .sides(newPoolOf(order))
    .some(({ atMs, ready, of }) => atMs > grown.atMs && atMs < endMs && of !== undefined && ready < of);
  if (lacking) count('adapter missing on a server');
  if (entries.some((entry) => entry.seq > grown.seq && isHeldFor(entry)))
    count('adapter held for a server without it');
};

const isHeldFor = (entry: SeenEntry): boolean =>
  outcomeOf(entry) === 'wayBackRefused' && /does not serve/u.test(entry.sentence);

/** Two rollouts of one pool that had a share at one time. */
const countTogether = (seen: Seen, count: Count): void => {
  const timeline = timelineOf(seen);
  const spans = seen.orders.flatMap((order) => {
    const own = order.adapter === undefined ? [] : timeline.routeWrites(order.rolloutId ?? '');
    const endMs = endOf(timeline.entries(order.rolloutId ?? ''))?.atMs ?? seen.endMs;
    return own[0] === undefined ? [] : [{ order, fromMs: own[0].atMs, toMs: endMs }];
  });
  for (const [index, one] of spans.entries())
    for (const other of spans.slice(index + 1))
      if (
        one.order.namespace === other.order.namespace &&
        one.order.adapter?.alias !== other.order.adapter?.alias &&
        one.fromMs < other.toMs &&
        other.fromMs < one.toMs
      )
        count('adapters of two names at one time');
};

/** Counts them for all rollouts of a trial. */
export const countRare = (seen: Seen, count: Count): void => {
  const timeline = timelineOf(seen);
  for (const order of seen.orders) {
    const entries = timeline.entries(order.rolloutId ?? '');
    if (entries.length === 0) continue;
    countMeetings(seen, order, entries, count);
    countAdapter(seen, order, entries, count);
    const shifting = entries.find(({ to }) => to === 'shifting');
    if (shifting === undefined) continue;
    const within = [shifting.atMs, endOf(entries)?.atMs ?? seen.endMs] as const;
    for (const which of ['old', 'new'] as const)
      if (isShort(timeline, order, which, within)) count(`${which} side one short for minutes`);
  }
  countTogether(seen, count);
  for (const { what, forMs } of timeline.of('fault'))
    if (what === 'frozen' && forMs !== null && forMs >= MINUTE_MS && forMs <= 5 * MINUTE_MS)
      count('process frozen for minutes');
};
