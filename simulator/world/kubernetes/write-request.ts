import { isDict, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import type { Writer } from './managed-fields.ts';
import { badRequest } from './statuses.ts';
import type { Caller, KubeReply, KubeRequest } from './types.ts';
import { groupVersion } from './versions.ts';

/** The requests that bring an object, or a change of one. */
export type WriteRequest = Extract<KubeRequest, { verb: 'create' | 'update' | 'patch' }>;

/** Who writes, in the words of field ownership. */
export function writerOf(kind: Kind, request: WriteRequest, caller: Caller): Writer {
  const apply = request.verb === 'patch' && request.type === 'apply';
  return {
    // Without a name the server takes one from the user agent; an apply must say who it is.
    manager: caller.manager === '' && !apply ? 'unknown' : caller.manager,
    operation: apply ? 'Apply' : 'Update',
    apiVersion: groupVersion(kind.group, request.resource.version),
    subresource: 'subresource' in request ? (request.subresource ?? null) : null,
  };
}

/** Problems of an object's own words about what and where it is. */
export function headerProblem(
  kind: Kind,
  request: Extract<KubeRequest, { verb: 'create' | 'update' }>,
  sent: unknown,
): KubeReply | null {
  if (!isDict(sent)) return badRequest(`the object provided is unrecognized (must be of type ${kind.kind})`);
  const expected = groupVersion(kind.group, request.resource.version);
  if (sent['apiVersion'] !== expected) {
    return badRequest('the API version in the data does not match the expected API version');
  }
  const namespace = textAt(sent['metadata'], 'namespace') ?? '';
  const fits = kind.namespaced ? namespace === '' || namespace === request.namespace : namespace === '';
  if (!fits)
    return badRequest('the namespace of the provided object does not match the namespace on the request');
  return null;
}
