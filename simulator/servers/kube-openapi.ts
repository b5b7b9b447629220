import type { Kind } from '../world/kubernetes/kinds/kind.ts';
import { schemaOf } from './kube-openapi-schema.ts';

/*
 * As much of OpenAPI as kubectl asks for: which kinds there are, which parameters a PATCH takes, what `kubectl explain` shows.
 */

const rootOf = (group: string, version: string): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

/** `/openapi/v3`: where the document of each group version is. */
export function openApiIndex(served: readonly Kind[]): object {
  const roots = new Set(
    served.flatMap(({ group, versions }) => versions.map((version) => rootOf(group, version))),
  );
  const paths = Object.fromEntries(
    [...roots].map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }]),
  );
  return { paths };
}

const parameter = (name: string): object => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
});

const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map(parameter);

/** Content types of patches. Without the strategic one kubectl takes its own knowledge of the built-in kinds. */
const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
];

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function operations(gvk: GroupVersionKind, schema: string): object {
  const own = { 'x-kubernetes-group-version-kind': gvk };
  const object = { $ref: `#/components/schemas/${schema}` };
  const responses = {
    200: { description: 'OK', content: { 'application/json': { schema: object } } },
  };
  const content = Object.fromEntries(PATCH_TYPES.map((type) => [type, { schema: { type: 'object' } }]));
  const write = { parameters: WRITE_PARAMETERS, responses, ...own };
  return {
    get: { responses, ...own, 'x-kubernetes-action': 'get' },
    put: { ...write, 'x-kubernetes-action': 'put' },
    patch: { ...write, requestBody: { content }, 'x-kubernetes-action': 'patch' },
    delete: { ...write, 'x-kubernetes-action': 'delete' },
  };
}

function createOperation(gvk: GroupVersionKind): object {
  return {
    post: {
      parameters: WRITE_PARAMETERS,
      responses: { 201: { description: 'Created' } },
      'x-kubernetes-group-version-kind': gvk,
      'x-kubernetes-action': 'post',
    },
  };
}

/** `com.example.v1.Widget`, as a schema is named. */
const schemaName = ({ group, version, kind }: GroupVersionKind): string =>
  `${(group === '' ? 'core' : group).split('.').toReversed().join('.')}.${version}.${kind}`;

/** `/openapi/v3/apis/GROUP/VERSION`; null where nothing of the kind is served. */
export function openApiDocument(served: readonly Kind[], root: string): object | null {
  const paths: Record<string, object> = {};
  const schemas: Record<string, object> = {};
  for (const kind of served) {
    for (const version of kind.versions) {
      if (rootOf(kind.group, version) !== root) continue;
      const gvk = { group: kind.group, version, kind: kind.kind };
      const name = schemaName(gvk);
      const base = `/${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
      paths[base] = createOperation(gvk);
      paths[`${base}/{name}`] = operations(gvk, name);
      schemas[name] = { ...schemaOf(kind.field), 'x-kubernetes-group-version-kind': [gvk] };
    }
  }
  if (Object.keys(paths).length === 0) return null;
  const info = { title: 'Kubernetes (simulated)', version: 'v1' };
  return { openapi: '3.0.0', info, paths, components: { schemas } };
}
