/**
 * The way to a cluster's API server: where it is, whom to trust, who we are. Asked of GKE by name, so that a cluster that
 * was made again under the same name is found again.
 */
import { isIPv6 } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import type { NoAnswer } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';
import type { TokenProvider } from './cluster-access-token.ts';

/** What GKE says of a cluster. */
export interface FoundCluster {
  /** Host or address, with a port where it is not 443; an IPv6 address with or without brackets. */
  readonly endpoint: string;
  /** PEM, or base64 of it as in `masterAuth.clusterCaCertificate`. Empty: the authorities that every process trusts. */
  readonly caPem: string;
}

/** `why` is for people only. */
export type ClusterLookup = (cluster: string) => Promise<FoundCluster | { readonly why: string }>;

export interface ClusterAccess {
  /** By canonical name (`projects/P/locations/L/clusters/C`). Never rejects. */
  configOf(cluster: string): Promise<{ readonly kind: 'config'; readonly config: KubeConfig } | NoAnswer>;
  /** No connection came about with this configuration: it is asked for again the next time. */
  unreachable(cluster: string, config: KubeConfig): void;
}

export interface ClusterAccessOptions {
  readonly clusters: ClusterLookup;
  readonly token: TokenProvider;
  readonly clock: Clock;
}

/** Endpoints change when a cluster is made again, certificates when its credentials are rotated. */
const KEPT_MS = 5 * 60_000;
/** A look-up that takes longer is not waited for by those who come later. */
const SHARED_MS = 10_000;

const USER = 'sluice';

type Answer = Awaited<ReturnType<ClusterAccess['configOf']>>;

interface Asked {
  readonly answer: Promise<Answer>;
  readonly sinceMs: number;
  /** Set when the answer is a configuration. */
  config: KubeConfig | null;
}

const noAnswer = (why: string): NoAnswer => ({ kind: 'noAnswer', why });

/** For people: what was thrown, in a line. */
export const sayThrown = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message || thrown.name : String(thrown))
    .replace(/\s+/g, ' ')
    .slice(0, 500);

/** The URL of an endpoint; null where it is none. */
const serverOf = (endpoint: string): string | null => {
  const authority = isIPv6(endpoint) ? `[${endpoint}]` : endpoint;
  const server = authority.startsWith('https://') ? authority : `https://${authority}`;
  return endpoint !== '' && URL.canParse(server) ? server : null;
};

const base64Of = (pem: string): string =>
  pem.includes('-----BEGIN') ? Buffer.from(pem).toString('base64') : pem.replace(/\s+/g, '');

const configFor = (found: FoundCluster, token: TokenProvider): KubeConfig | null => {
  const server = serverOf(found.endpoint);
  if (server === null) return null;
  const caData = base64Of(found.caPem);
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'cluster', server, skipTLSVerify: false, ...(caData === '' ? {} : { caData }) },
    { name: USER },
  );
  // Each request asks for the token: it is another one after an hour.
  config.addAuthenticator({
    isAuthProvider: (user) => user.name === USER,
    applyAuthentication: async (_user, options) => {
      options.headers = { ...options.headers, Authorization: `Bearer ${await token()}` };
    },
  });
  return config;
};

const lookUp = async ({ clusters, token }: ClusterAccessOptions, cluster: string): Promise<Answer> => {
  try {
    const found = await clusters(cluster);
    if (!('endpoint' in found)) return noAnswer(`where ${cluster} is: ${found.why}`);
    const config = configFor(found, token);
    return config === null
      ? noAnswer(`where ${cluster} is: "${found.endpoint}" is no endpoint`)
      : { kind: 'config', config };
  } catch (error) {
    return noAnswer(`where ${cluster} is: ${sayThrown(error)}`);
  }
};

/** Access to clusters that `clusters` finds. One look-up per cluster and five minutes, failures are not kept. */
export const createClusterAccess = (options: ClusterAccessOptions): ClusterAccess => {
  const { clock } = options;
  const known = new Map<string, Asked>();
  const forget = (cluster: string, asked: Asked): void => {
    if (known.get(cluster) === asked) known.delete(cluster);
  };
  const ask = (cluster: string): Asked => {
    const answer = lookUp(options, cluster);
    const asked: Asked = { answer, sinceMs: clock.nowMs(), config: null };
    known.set(cluster, asked);
    void answer.then((came) => {
      if (came.kind === 'config') asked.config = came.config;
      else forget(cluster, asked);
    });
    return asked;
  };
  const isFresh = (asked: Asked): boolean =>
    clock.nowMs() - asked.sinceMs < (asked.config === null ? SHARED_MS : KEPT_MS);
  return {
    configOf: (cluster) => {
      const asked = known.get(cluster);
      return (asked !== undefined && isFresh(asked) ? asked : ask(cluster)).answer;
    },
    unreachable: (cluster, config) => {
      const asked = known.get(cluster);
      if (asked?.config === config) forget(cluster, asked);
    },
  };
};
