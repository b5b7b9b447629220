/** A pool `llm` whose two pods serve `food-review-1`, with the sidecar that would load `food-review-2`. */
import type { KubeObject, KubeResource } from '../../../workflows/kubernetes.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import type { ObservedAdapter, ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { aCluster, aDeployment, aPicker, aSpec, stored } from './a-cluster.ts';

type Map = Readonly<Record<string, unknown>>;

export const LLM_D: KubeResource = { ...RESOURCES.inferenceModelRewrite, group: 'llm-d.ai' };

export const anAdapterSpec = (adapter: Map = {}, changes: Map = {}): RolloutSpec =>
  aSpec({
    type: 'adapter',
    to: undefined,
    retention: undefined,
    adapter: {
      model: 'food-review',
      from: 'food-review-1',
      to: { name: 'food-review-2', source: 'acme/food-review-2', load: 'syncer' },
      ...adapter,
    },
    ...changes,
  });

export const loaded = (adapter: Map = {}, changes: Map = {}): RolloutSpec =>
  anAdapterSpec(
    { to: { name: 'food-review-2', source: 'acme/food-review-2', load: 'loaded' }, ...adapter },
    changes,
  );

export const ARGUMENTS: readonly string[] = [
  '--model',
  'meta/llama',
  '--enable-lora',
  '--max-loras=2',
  '--max-cpu-loras',
  '4',
  '--max-lora-rank',
  '16',
];

export interface Server {
  readonly args?: readonly string[];
  readonly env?: readonly Map[];
  readonly mounts?: readonly Map[];
  readonly initContainers?: readonly Map[];
  readonly volumes?: readonly Map[];
}

const UPDATING = { name: 'VLLM_ALLOW_RUNTIME_LORA_UPDATING', value: 'true' };

export const syncer = (mount: Map = {}, image = 'example.com/lora-syncer:v1.5.0'): Map => ({
  name: 'lora-adapter-syncer',
  image,
  env: [{ name: 'DYNAMIC_LORA_ROLLOUT_CONFIG', value: '/config/configmap.yaml' }],
  volumeMounts: [{ name: 'config-volume', mountPath: '/config', ...mount }],
});

export const aServer = (name: string, server: Server = {}): KubeObject =>
  aDeployment(name, {
    pod: {
      initContainers: server.initContainers ?? [syncer()],
      containers: [
        {
          name: 'vllm',
          command: ['vllm', 'serve'],
          args: server.args ?? ARGUMENTS,
          ports: [{ containerPort: 8000 }],
          env: server.env ?? [UPDATING],
          volumeMounts: server.mounts ?? [{ name: 'adapters', mountPath: '/adapters/' }],
        },
      ],
      volumes: server.volumes ?? [{ name: 'config-volume', configMap: { name: `${name}-adapters` } }],
    },
  });

export const CONFIG = `vLLMLoRAConfig:
  name: adapters
  port: 8000
  defaultBaseModel: meta/llama
  ensureExist:
    models:
    - id: food-review-1
      source: acme/food-review-1
`;

export const aConfigMap = (name: string, text: string = CONFIG, key = 'configmap.yaml'): KubeObject =>
  stored('v1', 'ConfigMap', name, { data: { [key]: text } });

export const aModel = (id: string, root: string | null = null) => ({
  id,
  parent: 'llama',
  root,
  maxModelLen: null,
});

export const serving = (...adapters: readonly string[]) => [
  { id: 'llama', parent: null, root: 'meta/llama', maxModelLen: 8192 },
  ...adapters.map((adapter) => aModel(adapter)),
];

export interface Target {
  readonly modelRewrite: string;
  readonly weight?: number;
}

export const ruleOf = (names: readonly string[], ...targets: readonly Target[]): Map => ({
  matches: names.map((value) => ({ model: { type: 'Exact', value } })),
  targets,
});

export const aRewrite = (
  name: string,
  rules: readonly Map[],
  { pool = 'llm', group = 'inference.networking.x-k8s.io', created = '2026-11-01T00:00:00Z' } = {},
): KubeObject =>
  stored(`${group}/v1alpha2`, 'InferenceModelRewrite', name, {
    metadata: { creationTimestamp: created, resourceVersion: '7' },
    spec: { poolRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: pool }, rules },
  });

export const anInferenceModel = (
  name: string,
  modelName: string,
  targetModels?: readonly Map[],
): KubeObject =>
  stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceModel', name, {
    metadata: { creationTimestamp: '2026-11-01T00:00:00Z', resourceVersion: '7' },
    spec: {
      modelName,
      criticality: 'Critical',
      poolRef: { group: 'inference.networking.x-k8s.io', kind: 'InferencePool', name: 'llm' },
      ...(targetModels === undefined ? {} : { targetModels }),
    },
  });

const ok = { status: 200, failure: null };

export const observedAdapter = (changes: Partial<ObservedAdapter> = {}): ObservedAdapter => ({
  modelResource: null,
  models: [],
  dryRuns: [{ pool: 'llm', there: ok, back: ok }],
  readablePickers: ['llm-epp-1'],
  maxLoras: null,
  ...changes,
});

/** Nothing to say about it but what nobody can know from here. */
export const anAdapterCluster = (changes: Partial<ObservedCluster> = {}): ObservedCluster =>
  aCluster({
    deployments: [aServer('llm'), aPicker('llm-epp')],
    configMaps: [aConfigMap('llm-adapters')],
    oldModels: [
      { pod: 'llm-1', models: serving('food-review-1') },
      { pod: 'llm-2', models: serving('food-review-1') },
    ],
    adapter: observedAdapter(),
    ...changes,
  });

/** A cluster from before rewrites. */
export const modelEra = (
  models: readonly KubeObject[],
  changes: Partial<ObservedCluster> = {},
): ObservedCluster =>
  anAdapterCluster({
    rewriteResource: null,
    adapter: observedAdapter({ modelResource: RESOURCES.inferenceModel, models }),
    ...changes,
  });
