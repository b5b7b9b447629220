/** What the API server says to things that are not done: dry runs and access reviews. */
import { type KubeResource, RESOURCES } from '../../../workflows/kubernetes.ts';
import type {
  AccessReview,
  CreateDryRun,
  DryRunAnswer,
  ObservedCluster,
  RouteDryRun,
} from '../../../workflows/plans/observed-cluster.ts';
import { resolveResource, withNamespace } from '../../../workflows/plans/resolve-resource.ts';
import type { FoundRoute } from '../../../workflows/plans/route-rules.ts';
import type { KubeAnswer, NoAnswer } from '../../../workflows/ports.ts';
import type { Manifests, RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { all } from '../all.ts';
import type { Reading } from './gather-lists.ts';
import { isTransient, sayKubeAnswer } from './kube-answers.ts';
import { attachPatch, wayBackPatch } from './preflight-patches.ts';

/** An answer as the planner wants it; a lost one is noted. */
export const dryRunAnswer = <T>(
  reading: Reading,
  what: string,
  answer: KubeAnswer<T> | NoAnswer,
): DryRunAnswer => {
  if (answer.kind === 'noAnswer' || isTransient(answer) || isFailedTest(answer)) {
    reading.lost.push(`${what}: ${sayKubeAnswer(answer)}`);
    return { status: 0, failure: null };
  }
  return { status: answer.status, failure: answer.failure ?? null };
};

/** The object is no longer the one that was read: 422 without causes, or 409 Conflict. Read again, decide again. */
const isFailedTest = <T>(answer: KubeAnswer<T>): boolean =>
  (answer.status === 422 && (answer.failure?.details?.causes ?? []).length === 0) ||
  (answer.status === 409 && answer.failure?.reason === 'Conflict');

/** The way there and the way back on every route, as dry runs. */
export const dryRunRoutes = (
  reading: Reading,
  spec: RolloutSpec,
  routes: readonly FoundRoute[],
): Promise<readonly RouteDryRun[]> => {
  const { cluster, namespace, ports } = reading;
  return all(
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
      const [attach, wayBack] = await all([
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

/** Creation of every object of the manifests, as dry runs. */
export const dryRunCreates = async (
  reading: Reading,
  manifests: Manifests,
  served: ObservedCluster['served'],
): Promise<readonly CreateDryRun[]> => {
  const { cluster, namespace, ports } = reading;
  const answers = await all(
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
      return {
        index,
        answer: dryRunAnswer(reading, `dry run of ${object.kind} ${object.metadata.name}`, answer),
      };
    }),
  );
  return answers.filter((one) => one !== null);
};

export type Right = Omit<AccessReview, 'allowed'>;

export const right = (verb: string, resource: KubeResource, namespace: string | null): Right => ({
  verb,
  group: resource.group,
  resource: resource.plural,
  namespace,
});

/** Without discovery everything counts as served. */
const isServed = ({ group, version, plural }: KubeResource, served: ObservedCluster['served']): boolean =>
  Object.keys(served).length === 0 ||
  served[group === '' ? version : `${group}/${version}`]?.includes(plural) === true;

/** What of the old side may go when it is retired; of kinds that the cluster does not serve there is nothing. */
const RETIRED: readonly KubeResource[] = [
  RESOURCES.deployment,
  RESOURCES.service,
  RESOURCES.configMap,
  RESOURCES.inferencePool,
  RESOURCES.gcpBackendPolicy,
  RESOURCES.healthCheckPolicy,
  RESOURCES.horizontalPodAutoscaler,
];

/** Deletions that may come at the end: of the old side, and of what was created, when the rollout goes back. */
const deletesWanted = (
  spec: RolloutSpec,
  manifests: Manifests,
  served: ObservedCluster['served'],
): readonly Right[] => {
  const { namespace } = spec;
  const retired = spec.retention.retire === 'delete' ? RETIRED.filter((one) => isServed(one, served)) : [];
  const created = spec.to.source.kind === 'manifests' ? manifests : [];
  const rights = [
    ...retired.map((resource) => right('delete', resource, namespace)),
    ...created.flatMap((object) => {
      const resolved = resolveResource(object, served);
      const where = object.metadata.namespace ?? namespace;
      return resolved === null
        ? []
        : [right('delete', resolved.resource, resolved.namespaced ? where : null)];
    }),
  ];
  return [...new Map(rights.map((one) => [JSON.stringify(one), one])).values()];
};

/** What the rollout will need to be allowed; creating is covered by the dry runs. */
export const accessWanted = (
  spec: RolloutSpec,
  found: {
    readonly routes: readonly FoundRoute[];
    /** How many are bound to the old pool. */
    readonly objectives: number;
    readonly manifests: Manifests;
    readonly served: ObservedCluster['served'];
  },
): readonly Right[] => {
  const { namespace } = spec;
  const routeNamespaces = [...new Set(found.routes.map((route) => route.namespace))].sort();
  const movesObjectives = spec.retention.retire === 'delete' || spec.priorities !== 'leave';
  return [
    ...routeNamespaces.map((where) => right('patch', RESOURCES.httpRoute, where)),
    { verb: 'get', group: '', resource: 'pods/proxy', namespace },
    { verb: 'create', group: '', resource: 'pods/proxy', namespace },
    ...(found.objectives > 0 && movesObjectives
      ? [right('patch', RESOURCES.inferenceObjective, namespace)]
      : []),
    ...deletesWanted(spec, found.manifests, found.served),
    // Nodes of a pool that is created are counted until they are ready.
    ...(spec.to.nodes.kind === 'create' ? [right('list', RESOURCES.node, null)] : []),
  ];
};

/** A review that the server does not make says nothing; the dry runs speak as well. */
export const reviewAccess = async (
  reading: Reading,
  wanted: readonly Right[],
): Promise<readonly AccessReview[]> => {
  const { cluster, ports } = reading;
  const resource = RESOURCES.selfSubjectAccessReview;
  const reviews = await all(
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
