import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { KubeAnswer, NoAnswer } from '../../../workflows/ports.ts';

const ref = (name: string, weight?: number): object => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  ...(weight === undefined ? {} : { weight }),
});

/** A route to two pools; without weights where none are given. */
export const aRoute = (name: string, weights: readonly [number?, number?] = []): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'inference-gateway' }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: [ref('llm', weights[0]), ref('llm-new', weights[1])],
      },
    ],
  },
});

export const aConfigMap = (name: string, data: Readonly<Record<string, string>> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { made: 'by-contract' } },
  data,
});

export const aDeployment = (name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'example.com/nothing:1' }] },
    },
  },
});

export const anInferencePool = (name: string): KubeObject => ({
  apiVersion: 'inference.networking.k8s.io/v1',
  kind: 'InferencePool',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    targetPorts: [{ number: 8000 }],
    endpointPickerRef: { name: `${name}-epp`, port: { number: 9002 } },
  },
});

export const anObjective = (name: string, pool: string): KubeObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceObjective',
  metadata: { name },
  spec: { priority: 1, poolRef: { name: pool } },
});

/** Weights of the first rule. */
export const weightsOf = (object: KubeObject | undefined): readonly unknown[] => {
  const spec = object?.['spec'] as
    | { readonly rules?: readonly { readonly backendRefs?: readonly { readonly weight?: unknown }[] }[] }
    | undefined;
  return (spec?.rules?.[0]?.backendRefs ?? []).map(({ weight }) => weight);
};

/** The object of an answer. @throws Error when there is none. */
export const objectOf = <T>(answer: KubeAnswer<T> | NoAnswer): T => {
  if (answer.kind === 'noAnswer' || answer.object === undefined)
    throw new Error(`no object: ${JSON.stringify(answer)}`);
  return answer.object;
};

/** What decisions are made on: status, reason, and where the causes are. */
export const judged = (answer: KubeAnswer<unknown> | NoAnswer): unknown =>
  answer.kind === 'noAnswer'
    ? answer
    : {
        status: answer.status,
        ...(answer.failure === undefined
          ? {}
          : {
              reason: answer.failure.reason,
              causes: [...new Set(answer.failure.details?.causes?.map(({ field }) => field) ?? [])],
            }),
      };

export const refused = (
  status: number,
  reason: string | undefined,
  causes: readonly string[] = [],
): unknown => ({
  status,
  reason,
  causes,
});
