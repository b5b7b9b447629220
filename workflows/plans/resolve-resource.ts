import { type KubeObject, type KubeResource, RESOURCES } from '../kubernetes.ts';

export interface ResolvedResource {
  readonly resource: KubeResource;
  readonly namespaced: boolean;
}

const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'StorageClass',
  'PriorityClass',
  'RuntimeClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'GatewayClass',
  'ClusterPodMonitoring',
]);

/** `apps/v1` → group `apps`, version `v1`; `v1` is the core group. */
export const splitApiVersion = (apiVersion: string): { readonly group: string; readonly version: string } => {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
};

/** The plurals that English and the API conventions would give a kind. */
const pluralsOf = (kind: string): readonly string[] => {
  const lower = kind.toLowerCase();
  return [`${lower}s`, lower.replace(/y$/, 'ies'), `${lower}es`, lower];
};

/**
 * The resource of an object: by the table of what Sluice knows, else by guessing the plural among those that the cluster
 * serves for the object's apiVersion. Null where it is not served. Without discovery (`served` empty) the first guess stands.
 */
export const resolveResource = (
  object: KubeObject,
  served: Readonly<Record<string, readonly string[]>>,
): ResolvedResource | null => {
  const { group, version } = splitApiVersion(object.apiVersion);
  const namespaced = !CLUSTER_SCOPED.has(object.kind);
  const known = Object.values(RESOURCES).find((one) => one.kind === object.kind && one.group === group);
  if (known !== undefined) return { resource: { ...known, version }, namespaced };
  const plurals = Object.hasOwn(served, object.apiVersion) ? served[object.apiVersion] : undefined;
  if (plurals === undefined && Object.keys(served).length > 0) return null;
  const guesses = pluralsOf(object.kind);
  const plural = plurals === undefined ? guesses[0] : guesses.find((guess) => plurals.includes(guess));
  return plural === undefined
    ? null
    : { resource: { group, version, plural, kind: object.kind }, namespaced };
};

/** The object with the rollout's namespace where it needs one and names none. */
export const withNamespace = (object: KubeObject, namespaced: boolean, namespace: string): KubeObject =>
  !namespaced || object.metadata.namespace !== undefined
    ? object
    : { ...object, metadata: { ...object.metadata, namespace } };
