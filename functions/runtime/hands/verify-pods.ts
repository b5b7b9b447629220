import { must } from '../../../workflows/assert.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { sortFindings } from '../../../workflows/plans/findings.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import { all } from '../all.ts';
import { labelSelectorOf } from './await-new-side.ts';
import type { Hand, HandResult } from './hand.ts';
import { sayKubeAnswer } from './kube-answers.ts';
import { verifyOnePod } from './verify-one-pod.ts';

/** No request begins later than this in one invocation; what is warm by then is quick the next time. */
const BUDGET_MS = 60_000;
const RETRY_MS = 5_000;

const again = (why: string): HandResult => ({ kind: 'again', inMs: RETRY_MS, why });

/**
 * Asks every ready pod of the new side. Nothing is remembered between invocations: a pod that stalled is warm the next
 * time. What cannot be reached is not wrong; the deadline of that is the machine's.
 */
export const verifyPods: Hand<'verifyPods'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const { cluster, namespace } = plan;
  const listed = await ports.kubernetes.list({
    cluster,
    resource: RESOURCES.pod,
    namespace,
    labelSelector: labelSelectorOf(plan.new.selector),
  });
  if (listed.kind === 'noAnswer' || listed.object === undefined)
    return again(`pods: ${sayKubeAnswer(listed)}`);
  const pods = listed.object.items.filter(isPodReady).map((pod) => pod.metadata.name);
  if (pods.length < plan.new.replicas) return again(`${pods.length} of ${plan.new.replicas} pods are ready`);
  const startMs = await ports.time.now({});
  const verdicts = await all(
    pods.map((pod) => verifyOnePod({ ports, plan, pod, endMs: startMs + BUDGET_MS })),
  );
  const findings = verdicts.flatMap((verdict) => (verdict.kind === 'wrong' ? verdict.findings : []));
  if (findings.length > 0)
    return { kind: 'outcome', outcome: { kind: 'verifyFailed', findings: sortFindings(findings) } };
  for (const verdict of verdicts) if (verdict.kind === 'unfinished') return again(verdict.why);
  const checks = verdicts.reduce((sum, verdict) => sum + (verdict.kind === 'right' ? verdict.checks : 0), 0);
  return { kind: 'outcome', outcome: { kind: 'verified', pods: pods.length, checks } };
};
