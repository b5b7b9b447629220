import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { FindingCode } from '../../../workflows/plans/finding-codes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import type { Finding } from '../../../workflows/plans/plan.ts';
import type { NodePool } from '../../../workflows/ports.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { fromManifests, NAMESPACE, stored } from './a-cluster.ts';

export interface Case {
  readonly code: FindingCode;
  readonly severity: Finding['severity'];
  readonly object: string;
  readonly what: string;
  readonly spec?: RolloutSpec;
  readonly manifests?: readonly KubeObject[];
  readonly observed: ObservedCluster;
}

export const ROUTE = `HTTPRoute ${NAMESPACE}/routes-to-llm`;
export const OLD = `InferencePool ${NAMESPACE}/llm`;
export const NEW = `InferencePool ${NAMESPACE}/llm-new`;
export const ok = { status: 200, failure: null };

export const status = (
  code: number,
  reason: string,
  causes?: readonly { field: string; message: string }[],
) => ({
  status: code,
  failure: {
    kind: 'Status' as const,
    apiVersion: 'v1' as const,
    status: 'Failure' as const,
    code,
    reason,
    message: 'said the server',
    ...(causes === undefined ? {} : { details: { causes } }),
  },
});

export const dryRun = (
  attach: typeof ok | ReturnType<typeof status>,
  wayBack: typeof ok | ReturnType<typeof status>,
) => [{ namespace: NAMESPACE, name: 'routes-to-llm', attach, wayBack }];

export const objective = (name: string, priority: number): KubeObject =>
  stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', name, {
    spec: { priority, poolRef: { group: 'inference.networking.k8s.io', name: 'llm' } },
  });

export const rewrite = (name: string, pool: string, target: string): KubeObject =>
  stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceModelRewrite', name, {
    spec: {
      poolRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: pool },
      rules: [
        {
          matches: [{ model: { type: 'Exact', value: 'chat' } }],
          targets: [{ modelRewrite: target, weight: 1 }],
        },
      ],
    },
  });

export const hpa = (name: string, target: string): KubeObject =>
  stored('autoscaling/v2', 'HorizontalPodAutoscaler', name, {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target } },
  });

export const pool = (name: string, config: Partial<NodePool['config']> = {}): NodePool => ({
  name,
  initialNodeCount: 1,
  locations: ['us-central1-a', 'us-central1-b', 'us-central1-c'],
  config: { machineType: 'a3-highgpu-8g', ...config },
});

export const nodePools = (...pools: readonly NodePool[]): ObservedCluster['nodePools'] => ({
  kind: 'ok',
  pools,
});

export const nodePoolSpec = fromManifests({ nodes: { nodePool: 'h200' } });
export const create = (more: Readonly<Record<string, unknown>> = {}) =>
  fromManifests({
    nodes: {
      create: {
        name: 'h200',
        like: 'h100',
        nodes: 3,
        capacity: [{ onDemand: {}, deadline: '20m' }],
        ...more,
      },
    },
  });

export const replace = (
  objects: readonly KubeObject[],
  name: string,
  by: KubeObject | null,
): readonly KubeObject[] =>
  objects.flatMap((object) => (object.metadata.name === name ? (by === null ? [] : [by]) : [object]));

export const sampleRoute: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'routes-to-llm' },
  spec: {
    parentRefs: [
      { name: 'my-inference-gateway', group: 'inference.networking.k8s.io', kind: 'InferenceGateway' },
    ],
    rules: {
      backendRefs: [{ name: 'llm', group: 'inference.networking.k8s.io', kind: 'InferencePool', weight: 90 }],
    },
  },
};
