/**
 * What came back over HTTP, as an answer of the port. Whatever stands between us and the API server may have answered in
 * its place (a load balancer's page, plain text): that is an answer too, by its status.
 */
import type { KubeObject, KubeStatus } from '../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeList, NoAnswer } from '../../workflows/ports.ts';
import type { KubeReply } from './kube-request.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const noAnswer = (why: string): NoAnswer => ({ kind: 'noAnswer', why });

/** The JSON object of a body; null where it is anything else. */
export const readMap = (body: string): Fields | null => {
  try {
    const value: unknown = JSON.parse(body);
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
};

const TEXT_MAX = 300;

/** A page cut to what fits a log. */
const say = (body: string): string =>
  body
    .slice(0, 4 * TEXT_MAX)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, TEXT_MAX);

/** Those of the fields that are texts. */
const texts = <K extends string>(from: Fields, names: readonly K[]): Readonly<Partial<Record<K, string>>> => {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const value = from[name];
    if (typeof value === 'string') found[name] = value;
  }
  return found;
};

type Details = NonNullable<KubeStatus['details']>;

const readDetails = (details: Fields): Details => {
  const { causes, retryAfterSeconds } = details;
  return {
    ...texts(details, ['name', 'group', 'kind', 'uid']),
    ...(Array.isArray(causes)
      ? {
          // One that cannot be read still says that there is one: a refusal with causes is final.
          causes: causes.map((cause: unknown) =>
            isMap(cause) ? texts(cause, ['reason', 'message', 'field']) : {},
          ),
        }
      : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  };
};

/** The Status that a body is; null where it is none. */
export const readStatus = (body: string, httpStatus: number): KubeStatus | null => {
  const map = readMap(body);
  if (map === null || map['kind'] !== 'Status' || map['apiVersion'] !== 'v1') return null;
  const { code, details } = map;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    status: map['status'] === 'Success' ? 'Success' : 'Failure',
    ...texts(map, ['message', 'reason']),
    ...(isMap(details) ? { details: readDetails(details) } : {}),
    code: typeof code === 'number' ? code : httpStatus,
  };
};

const failureOf = ({ status, body }: KubeReply): KubeStatus =>
  readStatus(body, status) ?? {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: say(body),
    code: status,
  };

/** @param read null: what came is not what was asked for. */
export const answerOf = <T>(
  reply: KubeReply | NoAnswer,
  read: (object: Fields) => T | null,
): KubeAnswer<T> | NoAnswer => {
  if (reply.kind === 'noAnswer') return reply;
  const { status } = reply;
  if (status >= 300) return { kind: 'answer', status, failure: failureOf(reply) };
  const map = readMap(reply.body);
  const object = map === null ? null : read(map);
  return object === null
    ? noAnswer(`${status} with a body that cannot be read: ${say(reply.body)}`)
    : { kind: 'answer', status, object };
};

/** Any object, as it is: what the types say of its metadata is checked by who reads it. */
export const readObject = (object: Fields): KubeObject => object as unknown as KubeObject;

export interface ListPage extends KubeList {
  /** Empty on the last page. */
  readonly continueToken: string;
}

/** One page of a list; Go writes an empty list as null. */
export const readPage = (list: Fields): ListPage | null => {
  const { metadata, items } = list;
  if (!isMap(metadata) || (items !== null && !Array.isArray(items))) return null;
  const { resourceVersion, continue: token } = metadata;
  return {
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    items: items ?? [],
    continueToken: typeof token === 'string' ? token : '',
  };
};

/** What the API server itself says of a name that it would refuse. */
export const badName = (): KubeAnswer<never> => ({
  kind: 'answer',
  status: 400,
  failure: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'BadRequest',
    message: 'a namespace or name that no object can have',
    code: 400,
  },
});
