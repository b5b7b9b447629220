/** The example stack in a namespace of a scenario's own, and who may do what there. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { stackFolder, stackObjects } from '../control-plane/stack-manifests.ts';

const CLUSTER_SCOPED = new Set(['ClusterRole', 'ClusterRoleBinding']);
const HOME = 'default';

/** Replaces exact strings wherever they stand. */
const replaced = (value: unknown, words: ReadonlyMap<string, string>): unknown => {
  if (typeof value === 'string') return words.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => replaced(item, words));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, words)]));
};

/**
 * The stack in a namespace; as it is in `default`. Elsewhere the arguments and subjects that name the namespace follow, and
 * so do the bindings over the whole cluster, which there can be only one of by a name.
 */
export const stackIn = (namespace: string): readonly KubeObject[] => {
  const folder = stackFolder();
  const objects = folder === null ? [] : stackObjects(folder);
  const words = new Map([[HOME, namespace]]);
  return objects.map((object) => {
    const placed = replaced(object, words) as KubeObject;
    const { metadata } = placed;
    if (!CLUSTER_SCOPED.has(object.kind)) return { ...placed, metadata: { ...metadata, namespace } };
    const own = object.kind === 'ClusterRoleBinding' && namespace !== HOME;
    return own ? { ...placed, metadata: { ...metadata, name: `${metadata.name}-${namespace}` } } : placed;
  });
};

const SUBJECT = 'sluice@PROJECT.iam.gserviceaccount.com';
const FILES = resolve(import.meta.dirname, '../../../infra/rbac');

/** The objects of a file of infra/rbac for a user in a namespace. */
export const bundleFor = (
  file: 'traffic-only.yaml' | 'full.yaml',
  user: string,
  namespace: string,
): readonly KubeObject[] => {
  const words = new Map([
    [SUBJECT, user],
    ['serving', namespace],
  ]);
  return parseAllDocuments(readFileSync(resolve(FILES, file), 'utf8')).map(
    (document) => replaced(document.toJS(), words) as KubeObject,
  );
};
