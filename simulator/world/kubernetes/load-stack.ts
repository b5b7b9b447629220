import type { KubeStatus } from '../../../workflows/kubernetes.ts';
import { type Dict, isDict, listAt, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import type { WorldKubeServer } from './kube-server.ts';
import type { Caller } from './types.ts';

/** One manifest that the server did not take. */
export interface LoadFailure {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly status: number;
  readonly failure: KubeStatus;
}

/** What others may need comes first; kinds that are not named come with the last ones. */
const ORDER = [
  'Namespace',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'Role',
  'ClusterRoleBinding',
  'RoleBinding',
  'Service',
  'Deployment',
  'HorizontalPodAutoscaler',
  'InferencePool',
  'GatewayClass',
  'Gateway',
  'GCPBackendPolicy',
  'HealthCheckPolicy',
  'HTTPRoute',
];

/**
 * Creates the objects of a stack's manifests, as `kubectl apply` would: unknown fields are refused, and what names no
 * namespace goes to `default`. Lists are opened, empty documents skipped. Returns what was not accepted.
 */
export function loadStack(
  server: WorldKubeServer,
  objects: readonly unknown[],
  caller: Caller,
): readonly LoadFailure[] {
  const manifests = objects.flatMap(opened).toSorted((a, b) => rank(a) - rank(b));
  const failures: LoadFailure[] = [];
  for (const manifest of manifests) {
    const failure = create(server, manifest, caller);
    if (failure !== null) failures.push(failure);
  }
  return failures;
}

function opened(document: unknown): readonly Dict[] {
  if (!isDict(document)) return [];
  const isList = textAt(document, 'kind')?.endsWith('List') === true && Array.isArray(document['items']);
  return isList ? listAt(document, 'items').flatMap(opened) : [document];
}

function rank(manifest: Dict): number {
  const at = ORDER.indexOf(textAt(manifest, 'kind') ?? '');
  return at < 0 ? ORDER.length : at;
}

function create(server: WorldKubeServer, manifest: Dict, caller: Caller): LoadFailure | null {
  const apiVersion = textAt(manifest, 'apiVersion') ?? '';
  const kindName = textAt(manifest, 'kind') ?? '';
  const name = textAt(manifest['metadata'], 'name') ?? '';
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const kind = findKind(server, { group, version, kindName });
  const namespace =
    kind?.namespaced === false ? null : (textAt(manifest['metadata'], 'namespace') ?? 'default');
  const plural = kind?.plural ?? `${kindName.toLowerCase()}s`;
  const reply = server.request(
    {
      verb: 'create',
      resource: { group, version, plural, kind: kindName },
      namespace,
      object: manifest,
      fieldValidation: 'Strict',
    },
    caller,
  );
  return 'failure' in reply
    ? { apiVersion, kind: kindName, namespace, name, status: reply.status, failure: reply.failure }
    : null;
}

const findKind = (
  server: WorldKubeServer,
  wanted: { readonly group: string; readonly version: string; readonly kindName: string },
): Kind | undefined =>
  server.served.find(
    (kind) =>
      kind.group === wanted.group && kind.kind === wanted.kindName && kind.versions.includes(wanted.version),
  );
