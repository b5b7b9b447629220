import { parse as parseYaml } from 'yaml';
import { discoveryReply } from './discovery.ts';
import { type Dict, dictAt, EMPTY, isDict, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { noSubresource, type WorldKubeServer } from './kube-server.ts';
import { writtenList } from './listing.ts';
import {
  badRequest,
  methodNotAllowed,
  pathNotFound,
  refuse,
  tooLarge,
  unsupportedPatch,
} from './statuses.ts';
import type { Caller, KubeReply, KubeRequest } from './types.ts';
import { unservedRequest } from './unserved-path.ts';
import { optionsProblem } from './write-options.ts';

/** A request as it comes over HTTP. */
export interface KubeHttpRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly contentType?: string;
  /** Whoever names no field manager is known by the first part of it. */
  readonly userAgent?: string;
  readonly body?: string;
  /** Who the token belongs to: `system:anonymous` without one, empty when nobody knows it. */
  readonly user: string;
}

export interface KubeHttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A JSON value, or text where the content type says so. */
  readonly body: unknown;
}

/** What a path asks for. */
export type KubePath =
  | { readonly kind: 'request'; readonly request: KubeRequest; readonly caller: Caller }
  /** Answered without the server's objects: discovery, or a request that cannot be understood. */
  | { readonly kind: 'reply'; readonly reply: KubeReply }
  | {
      readonly kind: 'watch';
      readonly request: Extract<KubeRequest, { verb: 'list' }>;
      readonly caller: Caller;
      readonly resourceVersion: string;
      readonly timeoutSeconds: number;
    };

const BODY_LIMIT_BYTES = 3_145_728;

const reply = (answer: KubeReply): KubePath => ({ kind: 'reply', reply: answer });

/** Translates a request into the server's words. Never throws. */
export function parseKubePath(
  http: KubeHttpRequest,
  server: Pick<WorldKubeServer, 'served' | 'serverVersion'>,
): KubePath {
  const [path = '', search = ''] = http.path.split('?', 2);
  const query = new Map(
    search
      .split('&')
      .filter((pair) => pair !== '')
      .map(decodePair),
  );
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const discovery = discoveryReply(parts, server);
  if (discovery !== null) return reply(http.method === 'GET' ? discovery : methodNotAllowed());
  const place = locate(parts, server.served);
  if (place === null) {
    const request = unservedRequest(http.method, parts);
    return request === null
      ? reply(pathNotFound())
      : { kind: 'request', request, caller: { user: http.user, manager: '' } };
  }
  if (http.body !== undefined && http.body.length > BODY_LIMIT_BYTES)
    return reply(tooLarge(BODY_LIMIT_BYTES));
  const caller = { user: http.user, manager: managerOf(http, query) };
  return translate(http, place, { query, caller });
}

/** Answers a request as the API server would over HTTP; watches are not served here (405). */
export function answerHttp(server: WorldKubeServer, http: KubeHttpRequest): KubeHttpReply {
  const parsed = parseKubePath(http, server);
  if (parsed.kind === 'request') return written(server, parsed);
  if (http.user === '') return replyOf(refuse(401, 'Unauthorized', 'Unauthorized'));
  return replyOf(parsed.kind === 'watch' ? methodNotAllowed() : parsed.reply);
}

/** Asks the server and words its answer. */
export function written(
  server: WorldKubeServer,
  { request, caller }: Extract<KubePath, { kind: 'request' }>,
): KubeHttpReply {
  const answer = replyOf(server.request(request, caller));
  if (request.verb !== 'list') return answer;
  const { group, plural } = request.resource;
  const kind = server.served.find((one) => one.group === group && one.plural === plural);
  return kind === undefined ? answer : { ...answer, body: writtenList(kind, answer.body) };
}

const JSON_TYPE = { 'Content-Type': 'application/json' } as const;

/** An answer of the server as HTTP has it. */
export function replyOf(answer: KubeReply): KubeHttpReply {
  if (!('failure' in answer)) {
    const warning = (answer.warnings ?? []).map((text) => `299 - ${JSON.stringify(text)}`).join(', ');
    const headers = warning === '' ? JSON_TYPE : { ...JSON_TYPE, Warning: warning };
    return { status: answer.status, headers, body: answer.object };
  }
  // What is not served at all has no Status: the mux answers, in plain text.
  if (answer.status === 404 && answer.failure.details === undefined) {
    return {
      status: 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: '404 page not found\n',
    };
  }
  return { status: answer.status, headers: JSON_TYPE, body: { metadata: EMPTY, ...answer.failure } };
}

/** The field manager of a request. Only an apply must name its own. Source: kube-apiserver, `managerOrUserAgent`. */
function managerOf(http: KubeHttpRequest, query: ReadonlyMap<string, string>): string {
  const named = query.get('fieldManager') ?? '';
  if (named !== '' || mediaType(http) === 'application/apply-patch+yaml') return named;
  return (http.userAgent ?? '').split('/', 1)[0]?.slice(0, 128) ?? '';
}

interface Place {
  readonly kind: Kind;
  readonly version: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly subresource: string | null;
}

function locate(parts: readonly string[], served: readonly Kind[]): Place | null {
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return null;
  const group = core ? '' : (parts[1] ?? '');
  const version = (core ? parts[1] : parts[2]) ?? '';
  const rest = parts.slice(core ? 2 : 3);
  // `namespaces/x` is the namespace itself, `namespaces/x/pods` what is in it; its own subresources are no plurals.
  const inNamespace =
    rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const [plural = '', name = null, subresource = null] = inNamespace ? rest.slice(2) : rest;
  const kind = served.find((candidate) => candidate.group === group && candidate.plural === plural);
  if (kind === undefined || !kind.versions.includes(version)) return null;
  return { kind, version, namespace: inNamespace ? (rest[1] ?? null) : null, name, subresource };
}

interface Context {
  readonly query: ReadonlyMap<string, string>;
  readonly caller: Caller;
}

function translate(http: KubeHttpRequest, place: Place, context: Context): KubePath {
  const { caller } = context;
  const asked = (request: KubeRequest): KubePath => ({ kind: 'request', request, caller });
  const { name } = place;
  const subresource = subresourceOf(place);
  if (subresource === null) return reply(noSubresource(place.kind, name ?? ''));
  const target = targetOf(place);
  switch (http.method) {
    case 'GET':
      if (name !== null) return asked({ ...target, verb: 'get', name, ...subresource });
      return translateList(place, context);
    case 'POST': {
      const problem = bodyTypeProblem(http) ?? optionsProblem('CreateOptions', context.query);
      if (problem !== null) return reply(problem);
      if (name !== null) return reply(methodNotAllowed());
      const body = readBody(http);
      if (body.kind === 'bad') return reply(unreadable(place));
      return asked({
        ...target,
        verb: 'create',
        object: body.value,
        ...dryRun(context),
        ...fieldValidation(context),
      });
    }
    case 'PUT': {
      const problem = bodyTypeProblem(http) ?? optionsProblem('UpdateOptions', context.query);
      if (problem !== null) return reply(problem);
      const body = readBody(http);
      if (body.kind === 'bad' || name === null)
        return reply(name === null ? methodNotAllowed() : unreadable(place));
      return asked({
        ...target,
        verb: 'update',
        name,
        object: body.value,
        ...subresource,
        ...dryRun(context),
        ...fieldValidation(context),
      });
    }
    case 'PATCH':
      return name === null ? reply(methodNotAllowed()) : translatePatch(http, { ...place, name }, context);
    case 'DELETE':
      return name === null ? reply(methodNotAllowed()) : translateDelete(http, { ...place, name }, context);
    default:
      return reply(methodNotAllowed());
  }
}

/** The subresource as the server's requests name it; null for one that it does not know. */
function subresourceOf({ subresource }: Place): { readonly subresource?: 'scale' | 'status' } | null {
  if (subresource === null) return {};
  return subresource === 'scale' || subresource === 'status' ? { subresource } : null;
}

const targetOf = (place: Place) => ({
  resource: {
    group: place.kind.group,
    version: place.version,
    plural: place.kind.plural,
    kind: place.kind.kind,
  },
  namespace: place.namespace,
});

function translateList(place: Place, { query, caller }: Context): KubePath {
  const limit = query.get('limit');
  if (limit !== undefined && !/^[-+]?\d*$/.test(limit))
    return reply(badRequest(`parsing "${limit}": invalid syntax`));
  const continueFrom = query.get('continue');
  const labelSelector = query.get('labelSelector');
  const fieldSelector = query.get('fieldSelector');
  const request: Extract<KubeRequest, { verb: 'list' }> = {
    ...targetOf(place),
    verb: 'list',
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(continueFrom === undefined ? {} : { continueFrom }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  const watch = query.get('watch');
  if (watch !== 'true' && watch !== '1') return { kind: 'request', request, caller };
  const resourceVersion = query.get('resourceVersion') ?? '';
  // The real server fails at this one with a 500 of no reason.
  if (!/^\d*$/.test(resourceVersion))
    return reply(refuse(500, '', `resourceVersion: Invalid value: "${resourceVersion}"`));
  const timeoutSeconds = Number(query.get('timeoutSeconds') ?? 0);
  return { kind: 'watch', request, caller, resourceVersion, timeoutSeconds };
}

const PATCH_TYPES: Readonly<Record<string, Extract<KubeRequest, { verb: 'patch' }>['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

type Named = Place & { readonly name: string };

function translatePatch(http: KubeHttpRequest, place: Named, context: Context): KubePath {
  const type = PATCH_TYPES[mediaType(http)];
  if (type === undefined) return reply(unsupportedPatch());
  const problem = optionsProblem('PatchOptions', context.query, type === 'apply');
  if (problem !== null) return reply(problem);
  const body = readBody(http);
  if (body.kind === 'bad') return reply(badRequest('error decoding patch'));
  const subresource = subresourceOf(place) ?? {};
  const force = context.query.get('force');
  const request: KubeRequest = {
    ...targetOf(place),
    verb: 'patch',
    name: place.name,
    type,
    patch: body.value,
    ...subresource,
    ...dryRun(context),
    ...fieldValidation(context),
    ...(force === undefined ? {} : { force: force === 'true' }),
  } as const;
  return { kind: 'request', request, caller: context.caller };
}

const PROPAGATIONS = ['Background', 'Foreground', 'Orphan'] as const;

function translateDelete(http: KubeHttpRequest, place: Named, context: Context): KubePath {
  const body = readBody(http);
  if (body.kind === 'bad') return reply(unreadable(place));
  const options: Dict = isDict(body.value) ? body.value : EMPTY;
  const preconditions = dictAt(options, 'preconditions');
  const uid = textAt(preconditions, 'uid');
  const resourceVersion = textAt(preconditions, 'resourceVersion');
  const asked = textAt(options, 'propagationPolicy') ?? context.query.get('propagationPolicy');
  const propagation = PROPAGATIONS.find((known) => known === asked);
  const dry = Array.isArray(options['dryRun']) && options['dryRun'].includes('All');
  const request: KubeRequest = {
    ...targetOf(place),
    verb: 'delete',
    name: place.name,
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    ...(propagation === undefined ? {} : { propagation }),
    ...(dry ? { dryRun: true } : dryRun(context)),
  };
  return { kind: 'request', request, caller: context.caller };
}

const dryRun = ({ query }: Context): { readonly dryRun?: boolean } =>
  query.get('dryRun') === 'All' ? { dryRun: true } : {};

function fieldValidation({ query }: Context): { readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore' } {
  const asked = query.get('fieldValidation');
  const known = (['Strict', 'Warn', 'Ignore'] as const).find((value) => value === asked);
  return known === undefined ? {} : { fieldValidation: known };
}

/** Objects come as JSON, YAML or, of built-in kinds, as protobuf, which is translated before. */
const BODY_TYPES: readonly string[] = [
  '',
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
];

const bodyTypeProblem = (http: KubeHttpRequest): KubeReply | null =>
  BODY_TYPES.includes(mediaType(http)) ? null : unsupportedPatch();

const mediaType = (http: KubeHttpRequest): string => (http.contentType ?? '').split(';', 1)[0]?.trim() ?? '';

const unreadable = (place: Place): KubeReply =>
  badRequest(`the object provided is unrecognized (must be of type ${place.kind.kind})`);

type Body = { readonly kind: 'read'; readonly value: unknown } | { readonly kind: 'bad' };

function readBody(http: KubeHttpRequest): Body {
  if (http.body === undefined || http.body === '') return { kind: 'read', value: undefined };
  try {
    const yaml = mediaType(http).endsWith('yaml') && !http.body.trimStart().startsWith('{');
    return { kind: 'read', value: yaml ? parseYaml(http.body) : JSON.parse(http.body) };
  } catch {
    return { kind: 'bad' };
  }
}

function decodePair(pair: string): readonly [string, string] {
  const [key = '', ...value] = pair.split('=');
  return [decode(key), decode(value.join('='))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
