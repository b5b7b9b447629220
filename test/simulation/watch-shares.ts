import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Recorder } from './recorder/recorder.ts';
import { CLUSTER_NAMES } from './stage/rollout-text.ts';
import { EXAMPLE, namespaceOf } from './stage/stack-objects.ts';
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

/** Calls back once for each deed that waits for a share, when the share is first written by whomever. */
export const watchShares = (
  recorder: Recorder,
  trial: Trial,
  reached: (deed: TrialDeed, forMs: number) => void,
): void => {
  const waiting = new Set(trial.deeds.filter(({ when }) => 'percent' in when));
  if (waiting.size === 0) return;
  recorder.onWrite(({ resource, after }, cluster) => {
    if (resource.plural !== 'httproutes' || after === null) return;
    for (const deed of waiting) {
      const index = trial.orders[deed.order]?.stack ?? -1;
      const stack = trial.stacks[index];
      if (stack === undefined || !('percent' in deed.when)) continue;
      const here =
        CLUSTER_NAMES[stack.cluster] === cluster && after.metadata.namespace === namespaceOf(index);
      const { oldPool, newPool } = EXAMPLE[stack.type];
      if (!here || sharePercent(after, oldPool, newPool) < deed.when.percent) continue;
      waiting.delete(deed);
      reached(deed, deed.when.forMs);
    }
  });
};
