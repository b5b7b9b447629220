/** Paths of collections in the namespace of the twin tests. */
import type { KubeObject } from '../../../workflows/kubernetes.ts';

export const NAMESPACE = 'twin';

const PLURALS: Readonly<Record<string, string>> = {
  HTTPRoute: 'httproutes',
  Gateway: 'gateways',
  InferencePool: 'inferencepools',
  InferenceObjective: 'inferenceobjectives',
  InferenceModelRewrite: 'inferencemodelrewrites',
  GCPBackendPolicy: 'gcpbackendpolicies',
  HealthCheckPolicy: 'healthcheckpolicies',
  Service: 'services',
  ConfigMap: 'configmaps',
  ServiceAccount: 'serviceaccounts',
  Deployment: 'deployments',
  Pod: 'pods',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
};

const GLOBAL = new Set(['ClusterRole', 'ClusterRoleBinding']);

/** Collection of objects like this one. */
export const collectionOf = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): string => {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = PLURALS[kind];
  if (plural === undefined) throw new Error(`no plural for ${kind}`);
  return GLOBAL.has(kind) ? `${root}/${plural}` : `${root}/namespaces/${NAMESPACE}/${plural}`;
};

export const pathOf = (object: KubeObject): string =>
  `${collectionOf(object)}/${encodeURIComponent(object.metadata.name)}`;

/** As the product's adapter creates. */
export const CREATE = 'fieldManager=sluice&fieldValidation=Strict';
/** As the product's adapter patches. */
export const PATCH = 'fieldManager=sluice';
export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';
