import { ClusterManagerClient } from '@google-cloud/container';
import type { GkeErrorCode } from '../../workflows/ports.ts';
import { createGoogleCaller, type GoogleClientOptions } from './gke-call.ts';

/** Where a cluster's API server is, and how it is known. */
export interface ClusterAddress {
  /** `HOST` or `HOST:PORT`. */
  readonly endpoint: string;
  /** Certificate of the authority that signed the API server's. */
  readonly caPem: string;
}

export interface LookupFailure {
  /** GKE's refusal; null where nobody knows. FAILED_PRECONDITION: the cluster has no endpoint (yet). */
  readonly code: GkeErrorCode | null;
  /** For people only. */
  readonly why: string;
}

export interface ClusterLookup {
  /**
   * One request to GKE; never rejects.
   * @param cluster `projects/P/locations/L/clusters/C`
   */
  (cluster: string): Promise<ClusterAddress | LookupFailure>;
  /** Ends the connection. */
  close(): Promise<void>;
}

const PEM = /-----BEGIN CERTIFICATE-----/;

/**
 * Finds clusters by `getCluster`. `endpoint` is the public one, or the private one where the cluster has no other. A
 * cluster that is reached by name only (`controlPlaneEndpointsConfig.dnsEndpointConfig`) has a certificate of a public
 * authority instead, and is not looked up here.
 */
export const createClusterLookup = (options: GoogleClientOptions): ClusterLookup => {
  const google = createGoogleCaller((settings) => new ClusterManagerClient(settings), options);
  const lookUp = async (cluster: string): Promise<ClusterAddress | LookupFailure> => {
    const answer = await google.call((client, settings) => client.getCluster({ name: cluster }, settings));
    if (answer.kind === 'noAnswer') return { code: null, why: answer.why };
    if (answer.kind === 'error') return { code: answer.code, why: answer.message };
    const { endpoint, masterAuth, status } = answer.value;
    if (typeof endpoint !== 'string' || endpoint === '')
      return { code: 'FAILED_PRECONDITION', why: `it has no endpoint (${String(status ?? 'no status')})` };
    const caPem = Buffer.from(masterAuth?.clusterCaCertificate ?? '', 'base64').toString();
    return PEM.test(caPem)
      ? { endpoint, caPem }
      : { code: null, why: 'the certificate in the answer of GKE cannot be read' };
  };
  return Object.assign(lookUp, { close: async () => google.close() });
};
