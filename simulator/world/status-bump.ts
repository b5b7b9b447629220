import type { KubeObject, KubeResource } from '../../workflows/kubernetes.ts';
import { at, type Fields, fields, items } from './fields.ts';
import type { WorldKubeServer } from './kubernetes/kube-server.ts';
import { rfc3339 } from './kubernetes/rfc3339.ts';

interface Target {
  readonly resource: KubeResource;
  readonly namespace: string | null;
  readonly name: string;
}

/** The last condition says that it changed now. */
function touched(conditions: readonly Fields[], time: string): readonly Fields[] {
  return conditions.map((condition, index) =>
    index === conditions.length - 1 ? { ...condition, lastTransitionTime: time } : condition,
  );
}

function bumped(object: KubeObject, time: string): KubeObject | null {
  const status = fields(object['status']);
  const parents = items(status['parents']);
  const [first, ...others] = parents;
  if (first !== undefined) {
    const conditions = touched(items(first['conditions']), time);
    return { ...object, status: { ...status, parents: [{ ...first, conditions }, ...others] } };
  }
  const conditions = items(at(object, 'status', 'conditions'));
  if (conditions.length === 0) return null;
  return { ...object, status: { ...status, conditions: touched(conditions, time) } };
}

/**
 * A status writer says again what it said before, with the time of now: a newer resourceVersion and nothing that
 * matters. False where nothing came of it: no such object, nobody writes conditions to it, or the last word is of the
 * same second.
 */
export function bumpStatus(
  kube: Pick<WorldKubeServer, 'read' | 'put'> | undefined,
  { resource, namespace, name }: Target,
  nowMs: number,
): boolean {
  const stored = kube?.read(resource, namespace, name);
  if (kube === undefined || stored === undefined) return false;
  const object = bumped(stored, rfc3339(nowMs));
  if (object === null) return false;
  const after = kube.put(resource, object, 'status-writer');
  return after.metadata.resourceVersion !== stored.metadata.resourceVersion;
}
