/**
 * Gates of a wake that stays awake (protocol P3): judged every few seconds on the wake's own looks, kept in memory
 * only. The state is plain data and each look gives the next one; whoever starts a wake starts with an empty state.
 *
 *     look ──► deltas per pod ──► intervals of the last 15 s ──► errors.fast (burst form), split
 *          └─► who was in rotation, and who of them answers ──► unanswered
 *
 * Everything must hold at two looks running. `suspicious` asks for the next look sooner, so that two looks cost
 * little time when something is wrong and few calls when nothing is.
 */

import type { AdapterEvidence } from '../adapter-evidence.ts';
import type { Look, Side } from '../observation.ts';
import { type PodMarks, podDeltas } from '../pod-deltas.ts';
import { type NamesSeen, NO_NAMES, namesAfter } from './adapter-burst.ts';
import { notFound } from './adapter-tripwires.ts';
import {
  BURST_RATIO_MIN,
  BURST_WINDOW_MS,
  errorsBegin,
  errorsBurst,
  heldAgainst,
  type Interval,
  NO_FLOW,
  rate,
  type SideFlow,
  sumFlow,
  type Window,
  windowOf,
} from './burst-window.ts';
import { isSilent, NO_ROTATION, type Rotation, rotationAfter, type Silence, silenceOf } from './rotation.ts';
import { carries, expectedNew, fellShort, measuredOverStored } from './split.ts';
import type { Tripped } from './tripped.ts';
import { NAMELESS, type PoolNames, percent, ratio, SAME_PODS } from './words.ts';

/** Looks running at which a burst must hold. */
export const LOOKS_RUNNING = 2;
const AT_LOOKS = `at ${String(LOOKS_RUNNING)} looks running`;

/** For how many looks running each gate has been broken. */
interface Streaks {
  readonly notFound: number;
  readonly errors: number;
  readonly pods: number;
  readonly pickers: number;
  readonly split: number;
}

export interface BurstState {
  readonly atMs: number | null;
  readonly marks: PodMarks;
  /** The last look counted every ready pod. */
  readonly counted: boolean;
  /** Those whose middle lies within the window, oldest first. */
  readonly intervals: readonly Interval[];
  readonly rotation: Rotation;
  readonly streaks: Streaks;
  /** The confirmation since which the new side has once carried its share; null while it has not. */
  readonly carriedSinceMs: number | null;
  /** Of an adapter's new version. */
  readonly names: NamesSeen;
}

export interface BurstOptions {
  /** The share as stored in the routes, percent: what traffic follows. */
  readonly sharePercent: number;
  /** When the gateway confirmed it; null while it has not (then nothing is said of the split). */
  readonly confirmedAtMs: number | null;
  /** Names in the sentences. */
  readonly pools?: PoolNames;
  /** Names of the tripwires in force; all when absent. */
  readonly tripwires?: readonly string[];
  /** What earlier minutes know of an adapter's pods; absent in other rollouts. */
  readonly adapter?: AdapterEvidence;
  /** Earlier minutes saw the new side carry this share (`hasCarried`). */
  readonly carried?: boolean;
}

export interface BurstResult {
  readonly state: BurstState;
  readonly notice: Tripped | null;
  /** Something may be wrong: look again soon. */
  readonly suspicious: boolean;
}

const CALM: Streaks = { notFound: 0, errors: 0, pods: 0, pickers: 0, split: 0 };

export const createBurst = (): BurstState => ({
  atMs: null,
  marks: {},
  counted: false,
  intervals: [],
  rotation: NO_ROTATION,
  streaks: CALM,
  carriedSinceMs: null,
  names: NO_NAMES,
});

/** Next to nothing arrived since the last look, where a dozen requests were due. */
const arrivalsStop = (window: Window, sharePercent: number): boolean => {
  if (window.latest === null) return false;
  const arrivals = { old: window.latest.old.arrivals, new: window.latest.new.arrivals };
  return expectedNew(arrivals, sharePercent) >= 12 && (measuredOverStored(arrivals, sharePercent) ?? 1) < 0.2;
};

const countsAll = (look: Look): boolean => look.pods.every((pod) => !pod.ready || pod.counters !== null);

const intervalsAfter = (
  state: BurstState,
  look: Look,
  flows: Record<Side, SideFlow>,
): readonly Interval[] => {
  if (state.atMs === null) return [];
  const whole = state.counted && countsAll(look);
  const interval = { fromMs: state.atMs, toMs: look.atMs, old: flows.old, new: flows.new, whole };
  const sinceMs = look.atMs - BURST_WINDOW_MS;
  return [...state.intervals, interval].filter(
    ({ fromMs, toMs }, index, all) => (fromMs + toMs) / 2 > sinceMs || index === all.length - 1,
  );
};

/**
 * What arrived since the confirmation, within the window: requests from before it followed other weights. Nothing, where
 * a pod was not counted: its requests may have gone anywhere, and come in one lump with its next answer.
 */
const arrivalsSince = (
  intervals: readonly Interval[],
  confirmedAtMs: number,
): { readonly old: number; readonly new: number } => {
  const confirmed = intervals.filter((interval) => interval.fromMs >= confirmedAtMs);
  if (confirmed.some(({ whole }) => !whole)) return { old: 0, new: 0 };
  const since = windowOf(confirmed);
  return { old: since.old.arrivals, new: since.new.arrivals };
};

const flowsOf = (marks: PodMarks, look: Look): { marks: PodMarks; flows: Record<Side, SideFlow> } => {
  const flows: Record<Side, SideFlow> = { old: NO_FLOW, new: NO_FLOW };
  const step = podDeltas(marks, look, null);
  for (const delta of step.deltas) flows[delta.side] = sumFlow([flows[delta.side], delta]);
  return { marks: step.marks, flows };
};

const rollback = (
  gate: string,
  sentence: string,
  values: Pick<Tripped, 'samples' | 'newValue' | 'oldValue' | 'limit'>,
): Tripped => ({ kind: 'tripped', gate, action: 'rollback', sentence, ...values });

const errorsNotice = (window: Window, pools: PoolNames): Tripped =>
  rollback(
    'errors.fast',
    `errors on ${pools.new} ${ratio(window.new.failures, window.new.requests)} within 15 s, on ${pools.old} ${ratio(window.old.failures, window.old.requests)}; limit ${percent(BURST_RATIO_MIN)}`,
    {
      samples: window.new.requests,
      newValue: rate(window.new),
      oldValue: window.old.requests === 0 ? null : rate(window.old),
      limit: BURST_RATIO_MIN,
    },
  );

const silenceNotice = (silence: Silence, streaks: Streaks, pools: PoolNames): Tripped => {
  const pods = streaks.pods >= LOOKS_RUNNING;
  const [silent, all] = pods
    ? [silence.silentPods, silence.rotationPods]
    : [silence.rotationPickers - silence.servingPickers, silence.rotationPickers];
  const what = pods ? 'model servers' : 'endpoint pickers';
  return rollback(
    'unanswered',
    `${String(silent)} of ${String(all)} ${what} of ${pools.new} did not answer ${AT_LOOKS}, while those of ${pools.old} did`,
    { samples: all, newValue: all === 0 ? null : silent / all, oldValue: null, limit: pods ? 0.5 : 1 },
  );
};

const splitNotice = (
  arrivals: { readonly old: number; readonly new: number },
  sharePercent: number,
  pools: PoolNames,
): Tripped => {
  const total = arrivals.old + arrivals.new;
  return rollback(
    'split',
    `${pools.new} got ${ratio(arrivals.new, total)} within 15 s, after it had carried its share of ${percent(sharePercent / 100)}`,
    {
      samples: total,
      newValue: total === 0 ? null : arrivals.new / total,
      oldValue: total === 0 ? null : arrivals.old / total,
      limit: sharePercent / 200,
    },
  );
};

/**
 * The next state, the tripwire that tripped (null: none) and whether to look again soon. A look that is not newer than
 * the last one, or an empty one (nobody saw it), changes nothing.
 */
export const lookAt = (state: BurstState, look: Look, options: BurstOptions): BurstResult => {
  if (state.atMs !== null && look.atMs <= state.atMs) return { state, notice: null, suspicious: false };
  if (look.pods.length === 0 && look.pickers.length === 0) return { state, notice: null, suspicious: true };
  const { sharePercent, confirmedAtMs } = options;
  const pools = options.pools ?? NAMELESS;
  const { marks, flows } = flowsOf(state.marks, look);
  const intervals = intervalsAfter(state, look, flows);
  const rotation = rotationAfter(state.rotation, look);
  const window = heldAgainst(windowOf(intervals), options.adapter);
  const names = namesAfter(state.names, look, options.adapter);
  const silence = silenceOf(rotation, look);
  const arrivals = arrivalsSince(intervals, confirmedAtMs ?? Number.POSITIVE_INFINITY);
  const inForce = (gate: string): boolean =>
    sharePercent > 0 && (options.tripwires === undefined || options.tripwires.includes(gate));

  const carriesNow = confirmedAtMs !== null && (options.carried === true || carries(arrivals, sharePercent));
  const carriedSinceMs = carriesNow || state.carriedSinceMs === confirmedAtMs ? confirmedAtMs : null;
  const longer = (streak: number, isBroken: boolean): number => (isBroken ? streak + 1 : 0);
  const streaks: Streaks = {
    notFound: inForce('adapter.notFound') ? names.looksRunning : 0,
    errors: longer(state.streaks.errors, inForce('errors.fast') && errorsBurst(window)),
    pods: longer(state.streaks.pods, inForce('unanswered') && isSilent(silence, 'pods')),
    pickers: longer(state.streaks.pickers, inForce('unanswered') && isSilent(silence, 'pickers')),
    split: longer(
      state.streaks.split,
      inForce('split') && carriedSinceMs !== null && fellShort(arrivals, sharePercent),
    ),
  };
  let notice: Tripped | null = null;
  if (streaks.pods >= LOOKS_RUNNING || streaks.pickers >= LOOKS_RUNNING)
    notice = silenceNotice(silence, streaks, pools);
  else if (streaks.notFound >= LOOKS_RUNNING)
    notice = notFound({ names: pools, missing: names.missing, pods: look.pods.length, when: AT_LOOKS });
  else if (streaks.errors >= LOOKS_RUNNING)
    notice = errorsNotice(window, options.adapter === undefined ? pools : SAME_PODS);
  else if (streaks.split >= LOOKS_RUNNING) notice = splitNotice(arrivals, sharePercent, pools);
  const broken = streaks.notFound + streaks.errors + streaks.pods + streaks.pickers + streaks.split > 0;
  return {
    state: {
      atMs: look.atMs,
      marks,
      counted: countsAll(look),
      intervals,
      rotation,
      streaks,
      carriedSinceMs,
      names,
    },
    notice,
    suspicious:
      broken ||
      (inForce('errors.fast') && errorsBegin(window)) ||
      (inForce('split') && carriedSinceMs !== null && arrivalsStop(window, sharePercent)),
  };
};
