import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import { parseRolloutFile } from '../../../workflows/spec/parse-rollout-file.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';

export const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
export const NAMESPACE = 'serving';

type Map = Readonly<Record<string, unknown>>;

/** An object as the API server would return it; its uid tells which one it is. */
export const stored = (
  apiVersion: string,
  kind: string,
  name: string,
  rest: Map & { readonly metadata?: Map } = {},
): KubeObject => {
  const { metadata, ...fields } = rest;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: NAMESPACE, uid: `uid-${kind}-${name}`, generation: 1, ...metadata },
    ...fields,
  };
};

export const aPool = (name: string, more: Map = {}): KubeObject =>
  stored('inference.networking.k8s.io/v1', 'InferencePool', name, {
    spec: {
      selector: { matchLabels: { app: name } },
      targetPorts: [{ number: 8000 }],
      endpointPickerRef: { name: `${name}-epp`, kind: 'Service', port: { number: 9002 } },
      ...more,
    },
  });

export const aService = (name: string): KubeObject =>
  stored('v1', 'Service', name, { spec: { selector: { app: name } } });

export const aDeployment = (
  name: string,
  more: { readonly replicas?: number; readonly pod?: Map; readonly app?: string } = {},
): KubeObject =>
  stored('apps/v1', 'Deployment', name, {
    spec: {
      replicas: more.replicas ?? 2,
      selector: { matchLabels: { app: more.app ?? name } },
      template: {
        metadata: { labels: { app: more.app ?? name } },
        spec: { containers: [{ name: 'server', args: ['--model', '/models/llama'] }], ...more.pod },
      },
    },
  });

export const aPicker = (name: string): KubeObject => {
  const picker = aDeployment(name, { replicas: 1 });
  return {
    ...picker,
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: 'epp', ports: [{ containerPort: 9002 }, { name: 'metrics', containerPort: 9090 }] },
          ],
        },
      },
    },
  };
};

export const aPod = (name: string, app: string, ready = true): KubeObject =>
  stored('v1', 'Pod', name, {
    metadata: { labels: { app } },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });

export const aGateway = (name: string, programmed = 'True'): KubeObject =>
  stored('gateway.networking.k8s.io/v1', 'Gateway', name, {
    spec: { gatewayClassName: 'gke-l7-regional-external-managed' },
    status: {
      conditions: [
        { type: 'Accepted', status: 'True', observedGeneration: 1 },
        { type: 'Programmed', status: programmed, observedGeneration: 1 },
      ],
    },
  });

export const aRef = (name: string, weight: number, more: Map = {}): Map => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  weight,
  ...more,
});

const parents = (status: string, namespace: string): readonly Map[] => [
  {
    controllerName: 'networking.gke.io/gateway',
    parentRef: { name: 'gateway', namespace },
    conditions: ['Accepted', 'ResolvedRefs', 'Reconciled'].map((type) => ({
      type,
      status: type === 'Reconciled' ? status : 'True',
      observedGeneration: 1,
      reason: 'Because',
      message: 'as asked',
    })),
  },
];

export const aRoute = (
  name: string,
  rules: readonly (readonly Map[])[],
  more: { readonly metadata?: Map; readonly spec?: Map; readonly reconciled?: string } = {},
): KubeObject =>
  stored('gateway.networking.k8s.io/v1', 'HTTPRoute', name, {
    metadata: more.metadata ?? {},
    spec: {
      parentRefs: [
        { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gateway', namespace: NAMESPACE },
      ],
      rules: rules.map((backendRefs) => ({ backendRefs })),
      ...more.spec,
    },
    status: { parents: parents(more.reconciled ?? 'True', NAMESPACE) },
  });

const servedGroups = (): Readonly<Record<string, readonly string[]>> => {
  const served: Record<string, string[]> = {};
  for (const { group, version, plural } of Object.values(RESOURCES)) {
    const key = group === '' ? version : `${group}/${version}`;
    served[key] = [...(served[key] ?? []), plural];
  }
  return served;
};

export const OLD_MODELS = [
  { id: 'llama', parent: null, maxModelLen: 8192 },
  { id: 'food-review-1', parent: 'llama', maxModelLen: null },
] as const;

/** A healthy cluster: old pool `llm` with two pods, new pool `llm-new` deployed beside it, one route. */
export const aCluster = (changes: Partial<ObservedCluster> = {}): ObservedCluster => ({
  cluster: CLUSTER,
  served: servedGroups(),
  objectiveResource: RESOURCES.inferenceObjective,
  rewriteResource: RESOURCES.inferenceModelRewrite,
  pools: [aPool('llm'), aPool('llm-new')],
  routes: [aRoute('routes-to-llm', [[aRef('llm', 1)]])],
  gateways: [aGateway('gateway')],
  objectives: [],
  rewrites: [],
  referenceGrants: [],
  services: [aService('llm-epp'), aService('llm-new-epp')],
  deployments: [aDeployment('llm'), aDeployment('llm-new'), aPicker('llm-epp'), aPicker('llm-new-epp')],
  pods: [
    aPod('llm-1', 'llm'),
    aPod('llm-2', 'llm'),
    aPod('llm-epp-1', 'llm-epp'),
    aPod('llm-new-1', 'llm-new'),
    aPod('llm-new-2', 'llm-new'),
    aPod('llm-new-epp-1', 'llm-new-epp'),
  ],
  autoscalers: [],
  backendPolicies: [drainingPolicy('llm')],
  healthCheckPolicies: [],
  configMaps: [],
  nodePools: null,
  refusedReads: [],
  access: [],
  routeDryRuns: [
    {
      namespace: NAMESPACE,
      name: 'routes-to-llm',
      attach: { status: 200, failure: null },
      wayBack: { status: 200, failure: null },
    },
  ],
  createDryRuns: [],
  oldModels: [
    { pod: 'llm-1', models: OLD_MODELS },
    { pod: 'llm-2', models: OLD_MODELS },
  ],
  oldTtft: null,
  locksHeld: [],
  openIncidents: [],
  ...changes,
});

export const drainingPolicy = (pool: string, more: Map = {}): KubeObject =>
  stored('networking.gke.io/v1', 'GCPBackendPolicy', `${pool}-policy`, {
    spec: {
      targetRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: pool },
      default: { connectionDraining: { drainingTimeoutSec: 120 }, ...more },
    },
  });

/** Without the new side, for `source: manifests`. */
export const withoutNewSide = (changes: Partial<ObservedCluster> = {}): ObservedCluster => {
  const isNew = (object: KubeObject): boolean => object.metadata.name.startsWith('llm-new');
  const cluster = aCluster();
  const old = (objects: readonly KubeObject[]): readonly KubeObject[] => objects.filter((one) => !isNew(one));
  return aCluster({
    pools: old(cluster.pools),
    services: old(cluster.services),
    deployments: old(cluster.deployments),
    pods: old(cluster.pods),
    ...changes,
  });
};

/** As in a file: no namespace, no uid. */
export const bare = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { name: object.metadata.name },
});

export const newManifests = (): readonly KubeObject[] =>
  [aDeployment('llm-new'), aPool('llm-new'), aPicker('llm-new-epp'), aService('llm-new-epp')].map(bare);

const SPEC = {
  type: 'node',
  cluster: CLUSTER,
  namespace: NAMESPACE,
  from: { pool: 'llm' },
  to: { pool: 'llm-new', source: 'existing' },
  retention: { retire: 'keep' },
};

/** A rollout file's spec with its defaults; `changes` replace whole fields of `spec`. */
export const aSpec = (changes: Map = {}): RolloutSpec => {
  const file = {
    apiVersion: 'sluice.dev/v1',
    kind: 'Rollout',
    metadata: { name: 'llm-to-new' },
    spec: { ...SPEC, ...changes },
  };
  const parsed = parseRolloutFile(JSON.stringify(file), 'rollout.yaml');
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  return must(parsed.spec, 'spec');
};

export const fromManifests = (to: Map = {}, changes: Map = {}): RolloutSpec =>
  aSpec({ to: { pool: 'llm-new', source: { manifests: ['./new/*.yaml'] }, ...to }, ...changes });

export const baseModel = (to: Map = {}, changes: Map = {}): RolloutSpec =>
  aSpec({
    type: 'baseModel',
    to: {
      pool: 'llm-new',
      source: 'existing',
      model: { id: 'meta/llama', revision: 'abc', servedNames: ['llama'] },
      adapters: { 'food-review-1': 'same' },
      ...to,
    },
    ...changes,
  });
