import { describe, expect, test } from 'vitest';
import { deleteObjects } from '../../../../../functions/runtime/hands/delete-objects.ts';
import type { KubeObject, ObjectIdentity } from '../../../../../workflows/kubernetes.ts';
import { FINDING_CODES, type FindingCode } from '../../../../../workflows/plans/finding-codes.ts';
import type { Plan } from '../../../../../workflows/plans/plan.ts';
import {
  ADAPTER,
  type AdapterCluster,
  ALIAS,
  ASKED,
  adapterPlan,
  anAdapterCluster,
  CONFIG,
  FROM,
  rewrite,
  TO,
  underRollout,
} from './an-adapter-cluster.ts';
import { jobOf } from './fake-cluster.ts';

interface Run {
  readonly plan?: Plan;
  readonly side?: 'new' | 'old';
  readonly identities?: readonly ObjectIdentity[];
  /** Since the decision. */
  readonly afterMs?: number;
}

const run = (
  cluster: AdapterCluster,
  { plan = adapterPlan(), side = 'new', identities = [], afterMs = 0 }: Run = {},
) =>
  deleteObjects(
    cluster.ports(),
    jobOf({ kind: 'deleteObjects', side, identities } as const, {
      plan,
      nowMs: 1_000_000 + afterMs,
      trafficSinceMs: 1,
    }),
  );

const done = (...notDone: readonly unknown[]) => ({
  kind: 'outcome',
  outcome: { kind: 'objectsDeleted', notDone },
});

const found = (code: FindingCode, object: string, what: string) => ({
  severity: 'W',
  code,
  object,
  what,
  why: FINDING_CODES[code].why,
  mend: FINDING_CODES[code].mend,
});

/** As it stands after a rollback: loaded, and no target any more. */
const loadedCluster = (): AdapterCluster => {
  const cluster = anAdapterCluster();
  for (const name of ['llm', 'llm-eu'] as const) cluster.write(ASKED, name);
  cluster.sync();
  cluster.put(rewrite('reviews', ALIAS, [FROM]));
  return cluster;
};

describe('taking back the new version', () => {
  test('orders it unloaded, waits until no pod lists it, and leaves the texts as they were', async () => {
    const cluster = loadedCluster();
    expect(await run(cluster)).toMatchObject({ kind: 'again', why: `pod llm-0 still lists ${TO}` });
    const away = `${CONFIG}  ensureNotExist:\n    models:\n    - id: ${TO}\n      source: gs://lora/${TO}\n`;
    expect([cluster.config(), cluster.config('llm-eu')]).toEqual([away, away]);
    expect(await run(cluster, { afterMs: 60_000 })).toMatchObject({ kind: 'again' });
    cluster.sync();
    expect(await run(cluster, { afterMs: 65_000 })).toEqual(done());
    expect([cluster.config(), cluster.config('llm-eu')]).toEqual([CONFIG, CONFIG]);
  });

  test('does not wait for ever for a pod that does not follow', async () => {
    const cluster = loadedCluster();
    await run(cluster);
    expect(await run(cluster, { afterMs: 599_000 })).toMatchObject({ kind: 'again' });
    expect(await run(cluster, { afterMs: 600_000 })).toEqual(done());
    expect(cluster.config()).toBe(CONFIG);
  });

  test('an entry that is not there yet may be on its way', async () => {
    const cluster = anAdapterCluster();
    expect(await run(cluster, { afterMs: 89_000 })).toMatchObject({ kind: 'again' });
    expect(await run(cluster, { afterMs: 90_000 })).toEqual(done());
    expect(cluster.writes).toEqual([]);
  });

  test('leaves what it found: asked for before, or to be unloaded before', async () => {
    const cluster = loadedCluster();
    const there = adapterPlan({ syncers: ADAPTER.syncers.map((one) => ({ ...one, newWasThere: true })) });
    expect(await run(cluster, { plan: there })).toEqual(done());
    expect(cluster.writes).toEqual([]);
    const away = adapterPlan({ syncers: ADAPTER.syncers.map((one) => ({ ...one, newWasAway: true })) });
    await run(cluster, { plan: away });
    cluster.sync();
    expect(await run(cluster, { plan: away })).toEqual(done());
    expect(cluster.config()).toContain(`ensureNotExist:\n    models:\n    - id: ${TO}`);
  });

  test('an entry that somebody has given another source stays, with a finding', async () => {
    const cluster = loadedCluster();
    const theirs = ASKED.replace('gs://lora/food-review-2', 's3://elsewhere');
    cluster.write(theirs, 'llm-eu');
    await run(cluster);
    cluster.sync();
    expect(await run(cluster, { afterMs: 600_000 })).toEqual(
      done(
        found(
          'syncer-changed',
          'ConfigMap serving/llm-eu-adapters',
          `It asks for ${TO} from s3://elsewhere.`,
        ),
      ),
    );
    expect([cluster.config(), cluster.config('llm-eu')]).toEqual([CONFIG, theirs]);
  });

  test('writes nothing once the rollout has decided anew', async () => {
    const cluster = loadedCluster();
    cluster.fence = 6;
    expect([await run(cluster), cluster.writes]).toEqual([{ kind: 'stale' }, []]);
  });
});

const model = (targets: readonly string[] | null, modelName = ALIAS): KubeObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModel',
  metadata: { name: 'a-model', namespace: 'serving', uid: 'uid-a-model' },
  spec: { modelName, ...(targets === null ? {} : { targetModels: targets.map((name) => ({ name })) }) },
});

const STILL: readonly (readonly [string, KubeObject, string])[] = [
  [
    'a rewrite of our alias',
    rewrite('reviews', ALIAS, [FROM, TO]),
    'InferenceModelRewrite serving/reviews names it.',
  ],
  [
    'a rewrite of another',
    rewrite('others', 'dish-review', [TO]),
    'InferenceModelRewrite serving/others names it.',
  ],
  [
    'a rollout of another alias that would go back to it',
    underRollout(rewrite('others', 'dish-review', ['dish-3']), 'dish-review', [TO]),
    'InferenceModelRewrite serving/others names it.',
  ],
  ['a model', model([TO]), 'InferenceModel serving/a-model names it.'],
  ['a model that is its own target', model(null, TO), 'InferenceModel serving/a-model names it.'],
];

describe('a version that something still names', () => {
  test.each(STILL)('%s: it stays, with a finding', async (_, object, what) => {
    const cluster = loadedCluster();
    cluster.put(object);
    expect(await run(cluster)).toEqual(done(found('adapter-in-use', `Adapter ${TO}`, what)));
    expect([cluster.config(), cluster.writes]).toEqual([ASKED, []]);
  });

  test('what our own rollout left behind is no reference', async () => {
    const cluster = loadedCluster();
    cluster.put(underRollout(rewrite('reviews', ALIAS, [FROM]), ALIAS, [TO]));
    expect(await run(cluster)).toMatchObject({ kind: 'again', why: `pod llm-0 still lists ${TO}` });
  });
});

describe('unloading the old version', () => {
  const plan = adapterPlan({ unloadsOld: true });

  test('moves its entry to what is to be unloaded, and there it stays', async () => {
    const cluster = loadedCluster();
    cluster.put(rewrite('reviews', ALIAS, [TO]));
    expect(await run(cluster, { plan, side: 'old' })).toEqual(done());
    expect(cluster.config()).toBe(
      ASKED.replace(`    - id: ${FROM}\n      source: gs://lora/${FROM}\n`, '').concat(
        `  ensureNotExist:\n    models:\n    - id: ${FROM}\n      source: gs://lora/${FROM}\n`,
      ),
    );
  });

  test('not while a rewrite names it, and not where it is kept', async () => {
    const cluster = loadedCluster();
    expect(await run(cluster, { plan, side: 'old' })).toEqual(
      done(found('adapter-in-use', `Adapter ${FROM}`, 'InferenceModelRewrite serving/reviews names it.')),
    );
    expect(await run(cluster, { side: 'old' })).toEqual(done());
    expect(cluster.writes).toEqual([]);
  });
});

describe('a rewrite that this rollout has made', () => {
  const identity: ObjectIdentity = {
    group: 'inference.networking.x-k8s.io',
    version: 'v1alpha2',
    plural: 'inferencemodelrewrites',
    kind: 'InferenceModelRewrite',
    namespace: 'serving',
    name: 'reviews',
    uid: 'uid-reviews',
  };

  test('goes, though the pool that it is bound to has routes', async () => {
    const cluster = loadedCluster();
    await run(cluster, { identities: [identity] });
    expect(cluster.deleted).toEqual(['reviews']);
  });

  test('stays with a finding where others have put rules there', async () => {
    const cluster = loadedCluster();
    const mine = rewrite('reviews', ALIAS, [FROM]);
    const { rules } = mine['spec'] as { rules: unknown[] };
    const theirs = (rewrite('x', 'dish', ['dish-1'])['spec'] as { rules: unknown[] }).rules;
    cluster.put({ ...mine, spec: { rules: [...rules, ...theirs] } });
    await run(cluster, { identities: [identity] });
    cluster.sync();
    expect(await run(cluster, { identities: [identity] })).toEqual(
      done(
        found(
          'still-referenced',
          'InferenceModelRewrite serving/reviews',
          'Others have written to it: rules of other names, or clients for the new version.',
        ),
      ),
    );
    expect([cluster.deleted, cluster.config()]).toEqual([[], CONFIG]);
  });
});
