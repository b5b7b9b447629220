import { GKE_KINDS, resourceOf } from '../../simulator/world/kubernetes/kinds/served.ts';
import type { KubeHttpReply } from '../../simulator/world/kubernetes/kube-path.ts';
import { createKubeServer, type WorldKubeServer } from '../../simulator/world/kubernetes/kube-server.ts';
import type { KubeResource } from '../../workflows/kubernetes.ts';
import { type Placeholders, type RecordedExchange } from './recorded-exchange.ts';

const ROUTES = '/apis/gateway.networking.k8s.io/v1/namespaces/rec/httproutes';

/** What the recorder did between two exchanges without recording it; it shows in the answers that follow. */
export const BEFORE: Readonly<Record<string, readonly { method: string; path: string; body?: unknown }[]>> = {
  'delete.finalizer': [
    { method: 'PATCH', path: `${ROUTES}/gone`, body: { metadata: { finalizers: ['lab/hold'] } } },
  ],
  'watch.modify': [
    { method: 'PATCH', path: `${ROUTES}/gone`, body: { metadata: { finalizers: null } } },
    { method: 'PATCH', path: `${ROUTES}/plain`, body: { spec: { hostnames: ['a.example'] } } },
    { method: 'DELETE', path: `${ROUTES}/plain` },
  ],
  'create.in.terminating.namespace': [{ method: 'DELETE', path: '/api/v1/namespaces/rec' }],
};

/** Resource versions that the recorder left in requests as they were. */
const RAW_VERSIONS: Readonly<Record<string, string>> = { '495': '<rv 3>', '273': '<rv 3>' };

export const USERS: Readonly<Record<string, string>> = {
  admin: 'admin',
  viewer: 'viewer',
  nonsense: '',
  nobody: 'system:anonymous',
};

/** Served by the recorded servers beside what GKE has today. */
const FURTHER: readonly KubeResource[] = [
  {
    group: 'inference.networking.x-k8s.io',
    version: 'v1alpha2',
    plural: 'inferencemodels',
    kind: 'InferenceModel',
  },
  { group: 'llm-d.ai', version: 'v1alpha2', plural: 'inferenceobjectives', kind: 'InferenceObjective' },
  { group: 'llm-d.ai', version: 'v1alpha2', plural: 'inferencemodelrewrites', kind: 'InferenceModelRewrite' },
];

export const NOW_MS = 1_795_367_340_000;
const NOW = '2026-11-22T17:09:00Z';

export type Dict = Readonly<Record<string, unknown>>;
export const dict = (value: unknown): Dict => (value ?? {}) as Dict;
export const items = (value: unknown): readonly Dict[] => (value ?? []) as readonly Dict[];

/** Bodies that the recorder cut down to a part: how the same part is taken from ours. */
const PARTS: Readonly<Record<string, (body: Dict) => unknown>> = {
  version: ({ major, minor, gitVersion }) => ({ major, minor, gitVersion }),
  'route.list': (body) => ({
    kind: body['kind'],
    apiVersion: body['apiVersion'],
    metadata: body['metadata'],
    names: names(body),
    itemsCarryKind: items(body['items']).every((item) => item['kind'] === 'HTTPRoute'),
  }),
  'route.list.page': (body) => ({
    metadata: {
      ...dict(body['metadata']),
      continue: dict(body['metadata'])['continue'] === '' ? '' : '<token>',
    },
    names: names(body),
  }),
  'route.list.field': (body) => ({ names: names(body) }),
  'route.create.weight.1001': (body) => body['spec'],
  'route.create.no.rules': (body) => body['spec'],
  'route.create.all.zero': (body) => body['spec'],
  'route.create.same.backend.twice': (body) => body['spec'],
  'route.create.unknown.field': (body) => body['spec'],
  'route.create.unknown.field.ignore': (body) => body['spec'],
  'patch.json.remove.weight': (body) => ({ backendRefs: ruleOf(body, 0)['backendRefs'] }),
  'patch.json.add.backend': (body) => ({ rule: ruleOf(body, 1) }),
  'patch.after.apply': (body) => ({ managedFields: dict(body['metadata'])['managedFields'] }),
  'status.spec.ignored': (body) => ({
    rules: items(dict(body['spec'])['rules']).length,
    metadata: body['metadata'],
  }),
  'configmap.create': (body) => ({ metadata: body['metadata'], spec: body['spec'] ?? null }),
};

const names = (list: Dict): readonly unknown[] =>
  items(list['items']).map((item) => dict(item['metadata'])['name']);
const ruleOf = (route: Dict, index: number): Dict => dict(items(dict(route['spec'])['rules'])[index]);

/** A recorded body as we send it: placeholders replaced by what stands for them. */
function toOurs(value: unknown, placeholders: Placeholders): unknown {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (typeof part !== 'string') return part;
    if (part === '<time>') return NOW;
    if (/^<(uid|rv) \d+>$/.test(part))
      return placeholders.ours(part) ?? (part === '<rv 1>' ? '1' : `foreign ${part}`);
    const raw = key === 'value' ? RAW_VERSIONS[part] : undefined;
    return raw === undefined ? part : (placeholders.ours(raw) ?? part);
  });
}

export function bodyOf({ request }: RecordedExchange, placeholders: Placeholders): string | undefined {
  const { body, rawBody } = request;
  const bytes = /\((\d+) bytes\)$/.exec(rawBody ?? '')?.[1];
  if (bytes !== undefined) {
    const empty = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big', namespace: 'rec' },
      data: { a: '' },
    });
    return empty.replace('""', `"${'x'.repeat(Number(bytes) - empty.length)}"`);
  }
  return rawBody ?? (body === undefined ? undefined : JSON.stringify(toOurs(body, placeholders)));
}

/** Our answer put into the recorder's words: its placeholders where ours stand for them, its order where order means nothing. */
export function comparable(recorded: unknown, ours: unknown, placeholders: Placeholders): unknown {
  if (typeof recorded === 'string' && typeof ours === 'string') {
    if (/^<(uid|rv) \d+>$/.test(recorded)) {
      return placeholders.bind(recorded, ours) ? recorded : `${ours} (stands for something else)`;
    }
    return recorded === '<time>' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(ours) ? recorded : ours;
  }
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    return ours.map((item: unknown, at) => comparable(recorded[at], item, placeholders));
  }
  if (typeof recorded !== 'object' || typeof ours !== 'object' || recorded === null || ours === null)
    return ours;
  return Object.fromEntries(
    Object.entries(ours).map(([key, value]) => [key, comparable(dict(recorded)[key], value, placeholders)]),
  );
}

const byOwner = (entries: unknown): unknown =>
  Array.isArray(entries)
    ? [...(entries as readonly Dict[])].sort((a, b) =>
        `${String(a['operation'])} ${String(a['manager'])}`.localeCompare(
          `${String(b['operation'])} ${String(b['manager'])}`,
        ),
      )
    : entries;

/** Brings a body into the form in which both sides can be compared whole. */
function normal(name: string, body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  if (name.startsWith('discovery.')) return discovery(dict(body));
  const { metadata, managedFields, ...rest } = dict(body);
  const owned = dict(metadata)['managedFields'];
  return {
    ...rest,
    ...(managedFields === undefined ? {} : { managedFields: byOwner(managedFields) }),
    ...(metadata === undefined
      ? {}
      : {
          metadata: { ...dict(metadata), ...(owned === undefined ? {} : { managedFields: byOwner(owned) }) },
        }),
  };
}

function discovery(body: Dict): Dict {
  const sorted = (key: string): readonly Dict[] =>
    items(body[key])
      .map((item): Dict => ({ ...item, storageVersionHash: undefined }))
      .sort((a, b) => String(a['name']).localeCompare(String(b['name'])));
  return {
    kind: body['kind'],
    groupVersion: body['groupVersion'],
    groups: sorted('groups'),
    resources: sorted('resources'),
  };
}

/** A refusal without its wording: code, reason, details with the causes' fields in any order. */
export function refusal(body: unknown): unknown {
  if (typeof body === 'string') return body;
  const { code, reason, kind, status, details } = dict(body);
  if (details === undefined) return { code, reason, kind, status };
  const { causes, ...about } = dict(details);
  const fields = new Set(
    items(causes).map((cause) => `${String(cause['field'])}: ${String(cause['reason'])}`),
  );
  return { code, reason, kind, status, details: about, causes: [...fields].sort() };
}

/** Our body, cut to what the recorded one holds. */
function sameCut(name: string, recorded: unknown, body: unknown): unknown {
  if (typeof body !== 'object' || body === null || typeof recorded !== 'object' || recorded === null)
    return body;
  const part = PARTS[name]?.(dict(body)) ?? body;
  const theirs = dict(recorded);
  const ours = dict(part);
  const whole = 'spec' in theirs && 'metadata' in theirs;
  const hidden = name === 'namespace.create' || !whole ? null : ['apiVersion', 'kind'];
  const keys =
    hidden === null
      ? Object.keys(theirs)
      : Object.keys(ours).filter((key) => !hidden.includes(key) || key in theirs);
  if (name.startsWith('discovery.groups')) {
    const known = new Set(items(theirs['groups']).map((group) => group['name']));
    return { ...ours, groups: items(ours['groups']).filter((group) => known.has(group['name'])) };
  }
  return Object.fromEntries(
    keys
      .filter((key) => key in ours)
      .map((key) => [key, key === 'metadata' ? cutMetadata(theirs[key], ours[key]) : ours[key]]),
  );
}

/** Metadata is whole where the recorder kept managedFields; else only the fields that it kept count. */
function cutMetadata(recorded: unknown, ours: unknown): Dict {
  const theirs = dict(recorded);
  if ('managedFields' in theirs) return dict(ours);
  return Object.fromEntries(Object.entries(dict(ours)).filter(([key]) => key in theirs));
}

/** What is compared of one exchange, in the recorder's words. */
export function judged(exchange: RecordedExchange, reply: KubeHttpReply, placeholders: Placeholders) {
  const { name, response } = exchange;
  const refused = response.status >= 300;
  const theirs =
    PARTS[name] !== undefined && name === 'version' ? PARTS[name](dict(response.body)) : response.body;
  const recorded = refused ? refusal(theirs) : normal(name, theirs);
  const cut = refused ? refusal(reply.body) : normal(name, sameCut(name, theirs, reply.body));
  return {
    recorded: {
      status: response.status,
      type: response.headers['Content-Type'],
      // The world warns with what it accepts only.
      warning: refused ? undefined : response.headers['Warning'],
      body: recorded,
    },
    ours: {
      status: reply.status,
      type: reply.headers['Content-Type'],
      warning: reply.headers['Warning'],
      body: comparable(recorded, cut, placeholders),
    },
  };
}

export const isWrite = (exchange: RecordedExchange): boolean =>
  ['PATCH', 'PUT', 'DELETE'].includes(exchange.request.method);

export const isKept = (exchange: RecordedExchange): boolean =>
  exchange.response.status < 300 &&
  exchange.request.method !== 'GET' &&
  !exchange.request.path.includes('dryRun=All') &&
  !exchange.request.path.includes('selfsubjectaccessreviews');

/** A server as the recorded one was before the first exchange. */
export function recordedServer(version: string): WorldKubeServer {
  let uids = 0;
  const server = createKubeServer({
    clock: () => NOW_MS,
    uid: () => `uid-of-ours-${++uids}`,
    serverVersion: `v${version}`,
    served: [...GKE_KINDS.map(resourceOf), ...FURTHER],
  });
  server.setAccess((caller) => caller.user === 'admin');
  return server;
}
