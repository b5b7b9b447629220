import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeList, KubernetesPort, NoAnswer } from '../../workflows/ports.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { fields, items, text } from './fields.ts';
import type { Handled, Handlers } from './handlers.ts';
import type { Caller, KubeReply, KubeRequest } from './kubernetes/types.ts';

/** How long a caller waits for a control plane that is away. */
const GIVE_UP_MS = 10_000;

const noAnswer = (why: string): Handled<NoAnswer> => ({
  value: { kind: 'noAnswer', why },
  tookMs: GIVE_UP_MS,
});

function answer<T>(reply: KubeReply): KubeAnswer<T> {
  return 'failure' in reply
    ? { kind: 'answer', status: reply.status, failure: reply.failure }
    : // The server's answer to a request is of the kind that was asked for.
      { kind: 'answer', status: reply.status, object: reply.object as T };
}

function listOf(reply: KubeReply): KubeAnswer<KubeList> {
  if ('failure' in reply) return answer(reply);
  const list = fields(reply.object);
  const resourceVersion = text(fields(list['metadata'])['resourceVersion']) ?? '';
  const object = {
    resourceVersion,
    items: items(list['items']) as readonly unknown[] as readonly KubeObject[],
  };
  return { kind: 'answer', status: reply.status, object };
}

export function kubernetesHandlers(
  engine: Engine,
  clusters: ReadonlyMap<string, Cluster>,
  caller: Caller,
): Handlers<KubernetesPort> {
  const send = <T>(
    name: string,
    request: KubeRequest,
    read: (reply: KubeReply) => KubeAnswer<T>,
  ): Handled<KubeAnswer<T> | NoAnswer> => {
    const cluster = clusters.get(name);
    if (cluster === undefined) return noAnswer(`no such cluster: ${name}`);
    if (engine.now() < cluster.unreachableUntilMs) return noAnswer('dial tcp: i/o timeout');
    const tookMs = engine.drawQuietly('apiCall');
    return { value: read(cluster.kube.request(request, caller)), tookMs };
  };
  return {
    discover: ({ cluster }) =>
      send(cluster, { verb: 'discover' }, answer<Readonly<Record<string, readonly string[]>>>),
    get: ({ cluster, resource, namespace, name }) =>
      send(cluster, { verb: 'get', resource, namespace, name }, answer<KubeObject>),
    list: ({ cluster, resource, namespace, labelSelector }) =>
      send(
        cluster,
        { verb: 'list', resource, namespace, ...(labelSelector === undefined ? {} : { labelSelector }) },
        listOf,
      ),
    create: ({ cluster, resource, namespace, object, dryRun }) =>
      send(
        cluster,
        { verb: 'create', resource, namespace, object, fieldValidation: 'Strict', dryRun: dryRun ?? false },
        answer<KubeObject>,
      ),
    jsonPatch: ({ cluster, resource, namespace, name, patch, dryRun }) =>
      send(
        cluster,
        { verb: 'patch', resource, namespace, name, type: 'json', patch, dryRun: dryRun ?? false },
        answer<KubeObject>,
      ),
    delete: ({ cluster, resource, namespace, name, uid }) =>
      send(
        cluster,
        { verb: 'delete', resource, namespace, name, preconditions: { uid }, propagation: 'Background' },
        answer<KubeObject>,
      ),
  };
}
