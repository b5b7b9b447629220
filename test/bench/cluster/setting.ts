/**
 * Where the bench of a real API server plays.
 *
 *   real        etcd, kube-apiserver, its authorizer and audit log, controllers and scheduler; HTTPS; Sluice in a process of
 *               its own with its store on the disk; the way from the API server to the model servers (addresses of a network
 *               namespace, through the pod proxy)
 *   played      nodes and kubelets (KWOK), GKE's gateway controller (a small one of the tests), GKE's and Monitoring's APIs
 *               and the clock (a simulated world's), what model servers answer and the users whose requests they count
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../../functions/adapters/store-sqlite.ts';
import { type SpawnedPlatform, spawnPlatform } from '../../../local/spawn-platform.ts';
import { startAlertsServer } from '../../../simulator/servers/alerts-server.ts';
import { startClockServer } from '../../../simulator/servers/clock-server.ts';
import { startGkeServer } from '../../../simulator/servers/gke-server.ts';
import type { HostedWorld, RunningServer } from '../../../simulator/servers/hosted-world.ts';
import { startMonitoringServer } from '../../../simulator/servers/monitoring-server.ts';
import { createPacedClock, type PacedClock } from '../../../simulator/servers/paced-clock.ts';
import { createWorld, type World } from '../../../simulator/world/world.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { StorePort } from '../../../workflows/ports.ts';
import { type ControlPlane, startControlPlane } from '../../cluster/control-plane/control-plane.ts';
import { MASTERS } from '../../cluster/control-plane/credentials.ts';
import type { Binaries } from '../../cluster/control-plane/find-binaries.ts';
import {
  type GatewayController,
  startGatewayController,
} from '../../cluster/control-plane/gateway-controller.ts';
import { until } from '../../cluster/control-plane/until.ts';
import { watchObjects } from '../../cluster/control-plane/watch-objects.ts';
import { createNetworkNamespace } from '../../cluster/network/network-namespace.ts';
import { modelServerPorts, type Pod, startPodServers } from '../../cluster/network/pod-servers.ts';
import { createModelFleet, type ModelFleet } from '../../cluster/scenarios/model-fleet.ts';
import { createNodePoolNodes } from '../../cluster/scenarios/node-pool-nodes.ts';
import { CLUSTER, type FleetStack, fleetClusters, fleetPolicies } from '../live/fleet.ts';
import { WrittenWatch } from '../live/written-watch.ts';

/** Who sends the bare patches; like Sluice it may do everything and is written down by the audit log. */
export const BARE_USER = 'bare';

export interface ClusterSetting {
  readonly plane: ControlPlane;
  readonly clock: PacedClock;
  readonly platform: SpawnedPlatform;
  readonly store: StorePort;
  readonly stateDir: string;
  /** Hears the routes' changes by a watch. */
  readonly written: WrittenWatch;
  close(): Promise<void>;
}

const GATEWAY_LAG_MS = 100;
const READY_WITHIN_MS = 120_000;
const REQUESTS_PER_SECOND = 40;

type Ends = (() => unknown)[];

interface Outside {
  readonly world: World;
  readonly clock: PacedClock;
  readonly fleet: ModelFleet;
  readonly environment: Readonly<Record<string, string>>;
}

/** Time, GKE and Monitoring, and what model servers say. */
const startOutside = async (
  plane: ControlPlane,
  stacks: readonly FleetStack[],
  ends: Ends,
): Promise<Outside> => {
  const world = createWorld({
    clusters: fleetClusters(stacks),
    traffic: [],
    alertPolicies: fleetPolicies(stacks),
  });
  const late: { fleet: ModelFleet | null } = { fleet: null };
  const clock = createPacedClock({
    speed: 1,
    world: {
      get nowMs() {
        return world.nowMs;
      },
      nextEventMs: () => world.nextEventMs(),
      advanceTo: (ms) => {
        world.advanceTo(ms);
        late.fleet?.advanceTo(ms);
      },
    },
  });
  ends.push(() => clock.stop());
  // Model servers answer at once: how long they take is not what is measured.
  const fleet = createModelFleet({ nowMs: () => clock.nowMs(), wait: async () => undefined });
  late.fleet = fleet;
  const host: HostedWorld = { world, wait: async (ms, signal) => void (await clock.wait(ms, signal)) };
  const { endpoint, caPem, tokens } = plane;
  const [gke, monitoring, alerts, lent] = await Promise.all([
    startGkeServer(host, { clusters: { [CLUSTER]: { endpoint, caPem } } }),
    startMonitoringServer(host),
    startAlertsServer(host),
    startClockServer(clock),
  ]);
  const servers: readonly RunningServer[] = [gke, monitoring, alerts, lent];
  ends.push(() => Promise.all(servers.map((server) => server.close())));
  const environment = {
    SLUICE_PROJECT: 'acme',
    SLUICE_GKE_ENDPOINT: gke.address,
    SLUICE_MONITORING_ENDPOINT: monitoring.address,
    SLUICE_ALERTS_ENDPOINT: `http://${alerts.address}`,
    SLUICE_CLUSTER_TOKEN: tokens['sluice'] ?? '',
    SLUICE_CLOCK: lent.address,
  };
  return { world, clock, fleet, environment };
};

interface HealthCheck extends KubeObject {
  readonly spec: { readonly default: { readonly config: { readonly httpHealthCheck: object } } };
}

/** Users of a namespace need no host of their own here, and GKE's definition of today asks for a word about the port. */
const asTaken = (object: KubeObject): KubeObject => {
  if (object.kind === 'HTTPRoute')
    return { ...object, spec: { ...(object['spec'] as object), hostnames: undefined } } as KubeObject;
  if (object.kind !== 'HealthCheckPolicy') return object;
  const { spec } = object as HealthCheck;
  const { config } = spec.default;
  const httpHealthCheck = { ...config.httpHealthCheck, portSpecification: 'USE_FIXED_PORT' };
  const amended = { ...spec, default: { ...spec.default, config: { ...config, httpHealthCheck } } };
  return { ...object, spec: amended } as KubeObject;
};

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** The stacks are there, their pods ready, their routes programmed, and users come. */
const populate = async (
  plane: ControlPlane,
  stacks: readonly FleetStack[],
  { fleet, gateway, clock }: { fleet: ModelFleet; gateway: GatewayController; clock: PacedClock },
): Promise<void> => {
  const { api } = plane;
  // Without the shared folder there are no definitions of GKE's policies.
  const hasPolicies = (await api.send({ path: '/apis/networking.gke.io/v1' })).status === 200;
  const isTaken = ({ apiVersion }: KubeObject): boolean =>
    hasPolicies || !apiVersion.startsWith('networking.gke.io/');
  for (const { namespace, objects } of stacks) {
    await plane.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } as KubeObject]);
    await plane.apply(objects.filter(isTaken).map(asTaken));
  }
  const wanted = stacks.flatMap(({ objects }) => objects).filter(({ kind }) => kind === 'Deployment').length;
  await until(`${wanted} pods to be ready`, READY_WITHIN_MS, async () => {
    const pods = (await api.json<{ readonly items: readonly Pod[] }>({ path: '/api/v1/pods' }))?.items ?? [];
    return pods.filter(isReady).length >= wanted;
  });
  await until('the routes to be programmed', READY_WITHIN_MS, () =>
    stacks.every(({ namespace }) => gateway.programmed().some((route) => route.namespace === namespace)),
  );
  // The picker's and gateway's view of the pods.
  await clock.wait(5_000);
  for (const { namespace } of stacks) fleet.serve(namespace, REQUESTS_PER_SECOND);
};

const start = async (
  binaries: Binaries,
  stacks: readonly FleetStack[],
  ends: Ends,
): Promise<Omit<ClusterSetting, 'close'>> => {
  const plane = await startControlPlane({
    binaries,
    podAddresses: 'given',
    users: { sluice: [MASTERS], [BARE_USER]: [MASTERS] },
  });
  ends.push(() => plane.close());
  const network = await createNetworkNamespace(plane.watchdog);
  ends.push(() => network.close());
  const { world, clock, fleet, environment } = await startOutside(plane, stacks, ends);
  const servers = await startPodServers({
    controlPlane: plane,
    network,
    portsOf: modelServerPorts,
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
  await populate(plane, stacks, { fleet, gateway, clock });
  const written = new WrittenWatch();
  const watch = await watchObjects<KubeObject>({
    kubeconfig,
    api,
    path: '/apis/gateway.networking.k8s.io/v1/httproutes',
    changed: (route) => written.hear(route, performance.now()),
    gone: () => undefined,
  });
  ends.push(() => watch.stop());
  const stateDir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  ends.push(() => rmSync(stateDir, { recursive: true, force: true }));
  const platform = await spawnPlatform({ stateDir, environment });
  ends.push(() => platform.stop());
  // Makes the file where Sluice did not need it yet; nothing else is written from here.
  const store = openSqliteStore({ path: platform.storePath, now: () => 0 });
  ends.push(() => store.close());
  return { plane, clock, platform, store, stateDir, written };
};

/** Starts all of it, with these stacks up; what was started is undone when a later part fails. */
export const startClusterSetting = async (
  binaries: Binaries,
  stacks: readonly FleetStack[],
): Promise<ClusterSetting> => {
  const ends: Ends = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await start(binaries, stacks, ends)), close };
  } catch (error) {
    await close();
    throw error;
  }
};
