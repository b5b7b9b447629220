/**
 * Where the scenarios play: a real control plane with KWOK nodes, GKE's gateway controller played by the test, and behind the
 * pods' addresses the simulator's model servers; GKE's and Monitoring's APIs and the clock are a simulated world's that has
 * node pools and nothing else. Sluice runs in a process of its own and knows of all this what the environment says.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAlertsServer } from '../../../simulator/servers/alerts-server.ts';
import { startClockServer } from '../../../simulator/servers/clock-server.ts';
import { startGkeServer } from '../../../simulator/servers/gke-server.ts';
import type { HostedWorld, RunningServer } from '../../../simulator/servers/hosted-world.ts';
import { startMonitoringServer } from '../../../simulator/servers/monitoring-server.ts';
import { createPacedClock, type PacedClock } from '../../../simulator/servers/paced-clock.ts';
import { US_CLUSTER } from '../../../simulator/world/defaults.ts';
import { createWorld, type World } from '../../../simulator/world/world.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import type { Binaries } from '../control-plane/find-binaries.ts';
import { type GatewayController, startGatewayController } from '../control-plane/gateway-controller.ts';
import { createNetworkNamespace } from '../network/network-namespace.ts';
import { type PodServers, startPodServers } from '../network/pod-servers.ts';
import { createModelFleet, fleetPorts, type ModelFleet } from './model-fleet.ts';
import { createNodePoolNodes, type NodePoolNodes } from './node-pool-nodes.ts';
import { type SluiceProcess, startSluice } from './sluice-process.ts';

export const CLUSTER = US_CLUSTER;
export const POLICY = 'projects/acme/alertPolicies/new-5xx';

/** Virtual per real time: KWOK and the controllers live in real time. */
const SPEED = 60;
const GATEWAY_LAG_MS = 150;

export interface Setting {
  readonly plane: ControlPlane;
  readonly gateway: GatewayController;
  readonly fleet: ModelFleet;
  readonly servers: PodServers;
  readonly world: World;
  readonly clock: PacedClock;
  readonly nodes: NodePoolNodes;
  readonly sluice: SluiceProcess;
  /** Requests by server of the simulated part. */
  requests(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const createGke = (): World =>
  createWorld({
    clusters: [
      {
        name: CLUSTER,
        nodePools: [
          { name: 'default-pool', machineType: 'e2-standard-8', nodes: 1 },
          { name: 'default-gpu', machineType: 'a3-highgpu-8g', nodes: 2 },
        ],
        namespaces: ['default'],
        quotas: {},
      },
    ],
    traffic: [],
    durations: { nodePoolCreation: [60_000, 90_000], nodePoolDeletion: [30_000, 60_000] },
    alertPolicies: [{ name: POLICY, displayName: '5xx of the new side', condition: null }],
  });

const publishTo = async (busUrl: string, message: object): Promise<void> => {
  const data = Buffer.from(JSON.stringify(message)).toString('base64');
  const answer = await fetch(`${busUrl}/v1/projects/acme/topics/alerts:publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ data }] }),
  });
  if (!answer.ok) throw new Error(`the bus answered ${String(answer.status)}`);
};

interface Outside {
  readonly world: World;
  readonly clock: PacedClock;
  readonly fleet: ModelFleet;
  readonly servers: Readonly<Record<'gke' | 'monitoring' | 'alerts' | 'clock', RunningServer>>;
}

/** Everything that is not the cluster's: time, GKE, Monitoring, and the models' side of the pods. */
const startOutside = async (plane: ControlPlane): Promise<Outside> => {
  const world = createGke();
  const late: { fleet: ModelFleet | null } = { fleet: null };
  const both = {
    get nowMs() {
      return world.nowMs;
    },
    nextEventMs: () => world.nextEventMs(),
    advanceTo: (ms: number) => {
      world.advanceTo(ms);
      late.fleet?.advanceTo(ms);
    },
  };
  const clock = createPacedClock({ world: both, speed: SPEED });
  const fleet = createModelFleet(clock);
  late.fleet = fleet;
  const host: HostedWorld = { world, wait: async (ms, signal) => void (await clock.wait(ms, signal)) };
  const { endpoint, caPem } = plane;
  const [gke, monitoring, alerts, lent] = await Promise.all([
    startGkeServer(host, { clusters: { [CLUSTER]: { endpoint, caPem } } }),
    startMonitoringServer(host),
    startAlertsServer(host),
    startClockServer(clock),
  ]);
  return { world, clock, fleet, servers: { gke, monitoring, alerts, clock: lent } };
};

const environmentOf = (plane: ControlPlane, { servers }: Outside): Readonly<Record<string, string>> => ({
  SLUICE_PROJECT: 'acme',
  SLUICE_GKE_ENDPOINT: servers.gke.address,
  SLUICE_MONITORING_ENDPOINT: servers.monitoring.address,
  SLUICE_ALERTS_ENDPOINT: `http://${servers.alerts.address}`,
  SLUICE_CLUSTER_TOKEN: plane.tokens['sluice'] ?? '',
  SLUICE_CLOCK: servers.clock.address,
  SLUICE_PRINCIPAL: 'operator@example.com',
});

/** Starts all of it; what was started is undone when a later part fails. */
export const startSetting = async (binaries: Binaries): Promise<Setting> => {
  const ends: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    const users = { gitops: ['system:masters'] };
    const plane = await startControlPlane({ binaries, podAddresses: 'given', users });
    ends.push(() => plane.close());
    const network = await createNetworkNamespace(plane.watchdog);
    ends.push(() => network.close());
    const outside = await startOutside(plane);
    const { world, clock, fleet } = outside;
    ends.push(async () => {
      clock.stop();
      await Promise.all(Object.values(outside.servers).map((server) => server.close()));
    });
    const servers = await startPodServers({
      controlPlane: plane,
      network,
      portsOf: fleetPorts,
      handle: fleet.handle,
    });
    ends.push(() => servers.stop());
    const { api, kubeconfig } = plane;
    const gateway = await startGatewayController({ kubeconfig, api, lagMs: GATEWAY_LAG_MS });
    ends.push(() => gateway.stop());
    await fleet.watch(plane, gateway);
    ends.push(() => fleet.stop());
    const nodes = createNodePoolNodes(api, world, CLUSTER);
    nodes.look();
    await nodes.settled();
    const looking = setInterval(() => nodes.look(), 100);
    ends.push(() => clearInterval(looking));
    const stateDir = mkdtempSync(join(tmpdir(), 'sluice-cluster-state-'));
    ends.push(() => rmSync(stateDir, { recursive: true, force: true }));
    const environment = environmentOf(plane, outside);
    const sluice = await startSluice({ stateDir, environment, nowMs: () => clock.nowMs() });
    ends.push(() => sluice.stop());
    world.onIncident((message) => void publishTo(sluice.busUrl(), message));
    const requests = (): Readonly<Record<string, number>> =>
      Object.fromEntries(Object.entries(outside.servers).map(([name, one]) => [name, one.requests()]));
    return { plane, gateway, fleet, servers, world, clock, nodes, sluice, requests, close };
  } catch (error) {
    await close();
    throw error;
  }
};
