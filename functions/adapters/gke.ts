import { ClusterManagerClient } from '@google-cloud/container';
import type { GkeAnswer, GkePort } from '../../workflows/ports.ts';
import { createGoogleCaller, type GoogleClientOptions } from './gke-call.ts';
import { nodePoolOf, protoNodePool } from './gke-node-pool.ts';
import { operationOf } from './gke-operation.ts';

export interface Gke extends GkePort {
  /** Ends the connection. A call after it opens another. */
  close(): Promise<void>;
}

const mapped = <A, B>(answer: GkeAnswer<A>, map: (value: A) => B): GkeAnswer<B> =>
  answer.kind === 'ok' ? { kind: 'ok', value: map(answer.value) } : answer;

const locationOf = (cluster: string): string => cluster.split('/').slice(0, 4).join('/');

/** `https://container.googleapis.com/v1/projects/NUMBER/zones/Z/clusters/C/…`: the cluster's short name is what is sure. */
const isOf = (cluster: string, targetLink: string): boolean =>
  `${targetLink}/`.includes(`/clusters/${cluster.split('/').at(-1) ?? ''}/`);

/** GKE by its own client library; one attempt per call, and every outcome a value. Source: google.container.v1. */
export const createGke = (options: GoogleClientOptions): Gke => {
  const google = createGoogleCaller((settings) => new ClusterManagerClient(settings), options);
  return {
    async getNodePool({ cluster, nodePool }) {
      const name = `${cluster}/nodePools/${nodePool}`;
      return mapped(
        await google.call((client, settings) => client.getNodePool({ name }, settings)),
        nodePoolOf,
      );
    },
    async listNodePools({ cluster }) {
      const answer = await google.call((client, settings) =>
        client.listNodePools({ parent: cluster }, settings),
      );
      return mapped(answer, ({ nodePools }) => (nodePools ?? []).map(nodePoolOf));
    },
    async createNodePool({ cluster, nodePool }) {
      const request = { parent: cluster, nodePool: protoNodePool(nodePool) };
      return mapped(
        await google.call((client, settings) => client.createNodePool(request, settings)),
        operationOf,
      );
    },
    async deleteNodePool({ cluster, nodePool }) {
      const name = `${cluster}/nodePools/${nodePool}`;
      return mapped(
        await google.call((client, settings) => client.deleteNodePool({ name }, settings)),
        operationOf,
      );
    },
    async getOperation({ cluster, operation }) {
      const name = `${locationOf(cluster)}/operations/${operation.split('/').at(-1) ?? ''}`;
      return mapped(
        await google.call((client, settings) => client.getOperation({ name }, settings)),
        operationOf,
      );
    },
    async listOperations({ cluster }) {
      const parent = locationOf(cluster);
      const answer = await google.call((client, settings) => client.listOperations({ parent }, settings));
      if (answer.kind !== 'ok') return answer;
      const { operations, missingZones } = answer.value;
      // Who looks for an operation takes its absence for an answer.
      if ((missingZones ?? []).length > 0)
        return { kind: 'noAnswer', why: `operations of ${(missingZones ?? []).join(', ')} are missing` };
      const own = (operations ?? []).map(operationOf).filter(({ targetLink }) => isOf(cluster, targetLink));
      return { kind: 'ok', value: own };
    },
    close: async () => google.close(),
  };
};
