import { createCertificate } from '../../../simulator/servers/certificate.ts';
import { startGatewayServer } from '../../../simulator/servers/gateway-server.ts';
import type { HostedWorld, RunningServer } from '../../../simulator/servers/hosted-world.ts';
import { kubeconfigText } from '../../../simulator/servers/kubeconfig.ts';
import { startKubernetesServer } from '../../../simulator/servers/kubernetes-server.ts';
import { createPacedClock, type PacedClock } from '../../../simulator/servers/paced-clock.ts';
import { US_CLUSTER } from '../../../simulator/world/defaults.ts';
import type { World } from '../../../simulator/world/world.ts';
import { type HttpsClient, httpsClient } from './https-client.ts';

export const CLUSTER = US_CLUSTER;
export const ADMIN = 'admin-token';
export const VIEWER = 'viewer-token';

export interface Hosted {
  readonly world: World;
  readonly clock: PacedClock;
  readonly kubernetes: RunningServer;
  readonly client: HttpsClient;
  readonly kubeconfig: string;
  /** Virtual time that passes until it is so; fails after an hour of it. */
  readonly until: (what: string, so: () => boolean) => Promise<void>;
}

/** Runs a test beside a world that moves by itself, and its API server; everything is closed afterwards. */
export async function hosted(
  world: World,
  run: (hosted: Hosted) => Promise<void>,
  speed = 60,
): Promise<void> {
  const clock = createPacedClock({ world, speed });
  const host = hostOf(world, clock);
  const certificate = await createCertificate();
  const users = { [ADMIN]: 'admin', [VIEWER]: 'viewer' };
  const kubernetes = await startKubernetesServer(host, { cluster: CLUSTER, certificate, users });
  const client = httpsClient(kubernetes.address, certificate.caPem);
  const { caPem } = certificate;
  const kubeconfig = kubeconfigText([{ cluster: CLUSTER, address: kubernetes.address, caPem, token: ADMIN }]);
  const until = async (what: string, so: () => boolean): Promise<void> => {
    const giveUpMs = clock.nowMs() + 3_600_000;
    while (!so()) {
      if (clock.nowMs() > giveUpMs) throw new Error(`never: ${what}`);
      await clock.wait(200);
    }
  };
  try {
    await run({ world, clock, kubernetes, client, kubeconfig, until });
  } finally {
    client.close();
    await kubernetes.close();
    clock.stop();
  }
}

export const hostOf = (world: World, clock: PacedClock): HostedWorld => ({
  world,
  wait: async (ms, signal) => void (await clock.wait(ms, signal)),
});

/** Runs a test with a gateway's address. */
export async function withGateway(
  { world, clock }: Pick<Hosted, 'world' | 'clock'>,
  run: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const gateway = await startGatewayServer(hostOf(world, clock), {
    cluster: CLUSTER,
    namespace: 'default',
    gateway: 'inference-gateway',
  });
  try {
    await run(gateway);
  } finally {
    await gateway.close();
  }
}
