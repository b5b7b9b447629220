import type { KubeResource } from '../../../workflows/kubernetes.ts';
import { dictAt, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { resourceOf } from './kinds/served.ts';
import { forbidden } from './statuses.ts';
import type { Caller, KubeReply } from './types.ts';

/**
 * Who may do what. A subresource is a resource of its own, named as in RBAC: `deployments/scale`. `namespace` is null for
 * cluster-scoped resources and for all namespaces.
 */
export type AccessRule = (
  caller: Caller,
  verb: string,
  resource: KubeResource,
  namespace: string | null,
) => boolean;

/** A resource, or one of its subresources, as access rules see it. */
export const accessResource = (resource: KubeResource, subresource: string | undefined): KubeResource =>
  subresource === undefined ? resource : { ...resource, plural: `${resource.plural}/${subresource}` };

/** What a caller hears that may not. */
export function denied(
  resource: KubeResource,
  request: { readonly verb: string; readonly namespace: string | null; readonly name: string },
  caller: Caller,
): KubeReply {
  const where =
    request.namespace === null ? 'at the cluster scope' : `in the namespace "${request.namespace}"`;
  const what = `resource "${resource.plural}" in API group "${resource.group}" ${where}`;
  const [plural = ''] = resource.plural.split('/', 1);
  return forbidden(
    { group: resource.group, plural },
    request.name,
    `User "${caller.user}" cannot ${request.verb} ${what}`,
  );
}

/** The answer in a SelfSubjectAccessReview. */
export function reviewed(
  review: unknown,
  caller: Caller,
  rule: AccessRule,
  kinds: readonly Kind[],
): { readonly allowed: boolean } {
  const asked = dictAt(dictAt(review, 'spec'), 'resourceAttributes');
  const group = textAt(asked, 'group') ?? '';
  const plural = textAt(asked, 'resource') ?? '';
  const kind = kinds.find((served) => served.group === group && served.plural === plural);
  const resource = kind === undefined ? { group, version: '', plural, kind: '' } : resourceOf(kind);
  const subresource = textAt(asked, 'subresource') ?? '';
  const namespace = textAt(asked, 'namespace') ?? '';
  const allowed = rule(
    caller,
    textAt(asked, 'verb') ?? '',
    accessResource(resource, subresource === '' ? undefined : subresource),
    namespace === '' ? null : namespace,
  );
  return { allowed };
}
