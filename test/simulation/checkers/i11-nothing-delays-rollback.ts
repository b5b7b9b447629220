/** I11: windows, pauses, freezes, approvals and holds never delay a rollback. */
import type { Checker, Order, Seen, SeenEntry, Violation } from '../seen.ts';
import { clearMs, eventsOf, type Interval, ratesOf } from './faults.ts';
import { trafficSinceMs } from './i08-alerts.ts';
import { commandOf, isApplied, outcomeOf } from './journal.ts';
import { type Life, livesOf } from './lives.ts';
import { at } from './routes.ts';
import { givenBackMs, sharesOverTime } from './shares.ts';
import { oldPoolOf, timelineOf } from './timeline.ts';
import { span } from './words.ts';

const MINUTE_MS = 60_000;

/** Longest time from the decision to the traffic being back in a world without faults. */
const CLEAR_MS = 3 * MINUTE_MS;

/** The same where any call may fail: lost, delayed by minutes, answered with an error. */
const SHAKY_MS = 6 * MINUTE_MS;

/** An old side that was sick is trusted again after this. */
const RECOVERY_MS = 5 * MINUTE_MS;

/** States in which traffic may have moved and the way back is open. */
const MOVING: ReadonlySet<string> = new Set(['shifting', 'soaking', 'retaining']);
const BACK: ReadonlySet<string> = new Set(['rollingBack', 'failing', 'failed']);

const violation = (life: Life, atMs: number, sentence: string): Violation => ({
  rule: 'I11',
  atMs,
  rolloutId: life.rolloutId,
  sentence,
});

// ---- what was in force

const isPaused = (entries: readonly SeenEntry[]): boolean =>
  entries.map(commandOf).findLast((name) => name === 'pause' || name === 'resume') === 'pause';

const HOLDS: ReadonlySet<string> = new Set(['wayBackRefused', 'drifted', 'adoptRefused']);
const FREES: ReadonlySet<string> = new Set(['wayBackProved', 'weightsWritten', 'weightsConfirmed']);

/** true: it begins a hold; false: it shows that none is in force; null: neither. */
const holds = (entry: SeenEntry): boolean | null => {
  const outcome = outcomeOf(entry) ?? '';
  if (HOLDS.has(outcome)) return true;
  if (FREES.has(outcome) || commandOf(entry) === 'resume') return false;
  const notice = entry.message.kind === 'noticed' && isApplied(entry) ? entry.message['notice'] : undefined;
  return at(notice, 'kind') === 'drifted' || at(notice, 'action') === 'hold' ? true : null;
};

const isFrozen = (seen: Seen, atMs: number): boolean =>
  timelineOf(seen)
    .of('sent')
    .findLast(({ action, atMs: sentMs }) => sentMs <= atMs && (action === 'freeze' || action === 'unfreeze'))
    ?.action === 'freeze';

const isShut = ({ windows }: Order, atMs: number): boolean =>
  windows.length > 0 && !windows.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);

/** Who waits for an approval has told somebody, and has nothing else to do. */
const isAwaited = ({ ladder }: Order, entries: readonly SeenEntry[]): boolean => {
  const last = entries.findLast(({ effects }) => effects.length > 0);
  return ladder.some(({ approval }) => approval) && (last?.effects.every((kind) => kind === 'page') ?? false);
};

/** What might have delayed it at the time, in words; null: nothing. */
const inForce = (seen: Seen, life: Life & { readonly order: Order }, trigger: SeenEntry): string | null => {
  const before = life.entries.filter(({ seq }) => seq < trigger.seq);
  if (isPaused(before)) return 'a pause';
  if (before.map(holds).findLast((word) => word !== null) === true) return 'a hold';
  if (isFrozen(seen, trigger.atMs)) return 'a freeze';
  if (isShut(life.order, trigger.atMs)) return 'a closed window';
  return isAwaited(life.order, before) ? 'an awaited approval' : null;
};

// ---- what excuses a delay

/** While the old side is not whole, moving to it may be worse than waiting. */
const sickTimes = (seen: Seen, order: Order): readonly Interval[] => {
  // Both versions of an adapter are on the same servers: there is no better place.
  if (order.adapter !== undefined) return [];
  const sides = timelineOf(seen).sides(oldPoolOf(order));
  const unready = sides.flatMap(({ ready, pickerReady, atMs }, index) =>
    ready >= order.oldReplicas && pickerReady
      ? []
      : [{ fromMs: atMs, toMs: (sides[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) + RECOVERY_MS }],
  );
  const acts = timelineOf(seen)
    .of('act')
    .filter(
      ({ detail }) =>
        at(detail, 'target', 'pool') === order.oldPool &&
        (at(detail, 'target', 'namespace') ?? order.namespace) === order.namespace,
    )
    .map(({ atMs, detail }) => {
      const forMs = typeof detail['forMs'] === 'number' ? detail['forMs'] : Number.POSITIVE_INFINITY;
      return { fromMs: atMs, toMs: atMs + forMs + RECOVERY_MS };
    });
  return [...unready, ...acts];
};

const delayed = (seen: Seen, life: Life & { readonly order: Order }): readonly Violation[] => {
  const trigger = life.entries.find(
    (entry) => isApplied(entry) && MOVING.has(entry.from) && entry.to === 'rollingBack',
  );
  if (trigger === undefined || trigger.atMs >= life.restoredAtMs) return [];
  const what = inForce(seen, life, trigger);
  const isKept = life.entries.some((entry) => entry.seq > trigger.seq && outcomeOf(entry) === 'rollbackKept');
  if (what === null || isKept) return [];
  const ends = [life.end?.atMs ?? seen.endMs, life.restoredAtMs, seen.endMs];
  const backMs = givenBackMs(sharesOverTime(seen, life.order), trigger.atMs);
  const waited: Interval = { fromMs: trigger.atMs, toMs: Math.min(backMs ?? Infinity, ...ends) };
  const excuses = [...eventsOf(seen), ...sickTimes(seen, life.order)];
  const shaky = clearMs(waited, excuses);
  const clear = clearMs(waited, [...excuses, ...ratesOf(seen)]);
  if (clear <= CLEAR_MS && shaky <= SHAKY_MS) return [];
  const longest = clear > CLEAR_MS ? clear : shaky;
  return [
    violation(
      life,
      trigger.atMs,
      `the rollback of entry ${trigger.seq} waited ${span(longest)} beyond all faults for its traffic, with ${what} in force`,
    ),
  ];
};

// ---- what an entry decides

const asksBack = (entry: SeenEntry): boolean =>
  entry.message.kind === 'alert' ||
  (entry.message.kind === 'command' && at(entry.message, 'command', 'name') === 'rollback');

/** Does an alert count: watched, and begun after the new side had its first traffic? */
const counts = (seen: Seen, order: Order | undefined, entry: SeenEntry): boolean => {
  if (entry.message.kind !== 'alert') return true;
  const policy = at(entry.message, 'incident', 'policy');
  const startedAtMs = at(entry.message, 'incident', 'startedAtMs');
  const sinceMs = order === undefined ? null : trafficSinceMs(seen, order);
  return (
    sinceMs !== null &&
    typeof policy === 'string' &&
    order?.policies.includes(policy) === true &&
    typeof startedAtMs === 'number' &&
    startedAtMs >= sinceMs
  );
};

const undecided = (seen: Seen, life: Life): readonly Violation[] =>
  life.entries
    .filter((entry) => asksBack(entry) && MOVING.has(entry.from) && entry.atMs < life.restoredAtMs)
    .flatMap((entry) => {
      const what = entry.message.kind === 'alert' ? 'an alert' : 'a rollback';
      if (isApplied(entry) && !BACK.has(entry.to))
        return [
          violation(
            life,
            entry.atMs,
            `entry ${entry.seq} applied ${what} in ${entry.from} and stayed in ${entry.to}`,
          ),
        ];
      if (isApplied(entry) || !counts(seen, life.order, entry)) return [];
      return [
        violation(
          life,
          entry.atMs,
          `entry ${entry.seq} refused ${what} in ${entry.from}: "${entry.refusal ?? ''}"`,
        ),
      ];
    });

export const nothingDelaysRollback: Checker = (seen) =>
  livesOf(seen).flatMap((life) => [
    ...undecided(seen, life),
    ...(life.order === undefined ? [] : delayed(seen, { ...life, order: life.order })),
  ]);
