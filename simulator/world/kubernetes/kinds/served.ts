import type { KubeResource } from '../../../../workflows/kubernetes.ts';
import {
  any,
  defaulted,
  groupName,
  kindName,
  list,
  object,
  objectName,
  port,
  type Rule,
  sectionName,
  string,
} from '../field-table.ts';
import { isDict } from '../json.ts';
import {
  clusterRole,
  clusterRoleBinding,
  configMap,
  event,
  namespace,
  node,
  role,
  roleBinding,
  secret,
  selfSubjectAccessReview,
  service,
  serviceAccount,
} from './core.ts';
import { httpRoute } from './http-route.ts';
import {
  inferenceModel,
  inferenceModelRewrite,
  inferenceObjective,
  inferencePool,
  inferencePoolImport,
  llmdModelRewrite,
  llmdObjective,
} from './inference.ts';
import { builtInKind, customKind, type Kind } from './kind.ts';
import { deployment, horizontalPodAutoscaler, job, pod, replicaSet, statefulSet } from './workloads.ts';

const GATEWAY = 'gateway.networking.k8s.io';

const listener = object(
  {
    name: sectionName,
    port,
    protocol: string({ min: 1, max: 255 }),
    hostname: string({ min: 1, max: 253 }),
    tls: any,
    allowedRoutes: defaulted(
      object(
        { namespaces: defaulted(object({ from: defaulted(string(), 'Same') }, { open: true }), {}) },
        { open: true },
      ),
      { namespaces: { from: 'Same' } },
    ),
  },
  { required: ['name', 'port', 'protocol'] },
);

/** Listeners are told apart by what they listen to. */
const distinctListeners: Rule = (listeners) => {
  const items: readonly unknown[] = Array.isArray(listeners) ? listeners : [];
  const places = items.map((item) =>
    isDict(item) ? JSON.stringify([item['port'], item['protocol'], item['hostname'] ?? '']) : '',
  );
  return new Set(places).size === places.length
    ? null
    : 'Combination of port, protocol and hostname must be unique for each listener';
};

const gateway: Kind = customKind({
  group: GATEWAY,
  version: ['v1', 'v1beta1'],
  plural: 'gateways',
  kind: 'Gateway',
  shortNames: ['gtw'],
  categories: ['gateway-api'],
  required: ['spec'],
  fields: {
    spec: object(
      {
        gatewayClassName: objectName,
        listeners: list(listener, { min: 1, max: 64, keys: ['name'], rules: [distinctListeners] }),
      },
      { required: ['gatewayClassName', 'listeners'], open: true },
    ),
    // Not yet seen by a controller. Source: gateway.networking.k8s.io_gateways.yaml, the default of `status`.
    status: defaulted(object({}, { open: true }), {
      conditions: ['Accepted', 'Programmed'].map((type) => ({
        lastTransitionTime: '1970-01-01T00:00:00Z',
        message: 'Waiting for controller',
        reason: 'Pending',
        status: 'Unknown',
        type,
      })),
    }),
  },
});

const gatewayClass: Kind = customKind({
  group: GATEWAY,
  version: ['v1', 'v1beta1'],
  plural: 'gatewayclasses',
  kind: 'GatewayClass',
  shortNames: ['gc'],
  categories: ['gateway-api'],
  namespaced: false,
  required: ['spec'],
  fields: {
    spec: object(
      { controllerName: string({ min: 1, max: 253 }) },
      { required: ['controllerName'], open: true },
    ),
    status: object({}, { open: true }),
  },
});

const referenceGrant: Kind = customKind({
  group: GATEWAY,
  version: ['v1', 'v1beta1'],
  plural: 'referencegrants',
  kind: 'ReferenceGrant',
  shortNames: ['refgrant'],
  categories: ['gateway-api'],
  subresources: [],
  fields: { spec: object({ from: list(any), to: list(any) }, { required: ['from', 'to'] }) },
});

const targetRef = object(
  { group: groupName, kind: kindName, name: objectName },
  { required: ['group', 'kind', 'name'], open: true },
);

/** GKE's policies: what they are attached to is checked, what they say is kept. */
const policy = (plural: string, kind: string, categories: readonly string[] = []): Kind =>
  customKind({
    group: 'networking.gke.io',
    version: 'v1',
    plural,
    kind,
    categories,
    required: ['spec'],
    fields: {
      spec: object({ targetRef, default: object({}, { open: true }) }, { open: true }),
      status: object({}, { open: true }),
    },
  });

/** A kind of which nothing is known but its name. */
export const lightKind = (resource: KubeResource): Kind =>
  customKind({ ...resource, open: true, fields: { spec: any, status: any } });

const light = (group: string, version: string, plural: string, kind: string): Kind =>
  lightKind({ group, version, plural, kind });

/** What a GKE cluster with Inference Gateway serves, as far as a serving stack uses it. */
export const GKE_KINDS: readonly Kind[] = [
  namespace,
  pod,
  service,
  configMap,
  secret,
  serviceAccount,
  node,
  event,
  deployment,
  replicaSet,
  statefulSet,
  job,
  horizontalPodAutoscaler,
  role,
  roleBinding,
  clusterRole,
  clusterRoleBinding,
  selfSubjectAccessReview,
  builtInKind({
    group: 'policy',
    version: 'v1',
    plural: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    shortNames: ['pdb'],
    subresources: ['status'],
    generation: 'spec',
    empty: { spec: {}, status: {} },
    fields: {
      spec: object({ minAvailable: any, maxUnavailable: any, selector: any }, { open: true }),
      status: any,
    },
  }),
  builtInKind({
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    shortNames: ['netpol'],
    generation: 'spec',
    empty: { spec: {} },
    fields: { spec: any },
  }),
  gatewayClass,
  gateway,
  httpRoute,
  referenceGrant,
  inferencePool,
  inferencePoolImport,
  inferenceObjective,
  inferenceModelRewrite,
  policy('gcpbackendpolicies', 'GCPBackendPolicy'),
  policy('healthcheckpolicies', 'HealthCheckPolicy'),
  policy('gcpgatewaypolicies', 'GCPGatewayPolicy'),
  policy('gcpservertlspolicies', 'GCPServerTLSPolicy', ['gateway-api']),
  policy('gcpclienttlspolicies', 'GCPClientTLSPolicy'),
  policy('gcptrafficdistributionpolicies', 'GCPTrafficDistributionPolicy'),
  policy('gcpsessionaffinityfilters', 'GCPSessionAffinityFilter', ['gateway-api']),
  policy('gcpsessionaffinitypolicies', 'GCPSessionAffinityPolicy', ['gateway-api']),
  policy('gcproutingextensions', 'GCPRoutingExtension'),
  policy('gcptrafficextensions', 'GCPTrafficExtension'),
  policy('gcpauthzpolicies', 'GCPAuthzPolicy', ['gateway-api']),
  light('monitoring.googleapis.com', 'v1', 'podmonitorings', 'PodMonitoring'),
];

/** Kinds that some clusters serve beside these. */
const FURTHER_KINDS: readonly Kind[] = [inferenceModel, llmdObjective, llmdModelRewrite];

/**
 * The kinds behind a list of resources. All versions of a kind that we know count as one; of what we do not know, only the
 * name is known, and any object is accepted.
 */
export function kindsOf(resources: readonly KubeResource[]): readonly Kind[] {
  const known = [...GKE_KINDS, ...FURTHER_KINDS];
  const kinds = resources.map(
    (resource) =>
      known.find((kind) => kind.group === resource.group && kind.plural === resource.plural) ??
      lightKind(resource),
  );
  return [...new Set(kinds)];
}

/** The resource of a kind in its preferred version. */
export const resourceOf = (kind: Kind): KubeResource => ({
  group: kind.group,
  version: kind.versions[0] ?? '',
  plural: kind.plural,
  kind: kind.kind,
});
