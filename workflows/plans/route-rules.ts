/** Which rules of which HTTPRoutes send traffic to a pool. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import { at, fieldsOf, itemsOf, textAt } from './fields.ts';
import type { BackendRef } from './plan.ts';

export interface PoolName {
  readonly namespace: string;
  readonly name: string;
}

/** The API server's defaulting: no namespace means the route's own. */
export const refersTo = (ref: BackendRef, routeNamespace: string, pool: PoolName): boolean =>
  ref.kind === RESOURCES.inferencePool.kind &&
  ref.group === RESOURCES.inferencePool.group &&
  ref.name === pool.name &&
  (ref.namespace ?? routeNamespace) === pool.namespace;

const isWeight = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/** An absent weight means 1. One that no API server lets in sends nothing, and cannot be divided. */
export const weightOf = ({ weight }: BackendRef): number => {
  if (weight === undefined) return 1;
  return isWeight(weight) ? weight : 0;
};

const isRef = (ref: unknown): ref is BackendRef => {
  const { name, group, kind, namespace, weight } = fieldsOf(ref);
  return (
    typeof name === 'string' &&
    [group, kind, namespace].every((text) => text === undefined || typeof text === 'string') &&
    (weight === undefined || isWeight(weight))
  );
};

/** Refs with a name, and a weight that can be written back; in a live route anything else is drift. */
export const backendRefsOf = (rule: unknown): readonly BackendRef[] =>
  itemsOf(at(rule, 'backendRefs')).filter(isRef);

export interface FoundRule {
  readonly index: number;
  readonly refs: readonly BackendRef[];
  readonly oldWeight: number;
}

export interface FoundRoute {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  /** Rules that name the pool, those with a weight of 0 included. */
  readonly rules: readonly FoundRule[];
}

/** All routes that name the pool in a backendRef, sorted by namespace and name. */
export const routesTo = (routes: readonly KubeObject[], pool: PoolName): readonly FoundRoute[] =>
  routes
    .map((object) => readRoute(object, pool))
    .filter((route) => route.rules.length > 0)
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));

const readRoute = (object: KubeObject, pool: PoolName): FoundRoute => {
  const namespace = object.metadata.namespace ?? '';
  const rules: FoundRule[] = [];
  for (const [index, rule] of itemsOf(at(object, 'spec', 'rules')).entries()) {
    const refs = backendRefsOf(rule);
    const mine = refs.filter((ref) => refersTo(ref, namespace, pool));
    if (mine.length === 0) continue;
    rules.push({ index, refs, oldWeight: mine.reduce((sum, ref) => sum + weightOf(ref), 0) });
  }
  return { object, namespace, name: object.metadata.name, rules };
};

/** True when any backendRef or mirror filter of the route names the pool, whatever its weight. */
export const mentionsPool = (route: KubeObject, pool: PoolName): boolean => {
  const namespace = route.metadata.namespace ?? '';
  const names = (ref: unknown): boolean =>
    textAt(ref, 'name') !== null && refersTo(ref as BackendRef, namespace, pool);
  const filters = (owner: unknown): boolean =>
    itemsOf(at(owner, 'filters')).some((filter) => names(at(filter, 'requestMirror', 'backendRef')));
  return itemsOf(at(route, 'spec', 'rules')).some(
    (rule) => filters(rule) || itemsOf(at(rule, 'backendRefs')).some((ref) => names(ref) || filters(ref)),
  );
};

export interface GatewayName {
  readonly namespace: string;
  readonly name: string;
}

/** The Gateways that a route names as parents, sorted, each once. */
export const gatewaysOf = (route: KubeObject): readonly GatewayName[] => {
  const found = new Map<string, GatewayName>();
  for (const parent of itemsOf(at(route, 'spec', 'parentRefs'))) {
    const kind = textAt(parent, 'kind') ?? RESOURCES.gateway.kind;
    const group = textAt(parent, 'group') ?? RESOURCES.gateway.group;
    const name = textAt(parent, 'name');
    if (kind !== RESOURCES.gateway.kind || group !== RESOURCES.gateway.group || name === null) continue;
    const namespace = textAt(parent, 'namespace') ?? route.metadata.namespace ?? '';
    found.set(`${namespace}/${name}`, { namespace, name });
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, gateway]) => gateway);
};
