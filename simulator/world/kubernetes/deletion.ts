import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { type Dict, dictAt, numberAt, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { rfc3339 } from './rfc3339.ts';
import { preconditionFailed } from './statuses.ts';
import type { KubeReply, KubeRequest } from './types.ts';
import { asObject } from './write.ts';

type DeleteRequest = Extract<KubeRequest, { verb: 'delete' }>;

/** What a delete does to an object: it goes at once, or it is marked and somebody else lets it go. */
export type Deletion =
  | { readonly kind: 'gone' }
  | { readonly kind: 'marked'; readonly object: KubeObject }
  | { readonly kind: 'already'; readonly object: KubeObject }
  | { readonly kind: 'refused'; readonly reply: KubeReply };

/**
 * Decides a delete. Marked are objects with finalizers, namespaces (whose controller empties them) and pods on a node (whose
 * kubelet ends them); the garbage collector's part, dependents, is not the API server's.
 */
export function decideDeletion(
  kind: Kind,
  object: KubeObject,
  request: DeleteRequest,
  nowMs: number,
): Deletion {
  const { uid, resourceVersion } = request.preconditions ?? {};
  if (uid !== undefined && uid !== object.metadata.uid) {
    const why = 'the UID in the precondition does not match the UID in record';
    return { kind: 'refused', reply: preconditionFailed(kind, request.name, why) };
  }
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    const why = 'the ResourceVersion in the precondition does not match the ResourceVersion in record';
    return { kind: 'refused', reply: preconditionFailed(kind, request.name, why) };
  }
  const finalizers = finalizersFor(object, request.propagation);
  const graceSeconds = graceOf(kind, object);
  const waits = finalizers.length > 0 || graceSeconds > 0 || isNamespace(kind);
  if (!waits) return { kind: 'gone' };
  if (object.metadata.deletionTimestamp !== undefined && finalizers === object.metadata.finalizers) {
    return { kind: 'already', object };
  }
  if (object.metadata.deletionTimestamp !== undefined && finalizers.length === 0)
    return { kind: 'already', object };
  return { kind: 'marked', object: marked(kind, object, { finalizers, graceSeconds, nowMs }) };
}

/** Kinds whose delete answers with the object, not with a Status. Source: kube-apiserver, `ReturnDeletedObject`. */
const RETURNED: ReadonlySet<string> = new Set(['pods', 'services', 'serviceaccounts']);

export const isReturned = (kind: Kind): boolean => kind.group === '' && RETURNED.has(kind.plural);

const isNamespace = (kind: Kind): boolean => kind.group === '' && kind.plural === 'namespaces';

const NO_FINALIZERS: readonly string[] = [];

function finalizersFor(object: KubeObject, propagation: DeleteRequest['propagation']): readonly string[] {
  const finalizers = object.metadata.finalizers ?? NO_FINALIZERS;
  const own =
    propagation === 'Foreground' ? 'foregroundDeletion' : propagation === 'Orphan' ? 'orphan' : null;
  return own === null || finalizers.includes(own) ? finalizers : [...finalizers, own];
}

/** Seconds that a pod on a node gets to end; pods that no node runs, or that have ended, go at once. */
function graceOf(kind: Kind, object: KubeObject): number {
  if (kind.group !== '' || kind.plural !== 'pods') return 0;
  const phase = textAt(object['status'], 'phase');
  if (textAt(object['spec'], 'nodeName') === undefined || phase === 'Succeeded' || phase === 'Failed')
    return 0;
  return numberAt(object['spec'], 'terminationGracePeriodSeconds') ?? 30;
}

function marked(
  kind: Kind,
  object: KubeObject,
  how: { readonly finalizers: readonly string[]; readonly graceSeconds: number; readonly nowMs: number },
): KubeObject {
  const { metadata } = object;
  const generation = metadata.generation === undefined ? {} : { generation: metadata.generation + 1 };
  const next: Dict = {
    ...object,
    metadata: {
      ...metadata,
      ...generation,
      ...(how.finalizers.length === 0 ? {} : { finalizers: how.finalizers }),
      deletionTimestamp: metadata.deletionTimestamp ?? rfc3339(how.nowMs + how.graceSeconds * 1000),
      deletionGracePeriodSeconds: how.graceSeconds,
    },
  };
  return asObject(
    isNamespace(kind) ? { ...next, status: { ...dictAt(object, 'status'), phase: 'Terminating' } } : next,
  );
}
