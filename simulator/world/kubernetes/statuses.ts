import type { KubeObject, KubeStatus } from '../../../workflows/kubernetes.ts';
import type { FieldError } from './admit.ts';
import type { Kind } from './kinds/kind.ts';
import type { KubeReply } from './types.ts';

/*
 * What the API server says when it does not do what it was asked. The wording is ours; code, reason and details are the
 * real server's.
 */

type Details = NonNullable<KubeStatus['details']>;

export const refuse = (code: number, reason: string, message: string, details?: Details): KubeReply => ({
  status: code,
  failure: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  },
});

type Named = Pick<Kind, 'group' | 'plural'>;

const qualified = (kind: Named, name = kind.plural): string =>
  kind.group === '' ? name : `${name}.${kind.group}`;

const aboutResource = (kind: Named, name: string): Details => ({
  ...(name === '' ? {} : { name }),
  ...(kind.group === '' ? {} : { group: kind.group }),
  kind: kind.plural,
});

/** A group, version or resource that is not served: the real server answers plain text. */
export const pathNotFound = (): KubeReply => refuse(404, 'NotFound', '404 page not found');

export const notFound = (kind: Named, name: string): KubeReply =>
  refuse(404, 'NotFound', `${qualified(kind)} "${name}" not found`, aboutResource(kind, name));

export const badRequest = (message: string): KubeReply => refuse(400, 'BadRequest', message);

export const unauthorized = (): KubeReply => refuse(401, 'Unauthorized', 'Unauthorized');

export const alreadyExists = (kind: Kind, name: string): KubeReply =>
  refuse(409, 'AlreadyExists', `${qualified(kind)} "${name}" already exists`, aboutResource(kind, name));

export const conflict = (kind: Kind, name: string, why: string): KubeReply =>
  refuse(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`,
    aboutResource(kind, name),
  );

/** A precondition of a delete that does not hold: here the server names the kind, not the resource. */
export const preconditionFailed = (kind: Kind, name: string, why: string): KubeReply =>
  refuse(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(kind, kind.kind)} "${name}": ${why}`,
    {
      ...aboutResource(kind, name),
      kind: kind.kind,
    },
  );

export const forbidden = (kind: Named, name: string, why: string, causes?: Details['causes']): KubeReply =>
  refuse(403, 'Forbidden', `${qualified(kind)} "${name}" is forbidden: ${why}`, {
    ...aboutResource(kind, name),
    ...(causes === undefined ? {} : { causes }),
  });

/** Validation said no. `as` names the kind where it is not the object's own. */
export function invalid(
  as: { readonly kind: string; readonly group: string },
  name: string,
  errors: readonly FieldError[],
): KubeReply {
  const full = as.group === '' ? as.kind : `${as.kind}.${as.group}`;
  const messages = errors.map((error) => `${error.field}: ${error.message}`);
  const text = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  return refuse(422, 'Invalid', `${full} "${name}" is invalid: ${text}`, {
    ...(name === '' ? {} : { name }),
    ...(as.group === '' ? {} : { group: as.group }),
    ...(as.kind === '' ? {} : { kind: as.kind }),
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

/** A JSON Patch whose test, path or operation failed: Invalid with nothing in its details. */
export const patchFailed = (): KubeReply =>
  refuse(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

export const unsupportedPatch = (): KubeReply =>
  refuse(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');

/** The API server got no answer from what it proxies to. */
export const unreachable = (why: string): KubeReply =>
  refuse(503, 'ServiceUnavailable', `error trying to reach service: ${why}`);

/** Nothing is left of what happened after a version. Source: kube-apiserver, `NewResourceExpired`. */
export const expired = (asked: string, oldest: number): KubeReply =>
  refuse(410, 'Expired', `too old resource version: ${asked} (${oldest})`);

export const tooLarge = (limitBytes: number): KubeReply =>
  refuse(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);

export const methodNotAllowed = (): KubeReply =>
  refuse(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

/** kubectl prints it, and says nothing else of who owns what. */
function conflictsText(conflicts: readonly { readonly manager: string; readonly field: string }[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with "${first.manager}": ${first.field}`;
  }
  const lines = conflicts.map(({ manager, field }) => `- conflict with "${manager}": ${field}`);
  return `Apply failed with ${conflicts.length} conflicts:\n${lines.join('\n')}`;
}

export const applyConflict = (
  conflicts: readonly { readonly manager: string; readonly field: string }[],
): KubeReply =>
  refuse(409, 'Conflict', conflictsText(conflicts), {
    causes: conflicts.map(({ manager, field }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}"`,
      field,
    })),
  });

/** What a delete answers when the object is gone: no object, a Status of success. */
export const deleted = (kind: Kind, object: KubeObject) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { ...aboutResource(kind, object.metadata.name), uid: object.metadata.uid },
});
