import { must } from '../../../workflows/assert.ts';
import { type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import type { KubeAnswer, KubeList, NoAnswer } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import type { Hand, HandResult } from './hand.ts';
import { sayKubeAnswer } from './kube-answers.ts';

const RETRY_MS = 10_000;

const again = (why: string): HandResult => ({ kind: 'again', inMs: RETRY_MS, why });

/** `a=b,c=d`, as the API writes a selector. */
export const labelSelectorOf = (selector: Readonly<Record<string, string>>): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

const podsOf = (answer: KubeAnswer<KubeList> | NoAnswer): readonly KubeObject[] | null =>
  answer.kind === 'answer' && answer.object !== undefined ? answer.object.items : null;

/** Waits until the new pool exists, as many pods are ready as a share of 100 needs, and a picker is ready. */
export const awaitNewSide: Hand<'awaitNewSide'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const { cluster, namespace } = plan;
  const side = plan.new;
  const list = (selector: Readonly<Record<string, string>>) =>
    ports.kubernetes.list({
      cluster,
      resource: RESOURCES.pod,
      namespace,
      labelSelector: labelSelectorOf(selector),
    });
  const [pool, pods, pickers] = await all([
    ports.kubernetes.get({ cluster, resource: RESOURCES.inferencePool, namespace, name: side.pool }),
    list(side.selector),
    side.picker === null ? Promise.resolve(null) : list(side.picker.selector),
  ]);
  if (pool.kind === 'noAnswer' || pool.object === undefined)
    return again(`InferencePool ${namespace}/${side.pool}: ${sayKubeAnswer(pool)}`);
  const found = podsOf(pods);
  if (found === null) return again(`pods of ${side.pool}: ${sayKubeAnswer(pods)}`);
  const ready = found.filter(isPodReady).length;
  if (ready < side.replicas) return again(`${ready} of ${side.replicas} pods of ${side.pool} are ready`);
  if (pickers !== null && !(podsOf(pickers) ?? []).some(isPodReady))
    return again(`no picker of ${side.pool} is ready`);
  return { kind: 'outcome', outcome: { kind: 'newSideReady', pods: ready } };
};
