import { freeze, isDict } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import type { KubeReply, KubeRequest } from './types.ts';

/** `v1`, `apps/v1`: as it stands in objects and in discovery. */
export const groupVersion = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

/** The version in which objects of a kind are kept. */
export const storedVersion = (kind: Kind): string => groupVersion(kind.group, kind.versions[0] ?? '');

/** Objects are stored in one version and shown in the one that was asked for. */
export function inVersion(
  reply: Extract<KubeReply, { object: unknown }>,
  kind: Kind,
  request: Exclude<KubeRequest, { verb: 'discover' }>,
): KubeReply {
  const { version } = request.resource;
  if (kind.versions[0] === version || !isDict(reply.object) || reply.object['kind'] !== kind.kind)
    return reply;
  const object = { ...reply.object, apiVersion: groupVersion(kind.group, version) };
  return { ...reply, object: freeze(object) };
}

/** All group versions, and the plurals that each serves. */
export function discoveryOf(kinds: readonly Kind[]): Record<string, string[]> {
  const resources: Record<string, string[]> = {};
  for (const kind of kinds) {
    for (const version of kind.versions) {
      const key = groupVersion(kind.group, version);
      resources[key] = [...(resources[key] ?? []), kind.plural];
    }
  }
  return resources;
}
