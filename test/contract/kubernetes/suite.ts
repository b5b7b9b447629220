/**
 * What the product asks of an API server, and what it must be told, through the production adapters: whoever answers.
 * One suite for a simulated server and for a real one with the CRDs of Gateway API and its inference extension.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { createWallClock } from '../../../functions/adapters/clock.ts';
import { type ClusterAccess, createClusterAccess } from '../../../functions/adapters/cluster-access.ts';
import { staticToken } from '../../../functions/adapters/cluster-access-token.ts';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { createModelServers } from '../../../functions/adapters/model-servers.ts';
import { soundPorts } from '../../../functions/runtime/sound-ports.ts';
import type { KubeObject, KubeResource } from '../../../workflows/kubernetes.ts';
import type { KubernetesPort, ModelServersPort, Ports } from '../../../workflows/ports.ts';
import { modelServerCases } from './model-server-cases.ts';
import { readCases } from './read-cases.ts';
import { refusalCases } from './refusal-cases.ts';
import { writeCases } from './write-cases.ts';

/** A server to be tested, running. */
export interface KubernetesUnderTest {
  /** `https://HOST:PORT` */
  readonly url: string;
  readonly caPem: string;
  /** Of a user who may do everything. */
  readonly adminToken: string;
  /** Of a user who may nothing but what everybody may. */
  readonly powerlessToken: string;
  /** A ready pod with a model server in it; null where none can be reached. */
  readonly modelServer: {
    readonly namespace: string;
    readonly pod: string;
    readonly port: number;
    /** A name that it serves. */
    readonly model: string;
  } | null;
  close(): Promise<void>;
}

/** Ports to that server, and a namespace that is the suite's alone. */
export interface Fixture {
  readonly cluster: string;
  readonly namespace: string;
  /** Names of cluster-scoped objects begin with it. */
  readonly prefix: string;
  readonly access: ClusterAccess;
  readonly admin: KubernetesPort;
  readonly powerless: KubernetesPort;
  readonly stranger: KubernetesPort;
  readonly models: ModelServersPort;
  readonly powerlessModels: ModelServersPort;
  readonly server: KubernetesUnderTest;
}

export type Cases = (fixture: () => Fixture) => void;

const CLUSTER = 'projects/contract/locations/here/clusters/tested';

export const NAMESPACES: KubeResource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };

/** A real control plane takes a while to come up. */
const START_MS = 90_000;

const clock = createWallClock();

const accessBy = ({ url, caPem }: KubernetesUnderTest, token: string): ClusterAccess =>
  createClusterAccess({
    clusters: () => Promise.resolve({ endpoint: url, caPem }),
    token: staticToken(token),
    clock,
  });

/** Behind the shell's own check: what it finds unreadable is not what a port may answer. */
const kubernetesBy = (access: ClusterAccess): KubernetesPort =>
  soundPorts({ kubernetes: createKubernetes({ access, clock }) } as Ports).kubernetes;

const setUp = async (server: KubernetesUnderTest): Promise<Fixture> => {
  const namespace = `sluice-contract-${randomBytes(4).toString('hex')}`;
  const access = accessBy(server, server.adminToken);
  const admin = kubernetesBy(access);
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const made = await admin.create({ cluster: CLUSTER, resource: NAMESPACES, namespace: null, object });
  if (made.kind === 'noAnswer' || made.status !== 201)
    throw new Error(`no namespace for the suite: ${JSON.stringify(made)}`);
  const powerless = accessBy(server, server.powerlessToken);
  return {
    cluster: CLUSTER,
    namespace,
    prefix: namespace,
    access,
    admin,
    powerless: kubernetesBy(powerless),
    stranger: kubernetesBy(accessBy(server, 'nobody-has-this-token')),
    models: createModelServers({ access, clock }),
    powerlessModels: createModelServers({ access: powerless, clock }),
    server,
  };
};

const tearDown = async ({ admin, namespace, server }: Fixture): Promise<void> => {
  const call = { cluster: CLUSTER, resource: NAMESPACES, namespace: null, name: namespace };
  const found = await admin.get(call);
  const uid = found.kind === 'answer' ? found.object?.metadata.uid : undefined;
  if (uid !== undefined) await admin.delete({ ...call, uid });
  await server.close();
};

/**
 * Registers the suite.
 * @param hasModelServer whether `modelServer` will not be null.
 */
export const testKubernetes = (
  name: string,
  start: () => Promise<KubernetesUnderTest>,
  hasModelServer: boolean,
): void => {
  describe(`Kubernetes and model servers by their adapters: ${name}`, () => {
    let fixture: Fixture | undefined;
    const given = (): Fixture => {
      if (fixture === undefined) throw new Error('the server did not start');
      return fixture;
    };
    beforeAll(async () => {
      fixture = await setUp(await start());
    }, START_MS);
    afterAll(async () => {
      if (fixture !== undefined) await tearDown(fixture);
    }, START_MS);
    readCases(given);
    writeCases(given);
    refusalCases(given);
    modelServerCases(given, hasModelServer);
  });
};
