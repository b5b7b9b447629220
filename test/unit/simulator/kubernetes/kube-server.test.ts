import { describe, expect, test } from 'vitest';
import type { KubeRequest } from '../../../../simulator/world/kubernetes/types.ts';
import { type KubeObject, type KubeResource, RESOURCES } from '../../../../workflows/kubernetes.ts';
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
  START_MS,
  weightPatch,
} from './fixture.ts';

const { httpRoute, pod: pods, configMap } = RESOURCES;
const namespaces: KubeResource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };

describe('what controllers do', () => {
  test('a put creates an object with the server’s metadata, and keeps its identity on the next one', () => {
    const world = fixture();
    const first = world.server.put(pods, pod('a'), 'kubelet');
    world.nowMs += 60_000;
    const second = world.server.put(pods, { ...first, status: { phase: 'Failed' } }, 'kubelet');
    const third = world.server.put(pods, { ...second, spec: { nodeName: 'n1' } }, 'scheduler');
    const { uid, creationTimestamp } = first.metadata;
    expect(creationTimestamp).toBe('2026-11-22T17:09:00Z');
    expect([first, second, third].map(({ metadata }) => [metadata.uid, metadata.creationTimestamp])).toEqual(
      Array(3).fill([uid, creationTimestamp]),
    );
    expect([first, second, third].map(({ metadata }) => metadata.generation)).toEqual([1, 1, 2]);
    const versions = [first, second, third].map(({ metadata }) => Number(metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
  });

  test('a put that says nothing new is no write', () => {
    const world = fixture();
    const stored = world.server.put(pods, pod('a'), 'kubelet');
    const { revision } = world.server;
    expect(world.server.put(pods, { ...stored, status: { phase: 'Running' } }, 'kubelet')).toBe(stored);
    expect(world.server.revision).toBe(revision);
    expect(world.writes.length).toBe(1);
  });

  test('objects are shared, frozen through, and read back as the very same', () => {
    const world = fixture();
    const stored = world.server.put(pods, pod('a'), 'kubelet');
    expect(world.server.read(pods, 'default', 'a')).toBe(stored);
    expect(world.server.all(pods)[0]).toBe(stored);
    const spec = stored['spec'] as { readonly containers: readonly object[] };
    expect([stored, stored.metadata, spec, spec.containers, spec.containers[0]].every(Object.isFrozen)).toBe(
      true,
    );
    const updated = world.server.put(pods, { ...stored, status: { phase: 'Failed' } }, 'kubelet');
    expect(updated['spec']).toBe(spec);
  });

  test('a removal happens at once, finalizers or not, and removing nothing is nothing', () => {
    const world = fixture();
    const stored = world.server.put(pods, pod('a'), 'kubelet');
    const held = world.server.put(
      pods,
      { ...stored, metadata: { ...stored.metadata, finalizers: ['lab/hold'] } },
      'kubelet',
    );
    world.server.remove(pods, 'default', 'a');
    world.server.remove(pods, 'default', 'a');
    expect(world.server.read(pods, 'default', 'a')).toBeUndefined();
    expect(world.writes.at(-1)).toMatchObject({ verb: 'controller', before: held, after: null });
    expect(world.writes.length).toBe(3);
  });

  test('all objects come in the order of creation, listed ones by name', () => {
    const { server } = fixture();
    for (const name of ['c', 'a', 'b']) server.put(pods, pod(name), 'kubelet');
    server.put(pods, pod('z', {}, 'kube-system'), 'kubelet');
    server.put(pods, { ...pod('c'), status: { phase: 'Failed' } }, 'kubelet');
    expect(names(server.all(pods))).toEqual(['c', 'a', 'b', 'z']);
    expect(names(server.all(pods, 'default'))).toEqual(['c', 'a', 'b']);
    const list = server.request({ verb: 'list', resource: pods, namespace: null }, SLUICE);
    expect(names((list as { object: { items: readonly KubeObject[] } }).object.items)).toEqual([
      'a',
      'b',
      'c',
      'z',
    ]);
  });

  test('what a cluster does not serve can be kept by controllers and is not found by callers', () => {
    const { server } = fixture();
    const { scaledObject } = RESOURCES;
    const object = {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: 'x', namespace: 'default' },
    };
    server.put(scaledObject, object, 'keda');
    expect(names(server.all(scaledObject))).toEqual(['x']);
    const reply = server.request(
      { verb: 'get', resource: scaledObject, namespace: 'default', name: 'x' },
      SLUICE,
    );
    expect(reply).toEqual({
      status: 404,
      failure: {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        reason: 'NotFound',
        message: '404 page not found',
        code: 404,
      },
    });
  });
});

describe('who hears of writes', () => {
  test('each accepted write is told once, with caller, verb and both objects; what is not stored is not told', () => {
    const world = fixture();
    const { server, writes } = world;
    const created = objectOf(server.request(create(httpRoute, route('r')), SLUICE));
    server.request(create(httpRoute, route('r')), SLUICE);
    server.request(create(httpRoute, route('dry'), { dryRun: true }), SLUICE);
    server.request(jsonPatch('r', weightPatch(70), { dryRun: true }), SLUICE);
    server.request(jsonPatch('r', weightPatch(-1)), SLUICE);
    world.nowMs += 1000;
    const patched = objectOf(server.request(jsonPatch('r', weightPatch(70)), SLUICE));
    server.request(jsonPatch('r', weightPatch(70)), SLUICE);
    server.request({ verb: 'delete', resource: httpRoute, namespace: 'default', name: 'r' }, SLUICE);
    const common = { caller: SLUICE, resource: httpRoute };
    const first = Number(created.metadata.resourceVersion);
    const versions = [first, first + 1, first + 2].map(String);
    expect(writes).toEqual(
      [
        { ...common, atMs: START_MS, verb: 'create', before: null, after: created },
        { ...common, atMs: START_MS + 1000, verb: 'patch', before: created, after: patched },
        { ...common, atMs: START_MS + 1000, verb: 'delete', before: patched, after: null },
      ].map((record, index) => ({ ...record, resourceVersion: versions[index] })),
    );
  });

  test('listeners hear writes in order even when one of them writes', () => {
    const { server } = fixture();
    const heard: string[] = [];
    server.onWrite(({ after }) => {
      if (after?.metadata.name === 'a') server.put(pods, pod('b'), 'controller');
    });
    server.onWrite(({ after }) => heard.push(after?.metadata.name ?? ''));
    server.put(pods, pod('a'), 'controller');
    expect(heard).toEqual(['a', 'b']);
  });

  test('the revision grows with each accepted write and with nothing else', () => {
    const { server } = fixture();
    const seen = [server.revision];
    const note = (request: KubeRequest): void => {
      server.request(request, SLUICE);
      seen.push(server.revision);
    };
    note(create(httpRoute, route('r')));
    note(create(httpRoute, route('r')));
    note({ verb: 'get', resource: httpRoute, namespace: 'default', name: 'r' });
    note(jsonPatch('r', weightPatch(100)));
    note(jsonPatch('r', weightPatch(99)));
    note({ verb: 'delete', resource: httpRoute, namespace: 'default', name: 'r' });
    expect(seen.map((revision) => revision - (seen[0] ?? 0))).toEqual([0, 1, 1, 1, 1, 2, 3]);
  });
});

describe('preconditions', () => {
  const remove = (preconditions: object): KubeRequest => ({
    verb: 'delete',
    resource: httpRoute,
    namespace: 'default',
    name: 'r',
    preconditions,
  });

  test('a delete with a foreign uid or an old version is a conflict and deletes nothing', () => {
    const { server } = fixture();
    const created = objectOf(server.request(create(httpRoute, route('r')), SLUICE));
    const { uid, resourceVersion } = created.metadata;
    objectOf(server.request(jsonPatch('r', weightPatch(50)), SLUICE));
    expect(refusalOf(server.request(remove({ uid: 'other' }), SLUICE)).status).toBe(409);
    expect(refusalOf(server.request(remove({ resourceVersion }), SLUICE)).status).toBe(409);
    expect(server.read(httpRoute, 'default', 'r')).toBeDefined();
    expect(server.request(remove({ uid }), SLUICE)).toEqual({
      status: 200,
      object: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'r', group: 'gateway.networking.k8s.io', kind: 'httproutes', uid },
      },
    });
    expect(server.read(httpRoute, 'default', 'r')).toBeUndefined();
  });

  test('a route that was deleted and created again has another uid, so the old one’s delete finds it changed', () => {
    const { server } = fixture();
    const first = objectOf(server.request(create(httpRoute, route('r')), SLUICE));
    server.request(remove({}), SLUICE);
    const second = objectOf(server.request(create(httpRoute, route('r')), SLUICE));
    expect(second.metadata.generation).toBe(1);
    expect(refusalOf(server.request(remove({ uid: first.metadata.uid }), SLUICE))).toEqual({
      status: 409,
      reason: 'Conflict',
      fields: [],
    });
  });

  test('a JSON Patch that tests an old version fails with 422 and empty details, whoever wrote in between', () => {
    const { server } = fixture();
    const created = objectOf(server.request(create(httpRoute, route('r')), SLUICE));
    server.put(httpRoute, { ...created, status: { parents: [] } }, 'gke');
    const test = { op: 'test', path: '/metadata/resourceVersion', value: created.metadata.resourceVersion };
    const reply = server.request(jsonPatch('r', [test, ...weightPatch(10)]), SLUICE);
    expect('failure' in reply && [reply.failure.code, reply.failure.reason, reply.failure.details]).toEqual([
      422,
      'Invalid',
      {},
    ]);
  });

  test('a PUT of a built-in object needs no version, with an old one it is a conflict', () => {
    const { server } = fixture();
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' } };
    const first = objectOf(server.request(create(configMap, map), SLUICE));
    const put = (object: unknown) =>
      server.request(
        { verb: 'update', resource: configMap, namespace: 'default', name: 'c', object },
        SLUICE,
      );
    expect(objectOf(put({ ...map, data: { a: '1' } }))['data']).toEqual({ a: '1' });
    expect(refusalOf(put({ ...first, data: { a: '2' } })).status).toBe(409);
  });
});

describe('deleting', () => {
  test('finalizers hold an object back until the last one is taken away', () => {
    const { server, writes } = fixture();
    const held = { ...route('r'), metadata: { ...route('r').metadata, finalizers: ['a/1', 'b/2'] } };
    server.request(create(httpRoute, held), SLUICE);
    const remove: KubeRequest = { verb: 'delete', resource: httpRoute, namespace: 'default', name: 'r' };
    const marked = objectOf(server.request(remove, SLUICE));
    expect(marked.metadata).toMatchObject({ deletionTimestamp: '2026-11-22T17:09:00Z', generation: 2 });
    const { revision } = server;
    expect(objectOf(server.request(remove, SLUICE))).toBe(marked);
    expect(server.revision).toBe(revision);
    objectOf(server.request(jsonPatch('r', [{ op: 'remove', path: '/metadata/finalizers/0' }]), SLUICE));
    expect(server.read(httpRoute, 'default', 'r')?.metadata.finalizers).toEqual(['b/2']);
    objectOf(server.request(jsonPatch('r', [{ op: 'remove', path: '/metadata/finalizers/0' }]), SLUICE));
    expect(server.read(httpRoute, 'default', 'r')).toBeUndefined();
    expect(writes.at(-1)?.after).toBeNull();
  });

  test('a pod on a node is marked with its grace period, a pod on none goes at once', () => {
    const { server } = fixture();
    const running = {
      ...pod('a'),
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 130, containers: [] },
    };
    server.put(pods, running, 'kubelet');
    server.put(pods, pod('b'), 'kubelet');
    const remove = (name: string): KubeRequest => ({
      verb: 'delete',
      resource: pods,
      namespace: 'default',
      name,
    });
    objectOf(server.request(remove('a'), SLUICE));
    objectOf(server.request(remove('b'), SLUICE));
    expect(server.all(pods).map(({ metadata }) => metadata)).toMatchObject([
      { name: 'a', deletionTimestamp: '2026-11-22T17:11:10Z', deletionGracePeriodSeconds: 130 },
    ]);
  });

  test('a namespace terminates: nothing new in it, what is in it can still be written', () => {
    const { server } = fixture();
    const ns = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
    server.request(create(namespaces, ns, { namespace: null }), SLUICE);
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
    server.request(create(configMap, map, { namespace: 'n' }), SLUICE);
    server.request({ verb: 'delete', resource: namespaces, namespace: null, name: 'n' }, SLUICE);
    expect(server.read(namespaces, null, 'n')?.['status']).toEqual({ phase: 'Terminating' });
    const late = server.request(
      create(configMap, { ...map, metadata: { name: 'd' } }, { namespace: 'n' }),
      SLUICE,
    );
    expect(refusalOf(late)).toEqual({ status: 403, reason: 'Forbidden', fields: ['metadata.namespace'] });
    const patch = { data: { a: 'b' } };
    const write = server.request(
      { verb: 'patch', resource: configMap, namespace: 'n', name: 'c', type: 'merge', patch },
      SLUICE,
    );
    expect(write.status).toBe(200);
  });
});
