import type { KubeRequest } from './types.ts';

/** A request for what nobody serves: who may not ask hears that first. null for a path that is no resource's. */
export function unservedRequest(method: string, parts: readonly string[]): KubeRequest | null {
  const rest = parts[0] === 'api' ? ['', ...parts.slice(1)] : parts.slice(1);
  const [group = '', version = '', ...path] = rest;
  const inNamespace = path[0] === 'namespaces' && path.length > 2;
  const [plural, name] = inNamespace ? path.slice(2) : path;
  if ((parts[0] !== 'api' && parts[0] !== 'apis') || plural === undefined) return null;
  const target = {
    resource: { group, version, plural, kind: '' },
    namespace: inNamespace ? (path[1] ?? null) : null,
  };
  if (method === 'POST') return { ...target, verb: 'create', object: null };
  if (name === undefined) return { ...target, verb: 'list' };
  return { ...target, verb: method === 'DELETE' ? 'delete' : 'get', name };
}
