/** The pools of an adapter rollout: that of the file, and those between which its routes divide the traffic. */
import type { KubeObject } from '../kubernetes.ts';
import { RESOURCES } from '../kubernetes.ts';
import type { RolloutSpec } from '../spec/rollout-spec.ts';
import { selects } from './fields.ts';
import { findPool, type PoolFacts } from './inference-pool.ts';
import { routesTo, weightOf } from './route-rules.ts';
import { type Side, type Survey, sideOf } from './survey.ts';

interface Lists {
  readonly pools: readonly KubeObject[];
  readonly routes: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

/**
 * `from.pool` first, then by name every pool of the namespace that shares a rule with it, has weight there and has pods:
 * a client's next request may go to any of them.
 */
export const poolsReached = (spec: RolloutSpec, { pools, routes, pods }: Lists): readonly PoolFacts[] => {
  const { namespace, from } = spec;
  const first = findPool(pools, namespace, from.pool);
  if (first === null) return [];
  if (spec.adapter?.pools !== 'routes') return [first];
  const names = new Set<string>();
  for (const route of routesTo(routes, { namespace, name: from.pool }))
    for (const ref of route.rules.flatMap(({ refs }) => refs)) {
      const isPool = ref.kind === RESOURCES.inferencePool.kind && ref.group === RESOURCES.inferencePool.group;
      const isHere = (ref.namespace ?? route.namespace) === namespace && ref.name !== first.name;
      if (isPool && isHere && weightOf(ref) > 0) names.add(ref.name);
    }
  const others = [...names].sort().flatMap((name) => findPool(pools, namespace, name) ?? []);
  return [
    first,
    ...others.filter((pool) => pods.some((pod) => selects(pool.selector, pod.metadata.labels ?? {}))),
  ];
};

/** The same with all that belongs to them. */
export const adapterSides = ({ spec, observed, old }: Survey): readonly Side[] =>
  poolsReached(spec, observed).map((pool, index) =>
    index === 0 ? old : sideOf(pool, observed, observed, null),
  );
