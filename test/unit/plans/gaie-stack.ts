import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import { resolveResource, withNamespace } from '../../../workflows/plans/resolve-resource.ts';
import { aCluster, aPod } from './a-cluster.ts';

export const O = 'vllm-llama3-8b-instruct';
const ADAPTER = 'food-review-1';

export const loadStack = (folder: string): readonly KubeObject[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((name) =>
      parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(
        (document) => document.toJS() as KubeObject,
      ),
    );

/** The stack as a cluster would show it some minutes after `kubectl apply`, in namespace default. */
export const observeStack = (
  objects: readonly KubeObject[],
  changes: Partial<ObservedCluster> = {},
): ObservedCluster => {
  const stored = objects.map((object, index): KubeObject => {
    const placed = withNamespace(object, resolveResource(object, {})?.namespaced ?? true, 'default');
    const metadata = {
      ...placed.metadata,
      uid: `uid-${index}`,
      resourceVersion: `${1000 + index}`,
      generation: 1,
    };
    return { ...placed, metadata, ...statusOf(placed) };
  });
  const ofKind = (kind: string): readonly KubeObject[] => stored.filter((object) => object.kind === kind);
  const inDefault = (pod: KubeObject): KubeObject => ({
    ...pod,
    metadata: { ...pod.metadata, namespace: 'default' },
  });
  const models = [
    { id: 'meta-llama/Llama-3.1-8B-Instruct', parent: null, maxModelLen: 131072 },
    { id: ADAPTER, parent: 'meta-llama/Llama-3.1-8B-Instruct', maxModelLen: null },
  ];
  return aCluster({
    pools: ofKind('InferencePool'),
    routes: ofKind('HTTPRoute').map(withWeights),
    gateways: ofKind('Gateway'),
    objectives: ofKind('InferenceObjective'),
    services: ofKind('Service'),
    deployments: ofKind('Deployment'),
    pods: [1, 2, 3]
      .map((index) => inDefault(aPod(`${O}-${index}`, O)))
      .concat(inDefault(aPod(`${O}-epp-1`, `${O}-epp`))),
    backendPolicies: ofKind('GCPBackendPolicy'),
    healthCheckPolicies: ofKind('HealthCheckPolicy'),
    configMaps: ofKind('ConfigMap'),
    routeDryRuns: [],
    oldModels: [1, 2, 3].map((index) => ({ pod: `${O}-${index}`, models })),
    ...changes,
  });
};

const condition = (type: string) => ({
  type,
  status: 'True',
  observedGeneration: 1,
  reason: type,
  message: '',
});

const statusOf = (object: KubeObject): { readonly status?: unknown } => {
  if (object.kind === 'Gateway')
    return { status: { conditions: [condition('Accepted'), condition('Programmed')] } };
  if (object.kind !== 'HTTPRoute') return {};
  return {
    status: {
      parents: [
        {
          controllerName: 'networking.gke.io/gateway',
          parentRef: { name: 'inference-gateway' },
          conditions: ['Accepted', 'ResolvedRefs', 'Reconciled'].map(condition),
        },
      ],
    },
  };
};

/** The API server's defaulting: an absent weight is stored as 1. */
const withWeights = (route: KubeObject): KubeObject => {
  const spec = route['spec'] as { readonly rules: readonly { readonly backendRefs: readonly object[] }[] };
  const rules = spec.rules.map((rule) => ({
    ...rule,
    backendRefs: rule.backendRefs.map((ref) => ({ weight: 1, ...ref })),
  }));
  return { ...route, spec: { ...spec, rules } };
};

/** A second pool beside the stack's: the same objects under another name, as a user would copy them. */
export const secondPool = (objects: readonly KubeObject[], name: string): readonly KubeObject[] => {
  const kinds = ['InferencePool', 'Service', 'ServiceAccount', 'Deployment', 'ConfigMap', 'GCPBackendPolicy'];
  const text = JSON.stringify(objects.filter((object) => kinds.includes(object.kind)));
  return JSON.parse(
    text
      .replaceAll(O, name)
      .replaceAll('"name":"plugins-config"', `"name":"${name}-plugins"`)
      .replaceAll('inferencepool-backend-policy', `${name}-policy`),
  ) as KubeObject[];
};
