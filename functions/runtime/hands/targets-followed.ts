/**
 * Do the pickers follow the targets that were written? Nothing confirms them: the object has no status that anybody writes.
 * A counter of the new target that moves shows it; without one the settle time has to do (measured: a change takes 50 ms).
 */

import type { AdapterPlan, Plan, SidePlan } from '../../../workflows/plans/plan.ts';
import type { MetricSample, Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { readyTargets } from './ready-targets.ts';

/** Counters of requests by target: of the picker of 1.5, and of llm-d's. */
const FAMILIES = [
  'inference_objective_request_total',
  'inference_extension_model_rewrite_decisions_total',
  'llm_d_epp_model_rewrite_decisions_total',
];
const LABELS = ['target_model_name', 'target_model'];

/** Between two readings of the counters. */
const BETWEEN_MS = 2_000;
const SCRAPE_TIMEOUT_MS = 3_000;

/** Asked only where the plan found the pickers' counters readable; false: not seen yet. */
export const areTargetsFollowed = async (
  ports: Ports,
  plan: Plan,
  adapter: AdapterPlan,
): Promise<boolean> => {
  const before = await countsOf(ports, plan, adapter);
  if (before.every((count) => count === null)) return false;
  await ports.time.wait({ ms: BETWEEN_MS });
  const after = await countsOf(ports, plan, adapter);
  return after.length > 0 && after.every((count, index) => isMore(count, before[index] ?? null));
};

const isMore = (count: number | null, than: number | null): boolean =>
  count !== null && than !== null && count > than;

/** Requests for the new target, by pool; null where no picker says. */
const countsOf = (ports: Ports, plan: Plan, adapter: AdapterPlan): Promise<readonly (number | null)[]> =>
  all(adapter.pools.map((pool) => countOf(ports, plan, { pool, target: adapter.to })));

const countOf = async (
  ports: Ports,
  plan: Plan,
  { pool, target }: { readonly pool: SidePlan; readonly target: string },
): Promise<number | null> => {
  const { cluster, namespace } = plan;
  const { picker } = pool;
  if (picker === null || picker.metricsPort === null) return null;
  const { selector, metricsPort: port } = picker;
  const targets = await readyTargets(ports, plan, { selector, port });
  if (targets === null || targets.length === 0) return null;
  const results = await ports.models.scrape({
    cluster,
    namespace,
    targets,
    families: FAMILIES,
    timeoutMs: SCRAPE_TIMEOUT_MS,
  });
  let count: number | null = null;
  for (const result of results) {
    if (result.kind !== 'answered' || result.status !== 200) continue;
    count = (count ?? 0) + sumOf(result.samples, target);
  }
  return count;
};

const sumOf = (samples: readonly MetricSample[], target: string): number => {
  let sum = 0;
  for (const { labels, value } of samples) if (LABELS.some((label) => labels[label] === target)) sum += value;
  return sum;
};
