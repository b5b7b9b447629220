/** The same requests to a real API server and to the simulated one: what both say is compared to the letter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificate } from '../../simulator/servers/certificate.ts';
import type { RunningServer } from '../../simulator/servers/hosted-world.ts';
import { startKubernetesServer } from '../../simulator/servers/kubernetes-server.ts';
import { US_CLUSTER } from '../../simulator/world/defaults.ts';
import { createWorld } from '../../simulator/world/world.ts';
import { createApiClient } from './control-plane/api-client.ts';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import type { Binaries } from './control-plane/find-binaries.ts';
import { kindSteps } from './twin/kind-steps.ts';
import { covers, knownDifferences } from './twin/known-differences.ts';
import { type Difference, differencesOf, masked } from './twin/mask.ts';
import { NAMESPACE } from './twin/paths.ts';
import { routeSteps } from './twin/route-steps.ts';
import { serverSteps } from './twin/server-steps.ts';
import { type Clients, play, type Step, type TwinAnswer } from './twin/step.ts';

const binaries = await clusterBinaries();

interface Side {
  readonly clients: Clients;
  close(): Promise<void>;
}

const clientsOf = (
  access: { readonly endpoint: string; readonly caPem: string },
  tokens: Readonly<Record<keyof Clients, string>>,
): Clients => ({
  admin: createApiClient({ ...access, token: tokens.admin }),
  powerless: createApiClient({ ...access, token: tokens.powerless }),
  stranger: createApiClient({ ...access, token: tokens.stranger }),
});

const closeAll = (clients: Clients): void => {
  for (const client of Object.values(clients)) client.close();
};

const startReal = async (): Promise<Side> => {
  const plane: ControlPlane = await startControlPlane({
    binaries: binaries as Binaries,
    users: { powerless: [] },
  });
  // The twin has no controllers: what they would write is left out of the comparison.
  for (const { name, pid } of plane.components)
    if (name === 'kube-controller-manager' || name === 'kube-scheduler') process.kill(pid, 'SIGSTOP');
  const { endpoint, caPem, tokens } = plane;
  const { admin = '', powerless = '' } = tokens;
  const clients = clientsOf({ endpoint, caPem }, { admin, powerless, stranger: 'nobody' });
  return {
    clients,
    close: async () => {
      closeAll(clients);
      await plane.close();
    },
  };
};

const startSimulated = async (): Promise<Side> => {
  const clusters = [{ name: US_CLUSTER, nodePools: [], namespaces: ['default'], quotas: {} }];
  const world = createWorld({ clusters, traffic: [] });
  world.setAccess(US_CLUSTER, ({ user }) => user === 'admin');
  const certificate = await createCertificate();
  const server: RunningServer = await startKubernetesServer(
    { world, wait: () => Promise.resolve() },
    { cluster: US_CLUSTER, certificate, users: { 'admin-token': 'admin', 'powerless-token': 'powerless' } },
  );
  const clients = clientsOf(
    { endpoint: server.address, caPem: certificate.caPem },
    { admin: 'admin-token', powerless: 'powerless-token', stranger: 'nobody' },
  );
  return {
    clients,
    close: async () => {
      closeAll(clients);
      await server.close();
    },
  };
};

const SUITES: Readonly<Record<string, readonly Step[]>> = {
  kinds: kindSteps(),
  routes: routeSteps(),
  server: serverSteps(),
};

describe.skipIf(binaries === null)('the simulated API server beside a real one', () => {
  let real: Side;
  let simulated: Side;
  const all: Difference[] = [];

  const both = async (steps: readonly Step[]): Promise<readonly Difference[]> => {
    const [said, twin] = await Promise.all([play(real.clients, steps), play(simulated.clients, steps)]);
    const nothing: TwinAnswer = { status: 0, type: '', body: null };
    return steps
      .filter(({ prepares }) => prepares !== true)
      .flatMap(({ name }) =>
        differencesOf(name, masked(said.get(name) ?? nothing), masked(twin.get(name) ?? nothing)),
      );
  };

  beforeAll(async () => {
    [real, simulated] = await Promise.all([startReal(), startSimulated()]);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    for (const { clients } of [real, simulated])
      await clients.admin.json({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
  }, 120_000);
  afterAll(async () => {
    await real?.close();
    await simulated?.close();
  }, 60_000);

  for (const [name, steps] of Object.entries(SUITES))
    test(`${name}: every difference is a known one`, async () => {
      const found = await both(steps);
      all.push(...found);
      const known = knownDifferences();
      const unknown = found.filter((difference) => !known.some((one) => covers(one)(difference)));
      console.log(
        `twin: ${name}: ${String(steps.length)} requests, ${String(found.length)} differences, ${String(unknown.length)} unknown`,
      );
      expect(unknown).toEqual([]);
    });

  test('every known difference is still there', () => {
    const gone = knownDifferences().filter((one) => !all.some(covers(one)));
    expect(gone).toEqual([]);
  });
});
