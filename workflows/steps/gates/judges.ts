/**
 * Judges speak once, at the end of a bake, on everything that the rung saw. Each answers for itself: fail when a
 * one-sided test at α 0.01 shows the limit broken, pass when the minimum samples are in and nothing speaks against it, else
 * inconclusive. Missing data is never a pass (I3).
 */
import type { GatePlan } from '../../plans/plan.ts';
import type { Verdict } from '../../rollout/stored.ts';
import type { CellSums } from '../cell-sums.ts';
import type { Evidence } from '../evidence.ts';
import { adapterErrors, errorsOfPods } from './adapter-judges.ts';
import { adapterDuration } from './duration-judge.ts';
import {
  BUNCHED,
  ERRORS_MARGIN,
  inWords,
  isBroken,
  isDoubtful,
  isWorse,
  RELATIVE_SAMPLES_MIN,
  type Reply,
} from './proportion-tests.ts';
import { count, type PoolNames, percent, ratio } from './words.ts';

export interface JudgeCall {
  readonly gates: GatePlan;
  /** Names of the judges of this rung, as frozen in the plan. */
  readonly judges: readonly string[];
  readonly evidence: Evidence;
  readonly pools: PoolNames;
  readonly windowMs: readonly [number, number];
  readonly sharePercent: number;
}

/** Relative answers need an old side that still carries something. */
export const RELATIVE_OLD_SHARE_MIN_PERCENT = 10;

const proportion = (sums: CellSums): number | null => (sums.n === 0 ? null : sums.x / sums.n);

const errors = (call: JudgeCall): Reply => {
  const { adapter } = call.evidence;
  if (adapter !== undefined) return errorsOfPods(call, adapter);
  const { ratioMax, samplesMin } = call.gates.errors;
  const { errors: fresh } = call.evidence.new;
  const { errors: old } = call.evidence.old;
  const oldCarries = 100 - call.sharePercent >= RELATIVE_OLD_SHARE_MIN_PERCENT;
  const compares = oldCarries && fresh.n >= RELATIVE_SAMPLES_MIN && old.n >= RELATIVE_SAMPLES_MIN;
  const reply = {
    sums: fresh,
    old,
    limit: ratioMax,
    sentence: `errors on ${call.pools.new} ${ratio(fresh.x, fresh.n)}, limit ${percent(ratioMax)}`,
  };
  if (isBroken(fresh, ratioMax)) return inWords({ ...reply, answer: 'fail' }, null);
  if (compares && isWorse(fresh, old, ERRORS_MARGIN))
    return inWords(
      { ...reply, answer: 'fail' },
      `${call.pools.old} has ${ratio(old.x, old.n)}; at most ${String(ERRORS_MARGIN * 100)} points more are allowed`,
    );
  if (fresh.n < samplesMin)
    return inWords({ ...reply, answer: 'inconclusive' }, `fewer than ${count(samplesMin)} requests`);
  if (isDoubtful(fresh, ratioMax)) return inWords({ ...reply, answer: 'inconclusive' }, BUNCHED);
  if (oldCarries && old.n === 0)
    return inWords({ ...reply, answer: 'inconclusive' }, `no figures of ${call.pools.old} to compare with`);
  return inWords({ ...reply, answer: 'pass' }, null);
};

const ttftSlo = (call: JudgeCall): Reply | null => {
  const objective = call.gates.ttft;
  if (objective === null) return null;
  const { ttft: fresh } = call.evidence.new;
  const reply = {
    sums: fresh,
    old: call.evidence.old.ttft,
    limit: objective.atMost,
    sentence: `first token after more than ${String(objective.edgeSeconds)} s on ${call.pools.new} ${ratio(fresh.x, fresh.n, 'answers')}, limit ${percent(objective.atMost)}`,
  };
  if (isBroken(fresh, objective.atMost)) return inWords({ ...reply, answer: 'fail' }, null);
  if (fresh.n < objective.samplesMin)
    return inWords({ ...reply, answer: 'inconclusive' }, `fewer than ${count(objective.samplesMin)} answers`);
  if (isDoubtful(fresh, objective.atMost)) return inWords({ ...reply, answer: 'inconclusive' }, BUNCHED);
  return inWords({ ...reply, answer: 'pass' }, null);
};

const JUDGES: Readonly<Record<string, (call: JudgeCall) => Reply | null>> = {
  errors,
  'ttft.slo': ttftSlo,
  'adapter.errors': adapterErrors,
  'adapter.duration': adapterDuration,
};

const unknown = (gate: string, call: JudgeCall): Verdict => ({
  gate,
  answer: 'inconclusive',
  windowMs: call.windowMs,
  samples: 0,
  newValue: null,
  oldValue: null,
  limit: null,
  sentence: `${gate} has nothing to judge by: inconclusive`,
});

/** The verdicts of a rung's judges, in the order of the plan. A judge that this version does not know is inconclusive. */
export const judge = (call: JudgeCall): readonly Verdict[] =>
  call.judges.map((gate) => {
    const reply = Object.hasOwn(JUDGES, gate) ? (JUDGES[gate]?.(call) ?? null) : null;
    if (reply === null) return unknown(gate, call);
    return {
      gate,
      answer: reply.answer,
      windowMs: call.windowMs,
      samples: reply.sums.n,
      newValue: proportion(reply.sums),
      oldValue: proportion(reply.old),
      limit: reply.limit,
      sentence: reply.sentence,
    };
  });
