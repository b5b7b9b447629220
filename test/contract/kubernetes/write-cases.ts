import { describe, expect, test } from 'vitest';
import { type JsonPatch, RESOURCES } from '../../../workflows/kubernetes.ts';
import {
  aConfigMap,
  aDeployment,
  anInferencePool,
  anObjective,
  aRoute,
  judged,
  objectOf,
  refused,
  weightsOf,
} from './an-object.ts';
import type { Cases, Fixture } from './suite.ts';

const weight = (index: number, value: unknown): JsonPatch[number] => ({
  op: 'replace',
  path: `/spec/rules/0/backendRefs/${index}/weight`,
  value,
});

export const writeCases: Cases = (fixture) => {
  const routes = ({ cluster, namespace }: Fixture) => ({ cluster, resource: RESOURCES.httpRoute, namespace });

  /** A route with weights 100 and 0. */
  const make = async (name: string) => {
    const { admin } = fixture();
    const call = routes(fixture());
    const created = objectOf(await admin.create({ ...call, object: aRoute(name, [100, 0]) }));
    const { uid = '', resourceVersion = '' } = created.metadata;
    const patch = (operations: JsonPatch, dryRun = false) =>
      admin.jsonPatch({ ...call, name, patch: operations, dryRun });
    const read = async () => objectOf(await admin.get({ ...call, name }));
    return { admin, call, created, uid, resourceVersion, patch, read };
  };

  describe('creating', () => {
    test('a weight that is absent is stored as 1', async () => {
      const { admin } = fixture();
      const answer = await admin.create({ ...routes(fixture()), object: aRoute('defaults') });
      expect(judged(answer)).toEqual({ status: 201 });
      expect(weightsOf(objectOf(answer))).toEqual([1, 1]);
    });

    test('the same name again is refused', async () => {
      const { admin, call } = await make('twice');
      expect(judged(await admin.create({ ...call, object: aRoute('twice') }))).toEqual(
        refused(409, 'AlreadyExists'),
      );
    });

    test('a field that nobody knows is refused, and nothing is stored', async () => {
      const { admin } = fixture();
      const call = routes(fixture());
      const object = { ...aRoute('misspelt'), spec: { rulez: [] } };
      expect(judged(await admin.create({ ...call, object }))).toEqual(refused(400, 'BadRequest'));
      expect(judged(await admin.get({ ...call, name: 'misspelt' }))).toEqual(refused(404, 'NotFound'));
    });

    test('what is not valid is refused with its places', async () => {
      const { admin } = fixture();
      const answer = await admin.create({ ...routes(fixture()), object: aRoute('wrong', [-1, 1]) });
      expect(judged(answer)).toEqual(refused(422, 'Invalid', ['spec.rules[0].backendRefs[0].weight']));
    });

    test('a dry run answers as if, and stores nothing', async () => {
      const { admin } = fixture();
      const call = routes(fixture());
      const answer = await admin.create({ ...call, object: aRoute('dry', [7, 3]), dryRun: true });
      expect(judged(answer)).toEqual({ status: 201 });
      expect(weightsOf(objectOf(answer))).toEqual([7, 3]);
      expect(judged(await admin.get({ ...call, name: 'dry' }))).toEqual(refused(404, 'NotFound'));
    });

    test('a namespace that is absent is a 404', async () => {
      const { admin, cluster } = fixture();
      const call = { cluster, resource: RESOURCES.httpRoute, namespace: 'absent-namespace' };
      expect(judged(await admin.create({ ...call, object: aRoute('lost') }))).toEqual(
        refused(404, 'NotFound'),
      );
    });

    test('pools and objectives, which can be pointed to another pool', async () => {
      const { admin, cluster, namespace } = fixture();
      const pools = { cluster, resource: RESOURCES.inferencePool, namespace };
      const objectives = { cluster, resource: RESOURCES.inferenceObjective, namespace };
      const pool = objectOf(await admin.create({ ...pools, object: anInferencePool('llm') }));
      expect(pool['spec']).toMatchObject({
        endpointPickerRef: { kind: 'Service', failureMode: 'FailClose' },
      });
      objectOf(await admin.create({ ...objectives, object: anObjective('food', 'llm') }));
      const patch: JsonPatch = [
        { op: 'test', path: '/spec/poolRef/name', value: 'llm' },
        { op: 'replace', path: '/spec/poolRef/name', value: 'llm-new' },
      ];
      const moved = await admin.jsonPatch({ ...objectives, name: 'food', patch });
      expect(objectOf(moved)['spec']).toMatchObject({ poolRef: { name: 'llm-new' } });
    });
  });

  describe('a JSON Patch', () => {
    test('of weights moves generation and version, and is ours in managedFields', async () => {
      const { patch, read, uid, resourceVersion, created } = await make('moved');
      const answer = await patch([
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
        weight(0, 90),
        weight(1, 10),
        { op: 'add', path: '/metadata/annotations', value: { 'sluice.dev/fence': '1' } },
      ]);
      expect(judged(answer)).toEqual({ status: 200 });
      const { metadata, ...route } = objectOf(answer);
      expect(weightsOf({ ...route, metadata })).toEqual([90, 10]);
      expect(metadata).toMatchObject({ uid, generation: 2, annotations: { 'sluice.dev/fence': '1' } });
      expect(metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
      expect(metadata.managedFields?.map(({ manager }) => manager)).toEqual(['sluice']);
      expect(await read()).toEqual({ metadata, ...route });
    });

    test.each<[string, JsonPatch]>([
      ['another uid', [{ op: 'test', path: '/metadata/uid', value: 'x' }, weight(0, 1)]],
      ['an older version', [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }, weight(0, 1)]],
      [
        'another backend',
        [{ op: 'test', path: '/spec/rules/0/backendRefs/0/name', value: 'x' }, weight(0, 1)],
      ],
      ['a backend that is absent', [weight(9, 1)]],
      [
        'annotations that are absent',
        [{ op: 'add', path: '/metadata/annotations/sluice.dev~1fence', value: '1' }],
      ],
      ['a removal of nothing', [{ op: 'remove', path: '/metadata/annotations/x' }]],
    ])('that tests for %s is a 422 without causes, and changes nothing', async (name, operations) => {
      const { patch, read, created } = await make(`tested-${name.replaceAll(/[^a-z]+/g, '-')}`);
      expect(judged(await patch(operations))).toEqual(refused(422, 'Invalid'));
      expect(await read()).toEqual(created);
    });

    test('that makes it invalid is a 422 with causes, in a dry run too', async () => {
      const { patch, read, created } = await make('invalid');
      const wrong = refused(422, 'Invalid', ['spec.rules[0].backendRefs[0].weight']);
      expect(judged(await patch([weight(0, -1)]))).toEqual(wrong);
      expect(judged(await patch([weight(0, 1_000_001)], true))).toEqual(wrong);
      expect(await read()).toEqual(created);
    });

    test('as a dry run answers as if, and stores nothing', async () => {
      const { patch, read, created } = await make('dry-patch');
      const answer = await patch([weight(0, 0), weight(1, 100)], true);
      expect(weightsOf(objectOf(answer))).toEqual([0, 100]);
      expect(await read()).toEqual(created);
    });

    test('that changes nothing keeps the version', async () => {
      const { patch, created } = await make('same');
      expect(objectOf(await patch([weight(0, 100)]))).toEqual(created);
    });

    test('of an annotation moves the version, not the generation', async () => {
      const { patch, created } = await make('noted');
      const { metadata } = objectOf(
        await patch([{ op: 'add', path: '/metadata/annotations', value: { a: 'b' } }]),
      );
      expect(metadata).toMatchObject({ generation: 1, annotations: { a: 'b' } });
      expect(metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
    });

    test('of what is absent is a 404', async () => {
      const { admin } = fixture();
      const answer = await admin.jsonPatch({ ...routes(fixture()), name: 'nope', patch: [weight(0, 1)] });
      expect(judged(answer)).toEqual(refused(404, 'NotFound'));
    });

    test('of ten that test one version, one is applied', async () => {
      const { patch, read, resourceVersion } = await make('raced');
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_none, index) =>
          patch([
            { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
            weight(1, index + 1),
          ]),
        ),
      );
      const applied = answers.filter((answer) => answer.kind === 'answer' && answer.status === 200);
      expect(applied.length).toBe(1);
      const others = answers.filter((answer) => !applied.includes(answer)).map(judged);
      // The API server tries itself to apply a patch to what it has become; a write in its very midst is a conflict.
      for (const other of others)
        expect([refused(422, 'Invalid'), refused(409, 'Conflict')]).toContainEqual(other);
      expect(weightsOf(await read())).toEqual(
        weightsOf(objectOf(applied[0] ?? { kind: 'noAnswer', why: '' })),
      );
    });

    test("of a Deployment's replicas", async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.deployment, namespace };
      objectOf(await admin.create({ ...call, object: aDeployment('scaled') }));
      const patch: JsonPatch = [
        { op: 'test', path: '/spec/replicas', value: 0 },
        { op: 'replace', path: '/spec/replicas', value: 1 },
        { op: 'replace', path: '/spec/replicas', value: 0 },
      ];
      const answer = await admin.jsonPatch({ ...call, name: 'scaled', patch });
      expect(objectOf(answer)['spec']).toMatchObject({ replicas: 0 });
    });
  });

  describe('deleting', () => {
    test('asks for the uid: another one is a conflict, and the object stays', async () => {
      const { admin, call, created, uid, read } = await make('kept');
      expect(judged(await admin.delete({ ...call, name: 'kept', uid: 'another' }))).toEqual(
        refused(409, 'Conflict'),
      );
      expect(await read()).toEqual(created);
      expect(judged(await admin.delete({ ...call, name: 'kept', uid }))).toEqual({ status: 200 });
      expect(judged(await admin.get({ ...call, name: 'kept' }))).toEqual(refused(404, 'NotFound'));
      expect(judged(await admin.delete({ ...call, name: 'kept', uid }))).toEqual(refused(404, 'NotFound'));
    });

    test('does not wait for what belongs to a Deployment', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.deployment, namespace };
      const { metadata } = objectOf(await admin.create({ ...call, object: aDeployment('gone') }));
      expect(judged(await admin.delete({ ...call, name: 'gone', uid: metadata.uid ?? '' }))).toEqual({
        status: 200,
      });
      expect(judged(await admin.get({ ...call, name: 'gone' }))).toEqual(refused(404, 'NotFound'));
    });

    test('waits for finalizers: until then the object can still be patched', async () => {
      const { admin, cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.configMap, namespace };
      const name = 'finalized';
      const object = { ...aConfigMap(name), metadata: { name, finalizers: ['example.com/wait'] } };
      const { metadata } = objectOf(await admin.create({ ...call, object }));
      expect(judged(await admin.delete({ ...call, name, uid: metadata.uid ?? '' }))).toEqual({ status: 200 });
      const going = objectOf(await admin.get({ ...call, name }));
      expect(going.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
      const patch: JsonPatch = [{ op: 'remove', path: '/metadata/finalizers' }];
      expect(judged(await admin.jsonPatch({ ...call, name, patch }))).toEqual({ status: 200 });
      expect(judged(await admin.get({ ...call, name }))).toEqual(refused(404, 'NotFound'));
    });
  });
};
