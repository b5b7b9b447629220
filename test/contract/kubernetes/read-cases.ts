import { describe, expect, test } from 'vitest';
import { createWallClock } from '../../../functions/adapters/clock.ts';
import { discoverServed } from '../../../functions/adapters/kube-discovery.ts';
import { createKubeRequests } from '../../../functions/adapters/kube-request.ts';
import { itemsOfList } from '../../../functions/runtime/hands/kube-answers.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { aConfigMap, aRoute, judged, objectOf, refused } from './an-object.ts';
import type { Cases } from './suite.ts';

/** One more than a page. */
const MANY = 501;
const PARALLEL = 25;

export const readCases: Cases = (fixture) => {
  describe('discovery', () => {
    test('names what is served, without subresources', async () => {
      const { admin, cluster } = fixture();
      const served = objectOf(await admin.discover({ cluster }));
      expect(served['v1']).toEqual(expect.arrayContaining(['pods', 'configmaps', 'services', 'namespaces']));
      expect(served['apps/v1']).toContain('deployments');
      expect(served['gateway.networking.k8s.io/v1']).toEqual(
        expect.arrayContaining(['httproutes', 'gateways']),
      );
      expect(served['inference.networking.k8s.io/v1']).toEqual(['inferencepools']);
      expect(served['inference.networking.x-k8s.io/v1alpha2']).toContain('inferenceobjectives');
      expect(served['keda.sh/v1alpha1']).toBeUndefined();
      const plurals = Object.values(served).flat();
      console.log(`discovery: ${Object.keys(served).length} group versions, ${plurals.length} resources`);
      expect(plurals.filter((plural) => plural.includes('/'))).toEqual([]);
    });

    test('by two requests says the same as version by version', async () => {
      const { access, admin, cluster } = fixture();
      const send = createKubeRequests({ access, clock: createWallClock() });
      let requests = 0;
      const oneByOne = await discoverServed((path) => {
        requests += 1;
        const headers = { Accept: 'application/json' };
        return send({ cluster, method: 'GET', path, headers, timeoutMs: 10_000, bodyMaxBytes: 2 ** 24 });
      });
      const sorted = (served: Readonly<Record<string, readonly string[]>>): unknown =>
        Object.fromEntries(
          Object.entries(served)
            .map(([version, plurals]) => [version, plurals.toSorted()] as const)
            .toSorted(([a], [b]) => a.localeCompare(b)),
        );
      expect(sorted(objectOf(oneByOne))).toEqual(sorted(objectOf(await admin.discover({ cluster }))));
      expect(requests).toBeGreaterThan(5);
    });
  });

  describe('reading', () => {
    test('an object comes back as it was created', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.httpRoute, namespace };
      const created = objectOf(await admin.create({ ...call, object: aRoute('read') }));
      expect(await admin.get({ ...call, name: 'read' })).toEqual({
        kind: 'answer',
        status: 200,
        object: created,
      });
      expect(created.metadata).toMatchObject({
        name: 'read',
        namespace,
        generation: 1,
        uid: expect.stringMatching(/./),
        resourceVersion: expect.stringMatching(/^\d+$/),
        managedFields: [{ manager: 'sluice', operation: 'Update' }],
      });
    });

    test('an absent object is a 404 that names it; an absent group has no details', async () => {
      const { admin, cluster, namespace } = fixture();
      const absent = await admin.get({ cluster, resource: RESOURCES.httpRoute, namespace, name: 'nope' });
      expect(judged(absent)).toEqual(refused(404, 'NotFound'));
      expect(absent.kind === 'answer' && absent.failure?.details).toMatchObject({
        name: 'nope',
        kind: 'httproutes',
      });
      for (const answer of [
        await admin.get({ cluster, resource: RESOURCES.scaledObject, namespace, name: 'nope' }),
        await admin.list({ cluster, resource: RESOURCES.scaledObject, namespace }),
        await admin.list({ cluster, resource: RESOURCES.scaledObject, namespace: null }),
      ])
        expect(answer).toEqual({
          kind: 'answer',
          status: 404,
          failure: {
            kind: 'Status',
            apiVersion: 'v1',
            status: 'Failure',
            message: '404 page not found',
            code: 404,
          },
        });
    });

    test('a name with a colon', async () => {
      const { admin, cluster, prefix } = fixture();
      const name = `${prefix}:reader`;
      const call = { cluster, resource: RESOURCES.clusterRole, namespace: null };
      const object = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      };
      const created = objectOf(await admin.create({ ...call, object }));
      expect(objectOf(await admin.get({ ...call, name }))).toEqual(created);
      const deleted = await admin.delete({ ...call, name, uid: created.metadata.uid ?? '' });
      expect(judged(deleted)).toEqual({ status: 200 });
      expect(judged(await admin.get({ ...call, name }))).toEqual(refused(404, 'NotFound'));
    });

    test('an object of almost a megabyte, in other letters', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.configMap, namespace };
      const data = { text: 'Größe 大き ß'.repeat(40_000) };
      objectOf(await admin.create({ ...call, object: aConfigMap('large', data) }));
      expect(objectOf(await admin.get({ ...call, name: 'large' }))['data']).toEqual(data);
    });
  });

  describe('a list', () => {
    test('of more than a page comes whole, by its label', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.configMap, namespace };
      const names = Array.from({ length: MANY }, (_none, index) => `many-${String(index).padStart(3, '0')}`);
      for (let first = 0; first < MANY; first += PARALLEL) {
        const made = await Promise.all(
          names
            .slice(first, first + PARALLEL)
            .map((name) => admin.create({ ...call, object: aConfigMap(name) })),
        );
        expect(made.map((answer) => answer.kind === 'answer' && answer.status)).toEqual(made.map(() => 201));
      }
      const list = objectOf(await admin.list({ ...call, labelSelector: 'made=by-contract' }));
      const found = itemsOfList(list, RESOURCES.configMap);
      expect(found.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('many-'))).toEqual(
        names,
      );
      expect(new Set(found.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))).toEqual(
        new Set(['v1 ConfigMap']),
      );
      expect(list.resourceVersion).toMatch(/^\d+$/);
    });

    test('takes two labels, and knows no object that has only one', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.configMap, namespace };
      const labelled = (name: string, labels: Readonly<Record<string, string>>) => ({
        ...aConfigMap(name),
        metadata: { name, labels },
      });
      await admin.create({ ...call, object: labelled('both', { a: '1', 'example.com/b': '2' }) });
      await admin.create({ ...call, object: labelled('one', { a: '1' }) });
      const list = objectOf(await admin.list({ ...call, labelSelector: 'a=1,example.com/b=2' }));
      expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['both']);
    });

    test('without a namespace reaches over all', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.httpRoute };
      await admin.create({ ...call, namespace, object: aRoute('everywhere') });
      const list = objectOf(await admin.list({ ...call, namespace: null }));
      const mine = list.items.filter(({ metadata }) => metadata.namespace === namespace);
      expect(mine.map(({ metadata }) => metadata.name)).toContain('everywhere');
    });
  });
};
