import type { KubeObject } from '../../../workflows/kubernetes.ts';

export interface ProgrammedBackend {
  readonly kind: 'InferencePool' | 'Service';
  readonly namespace: string;
  readonly name: string;
  readonly weight: number;
}

export interface ProgrammedRule {
  /** As in the route; empty: everything. */
  readonly matches: readonly unknown[];
  readonly backends: readonly ProgrammedBackend[];
}

/** A route as the load balancer obeys it. */
export interface ProgrammedRoute {
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly hostnames: readonly string[];
  readonly rules: readonly ProgrammedRule[];
}

interface BackendRef {
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly weight?: number;
}

export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

export interface ParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName?: string;
  readonly conditions?: readonly Condition[];
}

export interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly {
      readonly matches?: readonly unknown[];
      readonly backendRefs?: readonly BackendRef[];
    }[];
  };
  readonly status?: { readonly parents?: readonly ParentStatus[] };
}

export interface GatewayObject extends KubeObject {
  readonly spec: { readonly gatewayClassName: string };
  readonly status?: { readonly addresses?: readonly unknown[]; readonly conditions?: readonly Condition[] };
}

export interface InferencePoolObject extends KubeObject {
  readonly spec: { readonly endpointPickerRef?: { readonly kind?: string; readonly name: string } };
  readonly status?: { readonly parents?: readonly ParentStatus[] };
}

/** Where the controller looks things up; undefined: there is none. */
export interface Known {
  gateway(namespace: string, name: string): GatewayObject | undefined;
  pool(namespace: string, name: string): InferencePoolObject | undefined;
  service(namespace: string, name: string): KubeObject | undefined;
}

export const isGkeGateway = (gateway: GatewayObject | undefined): boolean =>
  gateway?.spec.gatewayClassName.startsWith('gke-l7') ?? false;

const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? 'default';

/** References of the route to Gateways of GKE's classes. */
export const gkeParents = (known: Known, route: HttpRoute): readonly ParentRef[] =>
  (route.spec.parentRefs ?? []).filter(
    ({ kind = 'Gateway', namespace = namespaceOf(route), name }) =>
      kind === 'Gateway' && isGkeGateway(known.gateway(namespace, name)),
  );

/** What is wrong with a backend; null when it can be programmed. */
const problemOf = (known: Known, { kind, namespace, name }: ProgrammedBackend): string | null => {
  if (kind === 'Service')
    return known.service(namespace, name) === undefined ? `Service ${namespace}/${name} not found` : null;
  const pool = known.pool(namespace, name);
  if (pool === undefined) return `InferencePool ${namespace}/${name} not found`;
  const picker = pool.spec.endpointPickerRef;
  if (picker === undefined || known.service(namespace, picker.name) !== undefined) return null;
  return `failed to validate inference pool extension ref: Service ${namespace}/${picker.name} not found`;
};

export interface Reading {
  readonly route: ProgrammedRoute;
  readonly pools: readonly ProgrammedBackend[];
  readonly problem: string | null;
}

/** What the load balancer is to do by a stored route, and what stands against it. */
export const readRoute = (known: Known, object: HttpRoute): Reading => {
  const namespace = namespaceOf(object);
  const rules = (object.spec.rules ?? []).map(
    ({ matches = [], backendRefs = [] }): ProgrammedRule => ({
      matches,
      backends: backendRefs.map((ref) => ({
        kind: ref.kind === 'InferencePool' ? 'InferencePool' : 'Service',
        namespace: ref.namespace ?? namespace,
        name: ref.name,
        weight: ref.weight ?? 1,
      })),
    }),
  );
  const backends = rules.flatMap((rule) => rule.backends);
  const { name, generation = 1 } = object.metadata;
  return {
    route: { namespace, name, generation, hostnames: object.spec.hostnames ?? [], rules },
    pools: backends.filter(({ kind }) => kind === 'InferencePool'),
    problem: backends.map((backend) => problemOf(known, backend)).find((found) => found !== null) ?? null,
  };
};
