import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Act } from './acts.ts';
import type { Cluster } from './cluster.ts';
import { fields, items } from './fields.ts';
import type { Caller, KubeRequest } from './kubernetes/types.ts';
import { DEPLOYMENT, HTTP_ROUTE, resourceOf } from './resources.ts';

type Clusters = ReadonlyMap<string, Cluster>;

/** The cluster of that name; the first one when none is named. */
export function clusterOf(clusters: Clusters, name: string | undefined): Cluster | undefined {
  return name === undefined ? clusters.values().next().value : clusters.get(name);
}

export const person = (by: string | undefined): Caller => ({
  user: by ?? 'sam@example.com',
  manager: 'kubectl-edit',
});

export function send(
  clusters: Clusters,
  cluster: string | undefined,
  request: KubeRequest,
  caller: Caller,
): void {
  clusterOf(clusters, cluster)?.kube.request(request, caller);
}

export function editWeights(clusters: Clusters, act: Extract<Act, { kind: 'weightsEdited' }>): void {
  const cluster = clusterOf(clusters, act.cluster);
  const namespace = act.namespace ?? 'default';
  const stored = cluster?.kube.read(HTTP_ROUTE, namespace, act.route);
  if (cluster === undefined || stored === undefined) return;
  const spec = fields(stored['spec']);
  const rules = items(spec['rules']).map((rule) => ({
    ...rule,
    backendRefs: items(rule['backendRefs']).map((ref) => {
      const weight = act.weights[String(ref['name'])];
      return weight === undefined ? ref : { ...ref, weight };
    }),
  }));
  const object = { ...stored, spec: { ...spec, rules } };
  const request: KubeRequest = { verb: 'update', resource: HTTP_ROUTE, namespace, name: act.route, object };
  cluster.kube.request(request, person(act.by));
}

const FENCE = 'sluice.dev/fence';

export function touchFence(clusters: Clusters, act: Extract<Act, { kind: 'fenceTouched' }>): void {
  const namespace = act.namespace ?? 'default';
  const resource = act.resource ?? HTTP_ROUTE;
  const stored = clusterOf(clusters, act.cluster)?.kube.read(resource, namespace, act.route);
  const fences = Object.entries(stored?.metadata.annotations ?? {}).filter(
    ([key]) => key === FENCE || key.startsWith(`${FENCE}-`),
  );
  if (fences.length === 0) return;
  const annotations = Object.fromEntries(fences.map(([key, value]) => [key, touched(value, act.as)]));
  const what = { resource, namespace, name: act.route };
  const patch = { metadata: { annotations } };
  send(clusters, act.cluster, { verb: 'patch', ...what, type: 'merge', patch }, person(act.by));
}

function touched(value: string, as: 'stripped' | 'raised' | 'foreign'): string | null {
  const [rolloutId, fence] = value.split('/');
  return {
    stripped: null,
    raised: `${rolloutId}/${Number(fence ?? 0) + 1000}`,
    foreign: `somebody-else-7/${Number(fence ?? 0) + 1}`,
  }[as];
}

export function pruneRef(clusters: Clusters, act: Extract<Act, { kind: 'refPruned' }>): void {
  const namespace = act.namespace ?? 'default';
  const stored = clusterOf(clusters, act.cluster)?.kube.read(HTTP_ROUTE, namespace, act.route);
  if (stored === undefined) return;
  const spec = fields(stored['spec']);
  const rules = items(spec['rules']).map((rule) => ({
    ...rule,
    backendRefs: items(rule['backendRefs']).filter((ref) => ref['name'] !== act.pool),
  }));
  const what = { resource: HTTP_ROUTE, namespace, name: act.route };
  const object = { ...stored, spec: { ...spec, rules } };
  send(clusters, act.cluster, { verb: 'update', ...what, object }, person(act.by));
}

/** An object as a person would create it anew. */
function anew(object: KubeObject): KubeObject {
  const { name, namespace, labels, annotations } = object.metadata;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata, spec: object['spec'] };
}

export function deleteRoute(clusters: Clusters, act: Extract<Act, { kind: 'routeDeleted' }>): void {
  const cluster = clusterOf(clusters, act.cluster);
  const namespace = act.namespace ?? 'default';
  const stored = cluster?.kube.read(HTTP_ROUTE, namespace, act.route);
  if (cluster === undefined || stored === undefined) return;
  cluster.kube.request(
    { verb: 'delete', resource: HTTP_ROUTE, namespace, name: act.route },
    person(undefined),
  );
  if (act.again !== true) return;
  const request: KubeRequest = { verb: 'create', resource: HTTP_ROUTE, namespace, object: anew(stored) };
  cluster.kube.request(request, person(undefined));
}

/** `kubectl apply`: created, or applied over what is there. */
export function applyObject(
  cluster: Cluster,
  object: KubeObject,
  namespace: string,
  caller: Caller,
): string | null {
  const resource = resourceOf(object);
  if (resource === undefined) return `no such kind: ${object.apiVersion} ${object.kind}`;
  const where = resource.namespaced ? (object.metadata.namespace ?? namespace) : null;
  const created = cluster.kube.request({ verb: 'create', resource, namespace: where, object }, caller);
  if (!('failure' in created)) return null;
  if (created.failure.reason !== 'AlreadyExists')
    return created.failure.message ?? `status ${created.status}`;
  const { name } = object.metadata;
  const patch: KubeRequest = {
    verb: 'patch',
    resource,
    namespace: where,
    name,
    type: 'apply',
    patch: object,
    force: true,
  };
  const applied = cluster.kube.request(patch, caller);
  return 'failure' in applied ? (applied.failure.message ?? `status ${applied.status}`) : null;
}

export function scaleDeployment(clusters: Clusters, act: Extract<Act, { kind: 'deploymentScaled' }>): void {
  const request: KubeRequest = {
    verb: 'patch',
    resource: DEPLOYMENT,
    namespace: act.namespace ?? 'default',
    name: act.name,
    type: 'merge',
    patch: { spec: { replicas: act.replicas } },
  };
  const by = act.by ?? 'horizontal-pod-autoscaler';
  send(clusters, act.cluster, request, { user: by, manager: by });
}
