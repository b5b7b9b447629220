/**
 * What happened on each pod between two looks. Counters are absolute and begin again at zero with each process, so
 * the last ones are kept per pod (a mark) and every look is read against them.
 *
 *     mark          look                     delta
 *     12 requests   20 requests              8
 *     12            5 (or restarts + 1)      5, and what was running before is lost
 *     12            pod is gone              what was running before is lost
 *     12            no answer                nothing yet: the next answer covers both
 *     none          20                       nothing: what a pod did before we knew it is not ours to judge
 *
 * Requests that ran on a process that is gone are failed requests: it took its counters along.
 */
import type { Look, PodCounters, PodObservation, Side } from './observation.ts';

/** The last known counters of a pod. JSON only. */
interface PodMark {
  readonly side: Side;
  readonly restarts: number;
  readonly requests: number;
  readonly failures5xx: number;
  readonly failures4xx: number;
  readonly streamErrors: number;
  readonly running: number;
  readonly waiting: number;
  /** Answers within the edge, all answers. null: not asked for yet. */
  readonly ttft: readonly [number, number] | null;
  /** Taken before the rung began, because the pod gave no counters then: what follows is only in part the rung's. */
  readonly isFromBefore?: true;
}

/** By pod uid. */
export type PodMarks = Readonly<Record<string, PodMark>>;

export interface PodDelta {
  readonly uid: string;
  readonly side: Side;
  /** Finished requests, lost ones included. */
  readonly requests: number;
  /** 5xx, streams that ended in an error, lost ones; never more than `requests`. */
  readonly failures: number;
  readonly clientErrors: number;
  /** Requests that came in, finished or not; never negative. */
  readonly arrivals: number;
  /** First tokens, and those slower than the edge. */
  readonly ttftCount: number;
  readonly ttftSlow: number;
}

const ZERO: Omit<PodMark, 'side' | 'restarts'> = {
  requests: 0,
  failures5xx: 0,
  failures4xx: 0,
  streamErrors: 0,
  running: 0,
  waiting: 0,
  ttft: [0, 0],
};

/** Answers within the smallest edge that is not below `edgeSeconds`; null where the histogram cannot say. */
const ttftOf = (counters: PodCounters, edgeSeconds: number | null): readonly [number, number] | null => {
  if (counters.ttft === null || edgeSeconds === null) return null;
  const index = counters.ttft.edges.findIndex((edge) => edge >= edgeSeconds);
  const within = counters.ttft.cumulative[index];
  return within === undefined ? null : [within, counters.ttft.count];
};

const wentBack = (mark: PodMark, now: PodCounters, ttft: PodMark['ttft']): boolean =>
  now.requests < mark.requests ||
  now.failures5xx < mark.failures5xx ||
  now.failures4xx < mark.failures4xx ||
  now.streamErrors < mark.streamErrors ||
  (ttft !== null && mark.ttft !== null && ttft[1] < mark.ttft[1]);

const lostDelta = (uid: string, side: Side, lost: number): PodDelta => ({
  uid,
  side,
  requests: lost,
  failures: lost,
  clientErrors: 0,
  arrivals: 0,
  ttftCount: 0,
  ttftSlow: 0,
});

interface PodStep {
  readonly mark: PodMark;
  readonly delta: PodDelta | null;
}

const markOf = (
  pod: PodObservation,
  counters: PodCounters,
  restarts: number,
  ttft: PodMark['ttft'],
): PodMark => ({
  side: pod.side,
  restarts,
  requests: counters.requests,
  failures5xx: counters.failures5xx,
  failures4xx: counters.failures4xx,
  streamErrors: counters.streamErrors,
  running: counters.running,
  waiting: counters.waiting,
  ttft,
});

const silentPod = (pod: PodObservation, mark: PodMark): PodStep =>
  pod.restarts > mark.restarts
    ? {
        mark: { ...ZERO, side: pod.side, restarts: pod.restarts },
        delta: mark.running > 0 ? lostDelta(pod.uid, pod.side, mark.running) : null,
      }
    : { mark, delta: null };

const answeringPod = (
  pod: PodObservation,
  mark: PodMark,
  counters: PodCounters,
  edgeSeconds: number | null,
): PodStep => {
  const ttft = ttftOf(counters, edgeSeconds);
  const restarted = pod.restarts > mark.restarts;
  const reset = restarted || wentBack(mark, counters, ttft);
  const base = reset ? { ...ZERO, restarts: 0 } : mark;
  const lost = reset ? mark.running : 0;
  const requests = counters.requests - base.requests + lost;
  const failed = counters.failures5xx - base.failures5xx + (counters.streamErrors - base.streamErrors) + lost;
  const inFlight = counters.running + counters.waiting - base.running - base.waiting;
  const ttftCount = ttft === null || base.ttft === null ? 0 : ttft[1] - base.ttft[1];
  const fast = ttft === null || base.ttft === null ? 0 : ttft[0] - base.ttft[0];
  // Counters that went back before the pod list shows the restart: the restart that follows is this one.
  const restarts = reset && !restarted ? mark.restarts + 1 : Math.max(pod.restarts, mark.restarts);
  return {
    mark: markOf(pod, counters, restarts, ttft ?? base.ttft),
    delta: {
      uid: pod.uid,
      side: pod.side,
      requests,
      // One failure may show both as a status and as a finish reason.
      failures: Math.min(requests, failed),
      clientErrors: counters.failures4xx - base.failures4xx,
      arrivals: Math.max(0, requests - lost + inFlight),
      ttftCount,
      ttftSlow: Math.min(ttftCount, Math.max(0, ttftCount - fast)),
    },
  };
};

/**
 * Deltas of all pods since the marks, and the marks for the next look: those of pods that are gone are dropped.
 * `edgeSeconds`: the TTFT edge that is judged; null where none is.
 */
export const podDeltas = (
  marks: PodMarks,
  look: Look,
  edgeSeconds: number | null,
): { readonly marks: PodMarks; readonly deltas: readonly PodDelta[] } => {
  const next: Record<string, PodMark> = {};
  const deltas: PodDelta[] = [];
  for (const pod of look.pods) {
    const mark = marks[pod.uid];
    const { counters } = pod;
    if (mark === undefined) {
      if (counters !== null)
        next[pod.uid] = markOf(pod, counters, pod.restarts, ttftOf(counters, edgeSeconds));
      continue;
    }
    const step = counters === null ? silentPod(pod, mark) : answeringPod(pod, mark, counters, edgeSeconds);
    next[pod.uid] = step.mark;
    if (step.delta !== null) deltas.push(step.delta);
  }
  for (const uid in marks) {
    const mark = marks[uid];
    if (mark !== undefined && next[uid] === undefined && mark.running > 0)
      deltas.push(lostDelta(uid, mark.side, mark.running));
  }
  return { marks: next, deltas };
};
