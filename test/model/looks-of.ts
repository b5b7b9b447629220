/** Looks that continue what the evidence knows: each adds to the counters that were last seen. */
import type { RolloutContext } from '../../workflows/rollout/context.ts';
import type { Look, Side } from '../../workflows/steps/observation.ts';
import { counters, look, picker, pod } from '../helpers/looks.ts';

const MINUTE_MS = 60_000;

/** Requests that come in between two looks. */
const REQUESTS = 1000;

interface Minute {
  readonly afterMs: number;
  /** Part of the new side's requests that fails. */
  readonly failing: number;
  readonly newReady: boolean;
  /** Percent of the requests that the new side gets; null: its share. */
  readonly newPercent: number | null;
}

const GOOD: Minute = { afterMs: MINUTE_MS, failing: 0, newReady: true, newPercent: null };

/** One for each thing that a look can lead to. */
export const MINUTES: Readonly<Record<string, Minute>> = {
  good: GOOD,
  /** A judge fails. */
  failing: { ...GOOD, failing: 0.5 },
  /** The second one running trips a rollback. */
  unready: { ...GOOD, newReady: false },
  /** Five minutes after another look it trips a hold. */
  astray: { ...GOOD, afterMs: 5 * MINUTE_MS, newPercent: 0 },
};

/** What the look of this kind would see. */
export const lookOf = (context: RolloutContext, minute: Minute, nowMs: number): Look => {
  const newPercent = minute.newPercent ?? context.writtenPercent;
  const one = (side: Side, percent: number, failing: number, ready: boolean) => {
    const mark = context.evidence.marks[`${side}/a`];
    const came = Math.round((REQUESTS * percent) / 100);
    return pod(side, 'a', {
      ready,
      counters: counters({
        requests: (mark?.requests ?? 0) + came,
        failures5xx: (mark?.failures5xx ?? 0) + Math.round(came * failing),
      }),
    });
  };
  return look(
    Math.max(nowMs, context.evidence.lastAtMs ?? 0) + minute.afterMs,
    [one('old', 100 - newPercent, 0, true), one('new', newPercent, minute.failing, minute.newReady)],
    [picker('old'), picker('new')],
  );
};
