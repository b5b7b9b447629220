import type { Plan } from '../../../workflows/plans/plan.ts';
import type { PodTarget, Ports } from '../../../workflows/ports.ts';
import { readyTargets } from './ready-targets.ts';

/** As the tripwire `unanswered` waits. */
const ANSWER_MS = 3000;

/**
 * Does no ready pod of the old side answer while one of the new side does? Counters would not show it: a hung server has
 * none. The new side is asked only once the old one is silent, so that a sick new side costs no time, and then together
 * with it: a call that is lost silences both, and says nothing of either. Unknown is no.
 */
export const isOldSilent = async (ports: Ports, plan: Plan): Promise<boolean> => {
  const old = (await readyTargets(ports, plan, plan.old)) ?? [];
  if (old.length === 0 || (await answersOf(ports, plan, old)).some(Boolean)) return false;
  const both = [...old, ...((await readyTargets(ports, plan, plan.new)) ?? [])];
  const answers = await answersOf(ports, plan, both);
  return !answers.slice(0, old.length).some(Boolean) && answers.slice(old.length).some(Boolean);
};

/** Which of them answer, in their order. */
const answersOf = async (
  ports: Ports,
  plan: Plan,
  targets: readonly PodTarget[],
): Promise<readonly boolean[]> => {
  const results = await ports.models.scrape({
    cluster: plan.cluster,
    namespace: plan.namespace,
    targets,
    families: [],
    timeoutMs: ANSWER_MS,
  });
  return results.map(({ kind }) => kind === 'answered');
};
