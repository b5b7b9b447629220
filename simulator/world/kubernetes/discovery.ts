import type { Dict } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { pathNotFound } from './statuses.ts';
import type { KubeReply } from './types.ts';

interface Served {
  readonly served: readonly Kind[];
  readonly serverVersion: string;
}

/** Answers `/version`, `/api`, `/apis`, `/apis/GROUP` and the resources of a group version; null for every other path. */
export function discoveryReply(parts: readonly string[], server: Served): KubeReply | null {
  const [root, second, third] = parts;
  if (root === 'version' && parts.length === 1) return found(versionInfo(server.serverVersion));
  if (root === 'api' && parts.length === 1) return found({ kind: 'APIVersions', versions: ['v1'] });
  if (root === 'api' && parts.length === 2) return resourcesOf('', second ?? '', server.served);
  if (root !== 'apis' || parts.length > 3) return null;
  if (second === undefined)
    return found({ kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(server.served) });
  if (third !== undefined) return resourcesOf(second, third, server.served);
  const group = groupsOf(server.served).find((candidate) => candidate.name === second);
  return group === undefined ? pathNotFound() : found({ kind: 'APIGroup', apiVersion: 'v1', ...group });
}

const found = (object: Dict): KubeReply => ({ status: 200, object });

function versionInfo(gitVersion: string): Dict {
  const [major = '', minor = ''] = gitVersion.replace(/^v/, '').split('.');
  return { major, minor, gitVersion, platform: 'linux/amd64' };
}

function groupsOf(served: readonly Kind[]) {
  const groups = new Map<string, string[]>();
  for (const kind of served) {
    if (kind.group === '') continue;
    const versions = groups.get(kind.group) ?? [];
    groups.set(kind.group, versions);
    for (const version of kind.versions) if (!versions.includes(version)) versions.push(version);
  }
  return [...groups].map(([name, versions]) => {
    const all = versions
      .toSorted(preferredFirst)
      .map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: all, preferredVersion: all[0] };
  });
}

/** Released before beta before alpha, then the higher number. */
function preferredFirst(a: string, b: string): number {
  const rank = (version: string): number =>
    version.includes('alpha') ? 2 : version.includes('beta') ? 1 : 0;
  return rank(a) - rank(b) || b.localeCompare(a, 'en', { numeric: true });
}

const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const BUILT_IN_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function resourcesOf(group: string, version: string, served: readonly Kind[]): KubeReply {
  const kinds = served.filter((kind) => kind.group === group && kind.versions.includes(version));
  if (kinds.length === 0) return pathNotFound();
  return found({
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: kinds.flatMap((kind) => [
      describe(kind),
      ...kind.subresources.map((sub) => subresource(kind, sub)),
    ]),
  });
}

function describe(kind: Kind): Dict {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs:
      kind.plural === 'selfsubjectaccessreviews' ? ['create'] : kind.custom ? CUSTOM_VERBS : BUILT_IN_VERBS,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
  };
}

const subresource = (kind: Kind, name: 'status' | 'scale'): Dict => ({
  name: `${kind.plural}/${name}`,
  singularName: '',
  namespaced: kind.namespaced,
  ...(name === 'scale' ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : { kind: kind.kind }),
  verbs: ['get', 'patch', 'update'],
});
