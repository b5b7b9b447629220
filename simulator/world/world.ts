import type { KubeObject } from '../../workflows/kubernetes.ts';
import { type ActParts, type Acts, createActs } from './act-runner.ts';
import type { Act } from './acts.ts';
import { createBackends } from './backends.ts';
import type { CarrierWrite } from './carrier-truth.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { watchCluster } from './cluster-watch.ts';
import { withDefaults } from './defaults.ts';
import { createDeployments, type Deployments } from './deployments.ts';
import { createEngine, type EngineControl, runUntil } from './engine.ts';
import { createGateways } from './gateway.ts';
import { createGatewayRequests, type GatewayReply, type GatewayRequest } from './gateway-requests.ts';
import { startGitOps } from './gitops.ts';
import { gkeHandlers } from './gke-handlers.ts';
import type { WorldHandlers } from './handlers.ts';
import type { IncidentMessage } from './incident-message.ts';
import type { AccessRule } from './kubernetes/access.ts';
import { createKubeServer, type WorldKubeServer } from './kubernetes/kube-server.ts';
import { type LoadFailure, loadStack } from './kubernetes/load-stack.ts';
import { kubernetesHandlers } from './kubernetes-handlers.ts';
import { modelsHandlers } from './models-handlers.ts';
import { createMonitoring } from './monitoring.ts';
import { monitoringHandlers } from './monitoring-handlers.ts';
import { createNodePools, type NodePools } from './node-pools.ts';
import type { StackParameters, WorldInput, WorldParameters } from './parameters.ts';
import { createPodProxy, type ProxiedReply, type ProxiedRequest } from './pod-proxy.ts';
import { createPods } from './pods.ts';
import { GATEWAY_CLASS, NAMESPACE, POD, resourceOf } from './resources.ts';
import { createRewrites, type Rewrites } from './rewrites.ts';
import { servedBy } from './served-kinds.ts';
import type { Server } from './server.ts';
import { createServerHttp } from './server-http.ts';
import { createServerMetrics } from './server-metrics.ts';
import { createTraffic, type Traffic } from './traffic.ts';
import { type PoolTruth, poolsOf, type RouteWrite, type Truth, truthOf } from './truth.ts';

/** A simulated GKE in virtual time. Nothing moves but by `advanceTo` and by what is asked of it. */
export interface World {
  readonly parameters: WorldParameters;
  readonly nowMs: number;
  /** Time of the next thing that happens by itself; null when nothing will. Traffic flows without events. */
  nextEventMs(): number | null;
  /** Lets everything happen up to and including `ms`, in order of time. A time in the past does nothing. */
  advanceTo(ms: number): void;
  /** Computes the traffic up to the present. Before totals are read at an end; not while a rollout is watched. */
  settle(): void;
  /** Does something to the world now. */
  act(act: Act): void;
  /** The ports' side of the world, for one caller. */
  handlers(user?: string): WorldHandlers;
  /** API server of a cluster; undefined for a name that the world does not have. */
  kube(cluster: string): WorldKubeServer | undefined;
  /** Loads manifests as `kubectl apply` would, while time passes; returns what was not accepted. */
  load(stack: StackParameters): readonly LoadFailure[];
  /** What a request through the pod proxy comes to, for HTTP callers. */
  proxy(request: ProxiedRequest): ProxiedReply;
  /** What a request to a gateway's address comes to, for HTTP callers; it joins the world's own requests. */
  gatewayRequest(request: GatewayRequest): GatewayReply;
  /** The control plane of a cluster answers nobody before this time; 0 for a name that the world does not have. */
  unreachableUntilMs(cluster: string): number;
  /** Who may do what in a cluster, `pods/proxy` included. */
  setAccess(cluster: string, rule: AccessRule): void;
  onIncident(listener: (message: IncidentMessage) => void): void;
  /** The model server's process in a pod; null where none runs. */
  server(cluster: string, namespace: string, pod: string): Server | null;
  truth(): Truth;
  /** Drops the log of route writes: for runs of days. */
  forgetWrites(): void;
  /** The part of the truth that is about the pools of one namespace. */
  poolsOf(cluster: string, namespace: string): readonly PoolTruth[];
}

const GATEWAY_CLASSES = [
  'gke-l7-regional-external-managed',
  'gke-l7-rilb',
  'gke-l7-global-external-managed',
] as const;

/** A uid that looks like one and comes from the seed. */
function uids(engine: EngineControl): () => string {
  const random = engine.random('uids');
  const hex = (digits: number): string =>
    Math.floor(random.uniform() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

function furnish(cluster: Cluster): void {
  for (const name of cluster.parameters.namespaces) {
    const metadata = { name, labels: { 'kubernetes.io/metadata.name': name } };
    cluster.kube.put(
      NAMESPACE,
      { apiVersion: 'v1', kind: 'Namespace', metadata, status: { phase: 'Active' } },
      'gke',
    );
  }
  for (const name of GATEWAY_CLASSES) {
    cluster.kube.put(
      GATEWAY_CLASS,
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'GatewayClass',
        metadata: { name },
        spec: { controllerName: 'networking.gke.io/gateway' },
        status: { conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted' }] },
      },
      'gke',
    );
  }
}

function inNamespace(objects: readonly KubeObject[], namespace: string): readonly KubeObject[] {
  return objects.map((object) => {
    const namespaced = resourceOf(object)?.namespaced === true && object.metadata?.namespace === undefined;
    return namespaced ? { ...object, metadata: { ...object.metadata, namespace } } : object;
  });
}

interface Parts extends ActParts {
  readonly engine: EngineControl;
  readonly deployments: Deployments;
  readonly routeWrites: RouteWrite[];
  readonly carrierWrites: CarrierWrite[];
  readonly rewrites: Rewrites;
}

/** The parts need each other; what they need of later ones they reach through hooks. */
function assemble(engine: EngineControl): Parts & { readonly hooks: { acts: Acts | null } } {
  const clusters = new Map<string, Cluster>();
  const routeWrites: RouteWrite[] = [];
  const carrierWrites: CarrierWrite[] = [];
  const late: { traffic: Traffic | null; deployments: Deployments | null; nodePools: NodePools | null } = {
    traffic: null,
    deployments: null,
    nodePools: null,
  };
  const hooks: { acts: Acts | null } = { acts: null };
  const backends = createBackends();
  const beforeChange = (): void => late.traffic?.settle();
  const pods = createPods(engine, {
    beforeChange,
    changed(pod) {
      backends.invalidate();
      if (pod.ownerUid !== null) late.deployments?.changed(pod.cluster, pod.ownerUid);
    },
    requestsLost: (pod, how) => late.traffic?.lose(pod, how),
    unplaced: (cluster) => late.nodePools?.scaleUp(cluster),
  });
  const deployments = createDeployments(engine, pods);
  late.deployments = deployments;
  const nodePools = createNodePools(engine, pods);
  late.nodePools = nodePools;
  const programmed = (): void => hooks.acts?.programmed();
  const gateways = createGateways(engine, backends, { beforeChange, programmed });
  const uid = uids(engine);
  for (const parameters of engine.parameters.clusters) {
    const kube = createKubeServer({ clock: () => engine.now(), uid, ...servedBy(parameters) });
    const cluster = createCluster(engine, parameters, kube);
    clusters.set(parameters.name, cluster);
    furnish(cluster);
  }
  const rewrites = createRewrites(engine, { beforeChange, changed: programmed });
  const traffic = createTraffic(engine, clusters, { backends, gateways, rewrites });
  late.traffic = traffic;
  const monitoring = createMonitoring(engine, { traffic, backends, clusters }, () =>
    isSplit({ clusters, gateways, rewrites }),
  );
  return {
    engine,
    clusters,
    backends,
    pods,
    deployments,
    nodePools,
    gateways,
    rewrites,
    traffic,
    monitoring,
    routeWrites,
    carrierWrites,
    hooks,
  };
}

function isSplit({
  clusters,
  gateways,
  rewrites,
}: Pick<Parts, 'clusters' | 'gateways' | 'rewrites'>): boolean {
  for (const cluster of clusters.values()) {
    if (rewrites.isSplit(cluster)) return true;
    for (const route of gateways.programmed(cluster, 0)) {
      if (route.rules.some((rule) => rule.backends.filter(({ weight }) => weight > 0).length > 1))
        return true;
    }
  }
  return false;
}

function load(parts: Parts, stack: StackParameters): readonly LoadFailure[] {
  const cluster = parts.clusters.get(stack.cluster);
  if (cluster === undefined) return [];
  const objects = inNamespace(stack.objects, stack.namespace);
  return loadStack(cluster.kube, objects, {
    user: 'admin@example.com',
    manager: 'kubectl-client-side-apply',
  });
}

function setUp(parts: Parts): void {
  const { engine } = parts;
  for (const cluster of parts.clusters.values()) {
    watchCluster(parts, cluster);
    for (const pool of cluster.parameters.nodePools) parts.nodePools.seed(cluster, pool);
  }
  for (const stack of engine.parameters.stacks) {
    const failures = load(parts, stack);
    const first = failures[0];
    if (first !== undefined)
      throw new Error(`stack: ${first.kind} ${first.name}: ${first.failure.message ?? ''}`);
  }
  runUntil(engine, engine.parameters.startMs);
  engine.settingUp = false;
}

/** @throws Error when a stack's manifest is refused by the API server. */
export function createWorld(input: WorldInput = {}): World {
  const parameters = withDefaults(input);
  const engine = createEngine(parameters);
  const parts = assemble(engine);
  setUp(parts);
  const acts = createActs(parts, parameters.acts);
  parts.hooks.acts = acts;
  startGitOps(engine, parts.clusters);
  const metrics = createServerMetrics();
  const http = createServerHttp(engine, metrics, (pod) => parts.pods.adaptersChanged(pod));
  const access = new Map<string, AccessRule>();
  const proxyResource = { ...POD, plural: 'pods/proxy' };
  const proxied = createPodProxy({ engine, clusters: parts.clusters, traffic: parts.traffic, http });
  const gatewayRequest = createGatewayRequests({ clusters: parts.clusters, traffic: parts.traffic, http });
  return {
    parameters,
    get nowMs() {
      return engine.now();
    },
    nextEventMs: () => engine.queue.peekMs(),
    advanceTo(ms) {
      runUntil(engine, ms);
      parts.traffic.passTime(engine.now());
    },
    settle: () => parts.traffic.settle(),
    act: (act) => acts.act(act),
    handlers(user = 'sluice') {
      const caller = { user, manager: 'sluice' };
      const mayProxy = (cluster: Cluster, namespace: string): boolean =>
        access.get(cluster.name)?.(caller, 'get', proxyResource, namespace) ?? true;
      return {
        kubernetes: kubernetesHandlers(engine, parts.clusters, caller),
        models: modelsHandlers({
          engine,
          clusters: parts.clusters,
          traffic: parts.traffic,
          metrics,
          http,
          mayProxy,
        }),
        gke: gkeHandlers(engine, parts.clusters, parts.nodePools),
        monitoring: monitoringHandlers(engine, parts.monitoring),
      };
    },
    kube: (name) => parts.clusters.get(name)?.kube,
    proxy: (request) => proxied(request),
    gatewayRequest: (request) => gatewayRequest(request),
    unreachableUntilMs: (name) => parts.clusters.get(name)?.unreachableUntilMs ?? 0,
    load: (stack) => load(parts, stack),
    setAccess(name, rule) {
      access.set(name, rule);
      parts.clusters.get(name)?.kube.setAccess(rule);
    },
    onIncident: (listener) => parts.monitoring.onIncident(listener),
    server(name, namespace, pod) {
      const cluster = parts.clusters.get(name);
      const uid = cluster?.kube.read(POD, namespace, pod)?.metadata.uid ?? '';
      return cluster?.pods.get(uid)?.server ?? null;
    },
    truth: () => truthOf({ ...parts, acts }),
    forgetWrites() {
      parts.routeWrites.splice(0);
      parts.carrierWrites.splice(0);
    },
    poolsOf: (cluster, namespace) => poolsOf(parts, cluster, namespace),
  };
}
