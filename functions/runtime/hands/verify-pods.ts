import { must } from '../../../workflows/assert.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { sortFindings } from '../../../workflows/plans/findings.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import type { Plan, SidePlan } from '../../../workflows/plans/plan.ts';
import type { PodTarget, Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import type { Hand, HandResult } from './hand.ts';
import { judgeEffects } from './judge-effects.ts';
import { sayKubeAnswer } from './kube-answers.ts';
import { labelSelectorOf } from './label-selector.ts';
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
  const found = await all((plan.adapter?.pools ?? [plan.new]).map((side) => readyPods(ports, plan, side)));
  const lost = found.find((one) => typeof one === 'string');
  if (lost !== undefined) return again(lost);
  const targets = found.flatMap((one) => (typeof one === 'string' ? [] : one));
  // Pods of an adapter's pools come and go with their load.
  const least = plan.adapter === undefined ? plan.new.replicas : 1;
  if (targets.length < least) return again(`${targets.length} of ${least} pods are ready`);
  const endMs = (await ports.time.now({})) + BUDGET_MS;
  const verdicts = await all(targets.map((target) => verifyOnePod({ ports, plan, target, endMs })));
  const findings = verdicts.flatMap((verdict) => (verdict.kind === 'wrong' ? verdict.findings : []));
  if (findings.length > 0)
    return { kind: 'outcome', outcome: { kind: 'verifyFailed', findings: sortFindings(findings) } };
  for (const verdict of verdicts) if (verdict.kind === 'unfinished') return again(verdict.why);
  const right = verdicts.flatMap((verdict, index) => {
    const pod = targets[index]?.pod;
    return verdict.kind === 'right' && pod !== undefined ? [{ ...verdict, pod }] : [];
  });
  const judged = await judgeEffects({ ports, plan, endMs }, right);
  if (judged.kind === 'unfinished') return again(judged.why);
  if (judged.kind === 'wrong')
    return { kind: 'outcome', outcome: { kind: 'verifyFailed', findings: sortFindings(judged.findings) } };
  const checks = right.reduce((sum, verdict) => sum + verdict.checks, 0);
  return {
    kind: 'outcome',
    outcome: {
      kind: 'verified',
      pods: targets.length,
      checks,
      ...(judged.findings.length === 0 ? {} : { findings: sortFindings(judged.findings) }),
    },
  };
};

const readyPods = async (
  ports: Ports,
  plan: Plan,
  { selector, port }: SidePlan,
): Promise<readonly PodTarget[] | string> => {
  const listed = await ports.kubernetes.list({
    cluster: plan.cluster,
    resource: RESOURCES.pod,
    namespace: plan.namespace,
    labelSelector: labelSelectorOf(selector),
  });
  if (listed.kind === 'noAnswer' || listed.object === undefined) return `pods: ${sayKubeAnswer(listed)}`;
  return listed.object.items.filter(isPodReady).map((pod) => ({ pod: pod.metadata.name, port }));
};
