/** Reads everything that preflight looks at, with the rollout's own rights. Writes nothing: dry runs and reviews only. */

import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { poolsReached } from '../../../workflows/plans/adapter-pools.ts';
import { selects } from '../../../workflows/plans/fields.ts';
import { findPool, isPodReady, type PoolFacts } from '../../../workflows/plans/inference-pool.ts';
import {
  adapterLockKeys,
  nodePoolLockKey,
  poolLockKey,
  routeLockKey,
  slotLockKeys,
} from '../../../workflows/plans/lock-keys.ts';
import { boundTo } from '../../../workflows/plans/objectives.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import { projectOf } from '../../../workflows/plans/project-of.ts';
import { mountedConfigMaps } from '../../../workflows/plans/retire-list.ts';
import { type FoundRoute, routesTo } from '../../../workflows/plans/route-rules.ts';
import type { Ports } from '../../../workflows/ports.ts';
import type { Manifests, RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { MINUTE_FAMILIES } from '../../../workflows/steps/pod-metrics.ts';
import { all } from '../all.ts';
import { askingAgain } from './ask-again.ts';
import { adapterRights, gatherAdapter } from './gather-adapter.ts';
import { accessWanted, dryRunCreates, dryRunRoutes, reviewAccess } from './gather-answers.ts';
import { discover, listAll, type Reading, readLists } from './gather-lists.ts';
import { isPassing } from './gke-answers.ts';
import { readServedModels } from './served-models.ts';
import { sumTtft } from './sum-ttft.ts';

export type Gathered =
  | { readonly kind: 'gathered'; readonly observed: ObservedCluster }
  /** Some answer is missing, so nothing can be said: ask again. */
  | { readonly kind: 'unreachable'; readonly why: string };

const PROBE_TIMEOUT_MS = 10_000;

/**
 * @param rolloutId of the rollout that plans; null for a plan that nobody has started: only then locks are read. A
 *   rollout learns of taken locks in the commit that freezes its plan, and goes back to the queue.
 */
export const gatherCluster = async (
  ports: Ports,
  spec: RolloutSpec,
  manifests: Manifests,
  rolloutId: string | null = null,
): Promise<Gathered> => {
  const { cluster, namespace } = spec;
  const reading: Reading = { ports: askingAgain(ports), cluster, namespace, lost: [], refused: [] };
  const served = await discover(reading);
  const lists = await readLists(reading, served, spec.adapter !== null);
  const routes = routesTo(lists.routes, { namespace, name: spec.from.pool });
  const pools = poolsOf(spec, lists);
  const isAdapter = spec.adapter !== null;
  const [dryRuns, createDryRuns, access, old, nodePools, incidents, locksHeld, configMaps] = await all([
    // An adapter's weights are in no route.
    isAdapter ? Promise.resolve([]) : dryRunRoutes(reading, spec, routes),
    dryRunCreates(reading, manifests, served),
    reviewAccess(
      reading,
      isAdapter
        ? adapterRights(
            spec,
            lists,
            pools.map((pool) => pool.name),
          )
        : accessWanted(spec, {
            routes,
            objectives: boundTo(lists.objectives, namespace, spec.from.pool).length,
            manifests,
            served,
          }),
    ),
    readOldPods(reading, pools, lists),
    readNodePools(reading, spec),
    readIncidents(reading, spec),
    rolloutId === null ? readLocks(ports, spec, { routes, pools }) : Promise.resolve([]),
    readConfigMaps(reading, spec, lists),
  ]);
  const { modelResource: _resource, models: _models, ...rest } = lists;
  const observed: ObservedCluster = {
    cluster,
    served,
    ...rest,
    configMaps,
    nodePools,
    refusedReads: reading.refused,
    access,
    routeDryRuns: dryRuns,
    createDryRuns,
    ...old,
    locksHeld,
    openIncidents: incidents,
  };
  const adapter = isAdapter ? await gatherAdapter(reading, { spec, observed, lists }) : undefined;
  const [why] = reading.lost;
  if (why !== undefined) return { kind: 'unreachable', why };
  return { kind: 'gathered', observed: adapter === undefined ? observed : { ...observed, adapter } };
};

type Lists = Awaited<ReturnType<typeof readLists>>;

/** The pools whose pods are asked: the old one, or all that serve the adapter. */
const poolsOf = (spec: RolloutSpec, lists: Lists): readonly PoolFacts[] => {
  if (spec.adapter !== null) return poolsReached(spec, lists);
  const pool = findPool(lists.pools, spec.namespace, spec.from.pool);
  return pool === null ? [] : [pool];
};

/** Names, context length and latency of the old side, from its ready pods. */
const readOldPods = async (
  reading: Reading,
  pools: readonly PoolFacts[],
  lists: Lists,
): Promise<Pick<ObservedCluster, 'oldModels' | 'oldTtft'>> => {
  const { cluster, namespace, ports } = reading;
  const targets = pools.flatMap(({ selector, port }) =>
    lists.pods
      .filter((pod) => isPodReady(pod) && selects(selector, pod.metadata.labels ?? {}))
      .map((pod) => ({ pod: pod.metadata.name, port: port ?? 8000 })),
  );
  if (targets.length === 0) return { oldModels: [], oldTtft: null };
  const [answers, scraped] = await all([
    all(
      targets.map((target) =>
        ports.models.ask({
          cluster,
          namespace,
          target,
          method: 'GET',
          path: '/v1/models',
          timeoutMs: PROBE_TIMEOUT_MS,
        }),
      ),
    ),
    ports.models.scrape({
      cluster,
      namespace,
      targets,
      families: MINUTE_FAMILIES,
      timeoutMs: PROBE_TIMEOUT_MS,
    }),
  ]);
  return {
    oldModels: targets.map((target, index) => {
      const answer = answers[index];
      return { pod: target.pod, models: answer === undefined ? null : readServedModels(answer) };
    }),
    oldTtft: sumTtft(scraped),
  };
};

const readNodePools = async (reading: Reading, spec: RolloutSpec): Promise<ObservedCluster['nodePools']> => {
  const { nodes, source } = spec.to;
  if (source.kind === 'existing' || (nodes.kind !== 'nodePool' && nodes.kind !== 'create')) return null;
  const answer = await reading.ports.gke.listNodePools({ cluster: reading.cluster });
  if (answer.kind === 'ok') return { kind: 'ok', pools: answer.value };
  if (answer.kind === 'noAnswer' || isPassing(answer.code)) {
    reading.lost.push(`list node pools: ${answer.kind === 'noAnswer' ? answer.why : answer.message}`);
    return null;
  }
  return { kind: 'error', code: answer.code, message: answer.message };
};

const readIncidents = async (
  reading: Reading,
  spec: RolloutSpec,
): Promise<ObservedCluster['openIncidents']> => {
  const policies = spec.alerts.policies.map((policy) => policy.name);
  if (policies.length === 0) return [];
  const answer = await reading.ports.monitoring.openIncidents({ project: projectOf(spec.cluster), policies });
  if (answer.kind === 'ok') return answer.incidents;
  reading.lost.push(`open incidents: ${answer.why}`);
  return [];
};

const readLocks = async (
  ports: Ports,
  spec: RolloutSpec,
  found: { readonly routes: readonly FoundRoute[]; readonly pools: readonly PoolFacts[] },
): Promise<ObservedCluster['locksHeld']> => {
  const keys = locksOf(spec, found);
  const holders = await ports.store.locks({ keys });
  return keys.flatMap((key, index) => {
    const holder = holders[index] ?? null;
    return holder === null ? [] : [{ key, holder }];
  });
};

const locksOf = (
  spec: RolloutSpec,
  { routes, pools }: { readonly routes: readonly FoundRoute[]; readonly pools: readonly PoolFacts[] },
): readonly string[] => {
  const { cluster, namespace, adapter } = spec;
  if (adapter !== null)
    return pools.flatMap(({ name }) => adapterLockKeys(poolLockKey(cluster, namespace, name), adapter));
  const { nodes } = spec.to;
  const both = [spec.from.pool, spec.to.pool].map((pool) => poolLockKey(cluster, namespace, pool));
  return [
    ...both,
    ...both.flatMap(slotLockKeys),
    ...routes.map((route) => routeLockKey(cluster, route.namespace, route.name)),
    ...(nodes.kind === 'nodePool' ? [nodePoolLockKey(cluster, nodes.nodePool)] : []),
  ];
};

/** ConfigMaps of the namespace that Deployments mount; read only when the old side is to go, or an adapter to be loaded. */
const readConfigMaps = async (
  reading: Reading,
  spec: RolloutSpec,
  lists: Lists,
): Promise<ObservedCluster['configMaps']> => {
  const pool = findPool(lists.pools, reading.namespace, spec.from.pool);
  const isRead = spec.adapter === null ? spec.retention.retire !== 'keep' : spec.adapter.to.load === 'syncer';
  if (!isRead || pool === null) return [];
  // Pods that no Deployment makes mount theirs as well.
  const pods =
    spec.adapter === null
      ? []
      : lists.pods.map(({ spec: template }) => ({ spec: { template: { spec: template } } }));
  const mounted = new Set([...lists.deployments, ...pods].flatMap((one) => mountedConfigMaps(one)));
  if (mounted.size === 0) return [];
  const maps = await listAll(reading, RESOURCES.configMap, reading.namespace);
  return maps.filter((map) => mounted.has(map.metadata.name));
};
