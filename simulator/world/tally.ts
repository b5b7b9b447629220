/** How a request can fail, as its client sees it. */
export type FailureKind =
  /** No rule takes it: 404. */
  | 'noRoute'
  /** All weights of the rule are 0: 500. */
  | 'noWeight'
  /** The backend does not exist: 500. */
  | 'noBackend'
  /** No endpoint picker answers and the pool fails closed: 500 with an empty body. */
  | 'noPicker'
  /** No pod is in rotation: 503. */
  | 'noEndpoint'
  /** The pod was gone, the picker did not know yet: 503. */
  | 'connectRefused'
  /** The pod died under it: 503. */
  | 'reset'
  /** The server was told to end: 500. */
  | 'terminated'
  /** Status 200, and an error object in the stream. */
  | 'streamError'
  /** The server answered 500. */
  | 'serverError'
  /** The server does not have the model: 404. */
  | 'notFound';

/** Failures that a load balancer counts as 5xx. */
const IS_5XX: Readonly<Record<FailureKind, boolean>> = {
  noRoute: false,
  noWeight: true,
  noBackend: true,
  noPicker: true,
  noEndpoint: true,
  connectRefused: true,
  reset: true,
  terminated: true,
  streamError: false,
  serverError: true,
  notFound: false,
};

const CELL_MS = 10_000;
const CELLS = 128;

/** Client-side truth of one backend: absolute counts, and the last 21 minutes in cells of ten seconds. */
export interface Tally {
  requests: number;
  failed: number;
  readonly byKind: Partial<Record<FailureKind, number>>;
  readonly cells: Float64Array;
}

export function createTally(): Tally {
  return { requests: 0, failed: 0, byKind: {}, cells: new Float64Array(CELLS * 3) };
}

/** Index of the cell for a time; clears it when it held an older one. */
function cellAt(tally: Tally, atMs: number): number {
  const stamp = Math.floor(atMs / CELL_MS);
  const index = (stamp % CELLS) * 3;
  const { cells } = tally;
  if (cells[index] !== stamp) {
    cells[index] = stamp;
    cells[index + 1] = 0;
    cells[index + 2] = 0;
  }
  return index;
}

export function tallyRequests(tally: Tally, atMs: number, count: number): void {
  tally.requests += count;
  const index = cellAt(tally, atMs) + 1;
  tally.cells[index] = (tally.cells[index] ?? 0) + count;
}

export function tallyFailures(tally: Tally, atMs: number, kind: FailureKind, count: number): void {
  tally.failed += count;
  tally.byKind[kind] = (tally.byKind[kind] ?? 0) + count;
  if (!IS_5XX[kind]) return;
  const index = cellAt(tally, atMs) + 2;
  tally.cells[index] = (tally.cells[index] ?? 0) + count;
}

/** Requests and 5xx answers between two times, to ten seconds. */
export function tallied(
  tally: Tally,
  fromMs: number,
  toMs: number,
): { readonly requests: number; readonly failed5xx: number } {
  let requests = 0;
  let failed5xx = 0;
  for (let stamp = Math.floor(fromMs / CELL_MS); stamp < Math.floor(toMs / CELL_MS); stamp++) {
    const index = (stamp % CELLS) * 3;
    if (tally.cells[index] !== stamp) continue;
    requests += tally.cells[index + 1] ?? 0;
    failed5xx += tally.cells[index + 2] ?? 0;
  }
  return { requests, failed5xx };
}
