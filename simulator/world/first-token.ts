/** Histogram of times to the first token, with vLLM's own edges (recorded from version 0.32.0), in seconds. */
export const FIRST_TOKEN_EDGES: readonly string[] = [
  '0.001',
  '0.005',
  '0.01',
  '0.02',
  '0.04',
  '0.06',
  '0.08',
  '0.1',
  '0.25',
  '0.5',
  '0.75',
  '1.0',
  '2.5',
  '5.0',
  '7.5',
  '10.0',
  '20.0',
  '40.0',
  '80.0',
  '160.0',
  '640.0',
  '2560.0',
];

const EDGES_MS = Float64Array.from(FIRST_TOKEN_EDGES, (edge) => Number(edge) * 1000);
/** Shape of the log-logistic distribution: at five times the median one request in 3,000 is slower. */
const SHAPE = 5;
const INVERSE_POWERS = EDGES_MS.map((edge) => edge ** -SHAPE);
const COUNT = EDGES_MS.length;

export interface FirstTokenHistogram {
  /** Per edge, not cumulative; the last cell is above all edges. */
  readonly counts: Float64Array;
  count: number;
  sumMs: number;
}

export function emptyHistogram(): FirstTokenHistogram {
  return { counts: new Float64Array(COUNT + 1), count: 0, sumMs: 0 };
}

/**
 * Adds `n` requests around a median, by systematic sampling: the count below each edge is its expectation, rounded
 * by one common `offset` in [0, 1).
 */
export function addFirstTokens(
  histogram: FirstTokenHistogram,
  n: number,
  medianMs: number,
  offset: number,
): void {
  if (n <= 0) return;
  const scale = medianMs ** SHAPE;
  const { counts } = histogram;
  let below = 0;
  for (let index = 0; index < COUNT; index++) {
    const share = 1 / (1 + scale * (INVERSE_POWERS[index] ?? 0));
    const upTo = Math.floor(n * share + offset);
    if (upTo > below) {
      counts[index] = (counts[index] ?? 0) + upTo - below;
      below = upTo;
    }
  }
  if (n > below) counts[COUNT] = (counts[COUNT] ?? 0) + n - below;
  histogram.count += n;
  // Mean of the log-logistic distribution with shape 5 over its median: (π/5) / sin(π/5).
  histogram.sumMs += n * medianMs * 1.069;
}

/** Adds `n` requests that waited between `fromMs` and `toMs`, evenly. */
export function addEvenly(histogram: FirstTokenHistogram, n: number, fromMs: number, toMs: number): void {
  const { counts } = histogram;
  let below = 0;
  for (let index = 0; index <= COUNT && below < n; index++) {
    const edge = EDGES_MS[index] ?? Number.POSITIVE_INFINITY;
    const share =
      toMs > fromMs ? Math.min(1, Math.max(0, (edge - fromMs) / (toMs - fromMs))) : edge >= toMs ? 1 : 0;
    const upTo = Math.round(n * share);
    if (upTo > below) {
      counts[index] = (counts[index] ?? 0) + upTo - below;
      below = upTo;
    }
  }
  histogram.count += n;
  histogram.sumMs += (n * (fromMs + toMs)) / 2;
}
