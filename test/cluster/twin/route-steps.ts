/** Everything that happens to an HTTPRoute in a rollout, and what other people's tools do to it. */
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ApiRequest } from '../control-plane/api-client.ts';
import {
  APPLY_PATCH,
  CREATE,
  collectionOf,
  JSON_PATCH,
  MERGE_PATCH,
  NAMESPACE,
  PATCH,
  pathOf,
} from './paths.ts';
import type { Step } from './step.ts';

type Rules = readonly object[];

const ref = (name: string, weight?: number | null): object => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  ...(weight === undefined ? {} : { weight }),
});

const ruleOf = (...backendRefs: readonly object[]): object => ({
  matches: [{ path: { type: 'PathPrefix', value: '/v1' } }],
  backendRefs,
});

const routeOf = (name: string, rules: Rules, more: object = {}): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: NAMESPACE },
  spec: { parentRefs: [{ name: 'front' }], rules, ...more },
});

const ROUTE = routeOf('route', [ruleOf(ref('old')), ruleOf(ref('old', 50), ref('other', 50))]);
const PATH = pathOf(ROUTE);
const WEIGHT = '/spec/rules/0/backendRefs/0/weight';
const ATTACH = [
  { op: 'add', path: '/spec/rules/0/backendRefs/-', value: ref('new', 0) },
  { op: 'replace', path: WEIGHT, value: 100 },
];

const patch = (body: unknown, query = PATCH): ApiRequest => ({
  method: 'PATCH',
  path: `${PATH}?${query}`,
  contentType: JSON_PATCH,
  body,
});
const named = (name: string, request: Step['request']): Step => ({ name: `route: ${name}`, request });
const replace = (path: string, value: unknown): object => ({ op: 'replace', path, value });
const proven = (path: string, value: unknown): object => ({ op: 'test', path, value });

/** As the product's hands write, and how their writes fail. */
const ours: readonly Step[] = [
  named('create', { method: 'POST', path: `${collectionOf(ROUTE)}?${CREATE}`, body: ROUTE }),
  named('attach, dry run', patch(ATTACH, `${PATCH}&dryRun=All`)),
  named('still as it was', { path: PATH }),
  named('attach', (memory) =>
    patch([
      proven('/metadata/uid', memory.uid('route: create')),
      proven('/metadata/resourceVersion', memory.version('route: create')),
      { op: 'add', path: '/metadata/annotations', value: { 'sluice.dev/fence': 'r-1/1' } },
      ...ATTACH,
    ]),
  ),
  named('a version that has passed', (memory) =>
    patch([proven('/metadata/resourceVersion', memory.version('route: create')), replace(WEIGHT, 90)]),
  ),
  named('another uid', patch([proven('/metadata/uid', 'nobody'), replace(WEIGHT, 90)])),
  named('another name at the index', patch([proven('/spec/rules/0/backendRefs/1/name', 'nobody')])),
  named('a path that is not there', patch([replace('/spec/rules/7/backendRefs/0/weight', 1)])),
  named('an operation that is not there', patch([{ op: 'turn', path: '/spec', value: 1 }])),
  named('remove what is not there', patch([{ op: 'remove', path: '/spec/rules/0/backendRefs/5' }])),
  named('test of null on what is absent', patch([proven('/metadata/deletionTimestamp', null)])),
  named('weights', patch([replace(WEIGHT, 90), replace('/spec/rules/0/backendRefs/1/weight', 10)])),
  named(
    'the same weights again',
    patch([replace(WEIGHT, 90), replace('/spec/rules/0/backendRefs/1/weight', 10)]),
  ),
  named('a new fence only', patch([replace('/metadata/annotations/sluice.dev~1fence', 'r-1/2')])),
  named('weight removed', patch([{ op: 'remove', path: WEIGHT }])),
  named('weight null', patch([replace(WEIGHT, null)])),
  named('weight as text', patch([replace(WEIGHT, '90')])),
  named('weight with a fraction', patch([replace(WEIGHT, 9.5)])),
  named('weight below nothing', patch([replace(WEIGHT, -1)])),
  named('weight above the load balancer', patch([replace(WEIGHT, 1001)], `${PATCH}&dryRun=All`)),
  named('weight at the limit', patch([replace(WEIGHT, 1_000_000)], `${PATCH}&dryRun=All`)),
  named('weight above the limit', patch([replace(WEIGHT, 1_000_001)])),
  named(
    'no weight at all',
    patch([replace(WEIGHT, 0), replace('/spec/rules/0/backendRefs/1/weight', 0)], `${PATCH}&dryRun=All`),
  ),
  named('the version set to an old one', patch([replace('/metadata/resourceVersion', '1')])),
  named('the uid changed', patch([replace('/metadata/uid', 'nobody')])),
  named('the name changed', patch([replace('/metadata/name', 'other')])),
  named('an annotation that is no text', patch([replace('/metadata/annotations/sluice.dev~1fence', 7)])),
  named('an unknown field by patch', patch([{ op: 'add', path: '/spec/unheardOf', value: 1 }])),
  named(
    'an unknown field by patch, strictly',
    patch([{ op: 'add', path: '/spec/unheardOf', value: 1 }], `${PATCH}&fieldValidation=Strict`),
  ),
  named('no list of operations', patch({ op: 'replace' })),
  named('no operations', patch([])),
  named('the original rules back', patch([replace('/spec/rules/0/backendRefs', [ref('old', 1)])])),
  named('all of it at the end', { path: PATH }),
];

const refusedRoutes: readonly (readonly [string, KubeObject | object])[] = [
  ['rules as a mapping', routeOf('wrong', { backendRefs: [] } as unknown as Rules)],
  [
    'seventeen backends',
    routeOf('wrong', [ruleOf(...Array.from({ length: 17 }, (_, index) => ref(`p-${String(index)}`)))]),
  ],
  ['a backend without a name', routeOf('wrong', [ruleOf({ kind: 'InferencePool' })])],
  ['a Service without a port', routeOf('wrong', [ruleOf({ name: 'web' })])],
  [
    'a path that does not begin with a slash',
    routeOf('wrong', [{ matches: [{ path: { type: 'PathPrefix', value: 'v1' } }] }]),
  ],
  ['a hostname that is none', routeOf('wrong', [], { hostnames: ['not a host'] })],
  ['an unknown match type', routeOf('wrong', [{ matches: [{ path: { type: 'Roughly', value: '/' } }] }])],
  ['no name', { ...ROUTE, metadata: { namespace: NAMESPACE } }],
  ['a name in capitals', { ...ROUTE, metadata: { name: 'Route', namespace: NAMESPACE } }],
  [
    'a version already',
    { ...ROUTE, metadata: { name: 'versioned', namespace: NAMESPACE, resourceVersion: '5' } },
  ],
  ['another namespace', { ...ROUTE, metadata: { name: 'elsewhere', namespace: 'default' } }],
  ['another kind', { ...ROUTE, kind: 'GRPCRoute' }],
  ['no kind', { metadata: ROUTE.metadata, spec: ROUTE['spec'] }],
  ['no JSON object', ['a']],
];

const acceptedRoutes: readonly (readonly [string, KubeObject])[] = [
  ['without rules', { ...routeOf('bare', []), spec: { parentRefs: [{ name: 'front' }] } }],
  ['with an empty list of rules', routeOf('empty', [])],
  ['with the same backend twice', routeOf('twice', [ruleOf(ref('old', 1), ref('old', 2))])],
  [
    'to a parent of a kind that is nowhere',
    routeOf('parent', [ruleOf(ref('old'))], {
      parentRefs: [{ kind: 'Nothing', group: 'example.com', name: 'x' }],
    }),
  ],
  ['with a null weight', routeOf('null-weight', [ruleOf(ref('old', null))])],
  [
    'with everything',
    routeOf(
      'whole',
      [
        {
          name: 'first',
          matches: [
            {
              path: { type: 'Exact', value: '/a' },
              headers: [{ name: 'x-door', value: '1' }],
              method: 'POST',
            },
          ],
          filters: [
            { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } },
          ],
          timeouts: { request: '30s', backendRequest: '10s' },
          backendRefs: [
            {
              ...ref('old', 3),
              filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['x'] } }],
            },
          ],
        },
      ],
      { hostnames: ['a.example.com', '*.example.org'] },
    ),
  ],
];

const created: readonly Step[] = [
  ...refusedRoutes.map(([what, body]) =>
    named(`create, ${what}`, { method: 'POST', path: `${collectionOf(ROUTE)}?${CREATE}`, body }),
  ),
  ...acceptedRoutes.map(([what, body]) =>
    named(`create ${what}`, { method: 'POST', path: `${collectionOf(ROUTE)}?${CREATE}`, body }),
  ),
  named('create with an unknown field', {
    method: 'POST',
    path: `${collectionOf(ROUTE)}?fieldManager=sluice`,
    body: { ...routeOf('dropped', [ruleOf(ref('old'))]), spec: { unheardOf: 1 } },
  }),
];

const SHARED = routeOf('shared', [ruleOf(ref('old'))]);
const SHARED_PATH = pathOf(SHARED);
const apply = (query: string, rules: Rules): ApiRequest => ({
  method: 'PATCH',
  path: `${SHARED_PATH}?fieldManager=gitops${query}`,
  contentType: APPLY_PATCH,
  body: routeOf('shared', rules),
});
const oursOn = (body: unknown): ApiRequest => ({
  method: 'PATCH',
  path: `${SHARED_PATH}?${PATCH}`,
  contentType: JSON_PATCH,
  body,
});

/** Who owns what: a GitOps tool applies, we patch, it applies again. */
const owners: readonly Step[] = [
  named('applied by a tool', apply('', [ruleOf(ref('old'))])),
  named(
    'patched by us',
    oursOn([...ATTACH, { op: 'add', path: '/metadata/annotations', value: { 'sluice.dev/fence': 'r-1/1' } }]),
  ),
  named('applied again: a conflict', apply('', [ruleOf(ref('old'))])),
  named('applied again as we have it', apply('', [ruleOf(ref('old', 100), ref('new', 0))])),
  named('applied again with force', apply('&force=true', [ruleOf(ref('old'))])),
  named('patched by us again', oursOn(ATTACH)),
  named('replaced by an editor', (memory) => ({
    method: 'PUT',
    path: `${SHARED_PATH}?fieldManager=kubectl-edit`,
    body: {
      ...SHARED,
      metadata: { ...SHARED.metadata, resourceVersion: memory.version('route: patched by us again') },
    },
  })),
  named('replaced with a version that has passed', (memory) => ({
    method: 'PUT',
    path: `${SHARED_PATH}?fieldManager=kubectl-edit`,
    body: {
      ...SHARED,
      metadata: { ...SHARED.metadata, resourceVersion: memory.version('route: applied by a tool') },
    },
  })),
  named('merge patch of the rules', {
    method: 'PATCH',
    path: `${SHARED_PATH}?fieldManager=kubectl-client-side-apply`,
    contentType: MERGE_PATCH,
    body: { spec: { rules: [ruleOf(ref('old', 7))] } },
  }),
];

const STATUS = {
  status: {
    parents: [
      {
        parentRef: { name: 'front' },
        controllerName: 'networking.gke.io/gateway',
        conditions: [
          {
            type: 'Accepted',
            status: 'True',
            reason: 'Accepted',
            message: '',
            observedGeneration: 1,
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      },
    ],
  },
};

/** Controllers write the status; finalizers keep what is deleted. */
const lives: readonly Step[] = [
  named('status by a controller', {
    method: 'PATCH',
    path: `${SHARED_PATH}/status?fieldManager=gke`,
    contentType: MERGE_PATCH,
    body: STATUS,
  }),
  named('status in a patch of the object', oursOn([{ op: 'add', path: '/status', value: {} }])),
  named('get status', { path: `${SHARED_PATH}/status` }),
  named('a finalizer', oursOn([{ op: 'add', path: '/metadata/finalizers', value: ['example.com/wait'] }])),
  named('delete with a finalizer', { method: 'DELETE', path: SHARED_PATH }),
  named('delete again', { method: 'DELETE', path: SHARED_PATH }),
  named('patch while it is being deleted', oursOn([replace('/spec/rules/0/backendRefs/0/weight', 3)])),
  named(
    'a finalizer more while it is being deleted',
    oursOn([{ op: 'add', path: '/metadata/finalizers/-', value: 'example.com/more' }]),
  ),
  named('the last finalizer goes', oursOn([{ op: 'remove', path: '/metadata/finalizers' }])),
  named('and the object with it', { path: SHARED_PATH }),
  named('delete with another version', {
    method: 'DELETE',
    path: PATH,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion: '1' } },
  }),
  named('delete, dry run', { method: 'DELETE', path: `${PATH}?dryRun=All` }),
  named('delete', { method: 'DELETE', path: PATH }),
];

export const routeSteps = (): readonly Step[] => [...ours, ...created, ...owners, ...lives];
