/**
 * What is known of the two sides since the rung began: kept in the machine's context, fed by one look a minute, read
 * by minute tripwires and judges (protocol P2). JSON only, and small: a mark per pod, sums, ten minutes.
 */
import type { Look, Side } from './observation.ts';
import { type PodDelta, type PodMarks, podDeltas } from './pod-deltas.ts';

/**
 * Sums over cells of one pod and one minute: x of n (failures of requests, slow of answers). Enough for the
 * proportion and for its variance between cells: requests of one pod in one minute share their luck.
 */
export interface CellSums {
  readonly cells: number;
  readonly x: number;
  readonly n: number;
  readonly xx: number;
  readonly xn: number;
  readonly nn: number;
}

export interface SideSums {
  readonly errors: CellSums;
  readonly ttft: CellSums;
}

/** One side in one minute, for tripwires. */
export interface SideMinute {
  readonly requests: number;
  readonly failures: number;
  readonly ready: number;
  /** Waiting requests per ready pod that answered; null when none did. */
  readonly waitingPerReady: number | null;
  /** null until a picker of this side was seen. */
  readonly pickersReady: number | null;
}

export interface Minute {
  /** From the look before this one; null for the first. */
  readonly fromMs: number | null;
  readonly atMs: number;
  readonly old: SideMinute;
  readonly new: SideMinute;
}

export interface Evidence {
  /** Time of the last look that counted; null before the first. */
  readonly lastAtMs: number | null;
  /** The interval that ends with the next look began before the rung (or in a hold): not the rung's. */
  readonly skipNext: boolean;
  readonly marks: PodMarks;
  /** Sums of the rung. */
  readonly old: SideSums;
  readonly new: SideSums;
  /** The last ten, oldest first; they go on through holds and rungs. */
  readonly minutes: readonly Minute[];
}

export interface AbsorbOptions {
  /** Latency counts only in intervals that began after this; errors always do. null: latency does not count. */
  readonly warmUpUntilMs: number | null;
  /** false while held or unconfirmed: marks and minutes move, the rung's sums do not. */
  readonly counting: boolean;
  /** Edge of the TTFT judge, seconds; null where there is none. */
  readonly ttftEdgeSeconds: number | null;
}

const MINUTES_MAX = 10;

const NO_CELLS: CellSums = { cells: 0, x: 0, n: 0, xx: 0, xn: 0, nn: 0 };
const NO_SUMS: SideSums = { errors: NO_CELLS, ttft: NO_CELLS };

export const emptyEvidence = (): Evidence => ({
  lastAtMs: null,
  skipNext: true,
  marks: {},
  old: NO_SUMS,
  new: NO_SUMS,
  minutes: [],
});

const addCell = (sums: CellSums, x: number, n: number): CellSums =>
  n === 0
    ? sums
    : {
        cells: sums.cells + 1,
        x: sums.x + x,
        n: sums.n + n,
        xx: sums.xx + x * x,
        xn: sums.xn + x * n,
        nn: sums.nn + n * n,
      };

const addDeltas = (
  sums: SideSums,
  deltas: readonly PodDelta[],
  side: Side,
  countLatency: boolean,
): SideSums => {
  let { errors, ttft } = sums;
  for (const delta of deltas) {
    if (delta.side !== side) continue;
    errors = addCell(errors, delta.failures, delta.requests);
    if (countLatency) ttft = addCell(ttft, delta.ttftSlow, delta.ttftCount);
  }
  return { errors, ttft };
};

const sideMinute = (
  look: Look,
  deltas: readonly PodDelta[],
  side: Side,
  before: SideMinute | undefined,
): SideMinute => {
  let requests = 0;
  let failures = 0;
  for (const delta of deltas) {
    if (delta.side !== side) continue;
    requests += delta.requests;
    failures += delta.failures;
  }
  let ready = 0;
  let answering = 0;
  let waiting = 0;
  for (const pod of look.pods) {
    if (pod.side !== side || !pod.ready) continue;
    ready += 1;
    if (pod.counters === null) continue;
    answering += 1;
    waiting += pod.counters.waiting;
  }
  const pickers = look.pickers.filter((picker) => picker.side === side);
  const neverSeen = pickers.length === 0 && (before?.pickersReady ?? null) === null;
  return {
    requests,
    failures,
    ready,
    waitingPerReady: answering === 0 ? null : waiting / answering,
    pickersReady: neverSeen ? null : pickers.filter((picker) => picker.ready).length,
  };
};

/**
 * The evidence after one more look. A look that is not newer than the last one changes nothing (the same object comes
 * back), and neither does an empty one: nobody saw it.
 */
export const absorb = (evidence: Evidence, look: Look, options: AbsorbOptions): Evidence => {
  if (evidence.lastAtMs !== null && look.atMs <= evidence.lastAtMs) return evidence;
  if (look.pods.length === 0 && look.pickers.length === 0) return evidence;
  const { marks, deltas } = podDeltas(evidence.marks, look, options.ttftEdgeSeconds);
  const before = evidence.minutes.at(-1);
  const minute: Minute = {
    fromMs: evidence.lastAtMs,
    atMs: look.atMs,
    old: sideMinute(look, deltas, 'old', before?.old),
    new: sideMinute(look, deltas, 'new', before?.new),
  };
  const counts = options.counting && !evidence.skipNext && evidence.lastAtMs !== null;
  const warm =
    options.warmUpUntilMs !== null &&
    evidence.lastAtMs !== null &&
    evidence.lastAtMs >= options.warmUpUntilMs;
  return {
    lastAtMs: look.atMs,
    skipNext: !options.counting,
    marks,
    old: counts ? addDeltas(evidence.old, deltas, 'old', warm) : evidence.old,
    new: counts ? addDeltas(evidence.new, deltas, 'new', warm) : evidence.new,
    minutes: [...evidence.minutes.slice(1 - MINUTES_MAX), minute],
  };
};

/** A new share: the rung's sums begin anew; marks and minutes stay. */
export const restartRung = (evidence: Evidence): Evidence => ({
  ...evidence,
  skipNext: true,
  old: NO_SUMS,
  new: NO_SUMS,
});
