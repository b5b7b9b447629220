import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import type { ScrapeResult } from '../../../workflows/ports.ts';
import { podCounters } from '../../../workflows/steps/pod-metrics.ts';

/** Time to first token of several pods as one histogram; pods with other edges than the first are left out. */
export const sumTtft = (results: readonly ScrapeResult[]): ObservedCluster['oldTtft'] => {
  let sum: ObservedCluster['oldTtft'] = null;
  for (const result of results) {
    const ttft = result.kind === 'answered' ? podCounters(result.samples)?.ttft : null;
    if (ttft === null || ttft === undefined) continue;
    if (sum === null) sum = ttft;
    else if (sum.edges.join() === ttft.edges.join())
      sum = {
        edges: sum.edges,
        cumulative: sum.cumulative.map((count, index) => count + (ttft.cumulative[index] ?? 0)),
        count: sum.count + ttft.count,
      };
  }
  return sum;
};
