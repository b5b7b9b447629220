import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Recorder } from './recorder/recorder.ts';
import { namesOf } from './stage/adapter-stack.ts';
import { CLUSTER_NAMES } from './stage/rollout-text.ts';
import { adaptersOf, EXAMPLE, namespaceOf } from './stage/stack-objects.ts';
import type { Trial, TrialDeed } from './trial.ts';

interface Ref {
  readonly name: string;
  readonly weight?: number;
}

/** The new pool's part of the two, percent, in the first rule that has both. */
const sharePercent = (route: KubeObject, oldPool: string, newPool: string): number => {
  const spec = route['spec'] as { readonly rules?: readonly { readonly backendRefs?: readonly Ref[] }[] };
  for (const rule of spec.rules ?? []) {
    const weightOf = (pool: string): number =>
      (rule.backendRefs ?? [])
        .filter(({ name }) => name === pool)
        .reduce((sum, { weight = 1 }) => sum + weight, 0);
    const [old, fresh] = [weightOf(oldPool), weightOf(newPool)];
    if (fresh > 0) return (100 * fresh) / (old + fresh);
  }
  return 0;
};

/** Targets of the adapter's own names are those of no other. */
const targetPercent = (object: KubeObject, from: string, to: string): number => {
  const spec = object['spec'] as {
    readonly rules?: readonly { readonly targets?: readonly Target[] }[];
    readonly targetModels?: readonly Target[];
  };
  for (const targets of [spec.targetModels ?? [], ...(spec.rules ?? []).map((rule) => rule.targets ?? [])]) {
    const weightOf = (wanted: string): number =>
      targets
        .filter(({ modelRewrite, name }) => (modelRewrite ?? name) === wanted)
        .reduce((sum, { weight = 1 }) => sum + weight, 0);
    const fresh = weightOf(to);
    if (fresh > 0) return (100 * fresh) / (weightOf(from) + fresh);
  }
  return 0;
};

interface Target {
  readonly modelRewrite?: string;
  readonly name?: string;
  readonly weight?: number;
}

const CARRIERS: ReadonlySet<string> = new Set(['inferencemodelrewrites', 'inferencemodels']);

/** What an order's new side has in an object, percent. */
const shareIn = (object: KubeObject, trial: Trial, order: number, plural: string): number => {
  const about = trial.orders[order];
  const stack = trial.stacks[about?.stack ?? -1];
  if (stack === undefined) return 0;
  if (about?.adapter === undefined) {
    const { oldPool, newPool } = EXAMPLE[stack.type];
    return plural === 'httproutes' ? sharePercent(object, oldPool, newPool) : 0;
  }
  const { from, to } = namesOf(adaptersOf(stack), about.adapter.alias);
  return CARRIERS.has(plural) ? targetPercent(object, from, to) : 0;
};

/** Calls back once for each deed that waits for a share, when the share is first written by whomever. */
export const watchShares = (
  recorder: Recorder,
  trial: Trial,
  reached: (deed: TrialDeed, forMs: number) => void,
): void => {
  const waiting = new Set(trial.deeds.filter(({ when }) => 'percent' in when));
  if (waiting.size === 0) return;
  recorder.onWrite(({ resource, after }, cluster) => {
    if (after === null) return;
    for (const deed of waiting) {
      const index = trial.orders[deed.order]?.stack ?? -1;
      const stack = trial.stacks[index];
      if (stack === undefined || !('percent' in deed.when)) continue;
      const here =
        CLUSTER_NAMES[stack.cluster] === cluster && after.metadata.namespace === namespaceOf(index);
      if (!here || shareIn(after, trial, deed.when.order, resource.plural) < deed.when.percent) continue;
      waiting.delete(deed);
      reached(deed, deed.when.forMs);
    }
  });
};
