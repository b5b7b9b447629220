import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { KubeHttpReply } from '../world/kubernetes/kube-path.ts';
import type { WorldKubeServer } from '../world/kubernetes/kube-server.ts';
import type { Wanted } from './kube-http-accept.ts';
import { aggregatedDiscovery, DISCOVERY_TYPE } from './kube-http-discovery.ts';
import { plainReply } from './kube-http-reply.ts';
import { metadataOnly, tableOf } from './kube-http-table.ts';
import { openApiDocument, openApiIndex } from './kube-openapi.ts';

const JSON_HEADERS = { 'Content-Type': 'application/json' };

const found = (body: unknown): KubeHttpReply => ({ status: 200, headers: JSON_HEADERS, body });

const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/livez']);

/** What needs no name: health, `/version`. Source: kubernetes.io, `system:public-info-viewer`. */
export const isPublic = (path: string): boolean =>
  path === '/version' || HEALTH.has(path) || [...HEALTH].some((root) => path.startsWith(`${root}/`));

/**
 * Answers health checks, OpenAPI (version 3; who asks for 2 has knowledge of its own to fall back on) and aggregated discovery; null for what the API proper answers.
 * @param path without the query.
 */
export function answerAround(kube: WorldKubeServer, path: string, as: Wanted['as']): KubeHttpReply | null {
  if (isPublic(path) && path !== '/version') return plainReply(200, 'ok');
  if (path === '/api' || path === '/apis') {
    if (as !== 'discovery') return null;
    return { ...found(aggregatedDiscovery(kube.served, path)), headers: { 'Content-Type': DISCOVERY_TYPE } };
  }
  if (path === '/openapi/v3') return found(openApiIndex(kube.served));
  if (!path.startsWith('/openapi/v3/')) return null;
  const document = openApiDocument(kube.served, path.slice('/openapi/v3/'.length));
  return document === null ? plainReply(404, '404 page not found\n') : found(document);
}

interface Shown {
  readonly resource: { readonly group: string; readonly plural: string };
  readonly as: Wanted['as'];
  readonly include: string;
  readonly nowMs: number;
}

interface ListLike {
  readonly metadata: unknown;
  readonly items: readonly KubeObject[];
}

const isList = (body: object): body is ListLike => 'items' in body && Array.isArray(body.items);
const isStatus = (body: object): boolean => 'kind' in body && body.kind === 'Status';

/** A successful answer in the representation that the caller wants. */
export function shownAs(reply: KubeHttpReply, shown: Shown): KubeHttpReply {
  const { body } = reply;
  if (shown.as === 'object' || shown.as === 'discovery' || reply.status >= 300) return reply;
  if (typeof body !== 'object' || body === null || isStatus(body)) return reply;
  // Whatever is neither a list nor a Status is one object.
  const objects = isList(body) ? body.items : [body as KubeObject];
  const metadata = isList(body) ? body.metadata : { resourceVersion: objects[0]?.metadata.resourceVersion };
  if (shown.as === 'table') {
    return { ...reply, body: tableOf(objects, metadata, { ...shown, withColumns: true }) };
  }
  const [first] = objects;
  if (!isList(body) && first !== undefined) return { ...reply, body: metadataOnly(first) };
  const list = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata };
  return { ...reply, body: { ...list, items: objects.map(metadataOnly) } };
}
