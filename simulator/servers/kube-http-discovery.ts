import type { Kind } from '../world/kubernetes/kinds/kind.ts';

/*
 * Aggregated discovery, version v2. Source: kubernetes.io, API concepts, aggregated discovery.
 */

export const DISCOVERY_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

function resourceOf(kind: Kind, version: string): object {
  const subresources = kind.subresources.map((name) => ({
    subresource: name,
    responseKind:
      name === 'scale'
        ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
        : { group: kind.group, version, kind: kind.kind },
    verbs: ['get', 'patch', 'update'],
  }));
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version, kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.plural === 'selfsubjectaccessreviews' ? ['create'] : VERBS,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** Versions of all kinds of a group, the preferred ones first. */
const versionsOf = (kinds: readonly Kind[]): readonly string[] => [
  ...new Set(kinds.flatMap(({ versions }) => versions)),
];

/** Everything below `/api` (the core group) or `/apis` (the others) in one list. */
export function aggregatedDiscovery(served: readonly Kind[], root: '/api' | '/apis'): object {
  const groups = [...new Set(served.map(({ group }) => group))].filter(
    (group) => (group === '') === (root === '/api'),
  );
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => {
      const kinds = served.filter((kind) => kind.group === group);
      return {
        metadata: group === '' ? {} : { name: group },
        versions: versionsOf(kinds).map((version) => ({
          version,
          resources: kinds
            .filter(({ versions }) => versions.includes(version))
            .map((kind) => resourceOf(kind, version)),
          freshness: 'Current',
        })),
      };
    }),
  };
}
