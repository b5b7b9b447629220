/** Calls the simulator's servers as a process of its own: what it prints on its terminal is what a person would see. */
import { ClusterManagerClient } from '@google-cloud/container';
import { credentials } from '@grpc/grpc-js';
import { createWallClock } from '../../functions/adapters/clock.ts';
import { createGke } from '../../functions/adapters/gke.ts';
import { createClusterLookup } from '../../functions/adapters/gke-clusters.ts';
import { createMonitoring } from '../../functions/adapters/monitoring.ts';

const [mode, endpoint = '', monitoringEndpoint, alertsEndpoint, cluster = ''] = process.argv.slice(2);
const clock = createWallClock();

/** The library alone, as its documentation has it. */
const bare = async (): Promise<readonly string[]> => {
  const [apiEndpoint = '', port] = endpoint.split(':');
  const sslCreds = credentials.createInsecure();
  const client = new ClusterManagerClient({ apiEndpoint, port: Number(port), sslCreds });
  const [pools] = await client.listNodePools({ parent: cluster });
  await client.close();
  return [pools.nodePools?.length === 0 ? 'none' : 'ok'];
};

const adapters = async (): Promise<readonly string[]> => {
  const gke = createGke({ endpoint, clock });
  const lookup = createClusterLookup({ endpoint, clock });
  const monitoring = createMonitoring({ endpoint: monitoringEndpoint, alertsEndpoint, auth: null, clock });
  const found = await lookup(cluster);
  const policy = 'projects/acme/alertPolicies/1';
  const kinds = [
    (await gke.listNodePools({ cluster })).kind,
    (await gke.getNodePool({ cluster, nodePool: 'none' })).kind,
    'endpoint' in found ? 'ok' : 'error',
    (await monitoring.heartbeat({ project: 'acme', rolloutId: 'r', atMs: clock.nowMs() })).kind,
    (await monitoring.alertPolicy({ name: policy })).kind,
    (await monitoring.openIncidents({ project: 'acme', policies: [policy] })).kind,
  ];
  await Promise.all([gke.close(), lookup.close(), monitoring.close()]);
  return kinds;
};

/** Google's own endpoint, and credentials that are nowhere. */
const strangers = async (): Promise<readonly string[]> => {
  const gke = createGke({ clock });
  const answer = await gke.listNodePools({ cluster });
  await gke.close();
  return [answer.kind];
};

const run = mode === 'bare' ? bare : mode === 'strangers' ? strangers : adapters;
process.stdout.write(`${(await run()).join(' ')}\n`);
