import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import type { Plan, SidePlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { classify } from './route-io.ts';

/** As the tripwire `unanswered` waits. */
const ANSWER_MS = 3000;

/**
 * Does no ready pod of the old side answer while one of the new side does? Counters would not show it: a hung server has
 * none. The new side is asked only once the old one is silent, so that a sick new side costs no time. Unknown is no.
 */
export const isOldSilent = async (ports: Ports, plan: Plan): Promise<boolean> => {
  if ((await countAnswers(ports, plan, plan.old)) !== 0) return false;
  return ((await countAnswers(ports, plan, plan.new)) ?? 0) > 0;
};

const countAnswers = async (ports: Ports, plan: Plan, side: SidePlan): Promise<number | null> => {
  const pods = await readyPods(ports, plan, side);
  if (pods.length === 0) return null;
  const results = await ports.models.scrape({
    cluster: plan.cluster,
    namespace: plan.namespace,
    targets: pods.map((pod) => ({ pod: pod.metadata.name, port: side.port })),
    families: [],
    timeoutMs: ANSWER_MS,
  });
  return results.filter((result) => result.kind === 'answered').length;
};

const readyPods = async (ports: Ports, plan: Plan, side: SidePlan): Promise<readonly KubeObject[]> => {
  const labels = Object.entries(side.selector).map(([key, value]) => `${key}=${value}`);
  const pods = classify(
    await ports.kubernetes.list({
      cluster: plan.cluster,
      resource: RESOURCES.pod,
      namespace: plan.namespace,
      labelSelector: labels.join(','),
    }),
  );
  return pods.kind === 'ok' ? pods.object.items.filter(isPodReady) : [];
};
