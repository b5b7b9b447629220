import { must } from '../../../workflows/assert.ts';
import { type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import type { AdapterPlan, Plan } from '../../../workflows/plans/plan.ts';
import type { KubeAnswer, KubeList, NoAnswer, Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { adapterOnPods } from './adapter-on-pods.ts';
import type { Hand, HandResult } from './hand.ts';
import { sayKubeAnswer } from './kube-answers.ts';
import { labelSelectorOf } from './label-selector.ts';

const RETRY_MS = 10_000;

const again = (why: string): HandResult => ({ kind: 'again', inMs: RETRY_MS, why });

const podsOf = (answer: KubeAnswer<KubeList> | NoAnswer): readonly KubeObject[] | null =>
  answer.kind === 'answer' && answer.object !== undefined ? answer.object.items : null;

/**
 * A ConfigMap takes a minute or two to its pods, a download minutes more. What is not there by then will not come (no such
 * source, a rank too high): verifying says so, and of which pod.
 */
const LOADED_WITHIN_MS = 900_000;

/** Waits until every ready pod of every pool lists the new version: what is loaded is loaded per pod. */
const awaitAdapter = async (
  ports: Ports,
  plan: Plan,
  adapter: AdapterPlan,
  waitedMs: number,
): Promise<HandResult> => {
  const found = await adapterOnPods(ports, plan, adapter);
  if (found.kind === 'unknown') return again(found.why);
  const { pods } = found;
  if (pods.length === 0)
    return again(`no pod of ${adapter.pools.map(({ pool }) => pool).join(', ')} is ready`);
  const lacking = pods.filter(({ names }) => names === null || !names.has(adapter.to));
  const [first] = lacking;
  const isLate = waitedMs >= LOADED_WITHIN_MS && lacking.every(({ names }) => names !== null);
  if (first === undefined || isLate)
    return { kind: 'outcome', outcome: { kind: 'newSideReady', pods: pods.length } };
  const what = first.names === null ? 'does not say what it serves' : `does not list ${adapter.to}`;
  return again(`pod ${first.pod} ${what} (${pods.length - lacking.length} of ${pods.length} pods do)`);
};

/** Waits until the new pool exists, as many pods are ready as a share of 100 needs, and a picker is ready. */
export const awaitNewSide: Hand<'awaitNewSide'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const { cluster, namespace } = plan;
  if (plan.adapter !== undefined) return awaitAdapter(ports, plan, plan.adapter, job.nowMs - job.sinceMs);
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
