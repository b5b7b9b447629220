/**
 * Would every pod serve both versions, now and after its next restart? Asked before each growth: what is loaded is loaded per
 * pod, and a pod that starts gets what the syncer asks for then.
 */
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { stringMapAt } from '../../../workflows/plans/fields.ts';
import type { AdapterPlan, Plan, SyncerPlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { readSyncerConfig } from '../../../workflows/steps/syncer-config.ts';
import { all } from '../all.ts';
import { adapterOnPods } from './adapter-on-pods.ts';
import { classify } from './route-io.ts';

export interface NotServed {
  /** Which version is missing; null: it is not known whether one is. */
  readonly lacks: 'new' | 'old' | null;
  readonly sentence: string;
}

/** Null when nothing speaks against it. */
export const whyNotServed = async (
  ports: Ports,
  plan: Plan,
  adapter: AdapterPlan,
): Promise<NotServed | null> => {
  const [onPods, ...syncers] = await all([
    whyNotOnPods(ports, plan, adapter),
    ...adapter.syncers.map((syncer) => whyNotAskedFor(ports, plan, { syncer, adapter })),
  ]);
  return onPods ?? syncers.find((why) => why !== null) ?? null;
};

const whyNotOnPods = async (ports: Ports, plan: Plan, adapter: AdapterPlan): Promise<NotServed | null> => {
  const on = await adapterOnPods(ports, plan, adapter);
  if (on.kind === 'unknown') return { lacks: null, sentence: on.why };
  for (const { pod, names } of on.pods) {
    if (names === null) return { lacks: null, sentence: `pod ${pod} does not say what it serves` };
    if (!names.has(adapter.to)) return { lacks: 'new', sentence: `pod ${pod} does not serve ${adapter.to}` };
    if (!names.has(adapter.from))
      return { lacks: 'old', sentence: `pod ${pod} does not serve ${adapter.from}` };
  }
  return null;
};

const whyNotAskedFor = async (
  ports: Ports,
  plan: Plan,
  { syncer, adapter }: { readonly syncer: SyncerPlan; readonly adapter: AdapterPlan },
): Promise<NotServed | null> => {
  const { namespace, name, key } = syncer;
  const title = `ConfigMap ${namespace}/${name}`;
  const read = classify(
    await ports.kubernetes.get({ cluster: plan.cluster, resource: RESOURCES.configMap, namespace, name }),
  );
  if (read.kind !== 'ok' && read.kind !== 'gone') return { lacks: null, sentence: `${title} cannot be read` };
  const text = read.kind === 'gone' ? undefined : stringMapAt(read.object, 'data')[key];
  const config = text === undefined ? null : readSyncerConfig(text);
  const isThere =
    config?.exist.some(({ id, source }) => id === adapter.to && source === adapter.source) === true;
  return isThere
    ? null
    : { lacks: 'new', sentence: `${title} does not ask for ${adapter.to} from ${adapter.source} any more` };
};
