/** Both versions of an adapter on each ready pod, at each look: no counter of a server tells them apart. */
import type { AdapterPlan } from '../../workflows/plans/plan.ts';
import type { PodTarget, Ports } from '../../workflows/ports.ts';
import type { ProbeObservation } from '../../workflows/steps/observation.ts';
import { all } from './all.ts';

const TIMEOUT_MS = 3000;

/** One token: what it says does not matter, only whether there is an answer. */
const bodyFor = (model: string): Readonly<Record<string, unknown>> => ({
  model,
  prompt: 'Hello',
  max_tokens: 1,
  temperature: 0,
});

export interface ProbeCall {
  readonly cluster: string;
  readonly namespace: string;
  readonly adapter: Pick<AdapterPlan, 'from' | 'to'>;
  readonly pods: readonly (PodTarget & { readonly uid: string })[];
}

/** Two requests a pod, all in parallel. */
export const probeAdapter = async (
  { models }: Pick<Ports, 'models'>,
  { cluster, namespace, adapter, pods }: ProbeCall,
): Promise<readonly ProbeObservation[]> => {
  const versions = [
    ['new', adapter.to],
    ['old', adapter.from],
  ] as const;
  const wanted = pods.flatMap((pod) => versions.map(([target, model]) => ({ ...pod, target, model })));
  const answers = await all(
    wanted.map(({ pod, port, model }) =>
      models.ask({
        cluster,
        namespace,
        target: { pod, port },
        method: 'POST',
        path: '/v1/completions',
        body: bodyFor(model),
        timeoutMs: TIMEOUT_MS,
      }),
    ),
  );
  return wanted.map(({ uid, pod, target }, index) => {
    const answer = answers[index];
    return { uid, pod, target, status: answer?.kind === 'answered' ? answer.status : null };
  });
};
