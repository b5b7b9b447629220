/** Paths of the API. Source: kubernetes.io, API concepts, "Resource URIs". */
import type { KubeCall } from '../../workflows/ports.ts';

/** What the API server takes for a name in a path; an empty one would be the whole collection. */
const isName = (text: string): boolean => text !== '' && text !== '.' && text !== '..' && !/[/%]/.test(text);

const join = (segments: readonly string[]): string =>
  segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');

export type Query = Readonly<Record<string, string | undefined>>;

export const withQuery = (path: string, query: Query): string => {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.append(key, value);
  return given.size === 0 ? path : `${path}?${given.toString()}`;
};

/** Path of a collection, or of the object `name` in it; null where a part of it is no name. */
export const resourcePath = ({ resource, namespace }: KubeCall, name: string | null): string | null => {
  const { group, version, plural } = resource;
  const segments = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespace === null ? [] : ['namespaces', namespace]),
    plural,
    ...(name === null ? [] : [name]),
  ];
  return segments.every(isName) ? join(segments) : null;
};

/** Path of a pod's port behind the API server's proxy; `path` is the pod's own, with its query. */
export const podProxyPath = (namespace: string, pod: string, port: number, path: string): string | null =>
  isName(namespace) && isName(pod)
    ? `${join(['api', 'v1', 'namespaces', namespace, 'pods'])}/${encodeURIComponent(pod)}:${port}/proxy${
        path.startsWith('/') ? path : `/${path}`
      }`
    : null;
