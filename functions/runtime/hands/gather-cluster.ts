/** Reads everything that preflight looks at, with the rollout's own rights. Writes nothing: dry runs and reviews only. */
import { type KubeResource, RESOURCES } from '../../../workflows/kubernetes.ts';
import { findPool, isPodReady, readPool } from '../../../workflows/plans/inference-pool.ts';
import { poolLockKey, routeLockKey, nodePoolLockKey } from '../../../workflows/plans/lock-keys.ts';
import type {
  AccessReview,
  CreateDryRun,
  DryRunAnswer,
  ObservedCluster,
  RouteDryRun,
} from '../../../workflows/plans/observed-cluster.ts';
import { boundTo } from '../../../workflows/plans/objectives.ts';
import { projectOf } from '../../../workflows/plans/project-of.ts';
import { resolveResource, withNamespace } from '../../../workflows/plans/resolve-resource.ts';
import { mountedConfigMaps } from '../../../workflows/plans/retire-list.ts';
import { type FoundRoute, routesTo } from '../../../workflows/plans/route-rules.ts';
import { selects } from '../../../workflows/plans/fields.ts';
import type { KubeAnswer, NoAnswer, Ports } from '../../../workflows/ports.ts';
import type { Manifests, RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { MINUTE_FAMILIES } from '../../../workflows/steps/pod-metrics.ts';
import { discover, listAll, type Reading, readLists } from './gather-lists.ts';
import { isTransient, sayKubeAnswer } from './kube-answers.ts';
import { attachPatch, wayBackPatch } from './preflight-patches.ts';
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
  const reading: Reading = { ports, cluster, namespace, lost: [], refused: [] };
  const served = await discover(reading);
  const lists = await readLists(reading, served);
  const routes = routesTo(lists.routes, { namespace, name: spec.from.pool });
  const [dryRuns, createDryRuns, access, old, nodePools, incidents, locksHeld, configMaps] = await Promise.all([
    dryRunRoutes(reading, spec, routes),
    dryRunCreates(reading, manifests, served),
    reviewAccess(reading, accessWanted(spec, routes, boundTo(lists.objectives, namespace, spec.from.pool).length)),
    readOldPods(reading, spec, lists),
    readNodePools(reading, spec),
    readIncidents(reading, spec),
    rolloutId === null ? readLocks(ports, spec, routes) : Promise.resolve([]),
    readConfigMaps(reading, spec, lists),
  ]);
  const [why] = reading.lost;
  if (why !== undefined) return { kind: 'unreachable', why };
  return {
    kind: 'gathered',
    observed: {
      cluster,
      served,
      ...lists,
      configMaps,
      nodePools,
      refusedReads: reading.refused,
      access,
      routeDryRuns: dryRuns,
      createDryRuns,
      ...old,
      locksHeld,
      openIncidents: incidents,
    },
  };
};

/** An answer as the planner wants it; a lost one is noted. */
const dryRunAnswer = <T>(reading: Reading, what: string, answer: KubeAnswer<T> | NoAnswer): DryRunAnswer => {
  if (answer.kind === 'noAnswer' || isTransient(answer)) {
    reading.lost.push(`${what}: ${sayKubeAnswer(answer)}`);
    return { status: 0, failure: null };
  }
  return { status: answer.status, failure: answer.failure ?? null };
};

const dryRunRoutes = (
  reading: Reading,
  spec: RolloutSpec,
  routes: readonly FoundRoute[],
): Promise<readonly RouteDryRun[]> => {
  const { cluster, namespace, ports } = reading;
  return Promise.all(
    routes.map(async (route) => {
      const target = {
        cluster,
        resource: RESOURCES.httpRoute,
        namespace: route.namespace,
        name: route.name,
        dryRun: true,
      };
      const fresh = { namespace, name: spec.to.pool };
      const what = `dry run on HTTPRoute ${route.namespace}/${route.name}`;
      const [attach, wayBack] = await Promise.all([
        ports.kubernetes.jsonPatch({ ...target, patch: attachPatch(route, fresh) }),
        ports.kubernetes.jsonPatch({ ...target, patch: wayBackPatch(route) }),
      ]);
      return {
        namespace: route.namespace,
        name: route.name,
        attach: dryRunAnswer(reading, what, attach),
        wayBack: dryRunAnswer(reading, what, wayBack),
      };
    }),
  );
};

const dryRunCreates = async (
  reading: Reading,
  manifests: Manifests,
  served: ObservedCluster['served'],
): Promise<readonly CreateDryRun[]> => {
  const { cluster, namespace, ports } = reading;
  const answers = await Promise.all(
    manifests.map(async (object, index): Promise<CreateDryRun | null> => {
      const resolved = resolveResource(object, served);
      if (resolved === null) return null;
      const placed = withNamespace(object, resolved.namespaced, namespace);
      const answer = await ports.kubernetes.create({
        cluster,
        resource: resolved.resource,
        namespace: resolved.namespaced ? (placed.metadata.namespace ?? namespace) : null,
        object: placed,
        dryRun: true,
      });
      return { index, answer: dryRunAnswer(reading, `dry run of ${object.kind} ${object.metadata.name}`, answer) };
    }),
  );
  return answers.filter((one) => one !== null);
};

type Right = Omit<AccessReview, 'allowed'>;

const accessWanted = (spec: RolloutSpec, routes: readonly FoundRoute[], objectives: number): readonly Right[] => {
  const { namespace } = spec;
  const right = (verb: string, resource: KubeResource, where: string | null): Right => ({
    verb,
    group: resource.group,
    resource: resource.plural,
    namespace: where,
  });
  const routeNamespaces = [...new Set(routes.map((route) => route.namespace))].sort();
  const wanted: Right[] = [
    ...routeNamespaces.map((where) => right('patch', RESOURCES.httpRoute, where)),
    { verb: 'get', group: '', resource: 'pods/proxy', namespace },
    { verb: 'create', group: '', resource: 'pods/proxy', namespace },
  ];
  const retires = spec.retention.retire === 'delete';
  if (objectives > 0 && (retires || spec.priorities !== 'leave'))
    wanted.push(right('patch', RESOURCES.inferenceObjective, namespace));
  if (retires || spec.to.source.kind === 'manifests')
    for (const resource of [RESOURCES.deployment, RESOURCES.service, RESOURCES.inferencePool])
      wanted.push(right('delete', resource, namespace));
  return wanted;
};

/** A review that the server does not make says nothing; the dry runs speak as well. */
const reviewAccess = async (
  reading: Reading,
  wanted: readonly Right[],
): Promise<readonly AccessReview[]> => {
  const { cluster, ports } = reading;
  const resource = RESOURCES.selfSubjectAccessReview;
  const reviews = await Promise.all(
    wanted.map(async (right): Promise<AccessReview | null> => {
      const [plural, subresource] = right.resource.split('/');
      const answer = await ports.kubernetes.create({
        cluster,
        resource,
        namespace: null,
        object: {
          apiVersion: `${resource.group}/${resource.version}`,
          kind: resource.kind,
          metadata: { name: '' },
          spec: {
            resourceAttributes: {
              verb: right.verb,
              group: right.group,
              resource: plural,
              ...(subresource === undefined ? {} : { subresource }),
              ...(right.namespace === null ? {} : { namespace: right.namespace }),
            },
          },
        },
      });
      if (answer.kind === 'noAnswer' || isTransient(answer)) {
        reading.lost.push(`access review: ${sayKubeAnswer(answer)}`);
        return null;
      }
      const status = answer.object?.['status'] as { readonly allowed?: boolean } | undefined;
      return status?.allowed === undefined ? null : { ...right, allowed: status.allowed };
    }),
  );
  return reviews.filter((review) => review !== null);
};

type Lists = Awaited<ReturnType<typeof readLists>>;

/** Names, context length and latency of the old side, from its ready pods. */
const readOldPods = async (
  reading: Reading,
  spec: RolloutSpec,
  lists: Lists,
): Promise<Pick<ObservedCluster, 'oldModels' | 'oldTtft'>> => {
  const { cluster, namespace, ports } = reading;
  const pool = findPool(lists.pools, namespace, spec.from.pool);
  if (pool === null) return { oldModels: [], oldTtft: null };
  const { selector, port } = readPool(pool.object, namespace);
  const targets = lists.pods
    .filter((pod) => isPodReady(pod) && selects(selector, pod.metadata.labels ?? {}))
    .map((pod) => ({ pod: pod.metadata.name, port: port ?? 8000 }));
  if (targets.length === 0) return { oldModels: [], oldTtft: null };
  const [answers, scraped] = await Promise.all([
    Promise.all(
      targets.map((target) =>
        ports.models.ask({ cluster, namespace, target, method: 'GET', path: '/v1/models', timeoutMs: PROBE_TIMEOUT_MS }),
      ),
    ),
    ports.models.scrape({ cluster, namespace, targets, families: MINUTE_FAMILIES, timeoutMs: PROBE_TIMEOUT_MS }),
  ]);
  return {
    oldModels: targets.map((target, index) => {
      const answer = answers[index];
      return { pod: target.pod, models: answer === undefined ? null : readServedModels(answer) };
    }),
    oldTtft: sumTtft(scraped),
  };
};

const readNodePools = async (
  reading: Reading,
  spec: RolloutSpec,
): Promise<ObservedCluster['nodePools']> => {
  const { nodes, source } = spec.to;
  if (source.kind === 'existing' || (nodes.kind !== 'nodePool' && nodes.kind !== 'create')) return null;
  const answer = await reading.ports.gke.listNodePools({ cluster: reading.cluster });
  if (answer.kind === 'ok') return { kind: 'ok', pools: answer.value };
  if (answer.kind === 'noAnswer' || answer.code === 'UNAVAILABLE' || answer.code === 'INTERNAL') {
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
  routes: readonly FoundRoute[],
): Promise<ObservedCluster['locksHeld']> => {
  const { cluster, namespace } = spec;
  const { nodes } = spec.to;
  const keys = [
    poolLockKey(cluster, namespace, spec.from.pool),
    poolLockKey(cluster, namespace, spec.to.pool),
    ...routes.map((route) => routeLockKey(cluster, route.namespace, route.name)),
    ...(nodes.kind === 'nodePool' ? [nodePoolLockKey(cluster, nodes.nodePool)] : []),
  ];
  const holders = await ports.store.locks({ keys });
  return keys.flatMap((key, index) => {
    const holder = holders[index] ?? null;
    return holder === null ? [] : [{ key, holder }];
  });
};

/** ConfigMaps of the namespace that Deployments mount; read only when the old side is to go. */
const readConfigMaps = async (
  reading: Reading,
  spec: RolloutSpec,
  lists: Lists,
): Promise<ObservedCluster['configMaps']> => {
  const pool = findPool(lists.pools, reading.namespace, spec.from.pool);
  if (spec.retention.retire === 'keep' || pool === null) return [];
  const mounted = new Set(lists.deployments.flatMap((one) => mountedConfigMaps(one)));
  if (mounted.size === 0) return [];
  const maps = await listAll(reading, RESOURCES.configMap, reading.namespace);
  return maps.filter((map) => mounted.has(map.metadata.name));
};
