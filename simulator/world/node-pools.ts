import type { GkeAnswer, GkeErrorCode, GkeOperation, NodePool } from '../../workflows/ports.ts';
import { type Cluster, type ClusterNode, locationOf, type Operation } from './cluster.ts';
import type { Engine } from './engine.ts';
import { addNode, dropNode, type NodeShape } from './nodes.ts';
import type { NodePoolFault, NodePoolParameters } from './parameters.ts';
import type { Pods } from './pods.ts';

/** GKE's side of node pools: one operation at a time per cluster, each takes its time. */
export interface NodePools {
  create(cluster: Cluster, nodePool: NodePool): GkeAnswer<GkeOperation>;
  remove(cluster: Cluster, name: string): GkeAnswer<GkeOperation>;
  /** Before the world starts: there at once. */
  seed(cluster: Cluster, parameters: NodePoolParameters): void;
  /** Machines go, with the pods on them. */
  dropNodes(cluster: Cluster, nodePool: string, count: number): void;
  /** A new machine in the place of one; what is on it goes with it. Just gone where the pool is. */
  replaceNode(cluster: Cluster, node: ClusterNode): void;
  /** The cluster autoscaler: a machine more where a pod waits and a pool may grow. */
  scaleUp(cluster: Cluster): void;
}

interface Hub {
  readonly engine: Engine;
  readonly pods: Pods;
  /** How often each machine type was asked for, for faults that end. */
  readonly attempts: Map<string, number>;
  /** By pool: slowness that its parameters override. */
  readonly slowness: Map<string, number>;
  readonly growing: Set<string>;
  operations: number;
}

const error = (code: GkeErrorCode, message: string, reason?: string): GkeAnswer<never> => ({
  kind: 'error',
  code,
  message,
  ...(reason === undefined ? {} : { reason }),
});

const familyOf = (machineType: string): string => machineType.split('-')[0] ?? machineType;

const nodesWanted = (pool: NodePool): number => pool.initialNodeCount * Math.max(1, pool.locations.length);

const key = (cluster: Cluster, nodePool: string): string => `${cluster.name}/${nodePool}`;

function shapeOf(hub: Hub, cluster: Cluster, pool: NodePool, index: number): NodeShape {
  return {
    nodePool: pool.name,
    zone: pool.locations[index % Math.max(1, pool.locations.length)] ?? `${locationOf(cluster.name)}-a`,
    machineType: pool.config.machineType,
    labels: pool.config.labels ?? {},
    taints: pool.config.taints ?? [],
    slowness: hub.slowness.get(key(cluster, pool.name)) ?? null,
  };
}

function running(cluster: Cluster): Operation | undefined {
  for (const operation of cluster.operations.values()) {
    if (operation.value.status !== 'DONE') return operation;
  }
  return undefined;
}

const busy = (operation: Operation): GkeAnswer<never> =>
  error(
    'FAILED_PRECONDITION',
    `Cluster is running incompatible operation ${operation.value.name}.`,
    'CLUSTER_ALREADY_HAS_OPERATION',
  );

function begin(hub: Hub, cluster: Cluster, operationType: string, nodePool: string): Operation {
  const serial = ++hub.operations;
  const name = `operation-${hub.engine.now()}-${serial.toString(16).padStart(8, '0')}`;
  const targetLink = `https://container.googleapis.com/v1/${cluster.name}/nodePools/${nodePool}`;
  const operation: Operation = { value: { name, operationType, status: 'RUNNING', targetLink }, nodePool };
  cluster.operations.set(name, operation);
  return operation;
}

function finish(operation: Operation, failure?: GkeOperation['error']): void {
  operation.value = {
    ...operation.value,
    status: 'DONE',
    ...(failure === undefined ? {} : { error: failure }),
  };
}

function bringUp(hub: Hub, cluster: Cluster, pool: NodePool, count: number): void {
  for (let index = 0; index < count; index++)
    addNode(hub.engine, cluster, shapeOf(hub, cluster, pool, index));
  hub.pods.placePending(cluster);
}

function faultOf(hub: Hub, machineType: string): NodePoolFault | undefined {
  const attempt = (hub.attempts.get(machineType) ?? 0) + 1;
  hub.attempts.set(machineType, attempt);
  return hub.engine.parameters.nodePoolFaults.find(
    (fault) => fault.machineType === machineType && attempt <= (fault.times ?? Number.POSITIVE_INFINITY),
  );
}

function overQuota(cluster: Cluster, pool: NodePool): boolean {
  const family = familyOf(pool.config.machineType);
  const limit = cluster.parameters.quotas[family];
  if (limit === undefined) return false;
  let used = 0;
  for (const node of cluster.nodes.values()) {
    if (familyOf(node.labels['node.kubernetes.io/instance-type'] ?? '') === family) used++;
  }
  return used + nodesWanted(pool) > limit;
}

const stockoutText = (pool: NodePool): string =>
  `Google Compute Engine: Not all instances running in IGM. Expected ${nodesWanted(pool)}, running 0. Current errors: ` +
  `[GCE_STOCKOUT]: The zone '${pool.locations[0] ?? ''}' does not have enough resources available to fulfill the request.`;

function provision(hub: Hub, cluster: Cluster, pool: NodePool, operation: Operation): void {
  const fault = faultOf(hub, pool.config.machineType);
  const stop = (afterMs: number, failure: GkeOperation['error'], nodes: number): void => {
    hub.engine.after(afterMs, () => {
      if (!cluster.nodePools.has(pool.name)) return;
      bringUp(hub, cluster, pool, nodes);
      cluster.nodePools.set(pool.name, { ...pool, status: nodes > 0 ? 'RUNNING_WITH_ERROR' : 'ERROR' });
      finish(operation, failure);
    });
  };
  if (overQuota(cluster, pool)) {
    const message = `[GCE_QUOTA_EXCEEDED]: Quota for machine family ${familyOf(pool.config.machineType)} exceeded.`;
    stop(30_000, { code: 'RESOURCE_EXHAUSTED', condition: 'GCE_QUOTA_EXCEEDED', message }, 0);
    return;
  }
  if (fault === undefined || fault.kind === 'slow') {
    const ms = fault?.afterMs ?? hub.engine.draw('nodePoolCreation', pool.name);
    hub.engine.after(ms, () => {
      bringUp(hub, cluster, pool, nodesWanted(pool));
      cluster.nodePools.set(pool.name, { ...pool, status: 'RUNNING' });
      finish(operation);
    });
    return;
  }
  const nodes = fault.kind === 'partial' ? (fault.nodes ?? 1) : 0;
  const failure = {
    code: 'RESOURCE_EXHAUSTED',
    condition: 'GCE_STOCKOUT',
    message: stockoutText(pool),
  } as const;
  stop(fault.afterMs, failure, nodes);
}

function create(hub: Hub, cluster: Cluster, asked: NodePool): GkeAnswer<GkeOperation> {
  if (!/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(asked.name)) {
    return error('INVALID_ARGUMENT', `Invalid value for field "node_pool.name": "${asked.name}".`);
  }
  if (hub.engine.parameters.machineTypes[asked.config.machineType] === undefined) {
    return error('INVALID_ARGUMENT', `Machine type ${asked.config.machineType} does not exist.`);
  }
  if (cluster.nodePools.has(asked.name)) {
    return error('ALREADY_EXISTS', `Already exists: ${cluster.name}/nodePools/${asked.name}.`);
  }
  const other = running(cluster);
  if (other !== undefined) return busy(other);
  const locations = asked.locations.length > 0 ? asked.locations : [`${locationOf(cluster.name)}-a`];
  const pool: NodePool = { ...asked, locations, status: 'PROVISIONING' };
  cluster.nodePools.set(pool.name, pool);
  const operation = begin(hub, cluster, 'CREATE_NODE_POOL', pool.name);
  provision(hub, cluster, pool, operation);
  return { kind: 'ok', value: operation.value };
}

function loseNode(hub: Hub, cluster: Cluster, node: ClusterNode): void {
  dropNode(cluster, node);
  for (const pod of cluster.pods.values()) if (pod.node === node) hub.pods.vanish(pod);
}

function dropNodes(hub: Hub, cluster: Cluster, nodePool: string, count: number): void {
  let left = count;
  for (const node of cluster.nodes.values()) {
    if (node.nodePool !== nodePool || left-- <= 0) continue;
    loseNode(hub, cluster, node);
  }
}

function replaceNode(hub: Hub, cluster: Cluster, node: ClusterNode): void {
  if (!cluster.nodes.has(node.name)) return;
  loseNode(hub, cluster, node);
  const pool = cluster.nodePools.get(node.nodePool);
  if (pool !== undefined && pool.status !== 'STOPPING') bringUp(hub, cluster, pool, 1);
}

function remove(hub: Hub, cluster: Cluster, name: string): GkeAnswer<GkeOperation> {
  const pool = cluster.nodePools.get(name);
  if (pool === undefined) return error('NOT_FOUND', `Not found: ${cluster.name}/nodePools/${name}.`);
  const other = running(cluster);
  if (other !== undefined) return busy(other);
  cluster.nodePools.set(name, { ...pool, status: 'STOPPING' });
  const operation = begin(hub, cluster, 'DELETE_NODE_POOL', name);
  for (const pod of cluster.pods.values()) if (pod.node?.nodePool === name) hub.pods.terminate(pod);
  hub.engine.after(hub.engine.draw('nodePoolDeletion', name), () => {
    dropNodes(hub, cluster, name, Number.POSITIVE_INFINITY);
    cluster.nodePools.delete(name);
    finish(operation);
  });
  return { kind: 'ok', value: operation.value };
}

function seed(hub: Hub, cluster: Cluster, parameters: NodePoolParameters): void {
  const location = locationOf(cluster.name);
  const locations = parameters.zones ?? [`${location}-a`, `${location}-b`];
  const machine = hub.engine.parameters.machineTypes[parameters.machineType];
  const accelerators =
    machine !== undefined && machine.accelerator !== null
      ? [{ acceleratorType: machine.accelerator, acceleratorCount: String(machine.gpus) }]
      : [];
  const pool: NodePool = {
    name: parameters.name,
    initialNodeCount: parameters.nodes,
    locations,
    config: {
      machineType: parameters.machineType,
      ...(parameters.labels === undefined ? {} : { labels: parameters.labels }),
      ...(parameters.taints === undefined ? {} : { taints: parameters.taints }),
      ...(accelerators.length > 0 ? { accelerators } : {}),
    },
    ...(parameters.maxNodes === undefined
      ? {}
      : { autoscaling: { enabled: true, totalMinNodeCount: 0, totalMaxNodeCount: parameters.maxNodes } }),
    management: { autoUpgrade: true, autoRepair: true },
    status: 'RUNNING',
  };
  if (parameters.slowness !== undefined) hub.slowness.set(key(cluster, pool.name), parameters.slowness);
  cluster.nodePools.set(pool.name, pool);
  bringUp(hub, cluster, pool, nodesWanted(pool));
}

/** Whether a pod waits for a machine that the pool could give. */
function wanted(cluster: Cluster, nodePool: string): boolean {
  for (const pod of cluster.pods.values()) {
    if (pod.stage !== 'pending' || pod.deleting || pod.needs.gpus === 0) continue;
    if ((pod.needs.nodeSelector['cloud.google.com/gke-nodepool'] ?? nodePool) === nodePool) return true;
  }
  return false;
}

function scaleUp(hub: Hub, cluster: Cluster): void {
  for (const pool of cluster.nodePools.values()) {
    const most = pool.autoscaling?.enabled === true ? (pool.autoscaling.totalMaxNodeCount ?? 0) : 0;
    const present = [...cluster.nodes.values()].filter((node) => node.nodePool === pool.name).length;
    if (present >= most || hub.growing.has(key(cluster, pool.name)) || !wanted(cluster, pool.name)) continue;
    hub.growing.add(key(cluster, pool.name));
    hub.engine.after(hub.engine.draw('nodeStart', pool.name), () => {
      hub.growing.delete(key(cluster, pool.name));
      if (!cluster.nodePools.has(pool.name)) return;
      bringUp(hub, cluster, pool, 1);
      scaleUp(hub, cluster);
    });
  }
}

export function createNodePools(engine: Engine, pods: Pods): NodePools {
  const hub: Hub = {
    engine,
    pods,
    attempts: new Map(),
    slowness: new Map(),
    growing: new Set(),
    operations: 0,
  };
  return {
    create: (cluster, nodePool) => create(hub, cluster, nodePool),
    remove: (cluster, name) => remove(hub, cluster, name),
    seed: (cluster, parameters) => seed(hub, cluster, parameters),
    dropNodes: (cluster, nodePool, count) => dropNodes(hub, cluster, nodePool, count),
    replaceNode: (cluster, node) => replaceNode(hub, cluster, node),
    scaleUp: (cluster) => scaleUp(hub, cluster),
  };
}
