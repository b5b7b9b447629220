/** What happened within the seconds that a burst looks back, and whether it is one. */
import type { AdapterEvidence } from '../adapter-evidence.ts';

/** How far back a burst looks. A wake's budget overlaps the next wake by this much. */
export const BURST_WINDOW_MS = 15_000;
export const BURST_FAILURES_MIN = 10;
export const BURST_RATIO_MIN = 0.2;
export const BURST_TIMES_OLD = 3;

export interface SideFlow {
  readonly requests: number;
  readonly failures: number;
  readonly arrivals: number;
}

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
  readonly old: SideFlow;
  readonly new: SideFlow;
  /** Every ready pod was counted at both its ends: nothing of what arrived is missing, or of before. */
  readonly whole: boolean;
}

export const NO_FLOW: SideFlow = { requests: 0, failures: 0, arrivals: 0 };

export const sumFlow = (flows: readonly SideFlow[]): SideFlow => {
  let [requests, failures, arrivals] = [0, 0, 0];
  for (const flow of flows) {
    requests += flow.requests;
    failures += flow.failures;
    arrivals += flow.arrivals;
  }
  return { requests, failures, arrivals };
};

export const rate = (flow: SideFlow): number => (flow.requests === 0 ? 0 : flow.failures / flow.requests);

/** Three times the old side's rate, without a division by nothing; anything is more than a side without failures. */
const worseThanOld = (fresh: SideFlow, old: SideFlow): boolean =>
  fresh.failures > 0 &&
  fresh.failures * Math.max(1, old.requests) >= BURST_TIMES_OLD * old.failures * fresh.requests;

export interface Window {
  readonly old: SideFlow;
  readonly new: SideFlow;
  readonly latest: Interval | null;
}

/** Without another side the pods' own past stands in for it. */
export const heldAgainst = (window: Window, adapter: AdapterEvidence | undefined): Window =>
  adapter === undefined
    ? window
    : {
        ...window,
        old: { requests: adapter.past?.requests ?? 0, failures: adapter.past?.failures ?? 0, arrivals: 0 },
      };

/**
 * At least 10 failures in 15 s, a fifth of the requests, three times the old side's rate. The newest interval must
 * have its part in it: one server that dies with all it ran is a single bunch, which stays in the window for three
 * looks and says nothing about the side.
 */
export const errorsBurst = (window: Window): boolean =>
  window.new.failures >= BURST_FAILURES_MIN &&
  rate(window.new) >= BURST_RATIO_MIN &&
  worseThanOld(window.new, window.old) &&
  window.latest !== null &&
  rate(window.latest.new) >= BURST_RATIO_MIN / 2;

/** Failures that have just begun: not enough to act, enough to look again soon. */
export const errorsBegin = (window: Window): boolean =>
  window.latest !== null &&
  window.latest.new.failures >= 2 &&
  rate(window.latest.new) >= BURST_RATIO_MIN / 2 &&
  worseThanOld(window.latest.new, window.old);

export const windowOf = (intervals: readonly Interval[]): Window => ({
  old: sumFlow(intervals.map((interval) => interval.old)),
  new: sumFlow(intervals.map((interval) => interval.new)),
  latest: intervals.at(-1) ?? null,
});
