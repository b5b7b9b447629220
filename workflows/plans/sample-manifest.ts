import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import { at, itemsOf, textAt } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import type { Finding } from './plan.ts';

/**
 * Recognises the HTTPRoute of the GKE page "Perform roll out operations for GKE Inference Gateway" as published:
 * `rules` is a mapping and the parent is of a kind that does not exist. Null for any other object.
 */
export const explainSampleManifest = (object: KubeObject, defaultNamespace?: string): Finding | null => {
  if (object.kind !== RESOURCES.httpRoute.kind) return null;
  const wrong: string[] = [];
  const rules = at(object, 'spec', 'rules');
  if (typeof rules === 'object' && rules !== null && !Array.isArray(rules))
    wrong.push('spec.rules is a mapping, the API takes a list only');
  if (itemsOf(at(object, 'spec', 'parentRefs')).some((ref) => textAt(ref, 'kind') === 'InferenceGateway'))
    wrong.push('spec.parentRefs names the kind InferenceGateway, which no API serves (a Gateway is meant)');
  if (wrong.length === 0) return null;
  return finding(
    'sample-manifest',
    nameOf(object, defaultNamespace),
    `This is the sample of the GKE page on rollouts as published: ${wrong.join('; ')}.`,
  );
};
