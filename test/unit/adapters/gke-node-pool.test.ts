import { afterEach, expect, test } from 'vitest';
import { createGke } from '../../../functions/adapters/gke.ts';
import { serviceOf } from '../../../simulator/servers/grpc-protos.ts';
import { planNodePool } from '../../../workflows/plans/plan-create.ts';
import type { NodePool } from '../../../workflows/ports.ts';
import { aGrpcServer } from './a-grpc-server.ts';
import { aHandClock } from './a-hand-clock.ts';

const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
const definition = serviceOf('container', 'google.container.v1.ClusterManager');

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** What a server that stores `stored` sends, as the adapter reads it, and what the adapter sends to make `made`. */
const exchange = async (stored: object) => {
  let asked: unknown = null;
  const { address, kill } = await aGrpcServer({
    definition,
    methods: {
      GetNodePool: (_call, answer) => answer(null, stored),
      CreateNodePool: ({ request }, answer) => {
        asked = request;
        answer(null, { name: 'operation-1', operationType: 'CREATE_NODE_POOL', status: 'RUNNING' });
      },
    },
  });
  const gke = createGke({ endpoint: address, clock: aHandClock() });
  ends.push(kill, () => gke.close());
  const read = await gke.getNodePool({ cluster: CLUSTER, nodePool: 'h100' });
  if (read.kind !== 'ok') throw new Error(read.kind);
  return {
    read: read.value,
    create: async (nodePool: NodePool): Promise<unknown> => {
      await gke.createNodePool({ cluster: CLUSTER, nodePool });
      return asked;
    },
  };
};

/** What people and Terraform set. */
const SET = {
  name: 'h100',
  initialNodeCount: 2,
  locations: ['us-central1-a', 'us-central1-b'],
  networkConfig: { podRange: 'pods', enablePrivateNodes: true },
  maxPodsConstraint: { maxPodsPerNode: '32' },
  placementPolicy: { type: 'COMPACT', tpuTopology: '2x4' },
  upgradeSettings: { maxSurge: 1, strategy: 'SURGE' },
  queuedProvisioning: { enabled: true },
  autoscaling: { enabled: true, totalMaxNodeCount: 8, locationPolicy: 'ANY' },
  management: { autoUpgrade: true, autoRepair: true },
  config: {
    machineType: 'a3-highgpu-8g',
    diskSizeGb: 200,
    diskType: 'hyperdisk-balanced',
    oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
    serviceAccount: 'nodes@acme.iam.gserviceaccount.com',
    metadata: { 'disable-legacy-endpoints': 'true' },
    imageType: 'COS_CONTAINERD',
    labels: { tier: 'gpu' },
    accelerators: [
      {
        acceleratorCount: '8',
        acceleratorType: 'nvidia-h100-80gb',
        gpuSharingConfig: { maxSharedClientsPerGpu: '2', gpuSharingStrategy: 'TIME_SHARING' },
        gpuDriverInstallationConfig: { gpuDriverVersion: 'LATEST' },
      },
    ],
    workloadMetadataConfig: { mode: 'GKE_METADATA' },
    shieldedInstanceConfig: { enableIntegrityMonitoring: true },
    kubeletConfig: { cpuManagerPolicy: 'static', cpuCfsQuota: { value: true } },
    linuxNodeConfig: { sysctls: { 'net.core.somaxconn': '1024' } },
    gvnic: { enabled: true },
    // A message that is there and says nothing is not the same as none.
    gcfsConfig: {},
    localNvmeSsdBlockConfig: { localSsdCount: 16 },
    secondaryBootDisks: [{ mode: 'CONTAINER_IMAGE_CACHE', diskImage: 'images/weights' }],
    maxRunDuration: { seconds: '604800' },
    consolidationDelay: { seconds: '60', nanos: 5 },
    // `optional` in the proto: false and not set are two things.
    flexStart: false,
    localSsdEncryptionMode: 'STANDARD_ENCRYPTION',
  },
} as const;

const RESOURCE_LABELS = { team: 'serving' };
const TAINTS = [
  { key: 'nvidia.com/gpu', value: 'present', effect: 'NO_SCHEDULE' },
  { key: 'bare', value: '', effect: 'NO_EXECUTE' },
] as const;

/** What only the server writes. */
const OUTPUT = {
  selfLink: 'https://container.googleapis.com/v1/x',
  version: '1.35.4-gke.100',
  instanceGroupUrls: ['https://www.googleapis.com/compute/v1/x'],
  status: 'RUNNING',
  statusMessage: 'fine',
  conditions: [{ code: 'GCE_STOCKOUT', message: 'once' }],
  podIpv4CidrSize: 24,
  updateInfo: { blueGreenInfo: { phase: 'UPDATE_STARTED' } },
  etag: 'e1',
  kubeletCertInfo: { tpmBootstrapCertExpireTime: { seconds: '1' } },
} as const;

const STORED = {
  ...SET,
  ...OUTPUT,
  config: {
    ...SET.config,
    effectiveCgroupMode: 'EFFECTIVE_CGROUP_MODE_V2',
    taints: TAINTS,
    resourceLabels: {
      ...RESOURCE_LABELS,
      'goog-gke-node-pool-provisioning-model': 'on-demand',
      'goog-gke-accelerator-type': 'nvidia-h100-80gb',
    },
  },
};

test('a node pool is read as it was set, with its status, and without what only the server writes', async () => {
  const { read } = await exchange(STORED);
  expect(read).toEqual({
    ...SET,
    version: OUTPUT.version,
    status: 'RUNNING',
    config: { ...SET.config, taints: TAINTS, resourceLabels: RESOURCE_LABELS },
  });
});

test('a pool that is sent as it was read arrives as it was set', async () => {
  const { read, create } = await exchange(STORED);
  expect(await create(read)).toEqual({
    parent: CLUSTER,
    nodePool: {
      ...SET,
      version: OUTPUT.version,
      config: { ...SET.config, taints: TAINTS, resourceLabels: RESOURCE_LABELS },
    },
  });
});

test('a pool with nothing set has what the product counts on', async () => {
  const { read } = await exchange({
    name: 'bare',
    config: {},
    autoscaling: {},
    status: 'STATUS_UNSPECIFIED',
  });
  expect(read).toEqual({
    name: 'bare',
    initialNodeCount: 0,
    locations: [],
    config: { machineType: '' },
    autoscaling: { enabled: false },
  });
});

test('a taint with an effect of a later version of the API is kept as it is', async () => {
  const { read } = await exchange({ name: 'x', config: { taints: [{ key: 'k', value: 'v', effect: 77 }] } });
  expect(read.config.taints).toEqual([{ key: 'k', value: 'v', effect: '77' }]);
});

test('what the product plans like a pool that was read is sent whole', async () => {
  const { read, create } = await exchange(STORED);
  const nodes = {
    kind: 'create',
    name: 'h100-b',
    like: 'h100',
    zones: ['us-central1-c'],
    nodes: 4,
    machineType: null,
    capacity: { kind: 'spot' },
    keepAfterFailureMs: 0,
  };
  const planned = planNodePool({
    spec: { to: { nodes } },
    observed: { nodePools: { kind: 'ok', pools: [read] } },
  } as unknown as Parameters<typeof planNodePool>[0]);
  if (planned === null) throw new Error('nothing planned');
  const { flexStart: _flexStart, ...config } = SET.config;
  expect(await create(planned.nodePool)).toMatchObject({
    parent: CLUSTER,
    nodePool: {
      name: 'h100-b',
      initialNodeCount: 4,
      locations: ['us-central1-c'],
      autoscaling: { enabled: false },
      management: SET.management,
    },
  });
  expect(await create(planned.nodePool)).toHaveProperty('nodePool.config', {
    ...config,
    spot: true,
    resourceLabels: { ...RESOURCE_LABELS, 'sluice-rollout': '{id}' },
    taints: [...TAINTS, { key: 'sluice.dev/rollout', value: '{id}', effect: 'NO_SCHEDULE' }],
  });
});
