import { describe, expect, test } from 'vitest';
import { awaitNewSide } from '../../../../../functions/runtime/hands/await-new-side.ts';
import { createObjects } from '../../../../../functions/runtime/hands/create-objects.ts';
import { FINDING_CODES } from '../../../../../workflows/plans/finding-codes.ts';
import type { Plan } from '../../../../../workflows/plans/plan.ts';
import {
  ADAPTER,
  type AdapterCluster,
  ASKED,
  adapterPlan,
  anAdapterCluster,
  CONFIG,
  SOURCE,
  TO,
} from './an-adapter-cluster.ts';
import { jobOf } from './fake-cluster.ts';

const LOADED = {
  kind: 'outcome',
  outcome: { kind: 'objectsCreated', stage: 'workload', identities: [], askedFor: TO },
};

const load = (cluster: AdapterCluster, plan: Plan = adapterPlan()) =>
  createObjects(cluster.ports(), jobOf({ kind: 'createObjects', stage: 'workload' } as const, { plan }));

const refusedWith = (object: string, what: string) => {
  const { why, mend } = FINDING_CODES['syncer-changed'];
  return {
    kind: 'outcome',
    outcome: {
      kind: 'refused',
      reason: 'syncer-changed',
      findings: [{ severity: 'E', code: 'syncer-changed', object, what, why, mend }],
    },
  };
};

describe('asking the syncers for the new version', () => {
  test('adds it to the text of each, and changes nothing else of the ConfigMaps', async () => {
    const cluster = anAdapterCluster();
    const before = cluster.get('ConfigMap', 'llm-adapters');
    expect(await load(cluster)).toEqual(LOADED);
    const after = cluster.get('ConfigMap', 'llm-adapters');
    const { metadata } = after;
    expect(after).toEqual({ ...before, metadata, data: { other: 'kept', 'configmap.yaml': ASKED } });
    expect(cluster.config('llm-eu')).toBe(ASKED);
  });

  test('guards each write by uid, version and the text that was read, after the document was read again', async () => {
    const cluster = anAdapterCluster();
    const { resourceVersion } = cluster.get('ConfigMap', 'llm-adapters').metadata;
    await load(cluster);
    expect(cluster.writes[0]).toEqual({
      name: 'llm-adapters',
      patch: [
        { op: 'test', path: '/metadata/uid', value: 'uid-llm-adapters' },
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'test', path: '/data/configmap.yaml', value: CONFIG },
        { op: 'replace', path: '/data/configmap.yaml', value: ASKED },
      ],
    });
    const verbs = cluster.calls.map(({ verb }) => verb);
    expect(verbs.slice(0, 3)).toEqual(['get', 'load', 'patch']);
  });

  test('is idempotent, and a lost answer is looked after', async () => {
    const cluster = anAdapterCluster();
    let lost = 0;
    cluster.before = ({ verb }) => {
      if (verb !== 'patch' || lost > 0) return undefined;
      lost += 1;
      return 'applied';
    };
    expect([await load(cluster), await load(cluster)]).toEqual([LOADED, LOADED]);
    expect([cluster.config(), cluster.config('llm-eu'), cluster.writes.length, lost]).toEqual([
      ASKED,
      ASKED,
      2,
      1,
    ]);
  });

  test('keeps what others write at the same time', async () => {
    const cluster = anAdapterCluster();
    let edits = 0;
    cluster.before = ({ verb }) => {
      if (verb === 'load' && edits === 0) {
        edits += 1;
        cluster.write(CONFIG.replace('# one list', '# their list'));
      }
      return undefined;
    };
    await load(cluster);
    expect([cluster.config(), edits]).toEqual([ASKED.replace('# one list', '# their list'), 1]);
  });

  test('writes nothing once the rollout has decided anew', async () => {
    const cluster = anAdapterCluster();
    cluster.fence = 6;
    expect(await load(cluster)).toEqual({ kind: 'stale' });
    expect(cluster.writes).toEqual([]);
  });

  test('refuses another source under the same name, and takes back what it had written', async () => {
    const cluster = anAdapterCluster();
    const theirs = ASKED.replace(SOURCE, 's3://elsewhere');
    cluster.write(theirs, 'llm-eu');
    expect(await load(cluster)).toEqual(
      refusedWith(
        'ConfigMap serving/llm-eu-adapters',
        `It asks for ${TO} from s3://elsewhere, not from ${SOURCE}.`,
      ),
    );
    expect([cluster.config(), cluster.config('llm-eu')]).toEqual([CONFIG, theirs]);
  });

  test.each([
    [
      'made anew',
      (cluster: AdapterCluster) => {
        const found = cluster.get('ConfigMap', 'llm-adapters');
        cluster.put({ ...found, metadata: { ...found.metadata, uid: 'another' } });
      },
      'Its uid is another one: somebody made it anew.',
    ],
    [
      'gone',
      (cluster: AdapterCluster) => cluster.remove('ConfigMap', 'llm-adapters'),
      'It is gone; the pods of llm get no adapters from it.',
    ],
    [
      'without its key',
      (cluster: AdapterCluster) =>
        cluster.put({ ...cluster.get('ConfigMap', 'llm-adapters'), data: { other: 'x' } }),
      'It has no configmap.yaml.',
    ],
    [
      'something else',
      (cluster: AdapterCluster) => cluster.write('a: 1'),
      'Its configmap.yaml is no configuration of the adapter syncer.',
    ],
    [
      'not to be edited',
      (cluster: AdapterCluster) => cluster.write('vLLMLoRAConfig: { ensureExist: { models: x } }'),
      'Its configmap.yaml cannot be edited: vLLMLoRAConfig.ensureExist.models is no list that can be edited.',
    ],
  ])('refuses a ConfigMap that is %s', async (_, meddle, what) => {
    const cluster = anAdapterCluster();
    meddle(cluster);
    expect(await load(cluster)).toEqual(refusedWith('ConfigMap serving/llm-adapters', what));
    expect(cluster.writes).toEqual([]);
  });

  test('edits nothing where the version is loaded already', async () => {
    const cluster = anAdapterCluster();
    expect(await load(cluster, adapterPlan({ syncers: [] }))).toEqual({
      ...LOADED,
      outcome: { kind: 'objectsCreated', stage: 'workload', identities: [] },
    });
    expect(cluster.calls).toEqual([]);
  });
});

const wait = (cluster: AdapterCluster) =>
  awaitNewSide(cluster.ports(), jobOf({ kind: 'awaitNewSide' } as const, { plan: adapterPlan() }));

describe('waiting for the new version', () => {
  test('every ready pod of every pool must list it; the first that does not is named', async () => {
    const cluster = anAdapterCluster();
    const why: unknown[] = [];
    for (const served of cluster.loaded.values()) {
      const result = await wait(cluster);
      why.push(result.kind === 'again' ? result.why : result.kind);
      served.add(TO);
    }
    expect(why).toEqual([
      `pod llm-0 does not list ${TO} (0 of 4 pods do)`,
      `pod llm-1 does not list ${TO} (1 of 4 pods do)`,
      `pod llm-eu-0 does not list ${TO} (2 of 4 pods do)`,
      `pod llm-eu-1 does not list ${TO} (3 of 4 pods do)`,
    ]);
    expect(await wait(cluster)).toEqual({ kind: 'outcome', outcome: { kind: 'newSideReady', pods: 4 } });
  });

  test('a pod that does not answer is waited for', async () => {
    const cluster = anAdapterCluster();
    for (const served of cluster.loaded.values()) served.add(TO);
    cluster.deaf.add('llm-eu-1');
    expect(await wait(cluster)).toMatchObject({
      kind: 'again',
      why: 'pod llm-eu-1 does not say what it serves (3 of 4 pods do)',
    });
  });

  test('a pool without a ready pod is waited for', async () => {
    const cluster = anAdapterCluster();
    for (const name of cluster.loaded.keys()) cluster.remove('Pod', name);
    expect(await wait(cluster)).toMatchObject({ kind: 'again', why: 'no pod of llm, llm-eu is ready' });
    expect(ADAPTER.pools).toHaveLength(2);
  });
});
