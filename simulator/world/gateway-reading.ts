import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Backend, Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import { at, type Fields, items, number, text } from './fields.ts';
import { GATEWAY, INFERENCE_POOL, SERVICE } from './resources.ts';
import { hostnamesOf, type ProgrammedRoute, type ProgrammedRule } from './routing.ts';

interface Reference {
  readonly backend: Backend;
  readonly weight: number;
  /** What is wrong with it; null when it can be programmed. */
  readonly problem: string | null;
}

function reference(backends: Backends, cluster: Cluster, namespace: string, ref: Fields): Reference {
  const kind = ref['kind'] === 'InferencePool' ? 'InferencePool' : 'Service';
  const name = text(ref['name']) ?? '';
  const where = text(ref['namespace']) ?? namespace;
  const backend = backends.of(cluster, kind, where, name);
  const weight = number(ref['weight']) ?? 1;
  if (kind === 'Service') {
    const found = cluster.kube.read(SERVICE, where, name) !== undefined;
    return { backend, weight, problem: found ? null : `Service ${where}/${name} not found` };
  }
  const pool = cluster.kube.read(INFERENCE_POOL, where, name);
  const picker = text(at(pool, 'spec', 'endpointPickerRef', 'name'));
  if (pool === undefined) return { backend, weight, problem: `InferencePool ${where}/${name} not found` };
  const found = picker === undefined || cluster.kube.read(SERVICE, where, picker) !== undefined;
  const why = `failed to validate inference pool extension ref: Service ${where}/${picker ?? ''} not found`;
  return { backend, weight, problem: found ? null : why };
}

/** The first parent of the route that is a Gateway of a GKE class; null when there is none. */
export function gatewayOf(cluster: Cluster, route: KubeObject): { namespace: string; name: string } | null {
  for (const parent of items(at(route, 'spec', 'parentRefs'))) {
    if ((parent['kind'] ?? 'Gateway') !== 'Gateway') continue;
    const namespace = text(parent['namespace']) ?? route.metadata.namespace ?? 'default';
    const name = text(parent['name']) ?? '';
    const found = cluster.kube.read(GATEWAY, namespace, name);
    if (text(at(found, 'spec', 'gatewayClassName'))?.startsWith('gke-l7') === true)
      return { namespace, name };
  }
  return null;
}

/** A stored route, as the controller reads it. */
export interface Reading {
  readonly route: ProgrammedRoute;
  readonly pools: readonly Backend[];
  readonly problems: readonly string[];
}

export function readRoute(backends: Backends, cluster: Cluster, object: KubeObject): Reading {
  const namespace = object.metadata.namespace ?? 'default';
  const problems: string[] = [];
  const pools: Backend[] = [];
  const rules = items(at(object, 'spec', 'rules')).map((rule): ProgrammedRule => {
    const references = items(rule['backendRefs']).map((ref) => reference(backends, cluster, namespace, ref));
    for (const { backend, problem } of references) {
      if (problem !== null) problems.push(problem);
      else if (backend.kind === 'InferencePool') pools.push(backend);
    }
    return {
      matches: items(rule['matches']),
      backends: references.map(({ backend, weight }) => ({ backend, name: backend.name, weight })),
      weightSum: references.reduce((sum, { weight }) => sum + weight, 0),
    };
  });
  const parent = gatewayOf(cluster, object);
  const route = {
    gateway: parent === null ? '' : `${parent.namespace}/${parent.name}`,
    namespace,
    name: object.metadata.name,
    createdAt: object.metadata.creationTimestamp ?? '',
    hostnames: hostnamesOf(object),
    rules,
    generation: object.metadata.generation ?? 1,
  };
  return { route, pools, problems };
}
