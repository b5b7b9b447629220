/** Both sides and their routes, as found: what every check and every planner starts from. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import type { Manifests, RolloutSpec } from '../spec/rollout-spec.ts';
import { selects, stringMapAt } from './fields.ts';
import { findPool, metricsPortOf, type PoolFacts, replicasOf, workloadsOf } from './inference-pool.ts';
import type { ObservedCluster } from './observed-cluster.ts';
import type { SidePlan } from './plan.ts';
import { resolveResource, withNamespace } from './resolve-resource.ts';
import { type FoundRoute, routesTo } from './route-rules.ts';

export interface Side {
  readonly pool: PoolFacts;
  /** Deployments whose pods the pool selects. */
  readonly workloads: readonly KubeObject[];
  readonly pickerService: KubeObject | null;
  readonly pickerWorkloads: readonly KubeObject[];
  /** Pods of the namespace that the selector matches now. */
  readonly pods: readonly KubeObject[];
  readonly pickerPods: readonly KubeObject[];
  readonly plan: SidePlan;
}

export interface Survey {
  readonly spec: RolloutSpec;
  /** With the rollout's namespace filled in. */
  readonly manifests: Manifests;
  readonly observed: ObservedCluster;
  readonly old: Side;
  /** null: `existing`, but not there; or the manifests contain no such pool. */
  readonly new: Side | null;
  readonly routes: readonly FoundRoute[];
}

/** Null when the old pool does not exist. */
export const takeSurvey = (
  spec: RolloutSpec,
  manifests: Manifests,
  observed: ObservedCluster,
): Survey | null => {
  const placed = manifests.map((object) =>
    withNamespace(object, resolveResource(object, observed.served)?.namespaced ?? true, spec.namespace),
  );
  const oldPool = findPool(observed.pools, spec.namespace, spec.from.pool);
  if (oldPool === null) return null;
  const old = sideOf(oldPool, observed, observed, null);
  return {
    spec,
    manifests: placed,
    observed,
    old,
    new: newSide(spec, placed, observed, old),
    routes: routesTo(observed.routes, { namespace: spec.namespace, name: spec.from.pool }),
  };
};

interface Source {
  readonly services: readonly KubeObject[];
  readonly deployments: readonly KubeObject[];
}

const newSide = (
  spec: RolloutSpec,
  manifests: Manifests,
  observed: ObservedCluster,
  old: Side,
): Side | null => {
  const replicas = spec.to.replicas ?? old.plan.replicas;
  if (spec.to.source.kind === 'existing') {
    const pool = findPool(observed.pools, spec.namespace, spec.to.pool);
    return pool === null ? null : sideOf(pool, observed, observed, replicas);
  }
  const pool = findPool(manifests, spec.namespace, spec.to.pool);
  if (pool === null) return null;
  const ofKind = (kind: string): readonly KubeObject[] =>
    manifests.filter((object) => object.kind === kind && object.metadata.namespace === spec.namespace);
  const made = ofKind(RESOURCES.service.kind);
  const source: Source = {
    // A picker that serves already may be named; what the manifests bring wins.
    services: [...made, ...observed.services],
    deployments: ofKind(RESOURCES.deployment.kind),
  };
  return sideOf(pool, source, observed, replicas);
};

/** @param replicas at a share of 100; null: as many as the side's workloads ask for. */
export const sideOf = (
  pool: PoolFacts,
  source: Source,
  observed: ObservedCluster,
  replicas: number | null,
): Side => {
  const workloads = workloadsOf(source.deployments, pool.selector);
  const pickerService =
    source.services.find((service) => service.metadata.name === pool.pickerService) ?? null;
  const pickerSelector = stringMapAt(pickerService, 'spec', 'selector');
  const pickerWorkloads = workloadsOf(source.deployments, pickerSelector);
  const matching = (selector: Readonly<Record<string, string>>): readonly KubeObject[] =>
    observed.pods.filter((pod) => selects(selector, pod.metadata.labels ?? {}));
  const pods = matching(pool.selector);
  const asked = workloads.reduce((sum, workload) => sum + replicasOf(workload), 0);
  return {
    pool,
    workloads,
    pickerService,
    pickerWorkloads,
    pods,
    pickerPods: matching(pickerSelector),
    plan: {
      pool: pool.name,
      poolUid: pool.uid,
      selector: pool.selector,
      // v1 pools have at least one target port; the API server refuses a manifest without one.
      port: pool.port ?? 8000,
      picker:
        pool.pickerService === null
          ? null
          : {
              service: pool.pickerService,
              selector: pickerSelector,
              metricsPort: metricsPortOf(pickerWorkloads[0]),
            },
      // Pods without a Deployment (another operator's), or left of one that asks for none, are counted as they are.
      replicas: replicas ?? (asked > 0 ? asked : pods.length),
    },
  };
};
