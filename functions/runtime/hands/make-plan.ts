import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import { gatherCluster } from './gather-cluster.ts';
import type { Hand } from './hand.ts';

const RETRY_MS = 15_000;

/** Preflight: reads all, finds all that would go wrong later, and makes the plan that is then frozen. */
export const makePlan: Hand<'makePlan'> = async (ports, job) => {
  const gathered = await gatherCluster(ports, job.spec, job.manifests, job.rolloutId);
  if (gathered.kind === 'unreachable') return { kind: 'again', inMs: RETRY_MS, why: gathered.why };
  const result = planRollout(job.spec, job.manifests, gathered.observed);
  if (result.kind === 'planned') return { kind: 'outcome', outcome: result };
  return { kind: 'outcome', outcome: { ...result, reason: 'preflight' } };
};
