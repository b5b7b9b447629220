import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { type Dict, dictAt, numberAt } from './json.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { badRequest, invalid, patchFailed, unsupportedPatch } from './statuses.ts';
import type { KubeReply, KubeRequest } from './types.ts';

/** The scale of a workload. Numbers that are 0 are left out, as the real one does. */
export function scaleOf(object: KubeObject): Dict {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = numberAt(object['spec'], 'replicas') ?? 0;
  const running = numberAt(object['status'], 'replicas') ?? 0;
  const labels = dictAt(dictAt(object['spec'], 'selector'), 'matchLabels');
  const selector = Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${String(labels[key])}`)
    .join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { ...(running === 0 ? {} : { replicas: running }), selector },
  };
}

type ScaleWrite = Extract<KubeRequest, { verb: 'patch' | 'update' }>;

/** The workload with the replicas that were asked for, or the refusal. */
export function scaled(
  object: KubeObject,
  request: ScaleWrite,
):
  | { readonly kind: 'object'; readonly candidate: Dict }
  | { readonly kind: 'refused'; readonly reply: KubeReply } {
  const before = scaleOf(object);
  const after = request.verb === 'update' ? request.object : patched(before, request);
  if (after instanceof Refusal) return { kind: 'refused', reply: after.reply };
  const spec = dictAt(after, 'spec');
  const replicas = spec['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    return { kind: 'refused', reply: badRequest('Scale cannot be handled: spec.replicas is no integer') };
  }
  if (replicas < 0) {
    const error = {
      reason: 'FieldValueInvalid',
      field: 'spec.replicas',
      message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
    };
    return {
      kind: 'refused',
      reply: invalid({ kind: 'Scale', group: 'autoscaling' }, request.name, [error]),
    };
  }
  const metadata = dictAt(after, 'metadata');
  const resourceVersion = metadata['resourceVersion'] ?? object.metadata.resourceVersion;
  return {
    kind: 'object',
    candidate: {
      ...object,
      metadata: { ...object.metadata, resourceVersion, name: metadata['name'] ?? object.metadata.name },
      spec: { ...dictAt(object, 'spec'), replicas },
    },
  };
}

class Refusal {
  readonly reply: KubeReply;

  constructor(reply: KubeReply) {
    this.reply = reply;
  }
}

function patched(scale: Dict, request: Extract<KubeRequest, { verb: 'patch' }>): unknown {
  if (request.type === 'json') {
    const result = applyJsonPatch(scale, request.patch);
    if (result.kind === 'unreadable') return new Refusal(badRequest('error decoding patch'));
    return result.kind === 'failed' ? new Refusal(patchFailed()) : result.value;
  }
  return request.type === 'apply' ? new Refusal(unsupportedPatch()) : applyMergePatch(scale, request.patch);
}
