/** `adapter.duration`: seconds per output token of the new version against those of the old one, as the pickers count them. */
import type { DurationSums, MeansSums } from '../duration-evidence.ts';
import type { DurationCounter } from '../observation.ts';
import type { AdapterJudging } from './adapter-judges.ts';
import { ALPHA, studentTail } from './chance.ts';
import { inWords, type Reply } from './proportion-tests.ts';
import { count } from './words.ts';

/** The new version's mean may be this many times the old one's. */
export const DURATION_FACTOR = 1.15;
/** With fewer cells nothing is known of how they vary. */
export const DURATION_CELLS_MIN = 5;
/** Differences below this part of the mean are rounding. */
const ROUNDING = 1e-9;

const meanOf = ({ count: n, sumSeconds }: DurationCounter): number => (n === 0 ? 0 : sumSeconds / n);

/** One-sided t test of the cells' differences `new − factor · old` (Student 1908): both ran on the same pods in each. */
const isSlower = ({ cells, ...sums }: MeansSums, factor: number): boolean => {
  const mean = (sums.new - factor * sums.old) / cells;
  if (mean <= (ROUNDING * sums.old) / cells) return false;
  const squares = sums.newSquares - 2 * factor * sums.products + factor ** 2 * sums.oldSquares;
  const variance = Math.max(0, squares - cells * mean ** 2) / (cells - 1);
  return studentTail(mean / Math.sqrt(variance / cells), cells - 1) < ALPHA;
};

const UNIT = { token: 'seconds per output token', request: 'seconds per answer' } as const;

/** 0.0241 → `24.1 ms`, 3.2 → `3.2 s`. */
const time = (seconds: number): string =>
  seconds < 1
    ? `${String(Number((seconds * 1000).toPrecision(3)))} ms`
    : `${String(Number(seconds.toPrecision(3)))} s`;

const timed = (counter: DurationCounter): string =>
  counter.count === 0 ? 'no answers' : `${time(meanOf(counter))} (${count(counter.count)} answers)`;

const LONGER = 'no figures per token: its answers may only be longer';
const BY_CHANCE = 'above the limit, maybe by chance: more is needed to tell';

export const adapterDuration = (call: AdapterJudging): Reply | null => {
  const sums = call.evidence.adapter?.durations?.rung;
  const samplesMin = call.gates.adapter?.durationSamplesMin;
  if (sums === undefined || sums.per === null || samplesMin === undefined) return null;
  const limit = DURATION_FACTOR * meanOf(sums.old);
  const reply = {
    sums: asCells(sums.new),
    old: asCells(sums.old),
    limit: sums.old.count === 0 ? null : limit,
    sentence: `${UNIT[sums.per]} of ${call.pools.new} ${timed(sums.new)}, of ${call.pools.old} ${timed(sums.old)}, limit ${String(DURATION_FACTOR)} times as many`,
  };
  const [answer, why] = verdictOf(sums, samplesMin);
  return inWords({ ...reply, answer }, why);
};

const verdictOf = (sums: DurationSums, samplesMin: number): readonly [Reply['answer'], string | null] => {
  const few = Math.min(sums.old.count, sums.new.count) < samplesMin;
  if (few) return ['inconclusive', `fewer than ${count(samplesMin)} answers of either`];
  if (sums.means.cells < DURATION_CELLS_MIN)
    return ['inconclusive', `fewer than ${count(DURATION_CELLS_MIN)} stretches of time to compare`];
  if (isSlower(sums.means, DURATION_FACTOR))
    return sums.per === 'token' ? ['fail', null] : ['inconclusive', LONGER];
  const [fresh, old] = [meanOf(sums.new), meanOf(sums.old)];
  if (fresh > DURATION_FACTOR * old * (1 + ROUNDING)) return ['inconclusive', BY_CHANCE];
  return ['pass', null];
};

/** A verdict's value is x of n: here seconds of answers. */
const asCells = ({ count: n, sumSeconds }: DurationCounter): Reply['sums'] => ({
  cells: 0,
  x: sumSeconds,
  n,
  pairs: 0,
  q: 0,
});
