import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type {
  Condition,
  GatewayObject,
  HttpRoute,
  InferencePoolObject,
  ParentRef,
  ParentStatus,
} from './gateway-reading.ts';

/** GKE's controller; the only one whose word counts. */
export const GKE_CONTROLLER = 'networking.gke.io/gateway';

/** A condition that is False, for routes that are fine as well as for those that are not. */
export interface Refusal {
  readonly condition: 'Accepted' | 'ResolvedRefs' | 'Reconciled';
  readonly reason: string;
  readonly message: string;
}

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const met = (type: string, reason = type): Said => ({ type, status: 'True', reason, message: '' });

/** A problem is named by its condition, and nothing with a problem is reconciled. */
const routeWords = (refusal: Refusal | null): readonly Said[] => {
  if (refusal === null)
    return [met('Accepted'), met('ResolvedRefs'), met('Reconciled', 'ReconciliationSucceeded')];
  const { condition, reason, message } = refusal;
  const first = ['Accepted', 'ResolvedRefs'].map((type) =>
    type === condition ? { type, status: 'False', reason, message } : met(type),
  );
  const why = condition === 'Reconciled' ? reason : 'ReconciliationFailed';
  return [...first, { type: 'Reconciled', status: 'False', reason: why, message }];
};

/** Conditions as the API keeps them: the time of transition stays while the status does. */
const conditions = (
  before: readonly Condition[],
  said: readonly Said[],
  observedGeneration: number,
): readonly Condition[] =>
  said.map((word) => {
    const old = before.find(({ type }) => type === word.type);
    // The API knows whole seconds only.
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const since = old?.status === word.status ? old.lastTransitionTime : now;
    return { ...word, observedGeneration, lastTransitionTime: since };
  });

const withEntry = (
  object: KubeObject & { readonly status?: { readonly parents?: readonly ParentStatus[] } },
  parentRef: ParentRef,
  entry: (before: readonly Condition[]) => ParentStatus,
): object => {
  const namespace = object.metadata.namespace;
  const parents = object.status?.parents ?? [];
  const ours = (parent: ParentStatus): boolean =>
    (parent.controllerName ?? GKE_CONTROLLER) === GKE_CONTROLLER &&
    parent.parentRef.name === parentRef.name &&
    (parent.parentRef.namespace ?? namespace) === (parentRef.namespace ?? namespace);
  const before = parents.find(ours)?.conditions ?? [];
  return { parents: [...parents.filter((parent) => !ours(parent)), entry(before)] };
};

/** The status of a route as seen at `generation`, beside what other controllers said. */
export const routeStatus = (
  route: HttpRoute,
  parentRef: ParentRef,
  generation: number,
  refusal: Refusal | null,
): object =>
  withEntry(route, parentRef, (before) => ({
    parentRef,
    controllerName: GKE_CONTROLLER,
    conditions: conditions(before, routeWords(refusal), generation),
  }));

/** A pool gets a status once a route refers to it. */
export const poolStatus = (pool: InferencePoolObject, gateway: { namespace: string; name: string }): object =>
  withEntry(pool, gateway, (before) => ({
    parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', ...gateway },
    controllerName: GKE_CONTROLLER,
    conditions: conditions(before, [met('Accepted'), met('ResolvedRefs')], pool.metadata.generation ?? 1),
  }));

export const gatewayStatus = (gateway: GatewayObject, address: string): object => {
  const said = [
    met('Accepted'),
    met('Programmed'),
    met('networking.gke.io/GatewayHealthy', 'GatewayHealthy'),
  ];
  return {
    addresses: [{ type: 'IPAddress', value: address }],
    conditions: conditions(gateway.status?.conditions ?? [], said, gateway.metadata.generation ?? 1),
  };
};
