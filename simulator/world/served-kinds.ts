import type { KubeResource } from '../../workflows/kubernetes.ts';
import { GKE_KINDS, resourceOf } from './kubernetes/kinds/served.ts';
import type { ClusterParameters } from './parameters.ts';
import { INFERENCE_MODEL, LLMD_REWRITE, MODEL_REWRITE } from './resources.ts';

const CARRIERS: Readonly<Record<NonNullable<ClusterParameters['adapterKinds']>, readonly KubeResource[]>> = {
  rewrites: [MODEL_REWRITE],
  'llm-d': [LLMD_REWRITE],
  both: [MODEL_REWRITE, LLMD_REWRITE],
  models: [INFERENCE_MODEL],
};

/** What a cluster's API server serves, where that is not what most serve. */
export function servedBy({ adapterKinds }: ClusterParameters): { readonly served?: readonly KubeResource[] } {
  if (adapterKinds === undefined) return {};
  const others = GKE_KINDS.map(resourceOf).filter(({ plural }) => plural !== MODEL_REWRITE.plural);
  return { served: [...others, ...CARRIERS[adapterKinds]] };
}
