import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import type { PodTarget, Ports } from '../../../workflows/ports.ts';
import { labelSelectorOf } from './label-selector.ts';
import { classify } from './route-io.ts';

/** The ready pods that a selector matches, by a list that may be a moment old, to be asked on a port; null: no list came. */
export const readyTargets = async (
  ports: Ports,
  { cluster, namespace }: Plan,
  { selector, port }: { readonly selector: Readonly<Record<string, string>>; readonly port: number },
): Promise<readonly PodTarget[] | null> => {
  const listed = classify(
    await ports.kubernetes.list({
      cluster,
      resource: RESOURCES.pod,
      namespace,
      labelSelector: labelSelectorOf(selector),
      recent: true,
    }),
  );
  if (listed.kind !== 'ok') return null;
  return listed.object.items.filter(isPodReady).map(({ metadata }) => ({ pod: metadata.name, port }));
};
