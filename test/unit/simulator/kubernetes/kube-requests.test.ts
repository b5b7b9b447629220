import { describe, expect, test } from 'vitest';
import type { Caller, KubeRequest } from '../../../../simulator/world/kubernetes/types.ts';
import { type KubeObject, RESOURCES } from '../../../../workflows/kubernetes.ts';
import {
  create,
  fixture,
  jsonPatch,
  names,
  objectOf,
  pod,
  refusalOf,
  route,
  SLUICE,
  weightPatch,
} from './fixture.ts';

const { httpRoute, pod: pods, deployment } = RESOURCES;

describe('access', () => {
  const review = (verb: string): KubeRequest =>
    create(
      RESOURCES.selfSubjectAccessReview,
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: {
          resourceAttributes: {
            namespace: 'default',
            verb,
            group: 'gateway.networking.k8s.io',
            resource: 'httproutes',
          },
        },
      },
      { namespace: null },
    );
  const allowed = (world: ReturnType<typeof fixture>, verb: string, caller: Caller): unknown =>
    objectOf(world.server.request(review(verb), caller))['status'];

  test('a rule forbids one verb to one user, says so in reviews, and leaves everybody else alone', () => {
    const world = fixture();
    const { server } = world;
    server.request(create(httpRoute, route('r')), SLUICE);
    server.setAccess(
      (caller, verb, resource) =>
        !(caller.user === 'sluice' && verb === 'patch' && resource.plural === 'httproutes'),
    );
    expect(refusalOf(server.request(jsonPatch('r', weightPatch(1)), SLUICE))).toEqual({
      status: 403,
      reason: 'Forbidden',
      fields: [],
    });
    const other = { user: 'alice', manager: 'kubectl' };
    expect(server.request(jsonPatch('r', weightPatch(1)), other).status).toBe(200);
    expect(
      server.request({ verb: 'get', resource: httpRoute, namespace: 'default', name: 'r' }, SLUICE).status,
    ).toBe(200);
    expect([
      allowed(world, 'patch', SLUICE),
      allowed(world, 'get', SLUICE),
      allowed(world, 'patch', other),
    ]).toEqual([{ allowed: false }, { allowed: true }, { allowed: true }]);
  });

  test('a subresource is a resource of its own', () => {
    const { server } = fixture();
    server.request(create(httpRoute, route('r')), SLUICE);
    server.setAccess((_, __, resource) => resource.plural !== 'httproutes/status');
    const patch = { status: { parents: [] } };
    const write = jsonPatch('r', patch, { type: 'merge', subresource: 'status' } as Partial<KubeRequest>);
    expect(server.request(write, SLUICE).status).toBe(403);
    expect(server.request(jsonPatch('r', weightPatch(1)), SLUICE).status).toBe(200);
  });

  test('reviews are answered, never stored, and a caller without a name is unknown', () => {
    const { server, writes } = fixture();
    expect(objectOf(server.request(review('patch'), SLUICE))['status']).toEqual({ allowed: true });
    expect(writes).toEqual([]);
    expect(refusalOf(server.request(review('patch'), { user: '', manager: '' }))).toEqual({
      status: 401,
      reason: 'Unauthorized',
      fields: [],
    });
  });
});

describe('workloads', () => {
  const workload = (labels: object, image?: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { app: 'd' } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'c', ...(image === undefined ? {} : { image }) }] },
      },
    },
  });

  test('an absent replica count is 1, and an annotation counts as a new generation', () => {
    const { server } = fixture();
    const created = objectOf(server.request(create(deployment, workload({ app: 'd' }, 'vllm')), SLUICE));
    expect(created['spec']).toMatchObject({
      replicas: 1,
      template: { spec: { containers: [{ imagePullPolicy: 'Always' }] } },
    });
    const patch = { metadata: { annotations: { a: 'b' } } };
    const annotate = { ...jsonPatch('d', patch, { resource: deployment }), type: 'merge' } as KubeRequest;
    expect(objectOf(server.request(annotate, SLUICE)).metadata.generation).toBe(2);
  });

  test('a scale of 0 has no replicas, and a wrong type cannot be read', () => {
    const { server } = fixture();
    server.request(create(deployment, workload({ app: 'd' }, 'vllm:1')), SLUICE);
    const scale = (patch: unknown): KubeRequest => ({
      verb: 'patch',
      resource: deployment,
      namespace: 'default',
      name: 'd',
      type: 'merge',
      subresource: 'scale',
      patch,
    });
    expect(objectOf(server.request(scale({ spec: { replicas: 0 } }), SLUICE))['spec']).toEqual({});
    expect(server.read(deployment, 'default', 'd')?.['spec']).toMatchObject({ replicas: 0 });
    expect(refusalOf(server.request(scale({ spec: { replicas: 'two' } }), SLUICE)).status).toBe(400);
    const stale = { metadata: { resourceVersion: '1' }, spec: { replicas: 2 } };
    expect(refusalOf(server.request(scale(stale), SLUICE)).status).toBe(409);
  });

  test.each([
    ['no image', workload({ app: 'd' }), 422, ['spec.template.spec.containers[0].image']],
    ['labels that the selector misses', workload({ app: 'x' }, 'i'), 422, ['spec.template.metadata.labels']],
    ['replicas that are no number', { ...workload({ app: 'd' }, 'i'), spec: { replicas: 'two' } }, 400, []],
  ])('a Deployment with %s is refused', (_, object, status, fields) => {
    const { server } = fixture();
    const reply = server.request(create(deployment, object), SLUICE);
    expect({ status: reply.status, fields: refusalOf(reply).fields }).toEqual({ status, fields });
  });
});

describe('lists', () => {
  test('a label selector finds what bears the labels now, not what bore them', () => {
    const { server } = fixture();
    const list = (labelSelector: string): readonly string[] => {
      const reply = server.request(
        { verb: 'list', resource: pods, namespace: 'default', labelSelector },
        SLUICE,
      );
      return names((reply as { object: { items: readonly KubeObject[] } }).object.items);
    };
    server.put(pods, pod('a', { app: 'x' }), 'kubelet');
    server.put(pods, pod('b', { app: 'x', tier: 't' }), 'kubelet');
    server.put(pods, pod('c', { app: 'x' }, 'kube-system'), 'kubelet');
    expect([list('app=x'), list('app=x,tier=t'), list('app=y')]).toEqual([['a', 'b'], ['b'], []]);
    server.put(pods, pod('a', { app: 'y' }), 'kubelet');
    expect([list('app=x'), list('app=y')]).toEqual([['b'], ['a']]);
    server.remove(pods, 'default', 'b');
    expect(list('app=x')).toEqual([]);
  });

  test('pages cover everything once, and tell how much is left', () => {
    const { server } = fixture();
    const all = ['a', 'b', 'c', 'd', 'e'];
    for (const name of all) server.put(pods, pod(name), 'kubelet');
    const seen: string[] = [];
    const left: (number | undefined)[] = [];
    let continueFrom: string | undefined;
    do {
      const more = continueFrom === undefined ? {} : { continueFrom };
      const reply = server.request(
        { verb: 'list', resource: pods, namespace: 'default', limit: 2, ...more },
        SLUICE,
      );
      const { object } = reply as {
        object: { items: readonly KubeObject[]; metadata: { continue: string; remainingItemCount?: number } };
      };
      seen.push(...names(object.items));
      left.push(object.metadata.remainingItemCount);
      continueFrom = object.metadata.continue === '' ? undefined : object.metadata.continue;
    } while (continueFrom !== undefined);
    expect({ seen, left }).toEqual({ seen: all, left: [3, 1, undefined] });
  });
});

test('versions of a group are views of the same objects', () => {
  const { server } = fixture();
  const beta = { ...httpRoute, version: 'v1beta1' };
  objectOf(server.request(create(httpRoute, route('r')), SLUICE));
  const seen = objectOf(
    server.request({ verb: 'get', resource: beta, namespace: 'default', name: 'r' }, SLUICE),
  );
  expect(seen.apiVersion).toBe('gateway.networking.k8s.io/v1beta1');
  expect(seen['spec']).toBe(server.read(httpRoute, 'default', 'r')?.['spec']);
});
