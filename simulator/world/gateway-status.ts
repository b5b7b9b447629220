import type { KubeMetadata } from '../../workflows/kubernetes.ts';
import type { Backend } from './backends.ts';
import type { Cluster } from './cluster.ts';
import { at, type Fields, fields, items } from './fields.ts';
import { rfc3339 } from './kubernetes/rfc3339.ts';
import type { GatewayRefusal } from './parameters.ts';
import { GATEWAY, HTTP_ROUTE, INFERENCE_POOL } from './resources.ts';

const CONTROLLER = 'networking.gke.io/gateway';

export interface RouteReport {
  readonly gateway: { readonly namespace: string; readonly name: string };
  /** The generation that was read. */
  readonly generation: number;
  /** null: all is programmed. */
  readonly problem: GatewayRefusal | null;
}

interface Said {
  readonly type: string;
  readonly met: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Conditions as the API keeps them: the time of transition stays while the status does. */
function conditions(
  before: readonly Fields[],
  said: readonly Said[],
  generation: number,
  time: string,
): object[] {
  return said.map(({ type, met, reason, message }) => {
    const status = met ? 'True' : 'False';
    const old = before.find((condition) => condition['type'] === type);
    const since = old?.['status'] === status ? old['lastTransitionTime'] : time;
    return { type, status, reason, message, observedGeneration: generation, lastTransitionTime: since };
  });
}

const sameParent = (parent: Fields, gateway: RouteReport['gateway'], namespace: string): boolean =>
  at(parent, 'parentRef', 'name') === gateway.name &&
  (at(parent, 'parentRef', 'namespace') ?? namespace) === gateway.namespace;

/** What is said of a route: a problem is named by its condition, and nothing with a problem is reconciled. */
function routeWords(problem: GatewayRefusal | null): readonly Said[] {
  const word = (type: GatewayRefusal['condition']): Said =>
    problem?.condition === type
      ? { type, met: false, reason: problem.reason, message: problem.message }
      : { type, met: true, reason: type, message: '' };
  if (problem === null) {
    const reconciled = { type: 'Reconciled', met: true, reason: 'ReconciliationSucceeded', message: '' };
    return [word('Accepted'), word('ResolvedRefs'), reconciled];
  }
  const reason = problem.condition === 'Reconciled' ? problem.reason : 'ReconciliationFailed';
  const failed = { type: 'Reconciled', met: false, reason, message: problem.message };
  return [word('Accepted'), word('ResolvedRefs'), failed];
}

/** Writes what the controller has to say to a route, beside what other controllers said. */
export function writeRouteStatus(
  cluster: Cluster,
  route: KubeMetadata,
  report: RouteReport,
  nowMs: number,
): void {
  const namespace = route.namespace ?? 'default';
  const object = cluster.kube.read(HTTP_ROUTE, namespace, route.name);
  if (object === undefined || object.metadata.uid !== route.uid) return;
  const { problem, generation, gateway } = report;
  const parents = items(at(object, 'status', 'parents'));
  const ours = (parent: Fields): boolean =>
    parent['controllerName'] === CONTROLLER && sameParent(parent, gateway, namespace);
  const before = items(parents.find(ours)?.['conditions']);
  const ref = items(at(object, 'spec', 'parentRefs')).find((parent) => parent['name'] === gateway.name);
  const entry = {
    parentRef: ref ?? { group: 'gateway.networking.k8s.io', kind: 'Gateway', ...gateway },
    controllerName: CONTROLLER,
    conditions: conditions(before, routeWords(problem), generation, rfc3339(nowMs)),
  };
  const status = {
    ...fields(object['status']),
    parents: [...parents.filter((parent) => !ours(parent)), entry],
  };
  cluster.kube.put(HTTP_ROUTE, { ...object, status }, 'gke-gateway');
}

/** A pool gets a status once a route refers to it. */
export function writePoolStatus(
  cluster: Cluster,
  pool: Backend,
  gateway: RouteReport['gateway'],
  nowMs: number,
): void {
  const object = cluster.kube.read(INFERENCE_POOL, pool.namespace, pool.name);
  if (object === undefined) return;
  const parents = items(at(object, 'status', 'parents'));
  const ours = (parent: Fields): boolean => sameParent(parent, gateway, pool.namespace);
  const before = items(parents.find(ours)?.['conditions']);
  const generation = object.metadata.generation ?? 1;
  const said: readonly Said[] = [
    { type: 'Accepted', met: true, reason: 'Accepted', message: '' },
    { type: 'ResolvedRefs', met: true, reason: 'ResolvedRefs', message: '' },
  ];
  const entry = {
    parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', ...gateway },
    controllerName: CONTROLLER,
    conditions: conditions(before, said, generation, rfc3339(nowMs)),
  };
  const status = {
    ...fields(object['status']),
    parents: [...parents.filter((parent) => !ours(parent)), entry],
  };
  cluster.kube.put(INFERENCE_POOL, { ...object, status }, 'gke-gateway');
}

/** A Gateway of a GKE class has an address and is programmed, unless something speaks against it. */
export function writeGatewayStatus(
  cluster: Cluster,
  { namespace, name }: RouteReport['gateway'],
  nowMs: number,
  refusal: GatewayRefusal | null = null,
): void {
  const object = cluster.kube.read(GATEWAY, namespace, name);
  if (object === undefined || !String(at(object, 'spec', 'gatewayClassName')).startsWith('gke-l7')) return;
  const said: readonly Said[] = [
    { type: 'Accepted', met: true, reason: 'Accepted', message: '' },
    refusal?.condition === 'Programmed'
      ? { type: 'Programmed', met: false, reason: refusal.reason, message: refusal.message }
      : { type: 'Programmed', met: true, reason: 'Programmed', message: '' },
    { type: 'networking.gke.io/GatewayHealthy', met: true, reason: 'GatewayHealthy', message: '' },
  ];
  const before = items(at(object, 'status', 'conditions'));
  const status = {
    addresses: [{ type: 'IPAddress', value: '203.0.113.10' }],
    conditions: conditions(before, said, object.metadata.generation ?? 1, rfc3339(nowMs)),
  };
  cluster.kube.put(GATEWAY, { ...object, status }, 'gke-gateway');
}
