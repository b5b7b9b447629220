import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../workflows/spec/canonical.ts';
import { aPicker, aPod, aPool, aRef, aRoute, aService, CLUSTER, NAMESPACE } from './a-cluster.ts';
import {
  aConfigMap,
  anAdapterCluster,
  anAdapterSpec,
  anInferenceModel,
  aRewrite,
  aServer,
  CONFIG,
  LLM_D,
  modelEra,
  observedAdapter,
  ruleOf,
  serving,
} from './an-adapter.ts';
import { disturbed, planned } from './planned.ts';

const slotOf = (alias: string): number => Number.parseInt(sha256Hex(alias).slice(0, 8), 16) % 16;

const locksOf = (pool: string): readonly string[] => [
  `${CLUSTER}/serving/${pool}/adapters/food-review`,
  `${CLUSTER}/serving/${pool}/slots/${slotOf('food-review')}`,
  `${CLUSTER}/serving/${pool}/versions/food-review-1`,
  `${CLUSTER}/serving/${pool}/versions/food-review-2`,
];

const side = (pool: string) => ({
  pool,
  poolUid: `uid-InferencePool-${pool}`,
  selector: { app: pool },
  port: 8000,
  picker: { service: `${pool}-epp`, selector: { app: `${pool}-epp` }, metricsPort: 9090 },
  replicas: 2,
});

const MINUTE = 60_000;
const target = (name: string, weight?: number) => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  ...(weight === undefined ? {} : { weight }),
});

const carrier = (more: Readonly<Record<string, unknown>> = {}) => ({
  group: 'inference.networking.x-k8s.io',
  version: 'v1alpha2',
  plural: 'inferencemodelrewrites',
  kind: 'InferenceModelRewrite',
  pool: 'llm',
  alias: 'food-review',
  isCreated: false,
  listWasAbsent: false,
  ...more,
});

describe('an adapter that no rewrite names yet', () => {
  const { plan } = planned(anAdapterSpec(), [], anAdapterCluster());

  test('is planned whole', () => {
    const { ladder, notInThisVersion, create, ...rest } = plan;
    expect(rest).toEqual({
      planVersion: 1,
      type: 'adapter',
      cluster: CLUSTER,
      namespace: NAMESPACE,
      old: side('llm'),
      new: side('llm'),
      source: 'existing',
      adapter: {
        alias: 'food-review',
        from: 'food-review-1',
        to: 'food-review-2',
        source: 'acme/food-review-2',
        pools: [side('llm')],
        syncers: [
          {
            namespace: NAMESPACE,
            name: 'llm-adapters',
            uid: 'uid-ConfigMap-llm-adapters',
            key: 'configmap.yaml',
            newWasThere: false,
          },
        ],
        confirmedBy: 'picker',
        unloadsOld: false,
      },
      routes: [
        {
          carrier: carrier({ isCreated: true }),
          namespace: NAMESPACE,
          name: 'food-review-llm',
          uid: '',
          gateways: [],
          rules: [{ index: 0, originals: [target('food-review-1', 1)], newRefWasThere: false }],
        },
      ],
      nodePool: null,
      delete: [],
      pacing: { settleMs: MINUTE, warmUpMs: MINUTE, extendFactor: 12 },
      gates: {
        tripwires: ['errors.fast', 'queue', 'adapter.notFound', 'adapterSlots'],
        errors: { ratioMax: 0.01, samplesMin: 200 },
        ttft: null,
        adapter: { samplesMin: 30, durationSamplesMin: 200, slots: 2 },
      },
      verify: {
        servedNames: [],
        adapters: ['food-review-2'],
        maxModelLenMin: null,
        warmUpRequests: 20,
        deadlineMs: 30 * MINUTE,
        effect: { mode: 'required', base: 'llama', prompts: {} },
      },
      objectives: { mode: 'leave', objects: [] },
      alerts: { project: 'acme', policies: [], holdWhileOpen: true },
      windows: [],
      approvals: { notByStarter: true },
      rollback: {
        floorPercent: 100,
        onHoldForMs: 480 * MINUTE,
        afterNewPodsMs: 60 * MINUTE,
        afterNodePoolMs: 24 * 60 * MINUTE,
      },
      retention: { oldMs: 24 * 60 * MINUTE, retire: 'keep' },
      drainMs: 120_000,
      deadlineMs: 3 * 24 * 60 * MINUTE,
      locks: locksOf('llm'),
    });
    expect(
      ladder.map(({ sharePercent, realSharePercent, judges }) => [sharePercent, realSharePercent, judges]),
    ).toEqual(
      [5, 25, 50, 100].map((share) => [
        share,
        share,
        // At 100 % the old version has no answers to compare with.
        ['errors', 'adapter.errors', ...(share === 100 ? [] : ['adapter.duration'])],
      ]),
    );
    expect(notInThisVersion.join()).not.toContain('spec.to.source');
    expect(create).toEqual([
      {
        stage: 'cheap',
        group: 'inference.networking.x-k8s.io',
        version: 'v1alpha2',
        plural: 'inferencemodelrewrites',
        namespace: NAMESPACE,
        object: {
          apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
          kind: 'InferenceModelRewrite',
          metadata: {
            name: 'food-review-llm',
            namespace: NAMESPACE,
            annotations: { 'sluice.dev/intent': '{id}' },
          },
          spec: {
            poolRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm' },
            rules: [
              {
                matches: [{ model: { type: 'Exact', value: 'food-review' } }],
                targets: [{ modelRewrite: 'food-review-1', weight: 1 }],
              },
            ],
          },
        },
      },
    ]);
  });

  test('what a name of the API cannot say gets a hash, and so does a name that is taken', () => {
    const nameOf = (alias: string, rewrites = anAdapterCluster().rewrites): string =>
      planned(anAdapterSpec({ model: alias }), [], anAdapterCluster({ rewrites })).plan.routes[0]?.name ?? '';
    const taken = [aRewrite('food-review-llm', [ruleOf(['other'], { modelRewrite: 'other-1' })])];
    expect([nameOf('Food/Review'), nameOf('food-review', taken), nameOf('a'.repeat(200)).length]).toEqual([
      `food-review-llm-${sha256Hex('Food/Review-llm').slice(0, 8)}`,
      `food-review-llm-${sha256Hex('food-review-llm').slice(0, 8)}`,
      63,
    ]);
  });

  test('where both groups are served, it is written in the one that the pool’s picker reads', () => {
    const served = { ...anAdapterCluster().served, 'llm-d.ai/v1alpha2': [LLM_D.plural] };
    const groupOf = (changes: Parameters<typeof anAdapterCluster>[0]): string | undefined =>
      planned(anAdapterSpec(), [], anAdapterCluster({ served, rewriteResource: LLM_D, ...changes })).plan
        .create[0]?.group;
    const upstream = (image: string) => {
      const picker = aPicker('llm-epp');
      const spec = JSON.parse(JSON.stringify(picker['spec'])) as {
        template: { spec: { containers: object[] } };
      };
      spec.template.spec.containers = [{ image, ports: [{ name: 'metrics', containerPort: 9090 }] }];
      return { ...picker, spec };
    };
    const other = [
      aRewrite('menu', [ruleOf(['menu'], { modelRewrite: 'menu-1' })], {
        group: 'inference.networking.x-k8s.io',
      }),
    ];
    expect([
      groupOf({}),
      groupOf({
        deployments: [aServer('llm'), upstream('registry.k8s.io/gateway-api-inference-extension/epp:v1.5.0')],
      }),
      groupOf({ rewrites: other }),
    ]).toEqual(['llm-d.ai', 'inference.networking.x-k8s.io', 'inference.networking.x-k8s.io']);
  });
});

describe('an adapter whose name has a rule', () => {
  const rewrites = [
    aRewrite('review', [
      ruleOf(['menu'], { modelRewrite: 'menu-1' }),
      ruleOf(['food-review'], { modelRewrite: 'food-review-1' }, { modelRewrite: 'spare' }),
    ]),
    aRewrite('elsewhere', [ruleOf(['food-review'], { modelRewrite: 'x' })], { pool: 'llm-new' }),
  ];
  const { plan } = planned(anAdapterSpec(), [], anAdapterCluster({ rewrites }));

  test('it is edited, its targets being the originals; other pools’ rules are none of ours', () => {
    expect([plan.create, plan.routes]).toEqual([
      [],
      [
        {
          carrier: carrier(),
          namespace: NAMESPACE,
          name: 'review',
          uid: 'uid-InferenceModelRewrite-review',
          gateways: [],
          rules: [{ index: 1, originals: [target('food-review-1'), target('spare')], newRefWasThere: false }],
        },
      ],
    ]);
  });

  test('the group of the object is kept', () => {
    const older = [aRewrite('review', [ruleOf(['food-review'], { modelRewrite: 'food-review-1' })])];
    const observed = anAdapterCluster({ rewriteResource: LLM_D, rewrites: older });
    expect(planned(anAdapterSpec(), [], observed).plan.routes[0]?.carrier?.group).toBe(
      'inference.networking.x-k8s.io',
    );
  });

  test('the name may be the old version’s own', () => {
    const { plan: own } = planned(anAdapterSpec({ model: 'food-review-1' }), [], anAdapterCluster());
    expect([own.adapter?.alias, own.routes[0]?.name]).toEqual(['food-review-1', 'food-review-1-llm']);
  });
});

describe('a cluster of InferenceModels', () => {
  const originals = (...models: Parameters<typeof modelEra>[0]) => {
    const [route] = planned(anAdapterSpec(), [], modelEra(models)).plan.routes;
    return { carrier: route?.carrier, name: route?.name, rules: route?.rules };
  };
  const INFERENCE_MODEL = carrier({ plural: 'inferencemodels', kind: 'InferenceModel' });

  test('the one of the name is edited', () => {
    expect(
      originals(
        anInferenceModel('other', 'menu'),
        anInferenceModel('review', 'food-review', [{ name: 'food-review-1', weight: 100 }]),
      ),
    ).toEqual({
      carrier: INFERENCE_MODEL,
      name: 'review',
      rules: [{ index: 0, originals: [target('food-review-1', 100)], newRefWasThere: false }],
    });
  });

  test('its pickers have no durations by the names that we know', () => {
    const era = modelEra([anInferenceModel('review', 'food-review-1')]);
    const { adapter, gates, ladder } = planned(anAdapterSpec({ model: 'food-review-1' }), [], era).plan;
    expect([adapter?.confirmedBy, gates.adapter?.durationSamplesMin, ladder[0]?.judges]).toEqual([
      'picker',
      undefined,
      ['errors', 'adapter.errors'],
    ]);
  });

  test('one without targets is its own target', () => {
    const spec = anAdapterSpec({ model: 'food-review-1' });
    const [route] = planned(spec, [], modelEra([anInferenceModel('review', 'food-review-1')])).plan.routes;
    expect([route?.carrier, route?.rules]).toEqual([
      { ...INFERENCE_MODEL, alias: 'food-review-1', listWasAbsent: true },
      [{ index: 0, originals: [target('food-review-1')], newRefWasThere: false }],
    ]);
  });
});

describe('an adapter that several pools serve', () => {
  const rules = [
    [aRef('llm', 90), aRef('llm-b', 10)],
    [aRef('llm-c', 0), aRef('llm', 1), aRef('llm-empty', 5), aRef('elsewhere', 1, { namespace: 'other' })],
    [aRef('llm-apart', 1)],
  ];
  const names = ['llm', 'llm-b', 'llm-c', 'llm-empty', 'llm-apart'];
  const observed = anAdapterCluster({
    routes: [aRoute('routes-to-llm', rules)],
    pools: names.map((name) => aPool(name)),
    services: names.map((name) => aService(`${name}-epp`)),
    deployments: names.flatMap((name) => [aServer(name), aPicker(`${name}-epp`)]),
    configMaps: [
      aConfigMap('llm-adapters'),
      aConfigMap('llm-b-adapters', `${CONFIG}    - id: food-review-2\n      source: acme/food-review-2\n`),
    ],
    pods: ['llm', 'llm-b', 'llm-c', 'llm-apart'].flatMap((name) => [
      aPod(`${name}-1`, name),
      aPod(`${name}-2`, name),
      aPod(`${name}-epp-1`, `${name}-epp`),
    ]),
    oldModels: ['llm-1', 'llm-2', 'llm-b-1', 'llm-b-2'].map((pod) => ({
      pod,
      models: serving('food-review-1'),
    })),
    adapter: observedAdapter({
      dryRuns: [],
      readablePickers: ['llm-epp-1', 'llm-b-epp-1'],
    }),
  });
  const { plan, hash } = planned(anAdapterSpec(), [], observed);

  test('is moved in all that a rule divides the traffic between, and in no other', () => {
    expect({
      pools: plan.adapter?.pools.map(({ pool }) => pool),
      carriers: plan.routes.map((route) => [route.carrier?.pool, route.name]),
      created: plan.create.map(({ object }) => object.metadata.name),
      syncers: plan.adapter?.syncers.map(({ name, newWasThere }) => [name, newWasThere]),
      locks: plan.locks,
    }).toEqual({
      pools: ['llm', 'llm-b'],
      carriers: [
        ['llm', 'food-review-llm'],
        ['llm-b', 'food-review-llm-b'],
      ],
      created: ['food-review-llm', 'food-review-llm-b'],
      syncers: [
        ['llm-adapters', false],
        ['llm-b-adapters', true],
      ],
      locks: [...locksOf('llm-b'), ...locksOf('llm')].sort(),
    });
  });

  test('is moved in one where the file says so', () => {
    const one = planned(anAdapterSpec({ pools: 'one' }), [], observed).plan;
    expect(one.adapter?.pools.map(({ pool }) => pool)).toEqual(['llm']);
  });

  test('is timed only where every pool’s counters can be read', () => {
    expect([plan.gates.adapter?.durationSamplesMin, plan.ladder[0]?.judges]).toEqual([
      200,
      ['errors', 'adapter.errors', 'adapter.duration'],
    ]);
    const adapter = observedAdapter({ dryRuns: [], readablePickers: ['llm-epp-1'] });
    const { gates, ladder } = planned(anAdapterSpec(), [], { ...observed, adapter }).plan;
    expect([gates.adapter, ladder[0]?.judges]).toEqual([
      { samplesMin: 30, slots: 2 },
      ['errors', 'adapter.errors'],
    ]);
  });

  test('is confirmed by the settle time as soon as one pool’s counters cannot be read', () => {
    const adapter = observedAdapter({ dryRuns: [], readablePickers: ['llm-epp-1'] });
    expect(planned(anAdapterSpec(), [], { ...observed, adapter }).plan.adapter?.confirmedBy).toBe('settle');
  });

  test('has the same plan whatever changed by itself', () => {
    expect(planned(anAdapterSpec(), [], disturbed(observed)).hash).toBe(hash);
  });
});
