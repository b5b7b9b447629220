import type { KubeObject } from '../../../../workflows/kubernetes.ts';

interface SideOptions {
  readonly name: string;
  readonly replicas?: number;
  readonly namespace?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly preStopSeconds?: number;
  readonly readinessProbe?: boolean;
  readonly adapters?: readonly string[];
  readonly failureMode?: 'FailOpen' | 'FailClose';
  /** Leave out the endpoint picker's Service. */
  readonly withoutPicker?: boolean;
}

const MODEL_ARGS = [
  '--model',
  'meta-llama/Llama-3.1-8B-Instruct',
  '--served-model-name',
  'llama',
  '--port',
  '8000',
];

function servers(options: SideOptions): KubeObject {
  const { name, replicas = 3, preStopSeconds = 30 } = options;
  const syncer = {
    name: 'lora-adapter-syncer',
    image: 'lora-syncer',
    restartPolicy: 'Always',
    env: [{ name: 'DYNAMIC_LORA_ROLLOUT_CONFIG', value: '/config/configmap.yaml' }],
    volumeMounts: [{ name: 'config-volume', mountPath: '/config' }],
  };
  const container = {
    name: 'vllm',
    image: 'vllm/vllm-openai:v0.8.5',
    args: options.args ?? MODEL_ARGS,
    ports: [{ containerPort: 8000, name: 'http', protocol: 'TCP' }],
    lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
    ...(options.readinessProbe === true
      ? {
          readinessProbe: {
            httpGet: { path: '/health', port: 'http' },
            periodSeconds: 1,
            failureThreshold: 1,
            timeoutSeconds: 1,
          },
        }
      : {}),
    resources: { limits: { 'nvidia.com/gpu': 1 }, requests: { 'nvidia.com/gpu': 1 } },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          ...(options.nodeSelector === undefined ? {} : { nodeSelector: options.nodeSelector }),
          terminationGracePeriodSeconds: 130,
          containers: [container],
          ...(options.adapters === undefined
            ? {}
            : {
                initContainers: [syncer],
                volumes: [{ name: 'config-volume', configMap: { name: `${name}-adapters` } }],
              }),
        },
      },
    },
  };
}

function picker(name: string, namespace: string): readonly KubeObject[] {
  const app = `${name}-epp`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: app },
      spec: {
        selector: { app },
        ports: [{ protocol: 'TCP', port: 9002, targetPort: 9002 }],
        type: 'ClusterIP',
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app } },
        template: {
          metadata: { labels: { app } },
          spec: {
            containers: [
              {
                name: 'epp',
                image: 'epp:v1.5.0',
                args: ['--pool-name', name, '--pool-namespace', namespace],
                ports: [{ containerPort: 9002 }, { containerPort: 9090, name: 'metrics' }],
              },
            ],
          },
        },
      },
    },
  ];
}

/** One side: model servers, their pool and its endpoint picker. */
export function aSide(options: SideOptions): readonly KubeObject[] {
  const { name, namespace = 'default', adapters } = options;
  const models = (adapters ?? []).map((id) => `    - id: ${id}\n      source: hub/${id}\n`).join('');
  const configMap: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-adapters` },
    data: { 'configmap.yaml': `vLLMLoRAConfig:\n  ensureExist:\n    models:\n${models}` },
  };
  const pool: KubeObject = {
    apiVersion: 'inference.networking.k8s.io/v1',
    kind: 'InferencePool',
    metadata: { name },
    spec: {
      targetPorts: [{ number: 8000 }],
      selector: { matchLabels: { app: name } },
      endpointPickerRef: {
        name: `${name}-epp`,
        kind: 'Service',
        port: { number: 9002 },
        ...(options.failureMode === undefined ? {} : { failureMode: options.failureMode }),
      },
    },
  };
  return [
    ...(adapters === undefined ? [] : [configMap]),
    servers(options),
    pool,
    ...(options.withoutPicker === true ? [] : picker(name, namespace)),
  ];
}

/** A route that divides one rule between pools. */
export function aRoute(weights: Readonly<Record<string, number>>, name = 'routes-to-llm'): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name },
    spec: {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'inference-gateway' }],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          backendRefs: Object.entries(weights).map(([pool, weight]) => ({
            group: 'inference.networking.k8s.io',
            kind: 'InferencePool',
            name: pool,
            weight,
          })),
        },
      ],
    },
  };
}

export const GATEWAY_OBJECT: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'inference-gateway' },
  spec: {
    gatewayClassName: 'gke-l7-regional-external-managed',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  },
};

/** Two pools of three servers behind one route. */
export function aStack(
  weights: Readonly<Record<string, number>>,
  options: Partial<Omit<SideOptions, 'name'>> = {},
): readonly KubeObject[] {
  return [
    GATEWAY_OBJECT,
    ...aSide({ ...options, name: 'llm' }),
    ...aSide({ ...options, name: 'llm-new' }),
    aRoute(weights),
  ];
}
