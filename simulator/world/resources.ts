import type { KubeResource } from '../../workflows/kubernetes.ts';

/** A resource and whether its objects live in a namespace. */
interface Known extends KubeResource {
  readonly namespaced: boolean;
}

const known = (group: string, version: string, plural: string, kind: string): Known => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});

const global = (group: string, version: string, plural: string, kind: string): Known => ({
  ...known(group, version, plural, kind),
  namespaced: false,
});

export const HTTP_ROUTE = known('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute');
export const GATEWAY = known('gateway.networking.k8s.io', 'v1', 'gateways', 'Gateway');
export const GATEWAY_CLASS = global('gateway.networking.k8s.io', 'v1', 'gatewayclasses', 'GatewayClass');
export const INFERENCE_POOL = known('inference.networking.k8s.io', 'v1', 'inferencepools', 'InferencePool');
export const POD = known('', 'v1', 'pods', 'Pod');
export const SERVICE = known('', 'v1', 'services', 'Service');
export const CONFIG_MAP = known('', 'v1', 'configmaps', 'ConfigMap');
export const NODE = global('', 'v1', 'nodes', 'Node');
export const NAMESPACE = global('', 'v1', 'namespaces', 'Namespace');
export const DEPLOYMENT = known('apps', 'v1', 'deployments', 'Deployment');

export const MODEL_REWRITE = known(
  'inference.networking.x-k8s.io',
  'v1alpha2',
  'inferencemodelrewrites',
  'InferenceModelRewrite',
);
export const LLMD_REWRITE = known('llm-d.ai', 'v1alpha2', 'inferencemodelrewrites', 'InferenceModelRewrite');
export const INFERENCE_MODEL = known(
  'inference.networking.x-k8s.io',
  'v1alpha2',
  'inferencemodels',
  'InferenceModel',
);

const RBAC = 'rbac.authorization.k8s.io';
const EXTENSION = 'inference.networking.x-k8s.io';

const ALL: readonly Known[] = [
  HTTP_ROUTE,
  GATEWAY,
  GATEWAY_CLASS,
  INFERENCE_POOL,
  POD,
  SERVICE,
  CONFIG_MAP,
  NODE,
  NAMESPACE,
  DEPLOYMENT,
  known('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  known('', 'v1', 'secrets', 'Secret'),
  known('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  known('keda.sh', 'v1alpha1', 'scaledobjects', 'ScaledObject'),
  known(RBAC, 'v1', 'roles', 'Role'),
  known(RBAC, 'v1', 'rolebindings', 'RoleBinding'),
  global(RBAC, 'v1', 'clusterroles', 'ClusterRole'),
  global(RBAC, 'v1', 'clusterrolebindings', 'ClusterRoleBinding'),
  known('networking.gke.io', 'v1', 'gcpbackendpolicies', 'GCPBackendPolicy'),
  known('networking.gke.io', 'v1', 'healthcheckpolicies', 'HealthCheckPolicy'),
  known(EXTENSION, 'v1alpha2', 'inferenceobjectives', 'InferenceObjective'),
  MODEL_REWRITE,
  INFERENCE_MODEL,
  known('llm-d.ai', 'v1alpha2', 'inferenceobjectives', 'InferenceObjective'),
  LLMD_REWRITE,
];

const byKind = new Map(
  ALL.map((resource) => [
    `${resource.group === '' ? '' : `${resource.group}/`}${resource.version} ${resource.kind}`,
    resource,
  ]),
);

/** The resource that serves an object's apiVersion and kind; undefined for a kind that the world does not have. */
export function resourceOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): Known | undefined {
  return byKind.get(`${object.apiVersion} ${object.kind}`);
}
