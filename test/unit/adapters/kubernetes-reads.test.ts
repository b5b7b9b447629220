/** Reads that take more than one request: lists by pages, discovery. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import type { KubernetesPort } from '../../../workflows/ports.ts';
import { aHandClock } from './a-hand-clock.ts';
import { type ApiServer, accessTo, json, startApiServer } from './an-api-server.ts';

const cluster = 'projects/p/locations/l/clusters/c';

let server: ApiServer;
let kubernetes: KubernetesPort;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());
beforeEach(() => {
  const clock = aHandClock();
  kubernetes = createKubernetes({ access: accessTo(server, clock), clock });
});

const expired = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410 };

describe('a list', () => {
  const pod = (name: string) => ({ metadata: { name } });
  const page = (names: readonly string[], token: string, resourceVersion = '7') => ({
    kind: 'PodList',
    metadata: { resourceVersion, ...(token === '' ? {} : { continue: token }) },
    items: names.map(pod),
  });
  const list = () => kubernetes.list({ cluster, resource: RESOURCES.pod, namespace: 'serving' });
  const tokenOf = (url: string): string => new URLSearchParams(url.split('?')[1]).get('continue') ?? '';

  test('comes whole, page by page', async () => {
    const pages: Readonly<Record<string, unknown>> = {
      '': page(['a', 'b'], 'one/+='),
      'one/+=': page(['c'], 'two'),
      two: page([], ''),
    };
    const before = server.asked.length;
    server.answer(({ url }, response) => json(response, 200, pages[tokenOf(url)]));
    expect(await list()).toEqual({
      kind: 'answer',
      status: 200,
      object: { resourceVersion: '7', items: ['a', 'b', 'c'].map(pod) },
    });
    expect(server.asked.slice(before).map(({ url }) => url)).toEqual([
      '/api/v1/namespaces/serving/pods?limit=500',
      '/api/v1/namespaces/serving/pods?limit=500&continue=one%2F%2B%3D',
      '/api/v1/namespaces/serving/pods?limit=500&continue=two',
    ]);
  });

  test('that is empty may be null, as Go writes it', async () => {
    server.answer((_asked, response) => json(response, 200, { metadata: {}, items: null }));
    expect(await list()).toEqual({
      kind: 'answer',
      status: 200,
      object: { resourceVersion: '', items: [] },
    });
  });

  test('that expires in the middle is begun again, once, and nothing comes twice', async () => {
    let isFirst = true;
    server.answer(({ url }, response) => {
      if (tokenOf(url) === '') json(response, 200, page(['a'], 'next'));
      else if (isFirst) {
        isFirst = false;
        json(response, 410, expired);
      } else json(response, 200, page(['b'], '', '9'));
    });
    expect(await list()).toEqual({
      kind: 'answer',
      status: 200,
      object: { resourceVersion: '9', items: ['a', 'b'].map(pod) },
    });
  });

  test('that expires each time has no answer', async () => {
    const before = server.asked.length;
    server.answer(({ url }, response) =>
      tokenOf(url) === '' ? json(response, 200, page(['a'], 'next')) : json(response, 410, expired),
    );
    expect(await list()).toEqual({
      kind: 'noAnswer',
      why: 'the list expired twice while it was read',
    });
    expect(server.asked.length - before).toBe(4);
  });

  test('that is refused on its second page is refused', async () => {
    const forbidden = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 };
    server.answer(({ url }, response) =>
      tokenOf(url) === '' ? json(response, 200, page(['a'], 'next')) : json(response, 403, forbidden),
    );
    expect(await list()).toEqual({ kind: 'answer', status: 403, failure: forbidden });
  });

  test('without end has no answer', async () => {
    server.answer((_asked, response) => json(response, 200, page(['a'], 'same')));
    expect(await list()).toEqual({ kind: 'noAnswer', why: 'the list has no end after 200 pages' });
  });

  test.each([[{ metadata: {}, items: {} }], [{ metadata: {} }], [{ items: [] }]])(
    'that is none (%j) has no answer',
    async (body) => {
      server.answer((_asked, response) => json(response, 200, body));
      expect(await list()).toEqual({
        kind: 'noAnswer',
        why: `200 with a body that cannot be read: ${JSON.stringify(body)}`,
      });
    },
  );
});

describe('discovery', () => {
  const resource = (name: string) => ({
    resource: name,
    responseKind: {},
    scope: 'Namespaced',
    verbs: ['get'],
  });
  const served = {
    v1: ['pods', 'services'],
    'apps/v1': ['deployments'],
    'gateway.networking.k8s.io/v1': ['httproutes'],
    'gateway.networking.k8s.io/v1beta1': [],
  };

  test('takes two requests where the server aggregates', async () => {
    const lists: Readonly<Record<string, unknown>> = {
      '/api': [
        { metadata: {}, versions: [{ version: 'v1', resources: [resource('pods'), resource('services')] }] },
      ],
      '/apis': [
        { metadata: { name: 'apps' }, versions: [{ version: 'v1', resources: [resource('deployments')] }] },
        {
          metadata: { name: 'gateway.networking.k8s.io' },
          versions: [
            { version: 'v1', resources: [resource('httproutes'), { noResource: 1 }], freshness: 'Current' },
            { version: 'v1beta1', freshness: 'Stale' },
          ],
        },
      ],
    };
    const before = server.asked.length;
    server.answer(({ url }, response) =>
      json(response, 200, { kind: 'APIGroupDiscoveryList', items: lists[url] }),
    );
    expect(await kubernetes.discover({ cluster })).toEqual({ kind: 'answer', status: 200, object: served });
    const asked = server.asked.slice(before);
    expect(asked.map(({ url }) => url).toSorted()).toEqual(['/api', '/apis']);
    expect(asked[0]?.headers['accept']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
        'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json',
    );
  });

  const old: Readonly<Record<string, readonly [number, unknown]>> = {
    '/api': [200, { kind: 'APIVersions', versions: ['v1'] }],
    '/apis': [
      200,
      {
        kind: 'APIGroupList',
        groups: [
          'apps/v1',
          'gateway.networking.k8s.io/v1',
          'gateway.networking.k8s.io/v1beta1',
          'gone/v1',
        ].map((groupVersion) => ({ name: groupVersion.split('/')[0], versions: [{ groupVersion }] })),
      },
    ],
    '/api/v1': [
      200,
      { kind: 'APIResourceList', resources: ['pods', 'pods/proxy', 'services'].map((name) => ({ name })) },
    ],
    '/apis/apps/v1': [
      200,
      { kind: 'APIResourceList', resources: ['deployments', 'deployments/scale'].map((name) => ({ name })) },
    ],
    '/apis/gateway.networking.k8s.io/v1': [
      200,
      { kind: 'APIResourceList', resources: [{ name: 'httproutes' }] },
    ],
    '/apis/gateway.networking.k8s.io/v1beta1': [200, { kind: 'APIResourceList', resources: [] }],
    '/apis/gone/v1': [404, '404 page not found'],
  };

  const answerFrom = (pages: typeof old): void =>
    server.answer(({ url }, response) => {
      const [code, body] = pages[url] ?? [404, 'no'];
      json(response, code, body);
    });

  test('asks version by version where it does not; one that is gone by then is none', async () => {
    answerFrom(old);
    expect(await kubernetes.discover({ cluster })).toEqual({ kind: 'answer', status: 200, object: served });
  });

  test('fails when one of the versions fails: what it serves would be overlooked', async () => {
    answerFrom({ ...old, '/apis/apps/v1': [503, { ...expired, reason: 'ServiceUnavailable', code: 503 }] });
    expect(await kubernetes.discover({ cluster })).toEqual({
      kind: 'answer',
      status: 503,
      failure: { ...expired, reason: 'ServiceUnavailable', code: 503 },
    });
  });

  test('is refused as a whole', async () => {
    server.answer((_asked, response) => json(response, 403, { ...expired, reason: 'Forbidden', code: 403 }));
    expect(await kubernetes.discover({ cluster })).toEqual({
      kind: 'answer',
      status: 403,
      failure: { ...expired, reason: 'Forbidden', code: 403 },
    });
  });

  test('of something else has no answer', async () => {
    server.answer((_asked, response) => json(response, 200, { kind: 'Pod' }));
    expect(await kubernetes.discover({ cluster })).toEqual({
      kind: 'noAnswer',
      why: '200 with a body that cannot be read: {"kind":"Pod"}',
    });
  });
});
