/** Kubernetes API conventions as far as the core needs them. Source: kubernetes.io, API concepts. */

/** One served resource; `group` is '' for the core group. */
export interface KubeResource {
  readonly group: string;
  readonly version: string;
  /** Lower-case plural as in the URL, e.g. `httproutes`. */
  readonly plural: string;
  readonly kind: string;
}

export interface KubeOwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly KubeOwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly {
    readonly manager?: string;
    readonly operation?: string;
    readonly time?: string;
    readonly subresource?: string;
    readonly apiVersion?: string;
    readonly fieldsType?: string;
    readonly fieldsV1?: unknown;
  }[];
}

/** Any object. `spec`, `status`, `data` are narrowed where they are read. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

/** `metav1.Status`: what the API server says instead of an object. Decide on code, reason, details; never on message. */
export interface KubeStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

/** One operation of a JSON Patch (RFC 6902). */
export type JsonPatchOp =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export type JsonPatch = readonly JsonPatchOp[];

/** What was once created or found, so exactly that can be deleted again (protocol P6). */
export interface ObjectIdentity {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly uid: string;
}

const resource = (group: string, version: string, plural: string, kind: string): KubeResource => ({
  group,
  version,
  plural,
  kind,
});

/** The resources that Sluice itself reads or writes. Groups marked "discovered" may be replaced by what the cluster serves. */
export const RESOURCES = {
  httpRoute: resource('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute'),
  gateway: resource('gateway.networking.k8s.io', 'v1', 'gateways', 'Gateway'),
  inferencePool: resource('inference.networking.k8s.io', 'v1', 'inferencepools', 'InferencePool'),
  /** Discovered: `llm-d.ai` wins where both are served. */
  inferenceObjective: resource(
    'inference.networking.x-k8s.io',
    'v1alpha2',
    'inferenceobjectives',
    'InferenceObjective',
  ),
  /** Discovered, as above. */
  inferenceModelRewrite: resource(
    'inference.networking.x-k8s.io',
    'v1alpha2',
    'inferencemodelrewrites',
    'InferenceModelRewrite',
  ),
  /** Of clusters before InferenceModelRewrite: splits a name's traffic by its `targetModels`. */
  inferenceModel: resource('inference.networking.x-k8s.io', 'v1alpha2', 'inferencemodels', 'InferenceModel'),
  pod: resource('', 'v1', 'pods', 'Pod'),
  service: resource('', 'v1', 'services', 'Service'),
  configMap: resource('', 'v1', 'configmaps', 'ConfigMap'),
  serviceAccount: resource('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  node: resource('', 'v1', 'nodes', 'Node'),
  deployment: resource('apps', 'v1', 'deployments', 'Deployment'),
  horizontalPodAutoscaler: resource(
    'autoscaling',
    'v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  scaledObject: resource('keda.sh', 'v1alpha1', 'scaledobjects', 'ScaledObject'),
  role: resource('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  roleBinding: resource('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  clusterRole: resource('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole'),
  clusterRoleBinding: resource(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterrolebindings',
    'ClusterRoleBinding',
  ),
  gcpBackendPolicy: resource('networking.gke.io', 'v1', 'gcpbackendpolicies', 'GCPBackendPolicy'),
  healthCheckPolicy: resource('networking.gke.io', 'v1', 'healthcheckpolicies', 'HealthCheckPolicy'),
  selfSubjectAccessReview: resource(
    'authorization.k8s.io',
    'v1',
    'selfsubjectaccessreviews',
    'SelfSubjectAccessReview',
  ),
} as const satisfies Record<string, KubeResource>;
