import type {
  ClusterParameters,
  DurationRanges,
  GatewayBehaviour,
  MachineType,
  NodePoolParameters,
  ServingParameters,
  StreamParameters,
  WorldInput,
  WorldParameters,
} from './parameters.ts';

/** Monday 2026-03-02, 09:00 UTC. */
export const START_MS = 1_772_442_000_000;

export const US_CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
export const EU_CLUSTER = 'projects/acme/locations/europe-west4/clusters/inference';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const DURATIONS: DurationRanges = {
  nodePoolCreation: [3 * MINUTE, 6 * MINUTE],
  nodePoolDeletion: [2 * MINUTE, 4 * MINUTE],
  nodeStart: [2 * MINUTE, 4 * MINUTE],
  imagePull: [20 * SECOND, MINUTE],
  modelLoad: [MINUTE, 3 * MINUTE],
  adapterLoad: [2 * SECOND, 8 * SECOND],
  configMapSync: [30 * SECOND, MINUTE],
  pickerStart: [6 * SECOND, 15 * SECOND],
  rewriteNotice: [10, 50],
  restart: [SECOND, 3 * SECOND],
  endpointNotice: [SECOND, 2 * SECOND],
  gatewayLag: [5 * SECOND, 30 * SECOND],
  backendBuild: [20 * SECOND, MINUTE],
  apiCall: [20, 200],
  scrape: [20, 80],
};

const GATEWAY: GatewayBehaviour = {
  reconciles: true,
  trafficLagMs: [0, 0],
  reportLagMs: [0, 0],
  reportsFalsely: false,
  frontEnds: 1,
  statusChurnMs: null,
  refuses: null,
};

const SERVING: ServingParameters = {
  firstTokenMs: 400,
  tokenMs: 12,
  concurrency: 256,
  firstUseMs: 15 * SECOND,
  coldCache: 0.5,
  maxModelLen: 8192,
};

const MACHINE_TYPES: Readonly<Record<string, MachineType>> = {
  'e2-standard-8': { gpus: 0, accelerator: null, slowness: 1 },
  'a3-highgpu-8g': { gpus: 8, accelerator: 'nvidia-h100-80gb', slowness: 1 },
  'a3-ultragpu-8g': { gpus: 8, accelerator: 'nvidia-h200-141gb', slowness: 0.8 },
  'a2-highgpu-8g': { gpus: 8, accelerator: 'nvidia-tesla-a100', slowness: 1.8 },
  'g2-standard-96': { gpus: 8, accelerator: 'nvidia-l4', slowness: 4 },
};

const NODE_POOLS: readonly NodePoolParameters[] = [
  { name: 'default-pool', machineType: 'e2-standard-8', nodes: 1 },
  { name: 'default-gpu', machineType: 'a3-highgpu-8g', nodes: 1 },
];

const cluster = (name: string, nodePools: readonly NodePoolParameters[]): ClusterParameters => ({
  name,
  nodePools,
  namespaces: ['default', 'serving'],
  quotas: {},
});

const STREAM: StreamParameters = {
  cluster: US_CLUSTER,
  host: 'llm.example.com',
  path: '/v1/completions',
  headers: {},
  requestsPerSecond: 150,
  streamed: 0.5,
  models: {},
  outputTokens: 100,
};

/** Fills in what was not said. */
export function withDefaults(input: WorldInput): WorldParameters {
  const pools = [...NODE_POOLS, ...(input.extraNodePools ?? [])];
  const clusters = input.clusters ?? [cluster(US_CLUSTER, pools), cluster(EU_CLUSTER, NODE_POOLS)];
  const first = clusters[0]?.name ?? US_CLUSTER;
  return {
    seed: input.seed ?? 1,
    startMs: input.startMs ?? START_MS,
    clusters,
    machineTypes: { ...MACHINE_TYPES, ...input.machineTypes },
    durations: { ...DURATIONS, ...input.durations },
    gateway: { ...GATEWAY, ...input.gateway },
    serving: { ...SERVING, ...input.serving },
    adapterSources: input.adapterSources ?? {},
    stacks: (input.stacks ?? []).map((stack) => ({ cluster: first, namespace: 'default', ...stack })),
    traffic: (input.traffic ?? [{}]).map((stream) => ({ ...STREAM, cluster: first, ...stream })),
    nodePoolFaults: input.nodePoolFaults ?? [],
    alertPolicies: input.alertPolicies ?? [],
    metricLagMs: input.metricLagMs ?? 2 * MINUTE,
    acts: input.acts ?? [],
    gitOps: input.gitOps ?? [],
    stepMs: input.stepMs ?? 6 * SECOND,
  };
}
