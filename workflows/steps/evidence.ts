/**
 * What is known of the two sides since the rung began: kept in the machine's context, fed by one look a minute, read
 * by minute tripwires and judges (protocol P2). JSON only, and small: a mark per pod, sums, ten minutes.
 */
import { type AdapterEvidence, absorbAdapter, restartAdapterRung } from './adapter-evidence.ts';
import { addCell, type CellSums, NO_CELLS } from './cell-sums.ts';
import type { Look, Side } from './observation.ts';
import { type PodDelta, type PodMarks, podDeltas } from './pod-deltas.ts';

/** The last cell of a pod: failures, requests, slow answers, answers. */
type LastCell = readonly [number, number, number, number];

interface SideSums {
  readonly errors: CellSums;
  readonly ttft: CellSums;
}

/** One side in one minute, for tripwires. */
export interface SideMinute {
  readonly requests: number;
  readonly failures: number;
  readonly ready: number;
  /** Ready pods of which no counters came: what they served is not known. */
  readonly silent: number;
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
  /** By pod uid, of the rung. */
  readonly cells: Readonly<Record<string, LastCell>>;
  /** Sums of the rung. */
  readonly old: SideSums;
  readonly new: SideSums;
  /** The last ten, oldest first; they go on through holds and rungs. */
  readonly minutes: readonly Minute[];
  /** Only in rollouts of an adapter. */
  readonly adapter?: AdapterEvidence;
}

/** Minutes further apart than this are not consecutive: a wake was missed. */
export const GAP_MAX_MS = 150_000;

export interface AbsorbOptions {
  /** Latency counts only in intervals that began after this; errors always do. null: latency does not count. */
  readonly warmUpUntilMs: number | null;
  /** false while held or unconfirmed: marks and minutes move, the rung's sums do not. */
  readonly counting: boolean;
  /** Edge of the TTFT judge, seconds; null where there is none. */
  readonly ttftEdgeSeconds: number | null;
}

const MINUTES_MAX = 10;

const NO_SUMS: SideSums = { errors: NO_CELLS, ttft: NO_CELLS };

export const emptyEvidence = (): Evidence => ({
  lastAtMs: null,
  skipNext: true,
  marks: {},
  cells: {},
  old: NO_SUMS,
  new: NO_SUMS,
  minutes: [],
});

const addDelta = (
  sums: SideSums,
  delta: PodDelta,
  last: LastCell | undefined,
  countLatency: boolean,
): SideSums => ({
  errors: addCell(sums.errors, delta.failures, delta.requests, [last?.[0] ?? 0, last?.[1] ?? 0]),
  ttft: countLatency
    ? addCell(sums.ttft, delta.ttftSlow, delta.ttftCount, [last?.[2] ?? 0, last?.[3] ?? 0])
    : sums.ttft,
});

/** The rung's sums and last cells with one more minute. */
const addMinute = (
  evidence: Evidence,
  deltas: readonly PodDelta[],
  countLatency: boolean,
): Pick<Evidence, 'old' | 'new' | 'cells'> => {
  const sums: Record<Side, SideSums> = { old: evidence.old, new: evidence.new };
  const cells: Record<string, LastCell> = {};
  for (const delta of deltas) {
    // Requests from before prove nothing for the rung, but failures among them are not overlooked.
    const isFromBefore = evidence.marks[delta.uid]?.isFromBefore === true;
    if (isFromBefore && delta.failures === 0) continue;
    const last = evidence.cells[delta.uid];
    sums[delta.side] = addDelta(sums[delta.side], delta, last, countLatency && !isFromBefore);
    cells[delta.uid] = [
      delta.failures,
      delta.requests,
      countLatency ? delta.ttftSlow : 0,
      countLatency ? delta.ttftCount : 0,
    ];
  }
  return { old: sums.old, new: sums.new, cells };
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
    silent: ready - answering,
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
  const adapter = absorbAdapter(evidence.adapter, {
    look,
    deltas,
    counting: options.counting,
    countsDeltas: counts,
    countsDurations: counts && warm,
    isAfterGap: evidence.lastAtMs !== null && look.atMs - evidence.lastAtMs > GAP_MAX_MS,
  });
  return {
    lastAtMs: look.atMs,
    skipNext: !options.counting,
    marks: evidence.skipNext && options.counting ? marksOfBeginning(marks, look) : marks,
    ...(counts ? addMinute(evidence, deltas, warm) : { old: evidence.old, new: evidence.new, cells: {} }),
    minutes: [...evidence.minutes.slice(1 - MINUTES_MAX), minute],
    ...(adapter === undefined ? {} : { adapter }),
  };
};

/** The marks that a rung begins with: those of pods that gave no counters at its beginning are from before it. */
const marksOfBeginning = (marks: PodMarks, look: Look): PodMarks => {
  const next: Record<string, PodMarks[string]> = { ...marks };
  for (const { uid, counters } of look.pods) {
    const mark = marks[uid];
    if (counters === null && mark !== undefined) next[uid] = { ...mark, isFromBefore: true };
  }
  return next;
};

/** A new share: the rung's sums begin anew; marks and minutes stay. */
export const restartRung = (evidence: Evidence): Evidence => ({
  ...evidence,
  skipNext: true,
  cells: {},
  old: NO_SUMS,
  new: NO_SUMS,
  ...(evidence.adapter === undefined ? {} : { adapter: restartAdapterRung(evidence.adapter) }),
});
