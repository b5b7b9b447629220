/**
 * What a cluster serves. Source: kubernetes.io, API concepts, "API discovery": aggregated discovery (two requests; stable
 * since 1.30) and, where a server does not know it, one document per group version.
 */
import type { KubeAnswer, NoAnswer } from '../../workflows/ports.ts';
import { answerOf, type Fields, isMap } from './kube-answer.ts';
import type { KubeReply } from './kube-request.ts';

/** Group versions and the plurals of each. */
export type Served = Readonly<Record<string, readonly string[]>>;

type Answer = KubeAnswer<Served> | NoAnswer;

/** GET of a path with an Accept header. */
type Read = (path: string, accept: string) => Promise<KubeReply | NoAnswer>;

const JSON_TYPE = 'application/json';
const AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat(JSON_TYPE)
  .join(',');

/** Either the plurals themselves, or the group versions to ask for one by one. */
type Index = { readonly served: Served } | { readonly groupVersions: readonly string[] };

const mapsOf = (list: unknown): readonly Fields[] => (Array.isArray(list) ? list.filter(isMap) : []);

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const present = <T>(values: readonly (T | null)[]): readonly T[] => values.filter((value) => value !== null);

const byGroupVersion = (entries: readonly (readonly [string, readonly string[]])[]): Served =>
  // As own fields, whatever they are called.
  Object.fromEntries(entries.map(([groupVersion, plurals]) => [groupVersion, [...new Set(plurals)]]));

/** `APIGroupDiscoveryList`. A stale version (its server is away) counts with what was last known of it. */
const readAggregated = (list: Fields): Served =>
  byGroupVersion(
    mapsOf(list['items']).flatMap((item) => {
      const group = isMap(item['metadata']) ? (textOf(item['metadata']['name']) ?? '') : '';
      return mapsOf(item['versions']).flatMap((served) => {
        const version = textOf(served['version']);
        if (version === null) return [];
        const plurals = present(mapsOf(served['resources']).map((resource) => textOf(resource['resource'])));
        return [[group === '' ? version : `${group}/${version}`, plurals] as const];
      });
    }),
  );

/** `APIVersions` (the core group), `APIGroupList` (all others). */
const readGroupVersions = (document: Fields): readonly string[] => [
  ...(Array.isArray(document['versions']) ? present(document['versions'].map(textOf)) : []),
  ...mapsOf(document['groups']).flatMap((group) =>
    present(mapsOf(group['versions']).map((version) => textOf(version['groupVersion']))),
  ),
];

/** What the answer to `/api` or `/apis` says; null where it is no discovery document. */
export const readIndex = (document: Fields): Index | null => {
  switch (document['kind']) {
    case 'APIGroupDiscoveryList':
      return Array.isArray(document['items']) ? { served: readAggregated(document) } : null;
    case 'APIVersions':
    case 'APIGroupList':
      return { groupVersions: readGroupVersions(document) };
    default:
      return null;
  }
};

/** `APIResourceList`: plurals without their subresources; null where it is none. */
export const readResources = (document: Fields): readonly string[] | null =>
  document['kind'] === 'APIResourceList'
    ? present(mapsOf(document['resources']).map((resource) => textOf(resource['name']))).filter(
        (name) => !name.includes('/'),
      )
    : null;

/** A group version as a path; null where it cannot be one. */
const pathOf = (groupVersion: string): string | null =>
  /^[a-z0-9.-]+(\/[a-z0-9]+)?$/.test(groupVersion)
    ? `${groupVersion.includes('/') ? '/apis' : '/api'}/${groupVersion}`
    : null;

/** One by one. A version that is gone by now is none; any other failure is the answer: what it serves would be overlooked. */
const readEach = async (read: Read, groupVersions: readonly string[]): Promise<Answer> => {
  const answers = await Promise.all(
    groupVersions.map(async (groupVersion) => {
      const path = pathOf(groupVersion);
      const answer = path === null ? null : answerOf(await read(path, JSON_TYPE), readResources);
      return { groupVersion, answer };
    }),
  );
  const entries: (readonly [string, readonly string[]])[] = [];
  for (const { groupVersion, answer } of answers) {
    if (answer === null || (answer.kind === 'answer' && answer.status === 404)) continue;
    if (answer.kind === 'noAnswer') return answer;
    const { status, failure, object } = answer;
    if (object === undefined)
      return { kind: 'answer', status, ...(failure === undefined ? {} : { failure }) };
    entries.push([groupVersion, object]);
  }
  return { kind: 'answer', status: 200, object: byGroupVersion(entries) };
};

const followIndex = async (read: Read, path: string): Promise<Answer> => {
  const answer = answerOf(await read(path, AGGREGATED), readIndex);
  if (answer.kind === 'noAnswer') return answer;
  const { status, object, failure } = answer;
  if (object === undefined) return { kind: 'answer', status, ...(failure === undefined ? {} : { failure }) };
  return 'served' in object
    ? { kind: 'answer', status, object: object.served }
    : readEach(read, object.groupVersions);
};

/** Everything that is served, or the first failure. */
export const discoverServed = async (read: Read): Promise<Answer> => {
  const [core, groups] = await Promise.all([followIndex(read, '/api'), followIndex(read, '/apis')]);
  if (core.kind === 'noAnswer' || core.object === undefined) return core;
  if (groups.kind === 'noAnswer' || groups.object === undefined) return groups;
  return { kind: 'answer', status: 200, object: { ...core.object, ...groups.object } };
};
