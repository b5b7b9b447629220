import { US_CLUSTER } from '../../../../simulator/world/defaults.ts';
import type { WorldInput } from '../../../../simulator/world/parameters.ts';
import { HTTP_ROUTE } from '../../../../simulator/world/resources.ts';
import type { PodTruth, PoolTruth } from '../../../../simulator/world/truth.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import type { JsonPatch, KubeObject } from '../../../../workflows/kubernetes.ts';
import { aStack } from './a-stack.ts';

export const CLUSTER = US_CLUSTER;
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** A world with both sides loaded and the traffic divided between them. */
export function aWorld(weights: Readonly<Record<string, number>>, input: WorldInput = {}): World {
  return createWorld({ stacks: [{ objects: aStack(weights) }], ...input });
}

/** Lets time pass and brings the totals to the present. */
export function pass(world: World, ms: number): void {
  world.advanceTo(world.nowMs + ms);
  world.settle();
}

export function pool(world: World, name: string): PoolTruth {
  const found = world.truth().pools.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no pool ${name}`);
  return found;
}

/** Model-server pods of a pool, or with `-epp` its pickers. */
export function podsOf(world: World, deployment: string): readonly PodTruth[] {
  return world.truth().pods.filter(({ name }) => new RegExp(`^${deployment}-[^-]+-[^-]+$`).test(name));
}

export function readRoute(world: World, name = 'routes-to-llm'): KubeObject {
  const route = world.kube(CLUSTER)?.read(HTTP_ROUTE, 'default', name);
  if (route === undefined) throw new Error(`no route ${name}`);
  return route;
}

/** A caller's write of weights to the first rule. */
export function writeWeights(world: World, weights: readonly number[]): number {
  const patch: JsonPatch = weights.map((weight, index) => ({
    op: 'replace',
    path: `/spec/rules/0/backendRefs/${index}/weight`,
    value: weight,
  }));
  const { value } = world.handlers().kubernetes.jsonPatch({
    cluster: CLUSTER,
    resource: HTTP_ROUTE,
    namespace: 'default',
    name: 'routes-to-llm',
    patch,
  });
  return value.kind === 'answer' ? value.status : 0;
}

export const FAMILIES = [
  'http_requests_total',
  'vllm:request_success_total',
  'vllm:num_requests_running',
  'vllm:num_requests_waiting',
  'vllm:time_to_first_token_seconds',
] as const;

/** Scrapes the model servers of a side. */
export function scrape(world: World, deployment: string, port = 8000, timeoutMs = 3000) {
  const targets = podsOf(world, deployment).map(({ name }) => ({ pod: name, port }));
  return world.handlers().models.scrape({
    cluster: CLUSTER,
    namespace: 'default',
    targets,
    families: FAMILIES,
    timeoutMs,
  });
}

/** Conditions of the route's first parent, type to status. */
export function routeConditions(world: World): Readonly<Record<string, string>> {
  const status = readRoute(world)['status'] as {
    readonly parents?: readonly { readonly conditions: readonly { type: string; status: string }[] }[];
  };
  return Object.fromEntries(
    (status.parents?.[0]?.conditions ?? []).map(({ type, status: met }) => [type, met]),
  );
}
