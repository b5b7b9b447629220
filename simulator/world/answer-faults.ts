/** What servers answer wrongly (protocol P10): probabilities per call. */
export interface AnswerFaults {
  /** Kubernetes: 429 TooManyRequests, nothing applied. */
  readonly tooMany: number;
  /** Kubernetes: 500 or 503, nothing applied. */
  readonly serverError: number;
  /** Kubernetes: 504 Timeout after the write was applied. */
  readonly errorAfterWrite: number;
  /** Kubernetes: a patch meets 409 Conflict (a status writer was faster); nothing applied. */
  readonly conflict: number;
  /** Kubernetes: a status writer bumps the object's resourceVersion just before a write of ours arrives. */
  readonly statusBump: number;
  /** GKE: UNAVAILABLE, INTERNAL or RESOURCE_EXHAUSTED (API quota), nothing applied. */
  readonly gkeError: number;
  /** Monitoring: no answer. */
  readonly monitoringSilent: number;
  /** Model servers: a pod's scrape is unanswered although it serves. */
  readonly scrapeMissing: number;
  /** Model servers: a pod answers with what it had counted at the previous scrape. */
  readonly scrapeStale: number;
  /** Model servers: each line of a scrape comes twice. */
  readonly scrapeDoubled: number;
  /** Model servers: a pod's counters begin at 0 again without a restart that anybody sees. */
  readonly counterReset: number;
}

export const NO_ANSWER_FAULTS: AnswerFaults = {
  tooMany: 0,
  serverError: 0,
  errorAfterWrite: 0,
  conflict: 0,
  statusBump: 0,
  gkeError: 0,
  monitoringSilent: 0,
  scrapeMissing: 0,
  scrapeStale: 0,
  scrapeDoubled: 0,
  counterReset: 0,
};
