import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Backends } from './backends.ts';
import type { CarrierWrite } from './carrier-truth.ts';
import type { Cluster } from './cluster.ts';
import type { Deployments } from './deployments.ts';
import type { Engine } from './engine.ts';
import { labels } from './fields.ts';
import type { Gateways } from './gateway.ts';
import { writeGatewayStatus } from './gateway-status.ts';
import type { WriteRecord } from './kubernetes/types.ts';
import type { NodePools } from './node-pools.ts';
import type { Pods } from './pods.ts';
import type { Rewrites } from './rewrites.ts';
import type { Traffic } from './traffic.ts';
import type { RouteWrite } from './truth.ts';

/** The parts of the world that act on what is written to an API server. */
interface WatchParts {
  readonly engine: Engine;
  readonly pods: Pods;
  readonly deployments: Deployments;
  readonly backends: Backends;
  readonly gateways: Gateways;
  readonly nodePools: NodePools;
  readonly traffic: Traffic;
  readonly routeWrites: RouteWrite[];
  readonly carrierWrites: CarrierWrite[];
  readonly rewrites: Rewrites;
}

function specChanged({ before, after }: WriteRecord): boolean {
  return (
    before === null ||
    after === null ||
    before.metadata.generation !== after.metadata.generation ||
    before.metadata.uid !== after.metadata.uid
  );
}

function onRoute(parts: WatchParts, cluster: Cluster, record: WriteRecord): void {
  const { before, after, caller, verb, atMs } = record;
  if (verb !== 'controller') {
    parts.routeWrites.push({ atMs, cluster: cluster.name, caller, verb, before, after });
  }
  if (!specChanged(record)) return;
  if (after !== null) parts.gateways.routeWritten(cluster, after);
  else if (before !== null) parts.gateways.routeDeleted(cluster, before);
}

function onDeployment(parts: WatchParts, cluster: Cluster, record: WriteRecord): void {
  const { before, after } = record;
  if (after === null && before !== null) parts.deployments.deleted(cluster, before);
  else if (after !== null && specChanged(record)) parts.deployments.written(cluster, after);
}

function onPod(parts: WatchParts, cluster: Cluster, { before, after, verb }: WriteRecord): void {
  if (verb === 'controller') return;
  const uid = (after ?? before)?.metadata.uid ?? '';
  const pod = cluster.pods.get(uid);
  if (pod === undefined) {
    // A pod of nobody's: a person created it.
    if (after !== null) parts.pods.adopt(cluster, after, '');
    return;
  }
  if (after === null || after.metadata.deletionTimestamp !== undefined) {
    parts.pods.terminate(pod);
    return;
  }
  parts.traffic.settle();
  pod.labels = labels(after.metadata.labels);
  parts.backends.invalidate();
}

/** A picker serves once its pool is there. */
function refreshPickers(parts: WatchParts, cluster: Cluster, pool: string): void {
  for (const pod of cluster.pods.values()) {
    if (pod.role.kind === 'picker' && pod.role.pool === pool) parts.pods.refresh(pod);
  }
}

function onReference(parts: WatchParts, cluster: Cluster, object: KubeObject): void {
  parts.traffic.settle();
  parts.backends.invalidate();
  if (object.kind === 'InferencePool') refreshPickers(parts, cluster, object.metadata.name);
  parts.gateways.referenceChanged(cluster);
}

function onCarrier(parts: WatchParts, cluster: Cluster, record: WriteRecord): void {
  const { before, after, caller, verb, atMs, resource } = record;
  if (verb !== 'controller')
    parts.carrierWrites.push({ atMs, cluster: cluster.name, resource, caller, verb, before, after });
  if (specChanged(record)) parts.rewrites.written(cluster);
}

function onGateway(parts: WatchParts, cluster: Cluster, { after }: WriteRecord): void {
  if (after === null) return;
  const { namespace = 'default', name } = after.metadata;
  parts.engine.after(parts.engine.draw('gatewayLag', `Gateway ${name}`), () => {
    writeGatewayStatus(cluster, { namespace, name }, parts.engine.now());
  });
}

/** Lets the controllers of a cluster see what is written to its API server. */
export function watchCluster(parts: WatchParts, cluster: Cluster): void {
  cluster.kube.onWrite((record) => {
    const object = record.after ?? record.before;
    if (object === null) return;
    switch (record.resource.plural) {
      case 'httproutes':
        onRoute(parts, cluster, record);
        return;
      case 'deployments':
        onDeployment(parts, cluster, record);
        return;
      case 'pods':
        onPod(parts, cluster, record);
        return;
      case 'inferencepools':
      case 'services':
        if (record.verb !== 'controller') onReference(parts, cluster, object);
        return;
      case 'inferencemodelrewrites':
      case 'inferencemodels':
        onCarrier(parts, cluster, record);
        return;
      case 'gateways':
        if (specChanged(record)) onGateway(parts, cluster, record);
        return;
      case 'configmaps':
        if (record.before !== null && record.verb !== 'controller') {
          parts.pods.configMapChanged(cluster, object.metadata.namespace ?? 'default', object.metadata.name);
        }
        return;
      default:
    }
  });
}
