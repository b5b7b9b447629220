import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { type Dict, isDict, listAt, textAt } from './json.ts';
import { applyJsonPatch } from './json-patch.ts';
import type { Kind } from './kinds/kind.ts';
import { entriesOf, type ManagedEntry, type Writer } from './managed-fields.ts';
import { applyMergePatch, applyStrategicPatch } from './merge-patch.ts';
import { serverSideApply } from './server-side-apply.ts';
import {
  applyConflict,
  badRequest,
  invalid,
  notFound,
  patchFailed,
  tooLarge,
  unsupportedPatch,
} from './statuses.ts';
import type { KubeReply, KubeRequest } from './types.ts';

type PatchRequest = Extract<KubeRequest, { verb: 'patch' }>;

export type Patched =
  | { readonly kind: 'candidate'; readonly candidate: Dict; readonly managedFields?: readonly ManagedEntry[] }
  | { readonly kind: 'refused'; readonly reply: KubeReply };

/** Operations that one JSON Patch may hold. */
const JSON_PATCH_LIMIT = 10_000;

const refused = (reply: KubeReply): Patched => ({ kind: 'refused', reply });

/** What a patch makes of `before`; null where there is no object, which only server-side apply can stand. */
export function patchedObject(
  kind: Kind,
  before: KubeObject | null,
  request: PatchRequest,
  by: { readonly writer: Writer; readonly now: string },
): Patched {
  if (request.type === 'apply') return applied(kind, before, request, by);
  if (before === null) return refused(notFound(kind, request.name));
  const stored: Dict = before;
  switch (request.type) {
    case 'json':
      return jsonPatched(stored, request.patch);
    case 'merge':
      return isDict(request.patch)
        ? asCandidate(applyMergePatch(stored, request.patch))
        : refused(badRequest('error decoding patch: no object'));
    case 'strategic':
      if (kind.custom) return refused(unsupportedPatch());
      return isDict(request.patch)
        ? asCandidate(applyStrategicPatch(kind.field, stored, request.patch))
        : refused(badRequest('error decoding patch: no object'));
  }
}

function jsonPatched(stored: Dict, patch: unknown): Patched {
  if (Array.isArray(patch) && patch.length > JSON_PATCH_LIMIT) return refused(tooLarge(JSON_PATCH_LIMIT));
  const result = applyJsonPatch(stored, patch);
  if (result.kind === 'unreadable') return refused(badRequest('error decoding patch: no list of operations'));
  return result.kind === 'failed' ? refused(patchFailed()) : asCandidate(result.value);
}

const asCandidate = (value: unknown): Patched =>
  isDict(value) ? { kind: 'candidate', candidate: value } : refused(patchFailed());

function applied(
  kind: Kind,
  before: KubeObject | null,
  request: PatchRequest,
  { writer, now }: { readonly writer: Writer; readonly now: string },
): Patched {
  const config = request.patch;
  if (writer.manager === '') {
    const error = {
      reason: 'FieldValueRequired',
      field: 'fieldManager',
      message: 'Required value: is required for apply patch',
    };
    return refused(invalid({ kind: 'PatchOptions', group: 'meta.k8s.io' }, '', [error]));
  }
  if (!isDict(config) || config['apiVersion'] !== writer.apiVersion || config['kind'] !== kind.kind) {
    return refused(badRequest(`error decoding patch: no ${kind.kind} of ${writer.apiVersion}`));
  }
  if (listAt(config['metadata'], 'managedFields').length > 0) {
    return refused(badRequest('metadata.managedFields must be nil'));
  }
  const name = textAt(config['metadata'], 'name') ?? request.name;
  if (name !== request.name)
    return refused(badRequest('the name of the object does not match the name on the URL'));
  const result = serverSideApply({
    field: kind.field,
    live: before ?? kind.empty,
    config: { ...config, apiVersion: before?.apiVersion ?? config['apiVersion'] },
    entries: entriesOf(before?.metadata),
    writer,
    force: request.force === true,
    time: now,
  });
  return result.kind === 'conflict'
    ? refused(applyConflict(result.conflicts))
    : { kind: 'candidate', candidate: result.object, managedFields: result.managedFields };
}
