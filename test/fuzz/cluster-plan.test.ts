import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../workflows/plans/observed-cluster.ts';
import { planHash, planRollout } from '../../workflows/plans/plan-rollout.ts';
import { soundManifest } from '../../workflows/plans/sound-manifest.ts';
import { soundObject } from '../../workflows/plans/sound-object.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import {
  aCluster,
  aRef,
  aRoute,
  aSpec,
  baseModel,
  fromManifests,
  newManifests,
  stored,
  withoutNewSide,
} from '../unit/plans/a-cluster.ts';
import {
  anAdapterCluster,
  anAdapterSpec,
  anInferenceModel,
  aRewrite,
  modelEra,
  ruleOf,
} from '../unit/plans/an-adapter.ts';
import { fuzz, LONG, outcomeOf, type Verdict } from './fuzz.ts';
import { hostileNumber, hostileText } from './hostile-json.ts';
import { type Edit, edit, edited } from './mutate.ts';

interface Case {
  readonly spec: RolloutSpec;
  readonly manifests: readonly unknown[];
  readonly observed: ObservedCluster;
}

/** Something of every kind that preflight reads. */
const full = (cluster: ObservedCluster): ObservedCluster => ({
  ...cluster,
  objectives: [
    stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', 'chat', {
      spec: { priority: -1, poolRef: { name: 'llm', group: 'inference.networking.k8s.io' } },
    }),
  ],
  rewrites: [
    stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceModelRewrite', 'names', {
      spec: {
        poolRef: { name: 'llm' },
        rules: [{ matches: [{ model: { value: 'a' } }], targets: [{ modelRewrite: 'a', weight: 1 }] }],
      },
    }),
  ],
  referenceGrants: [
    stored('gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', 'grant', {
      spec: { from: [{ kind: 'HTTPRoute', namespace: 'other' }], to: [{ kind: 'InferencePool' }] },
    }),
  ],
  routes: [
    ...cluster.routes,
    aRoute('beside', [[aRef('llm', 3), aRef('other', 7)], [aRef('other', 1)]], {
      metadata: { annotations: { 'team/owner': 'a' }, labels: { a: 'b' } },
    }),
  ],
  autoscalers: [
    stored('autoscaling/v2', 'HorizontalPodAutoscaler', 'scaler', {
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'elsewhere' } },
    }),
  ],
  oldTtft: { edges: [0.1, 1, 10], cumulative: [900, 1990, 2000], count: 2000 },
  nodePools: {
    kind: 'ok',
    pools: [
      {
        name: 'h200',
        initialNodeCount: 1,
        locations: ['us-central1-b'],
        config: {
          machineType: 'a3-ultragpu-8g',
          taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NO_SCHEDULE' }],
          accelerators: [{ acceleratorType: 'nvidia-h200' }],
        },
        status: 'RUNNING',
      },
    ],
  },
});

const create = { create: { name: 'new', like: 'h200', nodes: 1, capacity: [{ onDemand: {} }] } };

const BASES: readonly Case[] = [
  { spec: aSpec(), manifests: [], observed: full(aCluster()) },
  { spec: baseModel(), manifests: [], observed: full(aCluster()) },
  {
    spec: fromManifests({ nodes: { nodePool: 'h200' } }, { retention: { retire: 'delete' } }),
    manifests: newManifests(),
    observed: full(withoutNewSide()),
  },
  { spec: fromManifests({ nodes: create }), manifests: newManifests(), observed: full(withoutNewSide()) },
  { spec: anAdapterSpec(), manifests: [], observed: anAdapterCluster() },
  {
    spec: anAdapterSpec(),
    manifests: [],
    observed: anAdapterCluster({
      rewrites: [
        aRewrite('review', [ruleOf(['food-review'], { modelRewrite: 'food-review-1', weight: 3 })]),
        aRewrite('names', [ruleOf([], { modelRewrite: 'llama' })]),
      ],
    }),
  },
  {
    spec: anAdapterSpec(),
    manifests: [],
    observed: modelEra([anInferenceModel('review', 'food-review', [{ name: 'food-review-1' }])]),
  },
].map((base) => ({
  ...base,
  spec: { ...base.spec, acknowledge: ['objectives-priorities', 'drain', 'rewrite-present'] },
}));

const LISTS = [
  'pools',
  'routes',
  'gateways',
  'objectives',
  'rewrites',
  'referenceGrants',
  'services',
  'deployments',
  'pods',
  'autoscalers',
  'backendPolicies',
  'healthCheckPolicies',
  'configMaps',
] as const satisfies readonly (keyof ObservedCluster)[];

/** As lists come from the shell: what has no sound metadata never gets that far. */
const soundOnly = (list: unknown): readonly KubeObject[] =>
  Array.isArray(list) ? list.map((object) => soundObject(object)).filter((object) => object !== null) : [];

const withSoundLists = (observed: ObservedCluster): ObservedCluster => ({
  ...observed,
  ...Object.fromEntries(LISTS.map((list) => [list, soundOnly(observed[list])])),
  ...(observed.adapter === undefined
    ? {}
    : { adapter: { ...observed.adapter, models: soundOnly(observed.adapter.models) } }),
});

/** Weights a plan may be made with are what the API takes. */
const check = (given: Case): Promise<Verdict> =>
  // What no API server can have said, a number without end in a field that is only carried along, has no hash.
  outcomeOf(
    () => checkPlan(given),
    (verdict) => verdict,
  );

const checkPlan = ({ spec, manifests, observed }: Case): Verdict => {
  const read = manifests.map(soundManifest);
  if (read.some((one) => one.kind === 'fault')) return 'turned away';
  const objects = read.flatMap((one) => (one.kind === 'ok' ? [one.object] : []));
  const result = planRollout(spec, objects, observed);
  if (result.kind === 'refused') {
    expect(result.findings.length).toBeGreaterThan(0);
    for (const finding of result.findings)
      for (const text of [finding.object, finding.what]) expect(text).toEqual(expect.any(String));
    return 'refused';
  }
  expect(planHash(result.plan)).toBe(result.hash);
  const text = JSON.stringify(result.plan);
  expect(JSON.stringify(JSON.parse(text))).toBe(text);
  for (const { rules } of result.plan.routes)
    for (const { originals } of rules)
      for (const { weight } of originals)
        expect(
          weight === undefined || (Number.isSafeInteger(weight) && weight >= 0),
          `weight ${weight}`,
        ).toBe(true);
  for (const side of [result.plan.old, result.plan.new]) {
    expect(Number.isSafeInteger(side.replicas) && side.replicas > 0, `replicas ${side.replicas}`).toBe(true);
    expect(Number.isSafeInteger(side.port) && side.port > 0, `port ${side.port}`).toBe(true);
  }
  for (const { realSharePercent, sharePercent } of result.plan.ladder)
    expect(realSharePercent >= 0 && realSharePercent <= sharePercent).toBe(true);
  return 'planned';
};

const clusterOf = (observed: ObservedCluster, edits: readonly Edit[]): ObservedCluster => {
  const lists = Object.fromEntries(LISTS.map((list) => [list, observed[list]]));
  return withSoundLists({ ...observed, ...edited(lists, edits) });
};

test('planRollout over mutated objects of the cluster', LONG, async () => {
  const seen = await fuzz({
    runs: 700,
    input: fc
      .tuple(fc.constantFrom(...BASES), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([base, edits]) => ({ ...base, observed: clusterOf(base.observed, edits) })),
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['planned', 'refused']));
});

test('planRollout over mutated manifests', LONG, async () => {
  const seen = await fuzz({
    runs: 400,
    input: fc
      .tuple(fc.constantFrom(...BASES.slice(2, 4)), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([base, edits]) => ({ ...base, manifests: edited(base.manifests, edits) })),
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['planned', 'refused', 'turned away']));
});

test('planRollout over weights, replicas and names of any kind', LONG, async () => {
  const seen = await fuzz({
    runs: 300,
    input: fc
      .tuple(
        fc.constantFrom(...BASES),
        fc.array(fc.oneof(hostileNumber, fc.constant(undefined), hostileText), {
          minLength: 1,
          maxLength: 4,
        }),
        hostileNumber,
      )
      .map(([base, weights, replicas]) => ({
        ...base,
        observed: withSoundLists({
          ...base.observed,
          routes: [
            aRoute('routes-to-llm', [
              weights.map((weight, index) => aRef(index % 2 === 0 ? 'llm' : 'other', weight as number)),
            ]),
          ],
          deployments: base.observed.deployments.map((one) => ({
            ...one,
            spec: { ...(one['spec'] as object), replicas },
          })),
        }),
      })),
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['planned', 'refused']));
});
