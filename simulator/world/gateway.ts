import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { gatewayOf, type Reading, readRoute } from './gateway-reading.ts';
import { type RouteReport, writeGatewayStatus, writePoolStatus, writeRouteStatus } from './gateway-status.ts';
import type { GatewayBehaviour } from './parameters.ts';
import type { Random } from './random.ts';
import { GATEWAY, HTTP_ROUTE } from './resources.ts';
import type { ProgrammedRoute } from './routing.ts';

interface GatewayHooks {
  /** Just before the load balancer changes. */
  beforeChange(): void;
  /** The load balancer has changed. */
  programmed(cluster: Cluster): void;
}

/** The GKE Gateway controller of all clusters. */
export interface Gateways {
  routeWritten(cluster: Cluster, route: KubeObject): void;
  routeDeleted(cluster: Cluster, route: KubeObject): void;
  /** A pool, Service or Gateway came or went: routes that name it are looked at again. */
  referenceChanged(cluster: Cluster): void;
  /** Returns what takes it back, as far as nobody changed it meanwhile. */
  behave(cluster: Cluster, as: Partial<GatewayBehaviour>): () => void;
  /** What each front end obeys; grows a revision with each change. */
  programmed(cluster: Cluster, frontEnd: number): Iterable<ProgrammedRoute>;
  frontEnds(cluster: Cluster): number;
  readonly revision: number;
}

interface RouteState {
  readonly namespace: string;
  readonly name: string;
  reconciling: boolean;
  /** Written again while a reconciliation was under way. */
  again: boolean;
  resolved: boolean;
}

interface ClusterGateway {
  readonly cluster: Cluster;
  behaviour: GatewayBehaviour;
  readonly routes: Map<string, RouteState>;
  readonly frontEnds: Map<string, ProgrammedRoute>[];
  /** Backends whose load balancer parts exist. */
  readonly built: Set<string>;
}

interface Hub {
  readonly engine: Engine;
  readonly backends: Backends;
  readonly hooks: GatewayHooks;
  readonly lags: Random;
  revision: number;
}

const keyOf = (object: { readonly namespace: string; readonly name: string }): string =>
  `${object.namespace}/${object.name}`;

function program(hub: Hub, gateway: ClusterGateway, route: ProgrammedRoute): void {
  const { trafficLagMs } = gateway.behaviour;
  for (const frontEnd of gateway.frontEnds) {
    const lagMs = hub.engine.settingUp ? 0 : hub.lags.integer(trafficLagMs[0], trafficLagMs[1]);
    const change = (): void => {
      const present = frontEnd.get(keyOf(route));
      if (
        present !== undefined &&
        present.generation > route.generation &&
        present.createdAt === route.createdAt
      ) {
        return;
      }
      hub.hooks.beforeChange();
      frontEnd.set(keyOf(route), route);
      hub.revision++;
      hub.hooks.programmed(gateway.cluster);
    };
    if (lagMs === 0) change();
    else hub.engine.after(lagMs, change);
  }
}

function report(
  hub: Hub,
  gateway: ClusterGateway,
  object: KubeObject,
  found: Omit<RouteReport, 'gateway'>,
): void {
  const parent = gatewayOf(gateway.cluster, object);
  if (parent === null) return;
  const now = hub.engine.now();
  writeRouteStatus(gateway.cluster, object.metadata, { ...found, gateway: parent }, now);
}

function finish(hub: Hub, gateway: ClusterGateway, state: RouteState, reading: Reading): void {
  const { cluster, behaviour } = gateway;
  const object = cluster.kube.read(HTTP_ROUTE, state.namespace, state.name);
  state.reconciling = false;
  if (object === undefined) return;
  if (!behaviour.reconciles) return;
  if (behaviour.refuses !== null) {
    report(hub, gateway, object, { generation: reading.route.generation, problem: behaviour.refuses });
    return;
  }
  for (const pool of reading.pools) gateway.built.add(pool.key);
  if (!behaviour.reportsFalsely) program(hub, gateway, reading.route);
  const lagMs = hub.engine.settingUp
    ? 0
    : hub.lags.integer(behaviour.reportLagMs[0], behaviour.reportLagMs[1]);
  const tell = (): void => {
    report(hub, gateway, object, { generation: reading.route.generation, problem: null });
    const parent = gatewayOf(cluster, object);
    if (parent === null) return;
    for (const pool of reading.pools) writePoolStatus(cluster, pool, parent, hub.engine.now());
  };
  if (lagMs === 0) tell();
  else hub.engine.after(lagMs, tell);
  if (state.again) begin(hub, gateway, state);
}

function reconcile(hub: Hub, gateway: ClusterGateway, state: RouteState): void {
  const { cluster } = gateway;
  const { engine } = hub;
  state.again = false;
  const object = cluster.kube.read(HTTP_ROUTE, state.namespace, state.name);
  if (object === undefined || gatewayOf(cluster, object) === null || !gateway.behaviour.reconciles) {
    state.reconciling = false;
    return;
  }
  const reading = readRoute(hub.backends, cluster, object);
  state.resolved = reading.problems.length === 0;
  if (!state.resolved) {
    state.reconciling = false;
    const name = `${state.namespace}/${state.name}`;
    const message = `error cause: reference-not-found: Error GWCER104: HTTPRoute "${name}" is misconfigured, err: ${reading.problems[0]}`;
    const problem = { condition: 'ResolvedRefs', reason: 'BackendNotFound', message } as const;
    report(hub, gateway, object, { generation: reading.route.generation, problem });
    return;
  }
  const fresh = reading.pools.filter((pool) => !gateway.built.has(pool.key));
  if (fresh.length === 0) {
    finish(hub, gateway, state, reading);
    return;
  }
  const buildMs = engine.draw('backendBuild', fresh.map((pool) => pool.name).join(','));
  engine.after(buildMs, () => finish(hub, gateway, state, reading));
}

/** One reconciliation at a time per route; it reads what is stored when its turn comes. */
function begin(hub: Hub, gateway: ClusterGateway, state: RouteState): void {
  if (!gateway.behaviour.reconciles) return;
  if (state.reconciling) {
    state.again = true;
    return;
  }
  state.reconciling = true;
  hub.engine.after(hub.engine.draw('gatewayLag', `${state.namespace}/${state.name}`), () =>
    reconcile(hub, gateway, state),
  );
}

function stateOf(gateway: ClusterGateway, route: KubeObject): RouteState {
  const namespace = route.metadata.namespace ?? 'default';
  const key = `${namespace}/${route.metadata.name}`;
  let state = gateway.routes.get(key);
  if (state === undefined) {
    state = { namespace, name: route.metadata.name, reconciling: false, again: false, resolved: true };
    gateway.routes.set(key, state);
  }
  return state;
}

function churn(hub: Hub, gateway: ClusterGateway): void {
  const everyMs = gateway.behaviour.statusChurnMs;
  if (everyMs === null) return;
  hub.engine.after(everyMs, () => {
    for (const state of gateway.routes.values()) {
      const object = gateway.cluster.kube.read(HTTP_ROUTE, state.namespace, state.name);
      if (object !== undefined) {
        // Another annotation of the controller's own: a newer resourceVersion and nothing else.
        const annotations = {
          ...object.metadata.annotations,
          'networking.gke.io/last-reconcile-time': String(hub.engine.now()),
        };
        gateway.cluster.kube.put(
          HTTP_ROUTE,
          { ...object, metadata: { ...object.metadata, annotations } },
          'gke-gateway',
        );
      }
    }
    churn(hub, gateway);
  });
}

function deleted(hub: Hub, gateway: ClusterGateway, route: KubeObject): void {
  const key = `${route.metadata.namespace ?? 'default'}/${route.metadata.name}`;
  hub.engine.after(hub.engine.draw('gatewayLag', key), () => {
    const { kube } = gateway.cluster;
    if (kube.read(HTTP_ROUTE, route.metadata.namespace ?? 'default', route.metadata.name) !== undefined)
      return;
    hub.hooks.beforeChange();
    for (const frontEnd of gateway.frontEnds) frontEnd.delete(key);
    gateway.routes.delete(key);
    hub.revision++;
    hub.hooks.programmed(gateway.cluster);
  });
}

function behave(hub: Hub, gateway: ClusterGateway, as: Partial<GatewayBehaviour>): () => void {
  const before = gateway.behaviour;
  const after = { ...before, ...as };
  gateway.behaviour = after;
  const asleep = !before.reconciles || before.reportsFalsely;
  if (asleep || before.refuses !== after.refuses) {
    for (const state of gateway.routes.values()) begin(hub, gateway, state);
  }
  if (before.refuses !== after.refuses) tellGateways(hub, gateway);
  return () => {
    const now = gateway.behaviour;
    const was = Object.entries(before).filter(
      ([key]) => key in as && now[key as keyof GatewayBehaviour] === after[key as keyof GatewayBehaviour],
    );
    if (was.length > 0) behave(hub, gateway, Object.fromEntries(was));
  };
}

/** The Gateways themselves say whether they are programmed. */
function tellGateways(hub: Hub, { cluster, behaviour }: ClusterGateway): void {
  for (const { metadata } of cluster.kube.all(GATEWAY)) {
    const { namespace = 'default', name } = metadata;
    writeGatewayStatus(cluster, { namespace, name }, hub.engine.now(), behaviour.refuses);
  }
}

export function createGateways(engine: Engine, backends: Backends, hooks: GatewayHooks): Gateways {
  const hub: Hub = { engine, backends, hooks, lags: engine.random('gateway'), revision: 0 };
  const gateways = new Map<Cluster, ClusterGateway>();
  const of = (cluster: Cluster): ClusterGateway => {
    let gateway = gateways.get(cluster);
    if (gateway === undefined) {
      const behaviour = engine.parameters.gateway;
      const frontEnds = Array.from({ length: behaviour.frontEnds }, () => new Map<string, ProgrammedRoute>());
      gateway = { cluster, behaviour, routes: new Map(), frontEnds, built: new Set() };
      gateways.set(cluster, gateway);
      churn(hub, gateway);
    }
    return gateway;
  };
  return {
    routeWritten(cluster, route) {
      const gateway = of(cluster);
      begin(hub, gateway, stateOf(gateway, route));
    },
    routeDeleted: (cluster, route) => deleted(hub, of(cluster), route),
    referenceChanged(cluster) {
      const gateway = of(cluster);
      for (const state of gateway.routes.values()) {
        const object = cluster.kube.read(HTTP_ROUTE, state.namespace, state.name);
        if (object === undefined) continue;
        const resolved = readRoute(hub.backends, cluster, object).problems.length === 0;
        if (!resolved || !state.resolved) begin(hub, gateway, state);
      }
    },
    behave: (cluster, as) => behave(hub, of(cluster), as),
    programmed: (cluster, frontEnd) => of(cluster).frontEnds[frontEnd]?.values() ?? [],
    frontEnds: (cluster) => of(cluster).frontEnds.length,
    get revision() {
      return hub.revision;
    },
  };
}
