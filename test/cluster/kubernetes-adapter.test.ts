/** The product's adapters against a real API server, and through its proxy against the simulator's model servers. */

import { describe } from 'vitest';
import { createWallClock } from '../../functions/adapters/clock.ts';
import { type KubernetesUnderTest, testKubernetes } from '../contract/kubernetes/suite.ts';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import { startControlPlane } from './control-plane/control-plane.ts';
import { addKwokNodes } from './control-plane/nodes.ts';
import { until } from './control-plane/until.ts';
import { createNetworkNamespace, namespacesMissing } from './network/network-namespace.ts';
import { type Pod, startPodServers } from './network/pod-servers.ts';
import { createModelFleet, fleetPorts } from './scenarios/model-fleet.ts';

const binaries = await clusterBinaries();
const missing = await namespacesMissing();
if (missing !== null) console.log(`no model server: ${missing}`);

const MODEL_SERVER = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'model-server', namespace: 'default', labels: { app: 'model-server' } },
  spec: {
    containers: [
      {
        name: 'vllm',
        image: 'vllm/vllm-openai:v0.11.0',
        args: ['--model=acme/llama', '--served-model-name', 'llama', '--port=8000'],
        ports: [{ containerPort: 8000 }],
        resources: { limits: { 'nvidia.com/gpu': 1 } },
      },
    ],
  },
};

const isReady = (pod: Pod | null): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** How often the model servers' time goes on, ms. */
const STEP_MS = 20;

const start = async (): Promise<KubernetesUnderTest> => {
  if (binaries === null) throw new Error('there are no binaries');
  const ends: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  const plane = await startControlPlane({ binaries, podAddresses: 'given', users: { powerless: [] } });
  ends.push(() => plane.close());
  try {
    const { admin: adminToken = '', powerless: powerlessToken = '' } = plane.tokens;
    const { caPem, endpoint } = plane;
    const known = { url: `https://${endpoint}`, caPem, adminToken, powerlessToken, close };
    if (missing !== null) return { ...known, modelServer: null };
    const network = await createNetworkNamespace(plane.watchdog);
    ends.push(() => network.close());
    const clock = createWallClock();
    const fleet = createModelFleet(clock);
    const timer = setInterval(() => fleet.advanceTo(clock.nowMs()), STEP_MS);
    ends.push(() => clearInterval(timer));
    const input = { controlPlane: plane, network, portsOf: fleetPorts, handle: fleet.handle };
    const servers = await startPodServers(input);
    ends.push(() => servers.stop());
    await fleet.watch(plane, null);
    ends.push(() => fleet.stop());
    await addKwokNodes(plane.api, { nodePool: 'gpu', count: 1, accelerator: 'nvidia-h100-80gb' });
    await plane.apply([MODEL_SERVER]);
    const path = '/api/v1/namespaces/default/pods/model-server';
    await until('the model server', 30_000, async () => isReady(await plane.api.json<Pod>({ path })));
    // Nobody waits for kernels to be compiled.
    fleet.serve('default', 0);
    const modelServer = { namespace: 'default', pod: 'model-server', port: 8000, model: 'llama' };
    return { ...known, modelServer };
  } catch (error) {
    await close();
    throw error;
  }
};

describe.skipIf(binaries === null)('on a real control plane', () => {
  testKubernetes('a real API server', start, missing === null);
});
