import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { type Fields, fields } from './fields.ts';
import { notFound, pathNotFound, unreachable } from './kubernetes/statuses.ts';
import type { Caller, KubeReply } from './kubernetes/types.ts';
import { pickerPage } from './picker-metrics.ts';
import type { Pod } from './pod.ts';
import { httpPortOf, listensOn, podNamed } from './pod-ports.ts';
import { POD } from './resources.ts';
import { contentTypeOf, type HttpResponse, notJson, QUICK_MS, type ServerHttp } from './server-http.ts';
import type { Traffic } from './traffic.ts';

/** A request to `/api/v1/namespaces/NAMESPACE/pods/TARGET/proxy/PATH`. */
export interface ProxiedRequest {
  readonly cluster: string;
  readonly namespace: string;
  /** `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
  readonly target: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
  readonly caller: Caller;
}

export type ProxiedReply =
  /** The API server's own words. */
  | { readonly kind: 'refused'; readonly reply: KubeReply }
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly contentType: string | null;
      readonly body: string;
      /** The model server's own time, milliseconds; 0 where it is not worth telling. */
      readonly waitMs: number;
      /** What is said instead when the process ended meanwhile; null while it lives. */
      readonly broken: () => KubeReply | null;
    };

interface ProxyParts {
  readonly engine: Engine;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly traffic: Traffic;
  readonly http: ServerHttp;
}

const PROXY = { ...POD, plural: 'pods/proxy' };

/** Source: kubernetes.io, authorization, request verbs. */
const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** The object of a JSON body, empty for none; null for what is no JSON. */
export function jsonBody(body: string): Fields | null {
  if (body === '') return {};
  try {
    return fields(JSON.parse(body));
  } catch {
    return null;
  }
}

function targetOf(target: string): { readonly name: string; readonly port: number | null } {
  const parts = target.split(':');
  const [name = '', port] = parts.length === 3 ? parts.slice(1) : parts;
  return { name, port: port === undefined || port === '' ? null : Number(port) };
}

function askServer(parts: ProxyParts, pod: Pod, request: ProxiedRequest): HttpResponse {
  const { server } = pod;
  if (server === null) {
    if (pod.role.kind === 'picker' && !pod.role.metricsAuth) parts.traffic.observed();
    return { ...pickerPage(pod), ms: 0 };
  }
  // What the request does to the server must find the queue as it is now; what it reads, not older than a glance.
  if (request.method === 'GET') parts.traffic.observed();
  else parts.traffic.settle();
  const body = jsonBody(request.body);
  const { method, path } = request;
  return body === null ? notJson() : parts.http.answer(pod, server, { method, path, body });
}

/** Answers requests through the API server's pod proxy. */
export function createPodProxy(parts: ProxyParts): (request: ProxiedRequest) => ProxiedReply {
  return (request) => {
    const refused = (reply: KubeReply): ProxiedReply => ({ kind: 'refused', reply });
    const cluster = parts.clusters.get(request.cluster);
    if (cluster === undefined) return refused(pathNotFound());
    const { namespace, target, caller } = request;
    const verb = VERBS[request.method] ?? request.method.toLowerCase();
    const refusal = cluster.kube.refusal({ verb, resource: PROXY, namespace, name: target }, caller);
    if (refusal !== null) return refused(refusal);
    const { name, port } = targetOf(target);
    const pod = podNamed(cluster, namespace, name);
    if (pod === undefined) return refused(notFound(POD, name));
    const asked = port ?? httpPortOf(pod) ?? 80;
    if (!listensOn(pod, asked)) {
      return refused(unreachable(`dial tcp ${pod.ip}:${asked}: connect: connection refused`));
    }
    const { server } = pod;
    const response = askServer(parts, pod, request);
    return {
      kind: 'answered',
      status: response.status,
      contentType: contentTypeOf(request.path, response),
      body: response.body,
      waitMs: response.ms > QUICK_MS ? response.ms : 0,
      broken: () => (pod.stage === 'up' && pod.server === server ? null : unreachable('EOF')),
    };
  };
}
