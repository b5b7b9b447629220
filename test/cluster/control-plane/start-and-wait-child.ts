/** Starts a control plane with a network namespace, says so on stdout as one line of JSON, and never ends by itself. */
import { createNetworkNamespace, namespacesMissing } from '../network/network-namespace.ts';
import { startRelay } from '../network/relay.ts';
import { clusterBinaries } from './cluster-binaries.ts';
import { startControlPlane } from './control-plane.ts';

export interface Started {
  readonly folder: string;
  readonly pids: readonly number[];
  readonly namespace: string | null;
}

const binaries = await clusterBinaries();
if (binaries === null) process.exit(1);
const { folder, components, watchdog } = await startControlPlane({ binaries, customResources: false });
const pids = components.map(({ pid }) => pid);
let namespace: string | null = null;
if ((await namespacesMissing()) === null) {
  const network = await createNetworkNamespace(watchdog);
  pids.push((await startRelay(network, folder, watchdog)).pid);
  namespace = network.name;
}
console.log(JSON.stringify({ folder, pids, namespace } satisfies Started));
setInterval(() => undefined, 60_000);
