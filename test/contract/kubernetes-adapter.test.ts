import { createCertificate } from '../../simulator/servers/certificate.ts';
import { startKubernetesServer } from '../../simulator/servers/kubernetes-server.ts';
import { aWorld, CLUSTER, podsOf } from '../unit/simulator/world/a-world.ts';
import { type KubernetesUnderTest, testKubernetes } from './kubernetes/suite.ts';

/** The world stands still but for what a completion takes. */
const start = async (): Promise<KubernetesUnderTest> => {
  const world = aWorld({ llm: 1 });
  world.advanceTo(world.nowMs + 600_000);
  const wait = (ms: number): Promise<void> => {
    world.advanceTo(world.nowMs + ms);
    return Promise.resolve();
  };
  world.setAccess(CLUSTER, ({ user }) => user === 'admin');
  const certificate = await createCertificate();
  const server = await startKubernetesServer(
    { world, wait },
    { cluster: CLUSTER, certificate, users: { 'admin-token': 'admin', 'powerless-token': 'powerless' } },
  );
  const [pod] = podsOf(world, 'llm');
  return {
    url: `https://${server.address}`,
    caPem: certificate.caPem,
    adminToken: 'admin-token',
    powerlessToken: 'powerless-token',
    modelServer: { namespace: 'default', pod: pod?.name ?? '', port: 8000, model: 'llama' },
    close: () => server.close(),
  };
};

testKubernetes("the simulator's server", start, true);
