/**
 * A simulated GKE that runs by itself and speaks the real protocols on loopback: GKE and Monitoring over gRPC, open
 * incidents over REST, an API server over HTTPS for each cluster, the gateways' addresses, and the clock for whoever is to
 * live in the world's time. Everything else of the world goes on behind them.
 */
import type { IncidentMessage } from '../world/incident-message.ts';
import type { WorldInput } from '../world/parameters.ts';
import { GATEWAY } from '../world/resources.ts';
import { createWorld, type World } from '../world/world.ts';
import { startAlertsServer } from './alerts-server.ts';
import { createCertificate } from './certificate.ts';
import { startClockServer } from './clock-server.ts';
import type { Gate } from './gate.ts';
import { startGatewayServer } from './gateway-server.ts';
import { startGkeServer } from './gke-server.ts';
import type { HostedWorld, RunningServer } from './hosted-world.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { startKubernetesServer } from './kubernetes-server.ts';
import { startMonitoringServer } from './monitoring-server.ts';
import { createPacedClock, type PacedClock } from './paced-clock.ts';

export interface WorldHostOptions {
  readonly world: WorldInput & { readonly seed: number };
  /** Virtual per real time. */
  readonly speed: number;
  /** Virtual time that has passed in the world before anybody sees it, ms: caches are warm and there are figures. */
  readonly beforeMs?: number;
  /** Asked about each call of the servers, for tests. */
  readonly gate?: Gate;
}

/** A gateway's address that clients send requests to. */
export interface GatewayAddress {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly address: string;
}

export interface WorldHost {
  readonly world: World;
  readonly clock: PacedClock;
  /** What a Sluice that is to live in this world needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** For `kubectl --kubeconfig`: one context per cluster, the first is the current one. */
  readonly kubeconfig: string;
  readonly gateways: readonly GatewayAddress[];
  /** Requests so far, by server: `kubernetes`, `gke`, `monitoring`, `alerts`, `gateway`. */
  requests(): Readonly<Record<string, number>>;
  /**
   * Cloud Monitoring's notification channel: from now on incidents are published to the topic `alerts` of this Pub/Sub,
   * and tried again while it does not answer. A later call says where it is now.
   */
  deliverIncidents(busUrl: string): void;
  close(): Promise<void>;
}

/** Users of the simulated clusters, by bearer token. */
const SLUICE_TOKEN = 'sluice-token';
const ADMIN_TOKEN = 'admin-token';
const USERS: Readonly<Record<string, string>> = {
  [SLUICE_TOKEN]: 'sluice',
  [ADMIN_TOKEN]: 'admin@example.com',
};

const BEFORE_MS = 10 * 60_000;

const projectIn = (cluster: string): string => cluster.split('/')[1] ?? cluster;

/** A bus that is away loses nothing: Cloud Monitoring tries again, and so does this, where the bus is by then. */
const PUBLISH_ATTEMPTS = 400;
const PUBLISH_AGAIN_MS = 250;

const publish = async (clock: PacedClock, topic: () => string, message: IncidentMessage): Promise<void> => {
  const body = JSON.stringify({
    messages: [{ data: Buffer.from(JSON.stringify(message)).toString('base64') }],
  });
  const headers = { 'content-type': 'application/json' };
  for (let attempt = 1; attempt <= PUBLISH_ATTEMPTS; attempt += 1) {
    const release = clock.hold();
    try {
      const answer = await fetch(topic(), { method: 'POST', headers, body });
      if (answer.ok) return;
    } catch {
      // Nobody listens: below.
    } finally {
      release();
    }
    await new Promise((resolve) => setTimeout(resolve, PUBLISH_AGAIN_MS).unref());
  }
};

const startGateways = async (
  host: HostedWorld,
  cluster: string,
): Promise<readonly (GatewayAddress & { server: RunningServer })[]> => {
  const gateways = host.world.kube(cluster)?.all(GATEWAY) ?? [];
  return Promise.all(
    gateways.map(async ({ metadata: { namespace = 'default', name } }) => {
      const server = await startGatewayServer(host, { cluster, namespace, gateway: name });
      return { cluster, namespace, name, address: server.address, server };
    }),
  );
};

type Servers = Readonly<
  Record<'kubernetes' | 'gke' | 'monitoring' | 'alerts' | 'gateway', readonly RunningServer[]>
>;

const requestsOf = (servers: Servers): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(servers).map(([name, list]) => [
      name,
      list.reduce((sum, server) => sum + server.requests(), 0),
    ]),
  );

/** Starts everything on free ports. The clock runs from the moment that this resolves. */
export const startWorldHost = async (options: WorldHostOptions): Promise<WorldHost> => {
  const world = createWorld(options.world);
  world.advanceTo(world.nowMs + (options.beforeMs ?? BEFORE_MS));
  const clock = createPacedClock({ world, speed: options.speed });
  const host: HostedWorld = {
    world,
    wait: async (ms, signal) => void (await clock.wait(ms, signal)),
    letGo: () => clock.letGo(),
    gate: options.gate,
  };
  const clusters = world.parameters.clusters.map(({ name }) => name);
  const [first = ''] = clusters;
  const { servers: kubernetes, endpoints, kubeconfig } = await startClusters(host, clusters);
  const [gke, monitoring, alerts, lent] = await Promise.all([
    startGkeServer(host, { clusters: endpoints }),
    startMonitoringServer(host),
    startAlertsServer(host),
    startClockServer(clock),
  ]);
  const gateways = (await Promise.all(clusters.map((cluster) => startGateways(host, cluster)))).flat();
  let bus: string | null = null;
  const topic = (): string => `${bus ?? ''}/v1/projects/${projectIn(first)}/topics/alerts:publish`;
  const servers: Servers = {
    kubernetes,
    gke: [gke],
    monitoring: [monitoring],
    alerts: [alerts],
    gateway: gateways.map(({ server }) => server),
  };
  return {
    world,
    clock,
    environment: {
      SLUICE_PROJECT: projectIn(first),
      SLUICE_GKE_ENDPOINT: gke.address,
      SLUICE_MONITORING_ENDPOINT: monitoring.address,
      SLUICE_ALERTS_ENDPOINT: `http://${alerts.address}`,
      SLUICE_CLUSTER_TOKEN: SLUICE_TOKEN,
      SLUICE_CLOCK: lent.address,
    },
    kubeconfig,
    gateways: gateways.map(({ server: _server, ...address }) => address),
    requests: () => requestsOf(servers),
    deliverIncidents: (busUrl) => {
      if (bus === null) world.onIncident((message) => void publish(clock, topic, message));
      bus = busUrl;
    },
    close: async () => {
      clock.stop();
      await Promise.all([...Object.values(servers).flat(), lent].map((server) => server.close()));
    },
  };
};

interface Clusters {
  readonly servers: readonly RunningServer[];
  readonly endpoints: Readonly<Record<string, { readonly endpoint: string; readonly caPem: string }>>;
  readonly kubeconfig: string;
}

/** An API server for each cluster, all under one certificate. */
const startClusters = async (host: HostedWorld, clusters: readonly string[]): Promise<Clusters> => {
  const certificate = await createCertificate();
  const { caPem } = certificate;
  const servers = await Promise.all(
    clusters.map((cluster) => startKubernetesServer(host, { cluster, certificate, users: USERS })),
  );
  const addresses = clusters.map((cluster, index) => ({ cluster, address: servers[index]?.address ?? '' }));
  return {
    servers,
    endpoints: Object.fromEntries(
      addresses.map(({ cluster, address }) => [cluster, { endpoint: address, caPem }]),
    ),
    kubeconfig: kubeconfigText(addresses.map((one) => ({ ...one, caPem, token: ADMIN_TOKEN }))),
  };
};
