/**
 * Sums over cells of one pod and one minute: x of n (failures of requests, slow of answers). `q` sums the squared
 * differences between a pod's consecutive cells, (x/n − x'/n')² · n n' / (n + n'), over `pairs` of them: what failures
 * that come in bunches add to the variance, and a pod that is always worse than the others does not.
 */
export interface CellSums {
  readonly cells: number;
  readonly x: number;
  readonly n: number;
  readonly pairs: number;
  readonly q: number;
}

export const NO_CELLS: CellSums = { cells: 0, x: 0, n: 0, pairs: 0, q: 0 };

/** @param before the pod's last cell: x and n. */
export const addCell = (
  sums: CellSums,
  x: number,
  n: number,
  before: readonly [number, number],
): CellSums => {
  if (n === 0) return sums;
  const [x0, n0] = before;
  const isPair = n0 > 0;
  return {
    cells: sums.cells + 1,
    x: sums.x + x,
    n: sums.n + n,
    pairs: sums.pairs + (isPair ? 1 : 0),
    q: sums.q + (isPair ? ((x / n - x0 / n0) ** 2 * n * n0) / (n + n0) : 0),
  };
};
