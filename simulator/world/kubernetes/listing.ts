import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { Bucket } from './bucket.ts';
import { isDict } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { type Predicate, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest } from './statuses.ts';
import type { KubeReply, KubeRequest } from './types.ts';

type ListRequest = Extract<KubeRequest, { verb: 'list' }>;

type Selection = Pick<ListRequest, 'labelSelector' | 'fieldSelector'>;

/** Whether an object is selected; a text where the selectors cannot be understood. */
export function matcherOf(
  kind: Kind,
  { labelSelector = '', fieldSelector = '' }: Selection,
): Predicate | string {
  const predicates: Predicate[] = [];
  const selectors = [
    ...(labelSelector === '' ? [] : [parseLabelSelector(labelSelector)]),
    ...(fieldSelector === '' ? [] : [parseFieldSelector(kind, fieldSelector)]),
  ];
  for (const selector of selectors) {
    if (selector.kind === 'bad') return selector.why;
    predicates.push(selector.matches);
  }
  return (object) => predicates.every((matches) => matches(object));
}

/** Answers a list: selected, in the order of keys, page by page where a limit is set. */
export function answerList(bucket: Bucket, request: ListRequest, revision: string): KubeReply {
  const { labelSelector = '', fieldSelector = '' } = request;
  const matches = matcherOf(bucket.kind, request);
  if (typeof matches === 'string') return badRequest(matches);
  const items = bucket.list(request.namespace, `${labelSelector} ${fieldSelector}`, matches);
  return page(bucket, items, request, revision);
}

function page(
  bucket: Bucket,
  items: readonly KubeObject[],
  request: ListRequest,
  revision: string,
): KubeReply {
  let start = 0;
  if (request.continueFrom !== undefined && request.continueFrom !== '') {
    const after = readToken(request.continueFrom);
    if (after === null) return badRequest('invalid continue token');
    const next = items.findIndex((item) => keyOf(item) > after);
    start = next < 0 ? items.length : next;
  }
  const limit = request.limit === undefined || request.limit <= 0 ? items.length : request.limit;
  const shown = start === 0 && limit >= items.length ? items : items.slice(start, start + limit);
  const remaining = items.length - start - shown.length;
  const last = shown.at(-1);
  const more =
    remaining > 0 && last !== undefined
      ? {
          continue: writeToken(keyOf(last)),
          ...(isSelective(request) ? {} : { remainingItemCount: remaining }),
        }
      : { continue: '' };
  const { group } = request.resource;
  const apiVersion = group === '' ? request.resource.version : `${group}/${request.resource.version}`;
  const stored = bucket.kind.versions[0] === request.resource.version;
  return {
    status: 200,
    object: {
      kind: `${bucket.kind.kind}List`,
      apiVersion,
      metadata: { resourceVersion: revision, ...more },
      items: stored ? shown : shown.map((item) => Object.freeze({ ...item, apiVersion })),
    },
  };
}

/** How many more would be selected is not counted. */
const isSelective = ({ labelSelector = '', fieldSelector = '' }: Selection): boolean =>
  labelSelector !== '' || fieldSelector !== '';

/** Of a built-in kind: what the list says of its items they do not say again. */
const bare = new WeakMap<object, object>();

function bareItem(item: object): object {
  const known = bare.get(item);
  if (known !== undefined) return known;
  const { apiVersion: _version, kind: _kind, ...rest } = item as Record<string, unknown>;
  bare.set(item, rest);
  return rest;
}

/** A list as it goes over the wire. */
export function writtenList(kind: Kind, list: unknown): unknown {
  if (kind.custom || !isDict(list) || !Array.isArray(list['items'])) return list;
  const { continue: next, ...metadata } = list['metadata'] as Record<string, unknown>;
  return {
    ...list,
    metadata: next === '' ? metadata : { ...metadata, continue: next },
    items: list['items'].map((item: object) => bareItem(item)),
  };
}

/** Zero sorts below what names are made of, so keys sort as namespaces and names do. */
const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}\0${object.metadata.name}`;

const writeToken = (key: string): string => btoa(JSON.stringify({ v: 'meta.k8s.io/v1', start: key }));

function readToken(token: string): string | null {
  try {
    const content: unknown = JSON.parse(atob(token));
    return isDict(content) && typeof content['start'] === 'string' ? content['start'] : null;
  } catch {
    return null;
  }
}
