import type { GkeAnswer, GkeOperation, GkeTaint, NodePool } from '../../workflows/ports.ts';
import type { WorldHandlers } from '../world/handlers.ts';
import { serviceOf } from './grpc-protos.ts';
import { type GrpcMethods, type GrpcReply, startGrpcServer } from './grpc-server.ts';
import type { HostedWorld, RunningServer } from './hosted-world.ts';

export interface GkeServerOptions {
  /** By canonical name: what `getCluster` answers. */
  readonly clusters: Readonly<Record<string, { readonly endpoint: string; readonly caPem: string }>>;
  readonly port?: number;
  /** In place of the world's own, e.g. with faults. */
  readonly handlers?: WorldHandlers['gke'];
}

const API = 'https://container.googleapis.com/v1';
const NODE_POOL = /^(projects\/[^/]+\/locations\/[^/]+\/clusters\/[^/]+)\/nodePools\/([^/]+)$/;
const CLUSTER = /^projects\/[^/]+\/locations\/[^/]+\/clusters\/[^/]+$/;
const OPERATION = /^(projects\/[^/]+\/locations\/[^/]+)\/operations\/([^/]+)$/;
const LOCATION = /^projects\/[^/]+\/locations\/[^/]+$/;

type Request = Readonly<Record<string, unknown>>;

const refused = (what: string): GrpcReply => ({
  kind: 'error',
  code: 'INVALID_ARGUMENT',
  message: `Invalid value for field "${what}".`,
});

const replyOf = <T>(answer: GkeAnswer<T>, write: (value: T) => object): GrpcReply => {
  if (answer.kind === 'ok') return { kind: 'message', message: write(answer.value) };
  return answer.kind === 'noAnswer' ? { kind: 'silence' } : answer;
};

/** google.rpc.Code, as far as operations end with them. */
const CODES: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

const writeOperation =
  (location: string) =>
  ({ error, ...operation }: GkeOperation): object => ({
    ...operation,
    selfLink: `${API}/${location}/operations/${operation.name}`,
    location: location.split('/').at(-1),
    ...(error === undefined
      ? {}
      : {
          error: { code: CODES[error.code] ?? 2, message: error.message },
          statusMessage: error.message,
          nodepoolConditions:
            error.condition === undefined || error.condition === 'OTHER'
              ? []
              : [{ code: error.condition, message: error.message, canonicalCode: error.code }],
        }),
  });

const writeNodePool =
  (cluster: string) =>
  (pool: NodePool): object => ({ ...pool, selfLink: `${API}/${cluster}/nodePools/${pool.name}` });

const maps = (value: unknown): Request =>
  typeof value === 'object' && value !== null ? (value as Request) : {};

/** Unset is absent on the wire; the port's type has these always. */
const readNodePool = (value: unknown): NodePool => {
  const { config, autoscaling, ...pool } = maps(value);
  const read = maps(config);
  const taints = (read['taints'] as readonly GkeTaint[] | undefined)?.map((taint) => ({
    ...taint,
    value: taint.value ?? '',
  }));
  return {
    name: '',
    initialNodeCount: 0,
    locations: [],
    ...pool,
    config: { machineType: '', ...read, ...(taints === undefined ? {} : { taints }) },
    ...(autoscaling === undefined ? {} : { autoscaling: { enabled: false, ...maps(autoscaling) } }),
  } as NodePool;
};

const matched = (pattern: RegExp, value: unknown): readonly string[] | null =>
  typeof value === 'string' ? pattern.exec(value) : null;

const locationOf = (cluster: string): string => cluster.split('/').slice(0, 4).join('/');

const nodePoolMethods = (gke: WorldHandlers['gke']): GrpcMethods => ({
  GetNodePool({ name }) {
    const [, cluster = '', nodePool = ''] = matched(NODE_POOL, name) ?? [];
    if (cluster === '') return refused('name');
    return replyOf(gke.getNodePool({ cluster, nodePool }).value, writeNodePool(cluster));
  },
  ListNodePools({ parent }) {
    const [cluster] = matched(CLUSTER, parent) ?? [];
    if (cluster === undefined) return refused('parent');
    return replyOf(gke.listNodePools({ cluster }).value, (pools) => ({
      nodePools: pools.map(writeNodePool(cluster)),
    }));
  },
  CreateNodePool({ parent, nodePool }) {
    const [cluster] = matched(CLUSTER, parent) ?? [];
    if (cluster === undefined) return refused('parent');
    const answer = gke.createNodePool({ cluster, nodePool: readNodePool(nodePool) }).value;
    return replyOf(answer, writeOperation(locationOf(cluster)));
  },
  DeleteNodePool({ name }) {
    const [, cluster = '', nodePool = ''] = matched(NODE_POOL, name) ?? [];
    if (cluster === '') return refused('name');
    return replyOf(gke.deleteNodePool({ cluster, nodePool }).value, writeOperation(locationOf(cluster)));
  },
});

/** Operations belong to a location, and the world's to a cluster. */
const operationMethods = (gke: WorldHandlers['gke'], names: readonly string[]): GrpcMethods => {
  const within = (location: string): readonly string[] =>
    names.filter((cluster) => locationOf(cluster) === location);
  return {
    GetOperation({ name }) {
      const [, location = '', operation = ''] = matched(OPERATION, name) ?? [];
      if (location === '') return refused('name');
      const answers = within(location).map((cluster) => gke.getOperation({ cluster, operation }).value);
      const answer: GkeAnswer<GkeOperation> = answers.find(({ kind }) => kind !== 'error') ??
        answers[0] ?? { kind: 'error', code: 'NOT_FOUND', message: `Not found: ${String(name)}.` };
      return replyOf(answer, writeOperation(location));
    },
    ListOperations({ parent }) {
      const [location] = matched(LOCATION, parent) ?? [];
      if (location === undefined) return refused('parent');
      const operations: object[] = [];
      for (const cluster of within(location)) {
        const reply = replyOf(gke.listOperations({ cluster }).value, (list) =>
          list.map(writeOperation(location)),
        );
        if (reply.kind !== 'message') return reply;
        operations.push(...(reply.message as readonly object[]));
      }
      return { kind: 'message', message: { operations } };
    },
  };
};

const clusterMethods = (clusters: GkeServerOptions['clusters']): GrpcMethods => ({
  GetCluster({ name }) {
    const [known] = matched(CLUSTER, name) ?? [];
    if (known === undefined) return refused('name');
    const cluster = clusters[known];
    if (cluster === undefined) return { kind: 'error', code: 'NOT_FOUND', message: `Not found: ${known}.` };
    const message = {
      name: known.split('/').at(-1),
      location: known.split('/')[3],
      status: 'RUNNING',
      selfLink: `${API}/${known}`,
      endpoint: cluster.endpoint,
      masterAuth: { clusterCaCertificate: Buffer.from(cluster.caPem).toString('base64') },
    };
    return { kind: 'message', message };
  },
});

/** GKE's API by gRPC over the world: node pools, operations, and where the clusters are. */
export const startGkeServer = (host: HostedWorld, options: GkeServerOptions): Promise<RunningServer> => {
  const { world } = host;
  const gke = options.handlers ?? world.handlers().gke;
  return startGrpcServer({
    domain: 'container.googleapis.com',
    gate: { server: 'gke', ask: host.gate },
    ...(options.port === undefined ? {} : { port: options.port }),
    services: [
      {
        definition: serviceOf('container', 'google.container.v1.ClusterManager'),
        methods: {
          ...nodePoolMethods(gke),
          ...operationMethods(
            gke,
            world.parameters.clusters.map(({ name }) => name),
          ),
          ...clusterMethods(options.clusters),
        },
      },
    ],
  });
};
