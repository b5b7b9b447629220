/** One-sided tests at α 0.01 of x of n, with failures that come in bunches counted as bunches; and how judges word them. */
import type { Verdict } from '../../rollout/stored.ts';
import type { CellSums } from '../cell-sums.ts';
import { ALPHA, binomialTail, designEffect, excessZ, Z_ALPHA } from './chance.ts';

/** The new side's error ratio may exceed the old side's by this much. */
export const ERRORS_MARGIN = 0.005;
export const RELATIVE_SAMPLES_MIN = 500;

/** `sums` as if its requests were independent: both counts over the design effect. */
const deflated = (sums: CellSums): { readonly x: number; readonly n: number } => {
  const effect = designEffect(sums);
  return { x: sums.x / effect, n: sums.n / effect };
};

/** One-sided exact binomial test: does x of n show a proportion above the limit? */
export const isBroken = (sums: CellSums, limit: number): boolean => {
  const { x, n } = deflated(sums);
  // Below the limit itself nothing can be shown; the strict comparison keeps one of one from failing at 1 %.
  return sums.n > 0 && sums.x / sums.n > limit && binomialTail(x, n, limit) < ALPHA * (1 - 1e-9);
};

/**
 * Above the limit by more than chance, were the requests independent; but they came in bunches, and then it may be one. A
 * server that died, or trouble that has just begun: nobody can tell yet, so it is no pass.
 */
export const isDoubtful = ({ x, n }: CellSums, limit: number): boolean =>
  n > 0 && x / n > limit && binomialTail(x, n, limit) < ALPHA;

export const BUNCHED = 'above the limit, in a bunch: more is needed to tell';

/** Does the one exceed the other by more than the margin? */
export const isWorse = (fresh: CellSums, old: CellSums, margin: number): boolean =>
  excessZ(deflated(fresh), deflated(old), margin) > Z_ALPHA;

export interface Reply {
  readonly answer: Verdict['answer'];
  readonly sums: CellSums;
  readonly old: CellSums;
  readonly limit: number | null;
  /** Without the answer. */
  readonly sentence: string;
}

export const inWords = (reply: Reply, why: string | null): Reply => ({
  ...reply,
  sentence: `${reply.sentence}: ${reply.answer}${why === null ? '' : ` (${why})`}`,
});
