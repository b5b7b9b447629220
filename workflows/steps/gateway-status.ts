/** What the gateway says of a route and of itself. Conditions as in Gateway API, plus GKE's `Reconciled`. */
import type { KubeObject } from '../kubernetes.ts';
import { at, conditionOf, itemsOf, numberAt, textAt } from '../plans/fields.ts';
import type { RoutePlan } from '../plans/plan.ts';

/** Only this controller's word counts. */
export const GKE_CONTROLLER = 'networking.gke.io/gateway';

export type Confirmation =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'waiting'; readonly reason: string }
  /** The gateway looked at this very generation and says no. It may still change its mind. */
  | { readonly kind: 'refused'; readonly message: string };

const ROUTE_CONDITIONS = ['Accepted', 'ResolvedRefs', 'Reconciled'] as const;

const CONFIRMED: Confirmation = Object.freeze({ kind: 'confirmed' });

/**
 * Every GKE parent of the plan reports all three conditions for a generation not older than the route's. What carries an
 * adapter's weights has no status that anybody writes: it is followed once it is there.
 */
export const confirmation = (route: KubeObject, plan: RoutePlan): Confirmation => {
  if (plan.carrier !== undefined) return CONFIRMED;
  const generation = route.metadata.generation ?? 0;
  let waiting: Confirmation | null = null;
  for (const gateway of plan.gateways) {
    const entries = itemsOf(at(route, 'status', 'parents')).filter((parent) => isOf(parent, gateway, plan));
    const name = `${gateway.namespace}/${gateway.name}`;
    if (entries.length === 0) waiting ??= { kind: 'waiting', reason: `Gateway ${name} has not reported yet` };
    for (const entry of entries) {
      const said = readEntry(entry, generation, name);
      if (said.kind === 'refused') return said;
      if (said.kind === 'waiting') waiting ??= said;
    }
  }
  if (plan.gateways.length === 0) return { kind: 'waiting', reason: 'the route has no GKE gateway' };
  return waiting ?? CONFIRMED;
};

const isOf = (
  parent: unknown,
  gateway: { readonly namespace: string; readonly name: string },
  plan: RoutePlan,
): boolean =>
  textAt(parent, 'controllerName') === GKE_CONTROLLER &&
  textAt(parent, 'parentRef', 'name') === gateway.name &&
  (textAt(parent, 'parentRef', 'namespace') ?? plan.namespace) === gateway.namespace;

const readEntry = (entry: unknown, generation: number, gateway: string): Confirmation => {
  for (const type of ROUTE_CONDITIONS) {
    const condition = conditionOf(at(entry, 'conditions'), type);
    const observed = numberAt(condition, 'observedGeneration');
    // Without a generation nobody knows which write it speaks of.
    if (condition === null || observed === null)
      return { kind: 'waiting', reason: `Gateway ${gateway} has not reported ${type}` };
    if (observed < generation)
      return {
        kind: 'waiting',
        reason: `Gateway ${gateway}: ${type} is of generation ${observed}, not ${generation}`,
      };
    const status = textAt(condition, 'status');
    if (status === 'True') continue;
    const words = `${textAt(condition, 'reason') ?? 'no reason'}: ${textAt(condition, 'message') ?? ''}`;
    if (status === 'False')
      return { kind: 'refused', message: `Gateway ${gateway}: ${type} is False, ${words}` };
    return { kind: 'waiting', reason: `Gateway ${gateway}: ${type} is ${status ?? 'unknown'}, ${words}` };
  }
  return CONFIRMED;
};

export type GatewayHealth =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'unhealthy'; readonly sentence: string };

/** Accepted and Programmed, and not of an older generation where one is reported. */
export const gatewayHealth = (gateway: KubeObject): GatewayHealth => {
  const name = `Gateway ${gateway.metadata.namespace ?? ''}/${gateway.metadata.name}`;
  const generation = gateway.metadata.generation ?? 0;
  for (const type of ['Accepted', 'Programmed']) {
    const condition = conditionOf(at(gateway, 'status', 'conditions'), type);
    const status = textAt(condition, 'status');
    if (status !== 'True')
      return { kind: 'unhealthy', sentence: `${name}: ${type} is ${status ?? 'not reported'}` };
    if ((numberAt(condition, 'observedGeneration') ?? generation) < generation)
      return { kind: 'unhealthy', sentence: `${name}: ${type} is of an older generation` };
  }
  return { kind: 'healthy' };
};
