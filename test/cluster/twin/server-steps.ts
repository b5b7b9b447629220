/** What an API server says beside the objects: who may not, what is not there, lists page by page, and bad requests. */
import { CREATE, JSON_PATCH, NAMESPACE, PATCH } from './paths.ts';
import type { Step } from './step.ts';

const ROUTES = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes`;
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: NAMESPACE } };
const mapOf = (name: string): object => ({
  ...MAP,
  metadata: { ...MAP.metadata, name, labels: { page: 'yes' } },
});

const review = (verb: string, group: string, resource: string, more: object = {}): object => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  metadata: { name: '' },
  spec: { resourceAttributes: { verb, group, resource, namespace: NAMESPACE, ...more } },
});
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

type Asker = 'powerless' | 'stranger';

const verbs = (as: Asker): readonly Step[] => {
  const step = (what: string, request: Step['request']): Step => ({ name: `${as}: ${what}`, as, request });
  return [
    step('get', { path: `${ROUTES}/a` }),
    step('list', { path: ROUTES }),
    step('list everywhere', { path: '/apis/gateway.networking.k8s.io/v1/httproutes' }),
    step('create', { method: 'POST', path: `${MAPS}?${CREATE}`, body: MAP }),
    step('patch', { method: 'PATCH', path: `${ROUTES}/a?${PATCH}`, contentType: JSON_PATCH, body: [] }),
    step('delete', { method: 'DELETE', path: `${ROUTES}/a` }),
    step('a pod by its proxy', { path: `${PODS}/nobody:8000/proxy/metrics` }),
    step('post to a pod by its proxy', {
      method: 'POST',
      path: `${PODS}/nobody:8000/proxy/v1/completions`,
      body: {},
    }),
    step('nodes', { path: '/api/v1/nodes' }),
    step('a group that is not served', { path: '/apis/keda.sh/v1alpha1/scaledobjects' }),
    step('review', {
      method: 'POST',
      path: `${REVIEWS}?${CREATE}`,
      body: review('patch', 'gateway.networking.k8s.io', 'httproutes'),
    }),
  ];
};

const reviews: readonly Step[] = [
  {
    name: 'review: patch routes',
    request: {
      method: 'POST',
      path: `${REVIEWS}?${CREATE}`,
      body: review('patch', 'gateway.networking.k8s.io', 'httproutes'),
    },
  },
  {
    name: 'review: pods/proxy',
    request: {
      method: 'POST',
      path: `${REVIEWS}?${CREATE}`,
      body: review('create', '', 'pods', { subresource: 'proxy' }),
    },
  },
  {
    name: 'review: a group that is not served',
    request: {
      method: 'POST',
      path: `${REVIEWS}?${CREATE}`,
      body: review('list', 'keda.sh', 'scaledobjects'),
    },
  },
  {
    name: 'review: empty',
    request: { method: 'POST', path: REVIEWS, body: { ...review('get', '', 'pods'), spec: {} } },
  },
];

const absent: readonly Step[] = [
  { name: 'absent: route', request: { path: `${ROUTES}/nobody` } },
  {
    name: 'absent: patch',
    request: { method: 'PATCH', path: `${ROUTES}/nobody?${PATCH}`, contentType: JSON_PATCH, body: [] },
  },
  { name: 'absent: group', request: { path: '/apis/keda.sh/v1alpha1/scaledobjects' } },
  { name: 'absent: version', request: { path: '/apis/gateway.networking.k8s.io/v9/httproutes' } },
  { name: 'absent: resource', request: { path: '/apis/gateway.networking.k8s.io/v1/nothings' } },
  {
    name: 'absent: object of a resource that is not there',
    request: { path: `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/nothings/a` },
  },
  { name: 'absent: subresource', request: { path: `${ROUTES}/nobody/scale` } },
  { name: 'absent: pod behind the proxy', request: { path: `${PODS}/nobody:8000/proxy/metrics` } },
  {
    name: 'absent: list in a namespace that is not there',
    request: { path: '/api/v1/namespaces/nowhere/pods' },
  },
  {
    name: 'absent: create in a namespace that is not there',
    request: {
      method: 'POST',
      path: '/api/v1/namespaces/nowhere/configmaps',
      body: { ...MAP, metadata: { name: 'one' } },
    },
  },
  {
    name: 'absent: route in a namespace that is not there',
    request: {
      method: 'POST',
      path: '/apis/gateway.networking.k8s.io/v1/namespaces/nowhere/httproutes',
      body: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'a' },
        spec: {},
      },
    },
  },
];

const lists: readonly Step[] = [
  ...['a', 'b', 'c'].map(
    (name): Step => ({
      name: `list: create ${name}`,
      request: { method: 'POST', path: `${MAPS}?${CREATE}`, body: mapOf(`page-${name}`) },
    }),
  ),
  { name: 'list: first page', request: { path: `${MAPS}?labelSelector=page%3Dyes&limit=2` } },
  {
    name: 'list: next page',
    request: (memory) => ({
      path: `${MAPS}?labelSelector=page%3Dyes&limit=2&continue=${encodeURIComponent(memory.next('list: first page'))}`,
    }),
  },
  { name: 'list: by a field', request: { path: `${MAPS}?fieldSelector=metadata.name%3Dpage-b` } },
  {
    name: 'list: by a field of a route',
    request: { path: `${ROUTES}?fieldSelector=metadata.namespace%3D${NAMESPACE}` },
  },
  { name: 'list: by a field that is none', request: { path: `${MAPS}?fieldSelector=data.a%3D1` } },
  {
    name: 'list: by a field of a route that is none',
    request: { path: `${ROUTES}?fieldSelector=spec.a%3D1` },
  },
  { name: 'list: by a label that cannot be', request: { path: `${MAPS}?labelSelector=a%3D%3D%3Db` } },
  { name: 'list: none match', request: { path: `${MAPS}?labelSelector=page%3Dno` } },
  { name: 'list: a page that never was', request: { path: `${MAPS}?limit=2&continue=bm9uc2Vuc2U` } },
  { name: 'list: a limit that is no number', request: { path: `${MAPS}?limit=some` } },
  {
    name: 'list: a version of the future',
    request: { path: `${MAPS}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan&timeoutSeconds=1` },
  },
  {
    name: 'list: custom objects, none',
    request: { path: `/apis/inference.networking.k8s.io/v1/namespaces/${NAMESPACE}/inferencepools` },
  },
  { name: 'list: pods, none', request: { path: PODS } },
];

const bad: readonly Step[] = [
  {
    name: 'bad: a dry run that is none',
    request: { method: 'POST', path: `${MAPS}?dryRun=some`, body: mapOf('x') },
  },
  {
    name: 'bad: a field validation that is none',
    request: { method: 'POST', path: `${MAPS}?fieldValidation=Some`, body: mapOf('x') },
  },
  {
    name: 'bad: a patch type that is none',
    request: { method: 'PATCH', path: `${MAPS}/page-a`, contentType: 'application/json', body: {} },
  },
  {
    name: 'bad: a body type that is none',
    request: { method: 'POST', path: MAPS, contentType: 'text/plain', body: mapOf('x') },
  },
  {
    name: 'bad: a route of a body type that is none',
    request: { method: 'POST', path: ROUTES, contentType: 'text/plain', body: {} },
  },
  {
    name: 'bad: apply without a manager',
    request: {
      method: 'PATCH',
      path: `${MAPS}/page-a`,
      contentType: 'application/apply-patch+yaml',
      body: mapOf('page-a'),
    },
  },
  {
    name: 'bad: force without apply',
    request: { method: 'PATCH', path: `${MAPS}/page-a?force=true`, body: {} },
  },
  {
    name: 'bad: a manager that is too long',
    request: { method: 'PATCH', path: `${MAPS}/page-a?fieldManager=${'m'.repeat(129)}`, body: {} },
  },
  { name: 'bad: a method that is none here', request: { method: 'PUT', path: MAPS, body: {} } },
  {
    name: 'bad: a list by POST to an object',
    request: { method: 'POST', path: `${MAPS}/page-a`, body: mapOf('page-a') },
  },
  {
    name: 'bad: another name in the body',
    request: { method: 'PUT', path: `${MAPS}/page-a`, body: mapOf('page-b') },
  },
  {
    name: 'bad: an object without its kind',
    request: { method: 'POST', path: MAPS, body: { metadata: { name: 'x' } } },
  },
  {
    name: 'bad: data that is no text',
    request: { method: 'POST', path: `${MAPS}?${CREATE}`, body: { ...mapOf('x'), data: { a: 1 } } },
  },
  {
    name: 'bad: a label that cannot be',
    request: {
      method: 'POST',
      path: `${MAPS}?${CREATE}`,
      body: { ...MAP, metadata: { name: 'x', labels: { a: 'not a label' } } },
    },
  },
  {
    name: 'bad: too long a name',
    request: { method: 'POST', path: `${MAPS}?${CREATE}`, body: mapOf('x'.repeat(254)) },
  },
  {
    name: 'bad: too much data',
    request: {
      method: 'POST',
      path: `${MAPS}?${CREATE}`,
      body: { ...mapOf('x'), data: { a: 'x'.repeat(1_048_577) } },
    },
  },
  {
    name: 'bad: two unknown fields, strictly',
    request: {
      method: 'POST',
      path: `${MAPS}?${CREATE}`,
      body: { ...mapOf('x'), unheardOf: 1, alsoUnheardOf: {} },
    },
  },
];

export const serverSteps = (): readonly Step[] => [
  ...verbs('powerless'),
  ...verbs('stranger'),
  ...reviews,
  ...absent,
  ...lists,
  ...bad,
];
