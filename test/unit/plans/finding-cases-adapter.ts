import {} from '../../../workflows/kubernetes.ts';
import { aPicker, aPool, CLUSTER, NAMESPACE } from './a-cluster.ts';
import {
  FROM,
  MAP,
  REWRITE,
  rewritten,
  SERVER,
  SPEC,
  served,
  withPicker,
  withServer,
} from './adapter-fixtures.ts';
import {
  ARGUMENTS,
  aConfigMap,
  anAdapterCluster,
  anAdapterSpec,
  aRewrite,
  aServer,
  CONFIG,
  loaded,
  modelEra,
  observedAdapter,
  ruleOf,
  serving,
  syncer,
} from './an-adapter.ts';
import { type Case, OLD, status } from './finding-fixtures.ts';

const ROLLOUT = 'Rollout llm-to-new';

const VERSIONS: readonly Case[] = [
  {
    code: 'adapter-not-served',
    severity: 'E',
    object: OLD,
    what: 'Pod llm-2 is without food-review-1.',
    spec: SPEC,
    observed: served('other'),
  },
  {
    code: 'adapter-not-loaded',
    severity: 'E',
    object: OLD,
    what: 'Pods llm-1, llm-2 are without food-review-2.',
    spec: loaded(),
    observed: anAdapterCluster(),
  },
  {
    code: 'adapter-source-differs',
    severity: 'W',
    object: MAP,
    what: 'It asks for food-review-2 from acme/other, the file says acme/food-review-2.',
    spec: SPEC,
    observed: anAdapterCluster({
      configMaps: [
        aConfigMap('llm-adapters', `${CONFIG}    - id: food-review-2\n      source: acme/other\n`),
      ],
    }),
  },
  {
    code: 'adapter-source',
    severity: 'W',
    object: SERVER,
    what: '/models/food-review-2 lies in no volume of its model server.',
    spec: anAdapterSpec({
      to: { name: 'food-review-2', source: '/models/food-review-2', load: 'syncer' },
    }),
    observed: anAdapterCluster(),
  },
  {
    code: 'alias-served',
    severity: 'E',
    object: OLD,
    what: '2 of its pods answer to llama themselves; a rewrite would send it to food-review-1.',
    spec: anAdapterSpec({ model: 'llama' }),
    observed: anAdapterCluster(),
  },
  {
    code: 'prompts-unused',
    severity: 'W',
    object: ROLLOUT,
    what: 'verify.adapters.prompts names food-review-3; verified are food-review-2.',
    spec: anAdapterSpec({}, { verify: { adapters: { prompts: { 'food-review-3': ['Hello'] } } } }),
    observed: anAdapterCluster(),
  },
];

const CARRIERS: readonly Case[] = [
  {
    code: 'rewrites-not-served',
    severity: 'E',
    object: `Cluster ${CLUSTER}`,
    what: 'Nothing can rewrite food-review there.',
    spec: SPEC,
    observed: anAdapterCluster({ rewriteResource: null }),
  },
  {
    code: 'inference-model-missing',
    severity: 'E',
    object: OLD,
    what: 'No InferenceModel of it has modelName food-review.',
    spec: SPEC,
    observed: modelEra([]),
  },
  {
    code: 'alias-foreign',
    severity: 'E',
    object: REWRITE,
    what: 'Rule 0 matches food-review, menu.',
    spec: SPEC,
    observed: rewritten(ruleOf(['food-review', 'menu'], FROM)),
  },
  {
    code: 'alias-ambiguous',
    severity: 'E',
    object: OLD,
    what: `food-review has a rule in InferenceModelRewrite ${NAMESPACE}/a of inference.networking.x-k8s.io/v1alpha2 and InferenceModelRewrite ${NAMESPACE}/b of inference.networking.x-k8s.io/v1alpha2.`,
    spec: SPEC,
    observed: anAdapterCluster({
      rewrites: ['b', 'a'].map((name) => aRewrite(name, [ruleOf(['food-review'], FROM)])),
    }),
  },
  {
    code: 'alias-shadowed',
    severity: 'W',
    object: `InferenceModelRewrite ${NAMESPACE}/again`,
    what: `It has a rule for food-review, and ${REWRITE} is older.`,
    spec: SPEC,
    observed: anAdapterCluster({
      rewrites: [
        aRewrite('again', [ruleOf(['food-review'], FROM)], { created: '2026-11-02T00:00:00Z' }),
        aRewrite('review', [ruleOf(['food-review'], FROM)]),
      ],
    }),
  },
  {
    code: 'alias-weights-mixed',
    severity: 'E',
    object: REWRITE,
    what: 'Rule 1 for food-review has targets with and without a weight.',
    spec: SPEC,
    observed: rewritten(
      ruleOf(['menu'], { modelRewrite: 'menu-1' }),
      ruleOf(['food-review'], FROM, { modelRewrite: 'spare' }),
    ),
  },
  {
    code: 'alias-elsewhere',
    severity: 'E',
    object: REWRITE,
    what: 'Its rule for food-review does not name food-review-1.',
    spec: SPEC,
    observed: rewritten(ruleOf(['food-review'], { modelRewrite: 'food-review-0' })),
  },
  {
    code: 'alias-already-split',
    severity: 'E',
    object: REWRITE,
    what: 'Rule 0 gives food-review-2 the weight 5.',
    spec: SPEC,
    observed: rewritten(
      ruleOf(['food-review'], { ...FROM, weight: 95 }, { modelRewrite: 'food-review-2', weight: 5 }),
    ),
  },
  {
    code: 'alias-not-editable',
    severity: 'E',
    object: REWRITE,
    what: 'A share for food-review-2 is refused: 422 Invalid spec.rules[0].targets: Too many.',
    spec: SPEC,
    observed: anAdapterCluster({
      rewrites: [aRewrite('review', [ruleOf(['food-review'], FROM)])],
      adapter: observedAdapter({
        dryRuns: [
          {
            pool: 'llm',
            there: status(422, 'Invalid', [{ field: 'spec.rules[0].targets', message: 'Too many' }]),
            back: { status: 200, failure: null },
          },
        ],
      }),
    }),
  },
  {
    code: 'adapter-no-picker',
    severity: 'E',
    object: OLD,
    what: 'It has no endpointPickerRef to a Service.',
    spec: SPEC,
    observed: anAdapterCluster({ pools: [aPool('llm', { endpointPickerRef: undefined })] }),
  },
  {
    code: 'picker-too-old',
    severity: 'I',
    object: OLD,
    what: 'Its picker runs registry.k8s.io/gateway-api-inference-extension/epp:v1.0.1.',
    spec: SPEC,
    observed: withPicker('registry.k8s.io/gateway-api-inference-extension/epp:v1.0.1'),
  },
  {
    code: 'settle-only',
    severity: 'I',
    object: ROLLOUT,
    what: 'The counters of the pickers of llm cannot be read.',
    spec: SPEC,
    observed: anAdapterCluster({ adapter: observedAdapter({ readablePickers: [] }) }),
  },
];

const replaced = (flag: string, by: readonly string[]): readonly string[] =>
  ARGUMENTS.flatMap((word) => (word === flag ? by : [word]));

const SERVERS: readonly Case[] = [
  {
    code: 'lora-disabled',
    severity: 'E',
    object: SERVER,
    what: 'Its arguments have no --enable-lora.',
    spec: SPEC,
    observed: anAdapterCluster({
      deployments: [aServer('llm', { args: replaced('--enable-lora', []) }), aPicker('llm-epp')],
      oldModels: [{ pod: 'llm-1', models: serving() }],
    }),
  },
  {
    code: 'lora-slots',
    severity: 'W',
    object: SERVER,
    what: 'With food-review-2 its pods have 2 adapters, --max-loras is 1.',
    spec: SPEC,
    observed: withServer({ args: replaced('--max-loras=2', ['--max_loras', '1']) }),
  },
  {
    code: 'lora-rank',
    severity: 'I',
    object: SERVER,
    what: '--max-lora-rank is 16; the rank of acme/food-review-2 is not known.',
    spec: SPEC,
    observed: anAdapterCluster(),
  },
  {
    code: 'lora-updating-off',
    severity: 'E',
    object: SERVER,
    what: 'VLLM_ALLOW_RUNTIME_LORA_UPDATING is not set.',
    spec: SPEC,
    observed: withServer({ env: [] }),
  },
  {
    code: 'syncer-missing',
    severity: 'E',
    object: SERVER,
    what: 'None of its containers has DYNAMIC_LORA_ROLLOUT_CONFIG.',
    spec: SPEC,
    observed: withServer({ initContainers: [] }),
  },
  {
    code: 'syncer-config',
    severity: 'E',
    object: MAP,
    what: 'It does not exist, and the sidecar reads it.',
    spec: SPEC,
    observed: anAdapterCluster({ configMaps: [] }),
  },
  {
    code: 'syncer-subpath',
    severity: 'E',
    object: SERVER,
    what: '/config/configmap.yaml is mounted by subPath.',
    spec: SPEC,
    observed: withServer({
      initContainers: [syncer({ mountPath: '/config/configmap.yaml', subPath: 'configmap.yaml' })],
    }),
  },
  {
    code: 'syncer-base',
    severity: 'W',
    object: MAP,
    what: 'It names the base model meta/llama-2; the pods serve llama, meta/llama.',
    spec: SPEC,
    observed: anAdapterCluster({
      configMaps: [aConfigMap('llm-adapters', CONFIG.replace('meta/llama', 'meta/llama-2'))],
    }),
  },
];

export const ADAPTERS: readonly Case[] = [...VERSIONS, ...CARRIERS, ...SERVERS];
