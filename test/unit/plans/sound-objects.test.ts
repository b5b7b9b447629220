/** What comes from outside and is not what the types promise. */
import { describe, expect, test } from 'vitest';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import { weightOf } from '../../../workflows/plans/route-rules.ts';
import { soundManifest } from '../../../workflows/plans/sound-manifest.ts';
import { soundObject } from '../../../workflows/plans/sound-object.ts';
import { isRolledBack, rollbackPatch } from '../../../workflows/steps/rollback-patch.ts';
import {
  aCluster,
  aDeployment,
  aPod,
  aRef,
  aRoute,
  aSpec,
  fromManifests,
  newManifests,
  withoutNewSide,
} from './a-cluster.ts';

describe('an object', () => {
  const pod = aPod('p', 'llm');

  test('with sound metadata is the very same', () => {
    expect(soundObject(pod)).toBe(pod);
  });

  test('nulls in its metadata mean nothing', () => {
    const labels = null;
    expect(soundObject({ ...pod, metadata: { ...pod.metadata, labels, creationTimestamp: null } })).toEqual({
      ...pod,
      metadata: { name: 'p', namespace: 'serving', uid: 'uid-Pod-p', generation: 1 },
    });
  });

  test('of a list has the kind of the list', () => {
    const { apiVersion: _, kind: __, ...bare } = pod;
    expect(soundObject(bare, RESOURCES.pod)).toEqual(pod);
    expect(soundObject(bare)).toBeNull();
  });

  test.each<[unknown]>([
    [null],
    ['pod'],
    [[pod]],
    [{ ...pod, kind: 5 }],
    [{ ...pod, metadata: null }],
    [{ ...pod, metadata: {} }],
    [{ ...pod, metadata: { ...pod.metadata, name: 5 } }],
    [{ ...pod, metadata: { ...pod.metadata, labels: { app: 1 } } }],
    [{ ...pod, metadata: { ...pod.metadata, annotations: ['a'] } }],
    [{ ...pod, metadata: { ...pod.metadata, generation: 1.5 } }],
    [{ ...pod, metadata: { ...pod.metadata, managedFields: [null] } }],
    [{ ...pod, metadata: { ...pod.metadata, finalizers: 'a' } }],
  ])('with other metadata cannot be read: %j', (value) => {
    expect(soundObject(value)).toBeNull();
  });
});

describe('a manifest', () => {
  const deployment = aDeployment('llm-new');
  const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

  test('is read, with empty maps left out', () => {
    expect(soundManifest({ ...deployment, metadata: { name: 'llm-new', labels: null } })).toEqual({
      kind: 'ok',
      object: { ...deployment, metadata: { name: 'llm-new' } },
    });
  });

  test.each([
    [null, 'This is no Kubernetes object.'],
    [{ kind: 'Pod' }, 'The object has no apiVersion.'],
    [{ apiVersion: 'v1' }, 'The object has no kind.'],
    [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: '' } }, 'The Pod has no metadata.name.'],
    [
      { ...deployment, spec: { replicas: Number.POSITIVE_INFINITY } },
      'The Deployment contains Infinity, which is no number of JSON.',
    ],
    [{ ...deployment, spec: deep(5_000) }, 'The Deployment is nested more than 100 levels deep.'],
    [
      { ...deployment, metadata: { name: 'a', labels: { a: 1 } } },
      'The metadata of the Deployment are not those of an object: labels and annotations are texts by name.',
    ],
  ])('that is none says why', (value, what) => {
    expect(soundManifest(value)).toEqual({ kind: 'fault', what });
  });
});

describe('preflight', () => {
  const withWeight = (weight: unknown) =>
    aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', weight as number), aRef('other', 3)]])] });

  // An endless division once hung on the first of these.
  test.each([Number.POSITIVE_INFINITY, -1, 0.5, '5', null, 1e300])(
    'plans nothing with a weight of %s',
    (weight) => {
      expect(planRollout(aSpec(), [], withWeight(weight))).toMatchObject({ kind: 'refused' });
    },
  );

  test.each([
    [undefined, 1],
    [0, 0],
    [7, 7],
    [1_000_000, 1_000_000],
    [Number.POSITIVE_INFINITY, 0],
    [-1, 0],
    ['5', 0],
  ])('reads a weight of %s as %s', (weight, read) => {
    expect(weightOf({ name: 'llm', ...(weight === undefined ? {} : { weight: weight as number }) })).toBe(
      read,
    );
  });

  test('counts the pods of a Deployment that asks for none, or for nonsense', () => {
    const replicasFor = (replicas: number) => {
      const { deployments } = aCluster();
      const others = deployments.filter(({ metadata }) => metadata.name !== 'llm');
      const result = planRollout(
        aSpec(),
        [],
        aCluster({ deployments: [...others, aDeployment('llm', { replicas })] }),
      );
      return result.kind === 'planned' ? result.plan.old.replicas : result.findings.map(({ code }) => code);
    };
    expect([replicasFor(0), replicasFor(-3), replicasFor(1.5), replicasFor(2)]).toEqual([2, 1, 1, 2]);
  });

  test.each(['constructor', 'toString', '__proto__'])(
    'takes the kind or apiVersion %s for a name like any other',
    (word) => {
      const manifests = [...newManifests(), { apiVersion: word, kind: word, metadata: { name: 'odd' } }];
      const result = planRollout(fromManifests(), manifests, withoutNewSide());
      expect(
        result.findings.filter(({ severity }) => severity === 'E').map(({ code, what }) => [code, what]),
      ).toEqual([['manifest-invalid', `The cluster serves no ${word} of ${word}.`]]);
    },
  );

  test('takes a field manager called like a method for nobody that it knows', () => {
    const routes = [
      aRoute('routes-to-llm', [[aRef('llm', 1)]], {
        metadata: { managedFields: [{ manager: 'constructor' }] },
      }),
    ];
    expect(planRollout(aSpec(), [], aCluster({ routes }))).toMatchObject({ kind: 'planned' });
  });
});

test('a rollback finds its refs beside what is no ref at all', () => {
  const sides = { namespace: 'serving', oldPool: 'llm', newPool: 'llm-new' };
  const plan = {
    namespace: 'serving',
    name: 'r',
    uid: 'uid-HTTPRoute-r',
    gateways: [],
    rules: [{ index: 0, originals: [aRef('llm', 1) as never], newRefWasThere: false }],
  };
  const route = aRoute('r', [[null as never, aRef('llm', 75), 'x' as never, aRef('llm-new', 25)]]);

  const patch = rollbackPatch({ route, plan, sides, sharePercent: 0, fenceValue: 'r/1' });

  expect(isRolledBack(route, plan, sides)).toBe(false);
  expect(patch.filter(({ path }) => path.endsWith('/weight'))).toEqual([
    { op: 'add', path: '/spec/rules/0/backendRefs/1/weight', value: 1 },
    { op: 'add', path: '/spec/rules/0/backendRefs/3/weight', value: 0 },
  ]);
});
