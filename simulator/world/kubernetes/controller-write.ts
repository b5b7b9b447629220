import type { KubeMetadata, KubeObject } from '../../../workflows/kubernetes.ts';
import { equal } from './json.ts';
import type { Kind } from './kinds/kind.ts';

const CONTENT_METADATA = [
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Whether a controller's object says nothing that is not stored already. */
export function saysNothingNew(before: KubeObject, object: KubeObject): boolean {
  if (before === object) return true;
  for (const key in object) if (key !== 'metadata' && !equal(before[key], object[key])) return false;
  for (const key in before) if (!(key in object)) return false;
  const stored: KubeMetadata & { readonly deletionGracePeriodSeconds?: unknown } = before.metadata;
  const given: KubeMetadata & { readonly deletionGracePeriodSeconds?: unknown } = object.metadata;
  return stored === given || CONTENT_METADATA.every((key) => equal(stored[key], given[key]));
}

/** A controller's object with the metadata that is the server's to say. */
export function controllerObject(
  kind: Kind,
  object: KubeObject,
  before: KubeObject | undefined,
  server: { readonly now: () => string; readonly uid: () => string; readonly resourceVersion: string },
): KubeObject {
  const given = object.metadata;
  const stored = before?.metadata;
  const managedFields = given.managedFields ?? stored?.managedFields;
  const { generation: _, ...kept } = given;
  return {
    ...object,
    metadata: {
      ...kept,
      uid: stored?.uid ?? given.uid ?? server.uid(),
      creationTimestamp: stored?.creationTimestamp ?? given.creationTimestamp ?? server.now(),
      resourceVersion: server.resourceVersion,
      ...generationOf(kind, object, before),
      ...(managedFields === undefined ? {} : { managedFields }),
    },
  };
}

function generationOf(
  kind: Kind,
  object: KubeObject,
  before: KubeObject | undefined,
): { readonly generation?: number } {
  if (kind.generation === 'none') return {};
  const generation = before?.metadata.generation ?? 0;
  const same = before !== undefined && equal(before['spec'], object['spec']);
  return { generation: same ? Math.max(generation, 1) : generation + 1 };
}
