import {
  boolean,
  conditions,
  defaulted,
  groupName,
  integer,
  kindName,
  list,
  namespaceName,
  object,
  objectName,
  oneOf,
  port,
  type Rule,
  SUBDOMAIN,
  sectionName,
  string,
} from '../field-table.ts';
import { type Dict, dictAt, isDict, listAt, textAt } from '../json.ts';
import { customKind, type Kind } from './kind.ts';

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const headerName = string({ min: 1, max: 256, pattern: HEADER_NAME });
const hostname = string({ min: 1, max: 253, pattern: SUBDOMAIN });
const DEFAULT_MATCHES = [{ path: { type: 'PathPrefix', value: '/' } }];

/** A backend in the core group is a Service, and a Service needs a port. */
const servicePort: Rule = (ref) =>
  textAt(ref, 'group') === '' && textAt(ref, 'kind') === 'Service' && isDict(ref) && !('port' in ref)
    ? 'Must have port for Service reference'
    : null;

const backendFields = {
  group: defaulted(groupName, ''),
  kind: defaulted(kindName, 'Service'),
  name: objectName,
  namespace: namespaceName,
  port,
};

const headers = list(
  object({ name: headerName, value: string({ min: 1, max: 4096 }) }, { required: ['name', 'value'] }),
  {
    max: 16,
    keys: ['name'],
  },
);
const headerModifier = object({ add: headers, remove: list(string(), { max: 16, set: true }), set: headers });

const pathModifier = object(
  {
    type: oneOf('ReplaceFullPath', 'ReplacePrefixMatch'),
    replaceFullPath: string({ max: 1024 }),
    replacePrefixMatch: string({ max: 1024 }),
  },
  {
    required: ['type'],
    rules: [
      (path) => {
        const full = isDict(path) && 'replaceFullPath' in path;
        const prefix = isDict(path) && 'replacePrefixMatch' in path;
        const wantsFull = textAt(path, 'type') === 'ReplaceFullPath';
        return full === wantsFull && prefix === !wantsFull
          ? null
          : 'the replacement must be the one of its type';
      },
    ],
  },
);

const corsHeaders = list(headerName, { max: 64, set: true });

/** Filter types and the field that belongs to each. */
const FILTER_FIELDS: Readonly<Record<string, string>> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  ExtensionRef: 'extensionRef',
  CORS: 'cors',
};

const filterField: Rule = (filter) => {
  const type = textAt(filter, 'type') ?? '';
  const fits = Object.entries(FILTER_FIELDS).every(
    ([name, field]) => (isDict(filter) && field in filter) === (name === type),
  );
  return fits ? null : `a filter of type ${type} must hold its own field and no other`;
};

const filter = object(
  {
    type: oneOf(...Object.keys(FILTER_FIELDS)),
    requestHeaderModifier: headerModifier,
    responseHeaderModifier: headerModifier,
    requestMirror: object(
      {
        backendRef: object(backendFields, { required: ['name'], rules: [servicePort] }),
        percent: integer({ min: 0, max: 100 }),
        fraction: object(
          { numerator: integer({ min: 0 }), denominator: defaulted(integer({ min: 1 }), 100) },
          { required: ['numerator'] },
        ),
      },
      { required: ['backendRef'] },
    ),
    requestRedirect: object({
      scheme: oneOf('http', 'https'),
      hostname,
      path: pathModifier,
      port,
      statusCode: defaulted(integer({ oneOf: [301, 302, 303, 307, 308] }), 302),
    }),
    urlRewrite: object({ hostname, path: pathModifier }),
    extensionRef: object(
      { group: groupName, kind: kindName, name: objectName },
      { required: ['group', 'kind', 'name'] },
    ),
    cors: object({
      allowCredentials: boolean,
      allowHeaders: corsHeaders,
      allowMethods: list(string({ max: 16 }), { max: 9, set: true }),
      allowOrigins: list(string({ min: 1, max: 253 }), { max: 64, set: true }),
      exposeHeaders: corsHeaders,
      maxAge: defaulted(integer({ min: 1 }), 5),
    }),
  },
  { required: ['type'], rules: [filterField] },
);

const REPEATABLE: ReadonlySet<string> = new Set(['RequestMirror', 'ExtensionRef']);

const filters = list(filter, {
  max: 16,
  rules: [
    (items) => {
      const types = (Array.isArray(items) ? items : []).map((item: unknown) => textAt(item, 'type') ?? '');
      const repeated = types.find((type, at) => !REPEATABLE.has(type) && types.indexOf(type) !== at);
      if (repeated !== undefined) return `${repeated} filter cannot be repeated`;
      return types.includes('RequestRedirect') && types.includes('URLRewrite')
        ? 'May specify either a redirect or a rewrite, but not both'
        : null;
    },
  ],
});

const PATH_CHARACTERS = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/;
const NOT_IN_PATHS = ['//', '/./', '/../', '%2f', '%2F', '#'];

/** Paths that are compared literally must be absolute and normal. */
const normalPath: Rule = (path) => {
  if (textAt(path, 'type') === 'RegularExpression') return null;
  const value = textAt(path, 'value') ?? '';
  if (!value.startsWith('/')) return "value must be an absolute path and start with '/'";
  const part = NOT_IN_PATHS.find((text) => value.includes(text));
  if (part !== undefined) return `must not contain '${part}'`;
  if (value.endsWith('/..') || value.endsWith('/.')) return "must not end with '/..' or '/.'";
  return PATH_CHARACTERS.test(value) ? null : 'must only contain valid characters';
};

const matchBy = (name: typeof headerName, max: number) =>
  list(
    object(
      {
        type: defaulted(oneOf('Exact', 'RegularExpression'), 'Exact'),
        name,
        value: string({ min: 1, max }),
      },
      { required: ['name', 'value'] },
    ),
    { max: 16, keys: ['name'] },
  );

const match = object({
  path: object(
    {
      type: defaulted(oneOf('Exact', 'PathPrefix', 'RegularExpression'), 'PathPrefix'),
      value: defaulted(string({ max: 1024 }), '/'),
    },
    { rules: [normalPath], default: DEFAULT_MATCHES[0]?.path },
  ),
  headers: matchBy(headerName, 4096),
  queryParams: matchBy(headerName, 1024),
  method: oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'),
});

const isRedirect = (item: unknown): boolean => isDict(item) && 'requestRedirect' in item;

const replacesPrefix = (item: unknown): boolean =>
  ['requestRedirect', 'urlRewrite'].some(
    (field) => textAt(dictAt(dictAt(item, field), 'path'), 'type') === 'ReplacePrefixMatch',
  );

const redirectAlone: Rule = (rule) =>
  listAt(rule, 'backendRefs').length > 0 && listAt(rule, 'filters').some(isRedirect)
    ? 'RequestRedirect filter must not be used together with backendRefs'
    : null;

const onePrefix: Rule = (rule) => {
  const all = [rule, ...listAt(rule, 'backendRefs')].flatMap((holder) => listAt(holder, 'filters'));
  if (!all.some(replacesPrefix)) return null;
  const matches = listAt(rule, 'matches');
  return matches.length === 1 && textAt(dictAt(matches[0], 'path'), 'type') === 'PathPrefix'
    ? null
    : 'exactly one PathPrefix match must be specified';
};

const duration = string({ pattern: /^([0-9]{1,5}(h|m|s|ms)){1,4}$/ });

const rule = object(
  {
    name: sectionName,
    matches: list(match, { max: 64, default: DEFAULT_MATCHES }),
    filters,
    backendRefs: list(
      object(
        {
          ...backendFields,
          weight: defaulted(integer({ min: 0, max: 1_000_000 }), 1),
          filters,
        },
        { required: ['name'], rules: [servicePort] },
      ),
      { max: 16 },
    ),
    timeouts: object({ request: duration, backendRequest: duration }),
  },
  { rules: [redirectAlone, onePrefix] },
);

const matchCount: Rule = (rules) =>
  (Array.isArray(rules) ? rules : []).reduce(
    (sum: number, item: unknown) => sum + listAt(item, 'matches').length,
    0,
  ) <= 128
    ? null
    : 'the total number of matches across all rules in a route must be less than 128';

const parentKey = (ref: Dict): string =>
  JSON.stringify([ref['group'], ref['kind'], ref['name'], ref['namespace'] ?? '']);

/** Two references to one parent must name different sections (or ports). */
const distinctParents: Rule = (refs) => {
  const parents: readonly unknown[] = Array.isArray(refs) ? refs : [];
  const seen = new Map<string, Set<string>>();
  for (const ref of parents) {
    if (!isDict(ref) || !('group' in ref)) return 'no such key: group';
    const sections = seen.get(parentKey(ref)) ?? new Set<string>();
    seen.set(parentKey(ref), sections);
    const section = JSON.stringify([ref['sectionName'] ?? '', ref['port'] ?? 0]);
    if (sections.has(section))
      return 'sectionName must be unique when parentRefs includes the same parent twice';
    sections.add(section);
  }
  return [...seen.values()].some((sections) => sections.size > 1 && sections.has('["",0]'))
    ? 'sectionName must be specified when parentRefs includes the same parent twice'
    : null;
};

const parentRef = object(
  {
    group: defaulted(groupName, 'gateway.networking.k8s.io'),
    kind: defaulted(kindName, 'Gateway'),
    name: objectName,
    namespace: namespaceName,
    port,
    sectionName,
  },
  { required: ['name'] },
);

const parentStatus = object(
  { parentRef, controllerName: string({ min: 1, max: 253 }), conditions: conditions({ min: 1 }) },
  { required: ['parentRef', 'controllerName', 'conditions'] },
);

/** Source: Gateway API v1.6, standard channel. */
export const httpRoute: Kind = customKind({
  group: 'gateway.networking.k8s.io',
  version: ['v1', 'v1beta1'],
  plural: 'httproutes',
  kind: 'HTTPRoute',
  categories: ['gateway-api'],
  required: ['spec'],
  fields: {
    spec: object({
      parentRefs: list(parentRef, { max: 32, rules: [distinctParents] }),
      hostnames: list(
        string({ min: 1, max: 253, pattern: new RegExp(`^(\\*\\.)?${SUBDOMAIN.source.slice(1)}`) }),
        { max: 16 },
      ),
      rules: list(rule, { min: 1, max: 16, default: [{ matches: DEFAULT_MATCHES }], rules: [matchCount] }),
    }),
    status: object({ parents: list(parentStatus, { max: 32 }) }, { required: ['parents'] }),
  },
});
