/**
 * Model servers and users of a real cluster, played by the simulator's own code: the world's servers, queues and traffic,
 * over the pods, pools and Services that the API server has and the weights that the gateway controller obeys. So figures are
 * those of the pods that got the requests, and no object exists twice.
 */

import { eventsOf } from '../../../simulator/servers/event-stream.ts';
import { createAdapters } from '../../../simulator/world/adapters.ts';
import { type Backends, createBackends } from '../../../simulator/world/backends.ts';
import { type Cluster, type ClusterNode, createCluster } from '../../../simulator/world/cluster.ts';
import { withDefaults } from '../../../simulator/world/defaults.ts';
import { createEngine, type EngineControl, runUntil } from '../../../simulator/world/engine.ts';
import { fields } from '../../../simulator/world/fields.ts';
import type { Gateways } from '../../../simulator/world/gateway.ts';
import { createKubeServer } from '../../../simulator/world/kubernetes/kube-server.ts';
import { podOf, type Pod as WorldPod } from '../../../simulator/world/pod.ts';
import { CONFIG_MAP, INFERENCE_POOL, SERVICE } from '../../../simulator/world/resources.ts';
import type { ProgrammedRoute } from '../../../simulator/world/routing.ts';
import { type Server, startServer } from '../../../simulator/world/server.ts';
import type { HttpRequest } from '../../../simulator/world/server-http.ts';
import { contentTypeOf, createServerHttp, QUICK_MS } from '../../../simulator/world/server-http.ts';
import { createServerMetrics } from '../../../simulator/world/server-metrics.ts';
import { createTraffic, type Traffic } from '../../../simulator/world/traffic.ts';
import type { KubeObject, KubeResource } from '../../../workflows/kubernetes.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { GatewayController } from '../control-plane/gateway-controller.ts';
import { type ObjectWatch, watchObjects } from '../control-plane/watch-objects.ts';
import { answering, type PodResponse } from '../network/answering.ts';
import type { PodHandler, ServedPod } from '../network/pod-listener.ts';
import { modelServerPorts, type Pod } from '../network/pod-servers.ts';

export interface FleetClock {
  nowMs(): number;
  wait(ms: number): Promise<unknown>;
}

/** What users of a namespace's route saw since it began to count. */
export interface Users {
  readonly requests: number;
  readonly failed: number;
  readonly byKind: Readonly<Record<string, number>>;
}

export interface ModelFleet {
  /** For `startPodServers`. */
  readonly handle: PodHandler;
  /** Begins to know pods, pools, Services and adapters. Without a gateway there are no users. */
  watch(plane: ControlPlane, gateway: GatewayController | null): Promise<void>;
  /** Time has passed. */
  advanceTo(nowMs: number): void;
  /** From now on users send so many requests a second to the routes of a namespace; 0: none. Their caches are warm. */
  serve(namespace: string, requestsPerSecond: number): void;
  users(namespace: string): Users;
  /** Requests that a pool's pods were sent. */
  sentTo(namespace: string, pool: string): number;
  /** Does something to the servers of a pool's pods, those that live now. */
  each(namespace: string, pool: string, what: (server: Server) => void): void;
  stop(): Promise<void>;
}

interface Hub {
  readonly engine: EngineControl;
  readonly clock: FleetClock;
  /** One per namespace: routes of different namespaces must not compete for a host. */
  readonly places: Map<string, Place>;
  /** Machine type of each node. */
  readonly machines: Map<string, string>;
  gateway: GatewayController | null;
}

interface Place {
  readonly cluster: Cluster;
  readonly backends: Backends;
  readonly traffic: Traffic;
}

const PICKER_SAYS: PodResponse = {
  status: 401,
  contentType: 'text/plain; charset=utf-8',
  body: 'Unauthorized\n',
};
const MACHINE_TYPE = 'node.kubernetes.io/instance-type';
const REPLY_MAX_MS = 600_000;
/** From a pod's change to what picker and gateway know of it. */
const NOTICE_MS = 1000;

const gatewaysOf = (hub: Hub, namespace: string, backends: Backends, cluster: () => Cluster): Gateways => {
  let seen: readonly unknown[] = [];
  let routes: readonly ProgrammedRoute[] = [];
  let revision = 0;
  const refresh = (): void => {
    const programmed = (hub.gateway?.programmed() ?? []).filter((route) => route.namespace === namespace);
    if (programmed.length === seen.length && programmed.every((route, index) => route === seen[index]))
      return;
    seen = programmed;
    revision += 1;
    routes = programmed.map((route) => ({
      ...route,
      gateway: '',
      createdAt: '',
      rules: route.rules.map((rule) => ({
        matches: rule.matches.map((match) => fields(match)),
        backends: rule.backends.map(({ kind, namespace: where, name, weight }) => ({
          backend: backends.of(cluster(), kind, where, name),
          name,
          weight,
        })),
        weightSum: rule.backends.reduce((sum, { weight }) => sum + weight, 0),
      })),
    }));
  };
  const nothing = (): void => undefined;
  return {
    routeWritten: nothing,
    routeDeleted: nothing,
    referenceChanged: nothing,
    behave: () => nothing,
    programmed: () => routes,
    frontEnds: () => 1,
    get revision() {
      refresh();
      return revision;
    },
  };
};

const makePlace = (hub: Hub, namespace: string): Place => {
  const { engine } = hub;
  const parameters = { name: namespace, nodePools: [], namespaces: [namespace], quotas: {} };
  const kube = createKubeServer({ clock: () => engine.now(), uid: () => '' });
  const cluster = createCluster(engine, parameters, kube);
  const backends = createBackends();
  const gateways = gatewaysOf(hub, namespace, backends, () => cluster);
  const traffic = createTraffic(engine, new Map([[namespace, cluster]]), { backends, gateways });
  return { cluster, backends, traffic };
};

const placeOf = (hub: Hub, namespace: string): Place => {
  const known = hub.places.get(namespace);
  if (known !== undefined) return known;
  const place = makePlace(hub, namespace);
  hub.places.set(namespace, place);
  return place;
};

const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false);

/** Of a machine only its speed matters here: who goes where is the real scheduler's business. */
const nodeOf = (hub: Hub, name: string | undefined): ClusterNode | null => {
  if (name === undefined) return null;
  const machineType = hub.machines.get(name) ?? '';
  const { slowness = 1, gpus = 0 } = hub.engine.parameters.machineTypes[machineType] ?? {};
  return { name, nodePool: '', labels: {}, taints: [], gpus, slowness, gpusUsed: 0, cordoned: false };
};

/** Ports that a process of the simulator's answers on: model servers', and the metrics' of endpoint pickers. */
export const fleetPorts = (pod: Pod): readonly number[] => [
  ...modelServerPorts(pod),
  ...pod.spec.containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ name }) => name === 'metrics')
    .map(({ containerPort }) => containerPort),
];

/** A pod's process lives while its containers run; requests come a moment after it is ready. */
const podChanged = (hub: Hub, load: (pod: WorldPod) => void, object: Pod): void => {
  const { metadata, status } = object;
  const place = placeOf(hub, metadata.namespace ?? 'default');
  const { engine } = hub;
  place.traffic.settle();
  const uid = metadata.uid ?? '';
  let pod = place.cluster.pods.get(uid);
  if (pod === undefined) {
    pod = podOf(place.cluster, object, '', engine.parameters.serving.maxModelLen);
    place.cluster.pods.set(uid, pod);
  }
  pod.labels = metadata.labels ?? {};
  pod.deleting = metadata.deletionTimestamp !== undefined;
  const restarts = status?.containerStatuses?.[0]?.restartCount ?? 0;
  const runs = status?.phase === 'Running' && status.podIP !== undefined;
  if (pod.server !== null && restarts !== pod.restarts) {
    place.traffic.lose(pod, 'killed');
    pod.server = null;
  }
  pod.restarts = restarts;
  pod.node ??= nodeOf(hub, object.spec.nodeName);
  pod.ready = isReady(object);
  pod.stage = runs ? 'up' : 'pending';
  if (pod.role.kind === 'server' && pod.server === null && runs) {
    pod.server = startServer(pod.role.config);
    load(pod);
  }
  const { ready } = pod;
  const changed = pod;
  if (pod.inRotation !== ready)
    engine.after(NOTICE_MS, () => {
      place.traffic.settle();
      changed.inRotation = changed.ready;
      place.backends.invalidate();
    });
  place.backends.invalidate();
};

const podGone = (hub: Hub, { metadata }: Pod): void => {
  const place = placeOf(hub, metadata.namespace ?? 'default');
  const pod = place.cluster.pods.get(metadata.uid ?? '');
  if (pod === undefined) return;
  place.traffic.settle();
  place.traffic.lose(pod, 'terminated');
  pod.stage = 'gone';
  pod.server = null;
  pod.inRotation = false;
  place.cluster.pods.delete(pod.uid);
  place.backends.invalidate();
};

const answerOf = (
  hub: Hub,
): ((pod: ServedPod, port: number, request: HttpRequest) => Promise<PodResponse>) => {
  const metrics = createServerMetrics();
  const http = createServerHttp(hub.engine, metrics);
  return async (served, _port, request) => {
    const place = placeOf(hub, served.namespace);
    const pod = place.cluster.pods.get(served.uid);
    const server = pod?.server ?? null;
    // A picker shows its metrics to nobody without a token, and the API server takes the caller's away.
    if (pod?.role.kind === 'picker') return PICKER_SAYS;
    if (pod === undefined || server === null) throw new Error('its process does not run');
    if (request.method === 'GET') place.traffic.observed();
    else place.traffic.settle();
    const response = http.answer(pod, server, request);
    if (response.ms > QUICK_MS) await hub.clock.wait(Math.min(response.ms, REPLY_MAX_MS));
    if (pod.server !== server) throw new Error('its process ended');
    const contentType = contentTypeOf(request.path, response);
    const isStream = contentType?.startsWith('text/event-stream') === true;
    const body = isStream ? eventsOf(response.body).join('') : response.body;
    return { status: response.status, body, ...(contentType === null ? {} : { contentType }) };
  };
};

const watchAll = async (hub: Hub, plane: ControlPlane): Promise<readonly ObjectWatch<KubeObject>[]> => {
  const adapters = createAdapters(hub.engine);
  const watch = <T extends KubeObject>(
    path: string,
    changed: (object: T) => void,
    gone: (object: T) => void,
  ): Promise<ObjectWatch<T>> => {
    const { kubeconfig, api } = plane;
    return watchObjects<T>({ kubeconfig, api, path, changed, gone });
  };
  const mirrored = (resource: KubeResource, path: string): Promise<ObjectWatch<KubeObject>> =>
    watch<KubeObject>(
      path,
      (object) => {
        const namespace = object.metadata.namespace ?? 'default';
        const { cluster, backends } = placeOf(hub, namespace);
        cluster.kube.put(resource, { ...object, apiVersion: '', kind: resource.kind }, 'mirror');
        backends.invalidate();
        if (resource === CONFIG_MAP) adapters.configMapChanged(cluster, namespace, object.metadata.name);
      },
      ({ metadata: { namespace = 'default', name } }) => {
        const { cluster, backends } = placeOf(hub, namespace);
        cluster.kube.remove(resource, namespace, name);
        backends.invalidate();
      },
    );
  // Before the pods on them.
  const nodes = await watch<KubeObject>(
    '/api/v1/nodes',
    ({ metadata: { name, labels } }) => hub.machines.set(name, labels?.[MACHINE_TYPE] ?? ''),
    () => undefined,
  );
  const others = await Promise.all([
    mirrored(CONFIG_MAP, '/api/v1/configmaps'),
    mirrored(SERVICE, '/api/v1/services'),
    mirrored(INFERENCE_POOL, '/apis/inference.networking.k8s.io/v1/inferencepools'),
    watch<Pod>(
      '/api/v1/pods',
      (pod) => podChanged(hub, adapters.load, pod),
      (pod) => podGone(hub, pod),
    ),
  ]);
  return [nodes, ...others];
};

const serversOf = (place: Place, namespace: string, pool: string): readonly WorldPod[] => {
  const backend = place.backends.of(place.cluster, 'InferencePool', namespace, pool);
  place.backends.refresh();
  return backend.members;
};

/** A fleet that knows nothing yet. */
export const createModelFleet = (clock: FleetClock): ModelFleet => {
  const parameters = withDefaults({ startMs: clock.nowMs(), traffic: [] });
  const engine = createEngine(parameters);
  engine.settingUp = false;
  const hub: Hub = { engine, clock, places: new Map(), machines: new Map(), gateway: null };
  let watches: readonly ObjectWatch<KubeObject>[] = [];
  const answer = answerOf(hub);
  const [stream] = withDefaults({}).traffic;
  return {
    handle: answering((pod, port, { method, path, body }) =>
      answer(pod, port, {
        method,
        path: path.split('?')[0] ?? path,
        body: body === '' ? {} : fields(JSON.parse(body)),
      }),
    ),
    async watch(plane, gateway) {
      hub.gateway = gateway;
      watches = await watchAll(hub, plane);
    },
    advanceTo(nowMs) {
      runUntil(engine, nowMs);
      for (const { traffic } of hub.places.values()) traffic.passTime(nowMs);
    },
    serve(namespace, requestsPerSecond) {
      const { cluster, traffic } = placeOf(hub, namespace);
      traffic.settle();
      for (const pod of cluster.pods.values()) pod.server?.warm.add('*');
      const { streams } = traffic.flow;
      streams.splice(0);
      if (stream === undefined || requestsPerSecond === 0) return;
      streams.push({ parameters: { ...stream, cluster: namespace, requestsPerSecond }, cluster });
      // The rules of each stream are looked up anew.
      traffic.flow.rulesRevision = -1;
    },
    users(namespace) {
      const { traffic } = placeOf(hub, namespace);
      traffic.settle();
      const { requests, failed, byKind } = traffic.total;
      return { requests, failed, byKind: { ...byKind } };
    },
    sentTo(namespace, pool) {
      const { backends, cluster, traffic } = placeOf(hub, namespace);
      traffic.settle();
      return backends.of(cluster, 'InferencePool', namespace, pool).tally.requests;
    },
    each(namespace, pool, what) {
      const place = placeOf(hub, namespace);
      place.traffic.settle();
      for (const { server } of serversOf(place, namespace, pool)) if (server !== null) what(server);
    },
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
};
