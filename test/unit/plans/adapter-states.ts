import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { aCluster, NAMESPACE, stored } from './a-cluster.ts';
import { FROM, MAP, REWRITE, rewritten, SERVER, SPEC, withPicker, withServer } from './adapter-fixtures.ts';
import {
  aConfigMap,
  anAdapterCluster,
  anAdapterSpec,
  aRewrite,
  CONFIG,
  modelEra,
  observedAdapter,
  ruleOf,
  serving,
} from './an-adapter.ts';
import { type Case, OLD, status } from './finding-fixtures.ts';

/** States that have a code of their own already, or a milder or graver case of one. */
export const MORE_ADAPTER_STATES: readonly (Case & { readonly name: string })[] = [
  {
    name: 'a pod does not answer',
    code: 'names-unknown',
    severity: 'W',
    object: OLD,
    what: '1 of 2 ready pods did not answer GET /v1/models.',
    spec: SPEC,
    observed: anAdapterCluster({ oldModels: [{ pod: 'llm-1', models: serving('food-review-1') }] }),
  },
  {
    name: 'no slot is left in memory',
    code: 'lora-slots',
    severity: 'E',
    object: SERVER,
    what: 'With food-review-2 its pods have 5 adapters, --max-cpu-loras is 4.',
    spec: SPEC,
    observed: anAdapterCluster({
      oldModels: [
        { pod: 'llm-1', models: serving('food-review-1', 'a', 'b', 'c') },
        { pod: 'llm-2', models: serving('food-review-1') },
      ],
    }),
  },
  {
    name: 'the source’s name says too high a rank',
    code: 'lora-rank',
    severity: 'W',
    object: SERVER,
    what: '--max-lora-rank is 16; the name acme/food-review_r64 says rank 64.',
    spec: anAdapterSpec({ to: { name: 'food-review-2', source: 'acme/food-review_r64', load: 'syncer' } }),
    observed: anAdapterCluster(),
  },
  {
    name: 'a repository, and servers that may not ask for it',
    code: 'adapter-source',
    severity: 'W',
    object: SERVER,
    what: 'HF_HUB_OFFLINE is set, and acme/food-review-2 is a repository.',
    spec: SPEC,
    observed: withServer({
      env: [
        { name: 'VLLM_ALLOW_RUNTIME_LORA_UPDATING', value: '1' },
        { name: 'HF_HUB_OFFLINE', value: '1' },
      ],
    }),
  },
  {
    name: 'a bucket',
    code: 'adapter-source',
    severity: 'I',
    object: SERVER,
    what: 'gs://lora/food-review-2 is an address; plain vLLM reads folders and repositories of Hugging Face.',
    spec: anAdapterSpec({ to: { name: 'food-review-2', source: 'gs://lora/food-review-2', load: 'syncer' } }),
    observed: anAdapterCluster(),
  },
  {
    name: 'a rule for every name rewrites today',
    code: 'alias-foreign',
    severity: 'E',
    object: REWRITE,
    what: 'Rule 0 matches every name, food-review included.',
    spec: SPEC,
    observed: rewritten(ruleOf([], FROM)),
  },
  {
    name: 'rules in both groups',
    code: 'alias-ambiguous',
    severity: 'E',
    object: OLD,
    what: `food-review has a rule in InferenceModelRewrite ${NAMESPACE}/a of inference.networking.x-k8s.io/v1alpha2 and InferenceModelRewrite ${NAMESPACE}/b of llm-d.ai/v1alpha2.`,
    spec: SPEC,
    observed: anAdapterCluster({
      rewrites: [
        aRewrite('b', [ruleOf(['food-review'], FROM)], {
          group: 'llm-d.ai',
          created: '2026-11-02T00:00:00Z',
        }),
        aRewrite('a', [ruleOf(['food-review'], FROM)]),
      ],
    }),
  },
  {
    name: 'an InferenceModel with mixed weights',
    code: 'alias-weights-mixed',
    severity: 'E',
    object: `InferenceModel ${NAMESPACE}/review`,
    what: 'Rule 0 for food-review has targets with and without a weight.',
    spec: SPEC,
    observed: modelEra([
      stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceModel', 'review', {
        spec: {
          modelName: 'food-review',
          poolRef: { name: 'llm' },
          targetModels: [{ name: 'food-review-1', weight: 1 }, { name: 'spare' }],
        },
      }),
    ]),
  },
  {
    name: 'an InferenceModel of its own name, asked to move another',
    code: 'alias-elsewhere',
    severity: 'E',
    object: `InferenceModel ${NAMESPACE}/review`,
    what: 'Its rule for food-review does not name food-review-1.',
    spec: SPEC,
    observed: modelEra([
      stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceModel', 'review', {
        spec: { modelName: 'food-review', poolRef: { name: 'llm' } },
      }),
    ]),
  },
  {
    name: 'the created rewrite’s name is taken',
    code: 'name-taken',
    severity: 'E',
    object: `InferenceModelRewrite ${NAMESPACE}/food-review-llm`,
    what: 'An object of this name exists already.',
    spec: SPEC,
    observed: anAdapterCluster({
      adapter: observedAdapter({
        dryRuns: [{ pool: 'llm', there: status(409, 'AlreadyExists'), back: null }],
      }),
    }),
  },
  {
    name: 'rewrites may not be created',
    code: 'no-permission',
    severity: 'E',
    object: `InferenceModelRewrite ${NAMESPACE}/food-review-llm`,
    what: 'The API server does not let me create it: 403 Forbidden said the server.',
    spec: SPEC,
    observed: anAdapterCluster({
      adapter: observedAdapter({ dryRuns: [{ pool: 'llm', there: status(403, 'Forbidden'), back: null }] }),
    }),
  },
  {
    name: 'ConfigMaps may not be patched',
    code: 'no-permission',
    severity: 'E',
    object: `Namespace ${NAMESPACE}`,
    what: 'I may not patch configmaps.',
    spec: SPEC,
    observed: anAdapterCluster({
      access: [
        {
          verb: 'patch',
          group: '',
          resource: RESOURCES.configMap.plural,
          namespace: NAMESPACE,
          allowed: false,
        },
      ],
    }),
  },
  {
    name: 'the way back is refused',
    code: 'way-back',
    severity: 'E',
    object: REWRITE,
    what: 'Putting its targets back is refused: 400 BadRequest said the server.',
    spec: SPEC,
    observed: anAdapterCluster({
      rewrites: [aRewrite('review', [ruleOf(['food-review'], FROM)])],
      adapter: observedAdapter({
        dryRuns: [{ pool: 'llm', there: { status: 200, failure: null }, back: status(400, 'BadRequest') }],
      }),
    }),
  },
  {
    name: 'the ConfigMap lacks the sidecar’s file',
    code: 'syncer-config',
    severity: 'E',
    object: MAP,
    what: 'It has no key configmap.yaml.',
    spec: SPEC,
    observed: anAdapterCluster({ configMaps: [aConfigMap('llm-adapters', CONFIG, 'config.yaml')] }),
  },
  {
    name: 'the ConfigMap’s text is no YAML',
    code: 'syncer-config',
    severity: 'E',
    object: MAP,
    what: 'Its key configmap.yaml is no YAML text with vLLMLoRAConfig.',
    spec: SPEC,
    observed: anAdapterCluster({ configMaps: [aConfigMap('llm-adapters', 'vLLMLoRAConfig: [')] }),
  },
  {
    name: 'the ConfigMap’s models are no list',
    code: 'syncer-config',
    severity: 'E',
    object: MAP,
    what: 'Its key configmap.yaml cannot be edited: vLLMLoRAConfig.ensureExist.models is no list that can be edited.',
    spec: SPEC,
    observed: anAdapterCluster({
      configMaps: [
        aConfigMap('llm-adapters', 'vLLMLoRAConfig:\n  ensureExist:\n    models: { food-review-1: here }\n'),
      ],
    }),
  },
  {
    name: 'the sidecar’s file comes from a folder of the image',
    code: 'syncer-config',
    severity: 'E',
    object: SERVER,
    what: 'The sidecar’s /config/configmap.yaml comes from no ConfigMap.',
    spec: SPEC,
    observed: withServer({ volumes: [{ name: 'config-volume', emptyDir: {} }] }),
  },
  {
    name: 'the ConfigMap belongs to Argo CD',
    code: 'gitops-owner',
    severity: 'W',
    object: MAP,
    what: 'Argo CD reconciles it and may undo the edit within seconds.',
    spec: SPEC,
    observed: anAdapterCluster({
      configMaps: [
        {
          ...aConfigMap('llm-adapters'),
          metadata: {
            ...aConfigMap('llm-adapters').metadata,
            annotations: { 'argocd.argoproj.io/tracking-id': 'serving:x' },
          },
        },
      ],
    }),
  },
  {
    name: 'a picker that knows no rewrites, and an old version that shall go',
    code: 'picker-too-old',
    severity: 'W',
    object: OLD,
    what: 'Its picker runs registry.k8s.io/gateway-api-inference-extension/epp:v1.1.0.',
    spec: anAdapterSpec({}, { retention: { retire: 'unload' } }),
    observed: withPicker('registry.k8s.io/gateway-api-inference-extension/epp:v1.1.0'),
  },
  {
    name: 'too few pods are ready',
    code: 'old-not-ready',
    severity: 'E',
    object: OLD,
    what: '0 of 2 pods are ready, the rollback floor needs 2.',
    spec: SPEC,
    observed: anAdapterCluster({
      pods: aCluster().pods.map((pod) =>
        pod.metadata.labels?.['app'] === 'llm' ? { ...pod, status: { phase: 'Running' } } : pod,
      ),
    }),
  },
  {
    name: 'no route leads to the pool',
    code: 'routes-none',
    severity: 'E',
    object: OLD,
    what: 'No HTTPRoute of any namespace names llm in a backendRef.',
    spec: SPEC,
    observed: anAdapterCluster({ routes: [] }),
  },
];
