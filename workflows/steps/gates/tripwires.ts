/**
 * Tripwires of the minute: they run on each `observed` message, from the first share on, holds included, and can only
 * fail. Pure: evidence in, the one that tripped out.
 */
import type { GatePlan } from '../../plans/plan.ts';
import type { AdapterEvidence } from '../adapter-evidence.ts';
import { type Evidence, GAP_MAX_MS, type Minute, type SideMinute } from '../evidence.ts';
import { adapterNotFound, adapterSlots } from './adapter-tripwires.ts';
import { isOff, measuredOverStored } from './split.ts';
import type { Tripped } from './tripped.ts';
import { NAMELESS, type PoolNames, percent, ratio, SAME_PODS } from './words.ts';

export interface MinuteView {
  readonly gates: Pick<GatePlan, 'tripwires'>;
  readonly evidence: Evidence;
  /** The share as stored in the routes, percent. */
  readonly sharePercent: number;
  /** When the gateway confirmed it; null while it has not. */
  readonly confirmedAtMs: number | null;
  /** Replicas of the new side at a share of 100. */
  readonly replicas: number;
  readonly pools?: PoolNames;
}

/** New errors above this, and above the old side's by the margin, over two minutes. */
export const FAST_RATIO_MAX = 0.05;
export const FAST_MARGIN = 0.03;
export const FAST_REQUESTS_MIN = 30;
export const FAST_FAILURES_MIN = 10;
export const QUEUE_WAITING_MAX = 5;
export const QUEUE_TIMES_OLD = 3;
export const SPLIT_REQUESTS_MIN = 200;
const SPLIT_WINDOW_MS = 5 * 60_000;

const tripped = (
  gate: string,
  sentence: string,
  values: Pick<Tripped, 'samples' | 'newValue' | 'oldValue' | 'limit'>,
): Tripped => ({ kind: 'tripped', gate, action: 'rollback', sentence, ...values });

/** The last `length` minutes if they follow one another without a gap. */
const consecutive = (minutes: readonly Minute[], length: number): readonly Minute[] | null => {
  if (minutes.length < length) return null;
  const last = minutes.slice(-length);
  for (let index = 1; index < last.length; index += 1)
    if ((last[index]?.atMs ?? 0) - (last[index - 1]?.atMs ?? 0) > GAP_MAX_MS) return null;
  return last;
};

type Past = AdapterEvidence['past'];

interface Rates {
  readonly requests: number;
  readonly failures: number;
  readonly oldRequests: number;
  readonly oldFailures: number;
}

/** Without another side the pods' own past stands in for it. */
const ratesOf = (minutes: readonly Minute[], past: Past = null): Rates => {
  const rates = { requests: 0, failures: 0, oldRequests: 0, oldFailures: 0 };
  for (const minute of minutes) {
    rates.requests += minute.new.requests;
    rates.failures += minute.new.failures;
    rates.oldRequests += minute.old.requests;
    rates.oldFailures += minute.old.failures;
  }
  return past === null ? rates : { ...rates, oldRequests: past.requests, oldFailures: past.failures };
};

const overLimit = (rates: Rates): boolean => {
  if (rates.requests === 0) return false;
  const rate = rates.failures / rates.requests;
  const oldRate = rates.oldRequests === 0 ? 0 : rates.oldFailures / rates.oldRequests;
  return rate > FAST_RATIO_MAX && rate > oldRate + FAST_MARGIN;
};

const isBad = (rates: Rates): boolean =>
  (rates.requests >= FAST_REQUESTS_MIN || rates.failures >= FAST_FAILURES_MIN) && overLimit(rates);

/**
 * `errors.fast`: more than 5 % of the new side's requests failed, and 3 points more than the old side's, over two
 * minutes, at two minutes running. The two windows share a minute, so the newest must be over the limit by itself:
 * a single server's death is one bunch of failures in both windows, and no reason to go back.
 */
const errorsFast = (view: MinuteView): Tripped | null => {
  const { minutes } = view.evidence;
  if (consecutive(minutes, 2) === null) return null;
  const past = view.evidence.adapter?.past ?? null;
  const now = ratesOf(minutes.slice(-2), past);
  const before = ratesOf(minutes.slice(-3, -1), past);
  if (!isBad(now) || !isBad(before) || !overLimit(ratesOf(minutes.slice(-1), past))) return null;
  const pools = podsOf(view);
  return tripped(
    'errors.fast',
    `errors on ${pools.new} ${ratio(now.failures, now.requests)} for 2 min, on ${pools.old} ${ratio(now.oldFailures, now.oldRequests)}; limit ${percent(FAST_RATIO_MAX)}`,
    {
      samples: now.requests,
      newValue: now.failures / now.requests,
      oldValue: now.oldRequests === 0 ? null : now.oldFailures / now.oldRequests,
      limit: FAST_RATIO_MAX,
    },
  );
};

/** Replicas that can serve: none without a ready picker. */
const usable = (side: SideMinute): number => (side.pickersReady === 0 ? 0 : side.ready);

/** `ready`: fewer replicas of the new side can serve than its share needs, at two minutes running. */
const readyTripwire = (view: MinuteView): Tripped | null => {
  const last = consecutive(view.evidence.minutes, 2);
  const needed = (view.sharePercent * view.replicas) / 100;
  if (last === null || last.some((minute) => usable(minute.new) >= needed - 1e-9)) return null;
  const now = last[1]?.new;
  if (now === undefined) return null;
  const pools = view.pools ?? NAMELESS;
  const why = now.pickersReady === 0 ? 'no ready endpoint picker' : `${String(now.ready)} ready replicas`;
  return tripped(
    'ready',
    `${pools.new} has ${why} for 2 min; a share of ${percent(view.sharePercent / 100)} needs ${String(Math.ceil(needed - 1e-9))} of ${String(view.replicas)} replicas`,
    { samples: last.length, newValue: usable(now), oldValue: null, limit: needed },
  );
};

/** Figures of pods that run both versions are those of the pods. */
const podsOf = (view: MinuteView): PoolNames =>
  view.evidence.adapter === undefined ? (view.pools ?? NAMELESS) : SAME_PODS;

const queueLimit = (minute: Minute): number =>
  Math.max(QUEUE_WAITING_MAX, QUEUE_TIMES_OLD * (minute.old.waitingPerReady ?? 0));

/** `queue`: more requests wait per replica of the new side than 5 and than three times the old side's, three minutes running. */
const queueTripwire = (view: MinuteView): Tripped | null => {
  const last = consecutive(view.evidence.minutes, 3);
  const over = (minute: Minute): boolean => (minute.new.waitingPerReady ?? 0) > queueLimit(minute);
  if (last === null || !last.every(over)) return null;
  const now = last[2];
  if (now === undefined) return null;
  const pools = podsOf(view);
  // How many waited before nobody has counted.
  const oldInWords =
    view.evidence.adapter === undefined
      ? `, ${(now.old.waitingPerReady ?? 0).toFixed(1)} on ${pools.old}`
      : '';
  const waiting = now.new.waitingPerReady ?? 0;
  return tripped(
    'queue',
    `${waiting.toFixed(1)} requests wait per replica of ${pools.new} for 3 min${oldInWords}; limit ${queueLimit(now).toFixed(1)}`,
    { samples: last.length, newValue: waiting, oldValue: now.old.waitingPerReady, limit: queueLimit(now) },
  );
};

/**
 * `split`, the slow form: over five minutes since the confirmation the new side got less than half or more than twice
 * its share. Weights that are not programmed, affinity, a rule in the way: nothing is broken, so it holds.
 */
const splitTripwire = (view: MinuteView): Tripped | null => {
  const { confirmedAtMs } = view;
  const end = view.evidence.minutes.at(-1)?.atMs;
  if (confirmedAtMs === null || end === undefined || end - confirmedAtMs < SPLIT_WINDOW_MS) return null;
  return splitSince(view, Math.max(confirmedAtMs, end - SPLIT_WINDOW_MS), 'for 5 min');
};

/**
 * The same question at the end of a bake, since the front ends had their time to follow: a bake may be too short for the
 * five minutes, and a share that never arrived has proved nothing.
 */
export const splitOfRung = (view: MinuteView, settleMs: number): Tripped | null =>
  view.confirmedAtMs === null || !view.gates.tripwires.includes('split')
    ? null
    : splitSince(view, view.confirmedAtMs + settleMs, 'on this rung');

const splitSince = (view: MinuteView, sinceMs: number, when: string): Tripped | null => {
  const window = view.evidence.minutes.filter((minute) => minute.fromMs !== null && minute.fromMs >= sinceMs);
  // What nobody counted may have gone anywhere.
  if (window.some((minute) => minute.old.silent + minute.new.silent > 0)) return null;
  const rates = ratesOf(window);
  const total = rates.requests + rates.oldRequests;
  const arrivals = { old: rates.oldRequests, new: rates.requests };
  if (total < SPLIT_REQUESTS_MIN || !isOff(arrivals, view.sharePercent)) return null;
  const pools = view.pools ?? NAMELESS;
  return {
    ...tripped(
      'split',
      `${pools.new} got ${ratio(rates.requests, total)} ${when}; its share is ${percent(view.sharePercent / 100)}`,
      {
        samples: total,
        newValue: rates.requests / total,
        oldValue: rates.oldRequests / total,
        limit:
          ((measuredOverStored(arrivals, view.sharePercent) ?? 0) < 1 ? 0.5 : 2) * (view.sharePercent / 100),
      },
    ),
    action: 'hold',
  };
};

const TRIPWIRES: readonly (readonly [string, (view: MinuteView) => Tripped | null])[] = [
  ['errors.fast', errorsFast],
  ['adapter.notFound', adapterNotFound],
  ['ready', readyTripwire],
  ['queue', queueTripwire],
  ['split', splitTripwire],
  ['adapterSlots', adapterSlots],
];

/** The first tripwire in force that tripped, rollbacks before holds; null when none did, or no traffic is on the new side. */
export const minuteTripwires = (view: MinuteView): Tripped | null => {
  if (view.sharePercent <= 0) return null;
  for (const [name, wire] of TRIPWIRES) {
    const notice = view.gates.tripwires.includes(name) ? wire(view) : null;
    if (notice !== null) return notice;
  }
  return null;
};
