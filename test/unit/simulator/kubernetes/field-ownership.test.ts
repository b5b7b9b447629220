import { describe, expect, test } from 'vitest';
import type { KubeRequest } from '../../../../simulator/world/kubernetes/types.ts';
import { type KubeObject, type KubeResource, RESOURCES } from '../../../../workflows/kubernetes.ts';
import { fixture, objectOf, refusalOf } from './fixture.ts';

const { configMap, deployment } = RESOURCES;

const apply = (resource: KubeResource, patch: KubeObject, force = false): KubeRequest => ({
  verb: 'patch',
  resource,
  namespace: 'default',
  name: patch.metadata.name,
  type: 'apply',
  patch,
  force,
});

const map = (data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm' },
  data,
});

const by = (manager: string) => ({ user: 'u', manager });

const owners = (object: KubeObject): Readonly<Record<string, unknown>> =>
  Object.fromEntries((object.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.fieldsV1]));

describe('server-side apply', () => {
  test('creates what is not there', () => {
    const { server } = fixture();
    const reply = server.request(apply(configMap, map({ a: '1' })), by('argocd'));
    expect(reply.status).toBe(201);
    expect(owners(objectOf(reply))).toEqual({ argocd: { 'f:data': { 'f:a': {} } } });
  });

  test('takes out what its manager no longer names, and leaves what others own', () => {
    const { server } = fixture();
    server.request(apply(configMap, map({ a: '1', b: '2', c: '3' })), by('argocd'));
    server.request(apply(configMap, map({ b: '2' })), by('other'));
    const after = objectOf(server.request(apply(configMap, map({ a: '1' })), by('argocd')));
    expect({ data: after['data'], owners: owners(after) }).toEqual({
      data: { a: '1', b: '2' },
      owners: { argocd: { 'f:data': { 'f:a': {} } }, other: { 'f:data': { 'f:b': {} } } },
    });
  });

  test('stops at another manager’s value, unless forced, and shares an equal one', () => {
    const { server } = fixture();
    server.request(apply(configMap, map({ a: '1' })), by('argocd'));
    expect(objectOf(server.request(apply(configMap, map({ a: '1' })), by('flux')))['data']).toEqual({
      a: '1',
    });
    const other = server.request(apply(configMap, map({ a: '2' })), by('flux'));
    expect(refusalOf(other)).toEqual({ status: 409, reason: 'Conflict', fields: ['.data.a'] });
    const forced = objectOf(server.request(apply(configMap, map({ a: '2' }), true), by('flux')));
    expect({ data: forced['data'], owners: owners(forced) }).toEqual({
      data: { a: '2' },
      owners: { flux: { 'f:data': { 'f:a': {} } } },
    });
  });

  test('the same apply again writes nothing', () => {
    const { server } = fixture();
    const first = objectOf(server.request(apply(configMap, map({ a: '1' })), by('argocd')));
    expect(objectOf(server.request(apply(configMap, map({ a: '1' })), by('argocd')))).toBe(first);
  });

  test('merges containers by name and owns them one by one', () => {
    const { server } = fixture();
    const workload = (containers: readonly object[], replicas?: number): KubeObject => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: {
        ...(replicas === undefined ? {} : { replicas }),
        selector: { matchLabels: { app: 'd' } },
        template: { metadata: { labels: { app: 'd' } }, spec: { containers } },
      },
    });
    server.request(apply(deployment, workload([{ name: 'a', image: 'a:1' }], 3)), by('helm'));
    const both = objectOf(
      server.request(apply(deployment, workload([{ name: 'b', image: 'b:1' }])), by('injector')),
    );
    expect(both['spec']).toMatchObject({
      replicas: 3,
      template: {
        spec: {
          containers: [
            { name: 'a', image: 'a:1' },
            { name: 'b', image: 'b:1' },
          ],
        },
      },
    });
    const less = objectOf(server.request(apply(deployment, workload([])), by('injector')));
    expect(less['spec']).toMatchObject({ template: { spec: { containers: [{ name: 'a' }] } } });
  });
});

describe('ordinary writes', () => {
  test('the writer owns what it changed, and what is removed is nobody’s', () => {
    const { server } = fixture();
    const request = { resource: configMap, namespace: 'default' } as const;
    server.request({ ...request, verb: 'create', object: map({ a: '1', b: '1' }) }, by('kubectl'));
    const patch = (data: object): KubeRequest => ({
      ...request,
      verb: 'patch',
      name: 'm',
      type: 'merge',
      patch: { data },
    });
    const first = objectOf(server.request(patch({ a: '2' }), by('sluice')));
    expect(owners(first)).toEqual({
      kubectl: { 'f:data': { '.': {}, 'f:b': {} } },
      sluice: { 'f:data': { 'f:a': {} } },
    });
    const second = objectOf(server.request(patch({ a: null }), by('kubectl')));
    expect(owners(second)).toEqual({ kubectl: { 'f:data': { '.': {}, 'f:b': {} } } });
  });

  test('strategic merge patches merge by key, and delete by it', () => {
    const { server } = fixture();
    const spec = {
      selector: { matchLabels: { app: 'd' } },
      template: {
        metadata: { labels: { app: 'd' } },
        spec: {
          containers: [
            { name: 'a', image: 'a:1' },
            { name: 'b', image: 'b:1' },
          ],
        },
      },
    };
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec };
    server.request({ verb: 'create', resource: deployment, namespace: 'default', object }, by('kubectl'));
    const containers = [
      { name: 'a', image: 'a:2' },
      { name: 'b', $patch: 'delete' },
    ];
    const patched = server.request(
      {
        verb: 'patch',
        resource: deployment,
        namespace: 'default',
        name: 'd',
        type: 'strategic',
        patch: { spec: { template: { spec: { containers } } } },
      },
      by('kubectl'),
    );
    const template = (objectOf(patched)['spec'] as { template: { spec: { containers: readonly object[] } } })
      .template;
    expect(template.spec.containers).toMatchObject([
      { name: 'a', image: 'a:2', imagePullPolicy: 'IfNotPresent' },
    ]);
    expect(template.spec.containers.length).toBe(1);
  });
});
