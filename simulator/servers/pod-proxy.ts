import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeReply } from '../world/kubernetes/types.ts';
import type { World } from '../world/world.ts';
import { writeEventStream } from './event-stream.ts';

/** A request to `/api/v1/namespaces/NAMESPACE/pods/TARGET/proxy/PATH`, taken apart. */
export interface ProxyPath {
  readonly namespace: string;
  readonly target: string;
  /** Without the query. */
  readonly path: string;
}

const PROXY = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/proxy(\/[^?]*)?(?:\?.*)?$/;

/** What a URL asks of the pod proxy; null for every other URL. */
export function proxyPathOf(url: string): ProxyPath | null {
  const found = PROXY.exec(url);
  if (found === null) return null;
  const [, namespace = '', target = '', path = '/'] = found;
  try {
    return { namespace: decodeURIComponent(namespace), target: decodeURIComponent(target), path };
  } catch {
    return null;
  }
}

interface ProxyHost {
  readonly world: Pick<World, 'proxy'>;
  wait(ms: number, signal?: AbortSignal): Promise<unknown>;
  letGo?(): void;
}

export interface ProxyCall extends ProxyPath {
  readonly cluster: string;
  readonly user: string;
  readonly body: string;
}

/**
 * Answers as a pod's process does, after the time that it takes.
 * @returns what the API server itself says instead; nothing is written then.
 */
export async function serveProxy(
  host: ProxyHost,
  request: IncomingMessage,
  response: ServerResponse,
  call: ProxyCall,
): Promise<KubeReply | null> {
  const { cluster, namespace, target, path, body, user } = call;
  const caller = { user, manager: '' };
  const method = request.method ?? 'GET';
  const reply = host.world.proxy({ cluster, namespace, target, method, path, body, caller });
  if (reply.kind === 'refused') return reply.reply;
  if (reply.waitMs > 0) {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    host.letGo?.();
    await host.wait(reply.waitMs, gone.signal);
    if (response.destroyed) return null;
    const broken = reply.broken();
    if (broken !== null) return broken;
  }
  const type = reply.contentType === null ? {} : { 'Content-Type': reply.contentType };
  if (reply.contentType?.startsWith('text/event-stream') === true) {
    response.writeHead(reply.status, type);
    writeEventStream(response, reply.body);
    response.end();
    return null;
  }
  response.writeHead(reply.status, { ...type, 'Content-Length': Buffer.byteLength(reply.body) });
  response.end(method === 'HEAD' ? undefined : reply.body);
  return null;
}
