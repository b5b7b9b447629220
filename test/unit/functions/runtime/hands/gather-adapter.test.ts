import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { adapterRights } from '../../../../../functions/runtime/hands/gather-adapter.ts';
import { gatherCluster } from '../../../../../functions/runtime/hands/gather-cluster.ts';
import { makePlan } from '../../../../../functions/runtime/hands/make-plan.ts';
import { type JsonPatch, type KubeObject, RESOURCES } from '../../../../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../../../../workflows/plans/observed-cluster.ts';
import { planRollout } from '../../../../../workflows/plans/plan-rollout.ts';
import { CLUSTER } from '../../../plans/a-cluster.ts';
import {
  anAdapterCluster,
  anAdapterSpec,
  anInferenceModel,
  aRewrite,
  LLM_D,
  loaded,
  modelEra,
  observedAdapter,
  ruleOf,
} from '../../../plans/an-adapter.ts';
import { fakeKubernetes, fakeModels, fakePorts, healthyPod, jobFor, refusal } from './build-fakes.ts';

const SPEC = anAdapterSpec();
const DIVIDED = [ruleOf(['food-review'], { modelRewrite: 'food-review-1' })];

const objectsOf = (cluster: ObservedCluster): readonly KubeObject[] => [
  ...cluster.pools,
  ...cluster.routes,
  ...cluster.gateways,
  ...cluster.services,
  ...cluster.deployments,
  ...cluster.pods,
  ...cluster.backendPolicies,
  ...cluster.configMaps,
  ...cluster.rewrites,
  ...(cluster.adapter?.models ?? []),
];

const without = (...plurals: readonly string[]) =>
  Object.fromEntries(
    Object.entries(anAdapterCluster().served).map(([group, names]) => [
      group,
      names.filter((name) => !plurals.includes(name)),
    ]),
  );

const planJob = (spec = SPEC) => jobFor({ kind: 'makePlan' }, { plan: null, spec });

const tries = (calls: readonly string[]): readonly string[] =>
  calls.filter((call) => call.startsWith('try ')).sort();

describe('gathering for an adapter', () => {
  test('gives the plan that its observation gives; a rewrite that would be created is tried', async () => {
    const observed = anAdapterCluster();
    const kubernetes = fakeKubernetes(objectsOf(observed));
    const result = await makePlan(fakePorts({ kubernetes }), planJob());
    const wanted = planRollout(SPEC, [], observed);
    expect(wanted.kind).toBe('planned');
    expect(result).toEqual({ kind: 'outcome', outcome: wanted });
    expect(tries(kubernetes.calls)).toEqual(['try create inferencemodelrewrites serving/food-review-llm']);
  });

  test('tries both writes on a rewrite that is there, and writes nothing', async () => {
    const rewrite = aRewrite('review', DIVIDED);
    const observed = anAdapterCluster({ rewrites: [rewrite] });
    const kubernetes = fakeKubernetes(objectsOf(observed));
    const patches: JsonPatch[] = [];
    const jsonPatch: typeof kubernetes.jsonPatch = (call) => {
      expect(call.dryRun).toBe(true);
      patches.push(call.patch);
      return kubernetes.jsonPatch(call);
    };
    await makePlan(fakePorts({ kubernetes: { ...kubernetes, jsonPatch } }), planJob());
    const targets = patches.map((patch) => {
      const copy = structuredClone(rewrite);
      const ops = patch.filter((op) => op.op !== 'test' || op.value !== null);
      expect(applyPatch(copy, structuredClone(ops) as never)).toEqual(ops.map(() => null));
      return (copy['spec'] as { rules: { targets: unknown }[] }).rules[0]?.targets;
    });
    expect(targets).toEqual([
      [
        { modelRewrite: 'food-review-1', weight: 95 },
        { modelRewrite: 'food-review-2', weight: 5 },
      ],
      [{ modelRewrite: 'food-review-1' }],
    ]);
    expect(patches.flat().filter(({ path }) => path.endsWith('/resourceVersion'))).toEqual([]);
  });

  test('finds InferenceModels where no rewrites are served', async () => {
    const model = anInferenceModel('review', 'food-review', [{ name: 'food-review-1', weight: 1 }]);
    const observed = modelEra([model]);
    const kubernetes = fakeKubernetes(objectsOf(observed), without('inferencemodelrewrites'));
    const result = await makePlan(fakePorts({ kubernetes }), planJob());
    expect(result).toEqual({ kind: 'outcome', outcome: planRollout(SPEC, [], observed) });
    expect(tries(kubernetes.calls)).toEqual([
      'try patch inferencemodels serving/review',
      'try patch inferencemodels serving/review',
    ]);
  });

  test('reads the rewrites of both groups where both are served', async () => {
    const served = { ...anAdapterCluster().served, 'llm-d.ai/v1alpha2': [LLM_D.plural] };
    const kubernetes = fakeKubernetes(objectsOf(anAdapterCluster()), served);
    await gatherCluster(fakePorts({ kubernetes }), SPEC, []);
    expect(kubernetes.calls.filter((call) => call.startsWith('list inferencemodelrewrites'))).toEqual([
      'list inferencemodelrewrites *',
      'list inferencemodelrewrites serving',
    ]);
  });

  test('reads slots from the pods, and which pickers tell their counters', async () => {
    const clock = { nowMs: 0 };
    const models = fakeModels(healthyPod, clock);
    const scrape: typeof models.scrape = async ({ targets, families }) =>
      targets.map(({ pod }) =>
        families.includes('vllm:lora_requests_info')
          ? {
              kind: 'answered',
              status: 200,
              samples: [
                {
                  name: 'vllm:lora_requests_info',
                  labels: { max_lora: pod === 'llm-2' ? '3' : '4', running_lora_adapters: '' },
                  value: 1,
                },
              ],
            }
          : { kind: 'answered', status: pod.includes('epp') ? 401 : 200, samples: [] },
      );
    const kubernetes = fakeKubernetes(objectsOf(anAdapterCluster()));
    const gathered = await gatherCluster(
      fakePorts({ kubernetes, clock, models: { ...models, scrape } }),
      SPEC,
      [],
    );
    expect(gathered.kind === 'gathered' ? gathered.observed.adapter : gathered).toEqual(
      observedAdapter({
        maxLoras: 3,
        readablePickers: [],
        dryRuns: [{ pool: 'llm', there: { status: 201, failure: null }, back: null }],
      }),
    );
  });

  test('a refused write is a finding, a rewrite that changed meanwhile is read again', async () => {
    const observed = anAdapterCluster({ rewrites: [aRewrite('review', DIVIDED)] });
    const answers = [refusal(403, 'Forbidden'), refusal(422, 'Invalid')];
    const results = await Promise.all(
      answers.map((answer) => {
        const kubernetes = fakeKubernetes(objectsOf(observed));
        kubernetes.interfere = (call) => (call.startsWith('try patch') ? { answer } : null);
        return makePlan(fakePorts({ kubernetes }), planJob());
      }),
    );
    expect(results).toMatchObject([
      { kind: 'outcome', outcome: { kind: 'refused', reason: 'preflight' } },
      { kind: 'again', inMs: 15_000 },
    ]);
  });

  test('for a plan that nobody started, the locks of the name are read', async () => {
    const key = `${CLUSTER}/serving/llm/adapters/food-review`;
    const kubernetes = fakeKubernetes(objectsOf(anAdapterCluster()));
    const gathered = await gatherCluster(fakePorts({ kubernetes, holders: { [key]: 'other-3' } }), SPEC, []);
    expect(gathered.kind === 'gathered' ? gathered.observed.locksHeld : gathered).toEqual([
      { key, holder: 'other-3' },
    ]);
  });
});

describe('rights that an adapter rollout asks for', () => {
  const rights = (spec: typeof SPEC, rewrites: readonly KubeObject[] | null): readonly string[] =>
    adapterRights(
      spec,
      {
        rewriteResource: rewrites === null ? null : RESOURCES.inferenceModelRewrite,
        modelResource: rewrites === null ? RESOURCES.inferenceModel : null,
        rewrites: rewrites ?? [],
      },
      ['llm'],
    ).map(({ verb, resource }) => `${verb} ${resource}`);

  test('are those of what it will write: no more where the name has a rule', () => {
    const asking = ['get pods/proxy', 'create pods/proxy'];
    expect([rights(SPEC, []), rights(SPEC, [aRewrite('review', DIVIDED)]), rights(loaded(), null)]).toEqual([
      [
        'patch inferencemodelrewrites',
        'create inferencemodelrewrites',
        'delete inferencemodelrewrites',
        ...asking,
        'patch configmaps',
      ],
      ['patch inferencemodelrewrites', ...asking, 'patch configmaps'],
      ['patch inferencemodels', ...asking],
    ]);
  });
});
