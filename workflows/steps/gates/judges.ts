/**
 * Judges speak once, at the end of a bake, on everything that the rung saw. Each answers for itself: fail when a
 * one-sided test at α 0.01 shows the limit broken, pass when the minimum samples are in and nothing speaks against it, else
 * inconclusive. Missing data is never a pass (I3).
 */
import type { GatePlan } from '../../plans/plan.ts';
import type { Verdict } from '../../rollout/stored.ts';
import type { CellSums, Evidence } from '../evidence.ts';
import { ALPHA, binomialTail, designEffect, excessZ, Z_ALPHA } from './chance.ts';
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

/** The new side's error ratio may exceed the old side's by this much. */
export const ERRORS_MARGIN = 0.005;
export const RELATIVE_SAMPLES_MIN = 500;
/** Relative answers need an old side that still carries something. */
export const RELATIVE_OLD_SHARE_MIN_PERCENT = 10;

/** `sums` as if its requests were independent: both counts over the design effect. */
const deflated = (sums: CellSums): { readonly x: number; readonly n: number } => {
  const effect = designEffect(sums);
  return { x: sums.x / effect, n: sums.n / effect };
};

/** One-sided exact binomial test: does x of n show a proportion above the limit? */
const isBroken = (sums: CellSums, limit: number): boolean => {
  const { x, n } = deflated(sums);
  // Below the limit itself nothing can be shown; the strict comparison keeps one of one from failing at 1 %.
  return sums.n > 0 && sums.x / sums.n > limit && binomialTail(x, n, limit) < ALPHA * (1 - 1e-9);
};

/**
 * Above the limit by more than chance, were the requests independent; but they came in bunches, and then it may be one. A
 * server that died, or trouble that has just begun: nobody can tell yet, so it is no pass.
 */
const isDoubtful = ({ x, n }: CellSums, limit: number): boolean =>
  n > 0 && x / n > limit && binomialTail(x, n, limit) < ALPHA;

const BUNCHED = 'above the limit, in a bunch: more is needed to tell';

const isWorse = (fresh: CellSums, old: CellSums): boolean =>
  excessZ(deflated(fresh), deflated(old), ERRORS_MARGIN) > Z_ALPHA;

type Answer = Verdict['answer'];

interface Reply {
  readonly answer: Answer;
  readonly sums: CellSums;
  readonly old: CellSums;
  readonly limit: number | null;
  /** Without the answer. */
  readonly sentence: string;
}

const proportion = (sums: CellSums): number | null => (sums.n === 0 ? null : sums.x / sums.n);

const inWords = (reply: Reply, why: string | null): Reply => ({
  ...reply,
  sentence: `${reply.sentence}: ${reply.answer}${why === null ? '' : ` (${why})`}`,
});

const errors = (call: JudgeCall): Reply => {
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
  if (compares && isWorse(fresh, old))
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
