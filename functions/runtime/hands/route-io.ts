/** What an API server's answer to a read or a guarded write means (protocol P4). Never decided on the message. */
import type { JsonPatch, KubeObject } from '../../../workflows/kubernetes.ts';
import type { Plan, RoutePlan } from '../../../workflows/plans/plan.ts';
import { type KubeAnswer, type KubeCall, type NoAnswer, type Ports } from '../../../workflows/ports.ts';
import { realPatch, resourceOf, viewOf } from '../../../workflows/steps/carrier.ts';

export type Reply<T = KubeObject> =
  | { readonly kind: 'ok'; readonly object: T }
  /** 422 without causes: a `test` failed, or a path is not there. Somebody wrote first: read again. */
  | { readonly kind: 'testFailed' }
  | { readonly kind: 'conflict' }
  /** 422 with causes, or a request that makes no sense: the same can never work. */
  | { readonly kind: 'invalid'; readonly why: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'forbidden'; readonly why: string }
  /** Refused for now: nothing happened. */
  | { readonly kind: 'busy'; readonly why: string }
  /** Nobody knows whether it happened. */
  | { readonly kind: 'lost'; readonly why: string };

export const classify = <T>(answer: KubeAnswer<T> | NoAnswer): Reply<T> => {
  if (answer.kind === 'noAnswer') return { kind: 'lost', why: answer.why };
  const { status, object, failure } = answer;
  if (status < 300 && object !== undefined) return { kind: 'ok', object };
  const why = `${status} ${failure?.reason ?? ''} ${failure?.message ?? ''}`.trim();
  if (status === 404) return { kind: 'gone' };
  if (status === 409) return { kind: 'conflict' };
  if (status === 401 || status === 403) return { kind: 'forbidden', why };
  if (status === 422 && (failure?.details?.causes ?? []).length === 0) return { kind: 'testFailed' };
  if (status === 429 || status >= 500) return { kind: 'busy', why };
  // A success without a body says as little as no answer.
  return status < 300 ? { kind: 'lost', why: 'empty answer' } : { kind: 'invalid', why };
};

export const routeCall = (plan: Plan, route: RoutePlan): KubeCall & { readonly name: string } => ({
  cluster: plan.cluster,
  resource: resourceOf(route),
  namespace: route.namespace,
  name: route.name,
});

/** A route as it stands; what carries an adapter's weights is seen as one (carrier.ts). */
export const readRoute = async (ports: Ports, plan: Plan, route: RoutePlan): Promise<Reply> => {
  const read = classify(await ports.kubernetes.get(routeCall(plan, route)));
  return read.kind === 'ok' ? { kind: 'ok', object: viewOf(read.object, route) } : read;
};

/** How an object is seen, and how a patch of what was seen becomes one of the object. */
export interface Lens {
  readonly see: (object: KubeObject) => KubeObject;
  /** `object` as it was read, not as it was seen. */
  readonly write: (object: KubeObject, patch: JsonPatch) => JsonPatch;
}

export const lensOf = (route: RoutePlan): Lens => ({
  see: (object) => viewOf(object, route),
  write: (object, patch) => realPatch(object, route, patch),
});

/** Where a guarded write of a route goes. */
export const routeTarget = (
  plan: Plan,
  route: RoutePlan,
): KubeCall & { readonly name: string; readonly lens: Lens } => ({
  ...routeCall(plan, route),
  lens: lensOf(route),
});

export const nameOf = (route: RoutePlan): string => `${route.namespace}/${route.name}`;
