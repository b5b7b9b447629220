import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ApiClient } from './api-client.ts';
import {
  type GatewayObject,
  gkeParents,
  type HttpRoute,
  type InferencePoolObject,
  isGkeGateway,
  type Known,
  type ParentRef,
  type ProgrammedRoute,
  type Reading,
  readRoute,
} from './gateway-reading.ts';
import { gatewayStatus, poolStatus, type Refusal, routeStatus } from './gateway-words.ts';
import { GATEWAY_API, makeClasses, type StatusWriter, writeStatus } from './gateway-writes.ts';
import { type ObjectWatch, watchObjects } from './watch-objects.ts';

export interface GatewayBehaviour {
  /** From a stored route to its programming, milliseconds. */
  readonly lagMs: number;
  /** From the programming to the report, milliseconds: late reports. */
  readonly reportLagMs: number;
  /** false: routes are neither programmed nor reported, until it is true again. */
  readonly reconciles: boolean;
  /** Reports `Reconciled` and programs nothing. */
  readonly reportsFalsely: boolean;
  /** Refuses every route; what is programmed stays. */
  readonly refuses: Refusal | null;
}

/** GKE's Gateway controller and load balancer, as far as the API shows them. */
export interface GatewayController {
  /** What the load balancer obeys now. */
  programmed(): readonly ProgrammedRoute[];
  /** The generation of a route that it last looked at, whatever it made of it; 0: never. */
  seen(namespace: string, name: string): number;
  /** Looks at all routes again. */
  behave(as: Partial<GatewayBehaviour>): void;
  /** Resolves when it has done all that it knows of. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface GatewayControllerInput {
  readonly kubeconfig: string;
  readonly api: ApiClient;
  readonly lagMs: number;
  readonly behaviour?: Partial<Omit<GatewayBehaviour, 'lagMs'>>;
  /** Of every Gateway; default one of a documentation range. */
  readonly address?: string;
}

const INFERENCE_API = '/apis/inference.networking.k8s.io/v1';

interface Watches {
  readonly routes: ObjectWatch<HttpRoute>;
  readonly gateways: ObjectWatch<GatewayObject>;
  readonly pools: ObjectWatch<InferencePoolObject>;
  readonly services: ObjectWatch<KubeObject>;
}

interface Hub {
  readonly input: GatewayControllerInput;
  behaviour: GatewayBehaviour;
  readonly programmed: Map<string, ProgrammedRoute>;
  readonly seen: Map<string, number>;
  /** Routes of which something is missing. */
  readonly unresolved: Set<string>;
  /** Gateways that are known. */
  readonly gateways: Set<string>;
  /** Routes being reconciled; true: written again meanwhile. */
  readonly busy: Map<string, boolean>;
  readonly work: Set<Promise<void>>;
  readonly stopping: AbortController;
  readonly writer: StatusWriter;
  watches: Watches | null;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const wait = async (hub: Hub, ms: number): Promise<void> => {
  if (ms > 0) await pause(ms, undefined, { signal: hub.stopping.signal }).catch(() => undefined);
};

const knownOf = (watches: Watches): Known => ({
  gateway: (namespace, name) => watches.gateways.get(namespace, name),
  pool: (namespace, name) => watches.pools.get(namespace, name),
  service: (namespace, name) => watches.services.get(namespace, name),
});

const reportPools = async (hub: Hub, reading: Reading, parent: ParentRef): Promise<void> => {
  const gateway = { namespace: parent.namespace ?? reading.route.namespace, name: parent.name };
  for (const { namespace, name } of reading.pools) {
    const path = `${INFERENCE_API}/namespaces/${namespace}/inferencepools/${name}`;
    await writeStatus<InferencePoolObject>(hub.writer, path, (pool) => poolStatus(pool, gateway));
  }
};

const refusalOf = (behaviour: GatewayBehaviour, { route, problem }: Reading): Refusal | null => {
  if (behaviour.refuses !== null) return behaviour.refuses;
  if (problem === null) return null;
  const message = `error cause: reference-not-found: Error GWCER104: HTTPRoute "${route.namespace}/${route.name}" is misconfigured, err: ${problem}`;
  return { condition: 'ResolvedRefs', reason: 'BackendNotFound', message };
};

/** Reads what is stored after the lag, not what was stored when it began. */
const reconcile = async (hub: Hub, watches: Watches, key: string): Promise<void> => {
  await wait(hub, hub.behaviour.lagMs);
  const [namespace = '', name = ''] = key.split('/');
  const known = knownOf(watches);
  const object = watches.routes.get(namespace, name);
  if (object === undefined) {
    hub.programmed.delete(key);
    hub.seen.delete(key);
    hub.unresolved.delete(key);
    return;
  }
  hub.seen.set(key, object.metadata.generation ?? 1);
  const { behaviour } = hub;
  const parents = gkeParents(known, object);
  if (parents.length === 0 || !behaviour.reconciles || hub.stopping.signal.aborted) return;
  const reading = readRoute(known, object);
  if (reading.problem === null) hub.unresolved.delete(key);
  else hub.unresolved.add(key);
  const refusal = refusalOf(behaviour, reading);
  if (refusal === null && !behaviour.reportsFalsely) hub.programmed.set(key, reading.route);
  await wait(hub, behaviour.reportLagMs);
  const path = `${GATEWAY_API}/namespaces/${namespace}/httproutes/${name}`;
  for (const parent of parents) {
    await writeStatus<HttpRoute>(hub.writer, path, (route) =>
      routeStatus(route, parent, reading.route.generation, refusal),
    );
    if (refusal === null) await reportPools(hub, reading, parent);
  }
};

/** `stop` waits for it; what fails before that is printed. */
const track = (hub: Hub, what: string, work: () => Promise<void>): void => {
  const run = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!hub.stopping.signal.aborted) console.error(`gateway controller, ${what}:`, error);
    }
  };
  const done = run();
  hub.work.add(done);
  void done.finally(() => hub.work.delete(done));
};

/** One reconciliation at a time per route. */
const begin = (hub: Hub, key: string): void => {
  const { watches } = hub;
  if (watches === null || hub.stopping.signal.aborted) return;
  if (hub.busy.has(key)) {
    hub.busy.set(key, true);
    return;
  }
  hub.busy.set(key, false);
  track(hub, key, async () => {
    await reconcile(hub, watches, key).finally(() => {
      const again = hub.busy.get(key) === true;
      hub.busy.delete(key);
      if (again) begin(hub, key);
    });
  });
};

const beginAll = (hub: Hub): void => {
  for (const route of hub.watches?.routes.list() ?? []) begin(hub, keyOf(route));
};

/** A status write, ours among them, is no reason to look again. */
const routeChanged = (hub: Hub, route: HttpRoute): void => {
  if (hub.seen.get(keyOf(route)) !== (route.metadata.generation ?? 1)) begin(hub, keyOf(route));
};

/** A pool or Service came or changed: only routes that lacked something may care. */
const referenceChanged = (hub: Hub): void => {
  for (const key of hub.unresolved) begin(hub, key);
};

const gatewayGone = (hub: Hub, gateway: GatewayObject): void => {
  hub.gateways.delete(keyOf(gateway));
  beginAll(hub);
};

const gatewayChanged = (hub: Hub, gateway: GatewayObject): void => {
  if (!isGkeGateway(gateway)) return;
  if (!hub.gateways.has(keyOf(gateway))) {
    hub.gateways.add(keyOf(gateway));
    beginAll(hub);
  }
  const { namespace = '', name } = gateway.metadata;
  const path = `${GATEWAY_API}/namespaces/${namespace}/gateways/${name}`;
  const address = hub.input.address ?? '203.0.113.10';
  track(hub, keyOf(gateway), () =>
    writeStatus<GatewayObject>(hub.writer, path, (stored) => gatewayStatus(stored, address)),
  );
};

const settled = async (hub: Hub): Promise<void> => {
  while (hub.work.size > 0) await Promise.all(hub.work);
};

/** Starts it: watches routes, gateways, pools and Services, and writes statuses as GKE's controller does. */
export const startGatewayController = async (input: GatewayControllerInput): Promise<GatewayController> => {
  const { kubeconfig, api } = input;
  const stopping = new AbortController();
  const hub: Hub = {
    input,
    behaviour: {
      reportLagMs: 0,
      reconciles: true,
      reportsFalsely: false,
      refuses: null,
      ...input.behaviour,
      lagMs: input.lagMs,
    },
    programmed: new Map(),
    seen: new Map(),
    unresolved: new Set(),
    gateways: new Set(),
    busy: new Map(),
    work: new Set(),
    stopping,
    writer: { api, signal: stopping.signal },
    watches: null,
  };
  await makeClasses(api);
  const watch = <T extends KubeObject>(
    path: string,
    changed: (object: T) => void,
    gone: (object: T) => void,
  ): Promise<ObjectWatch<T>> => watchObjects<T>({ kubeconfig, api, path, changed, gone });
  const all = (): void => beginAll(hub);
  const references = (): void => referenceChanged(hub);
  const [gateways, pools, services, routes] = await Promise.all([
    watch<GatewayObject>(
      `${GATEWAY_API}/gateways`,
      (gateway) => gatewayChanged(hub, gateway),
      (gateway) => gatewayGone(hub, gateway),
    ),
    watch<InferencePoolObject>(`${INFERENCE_API}/inferencepools`, references, all),
    watch<KubeObject>('/api/v1/services', references, all),
    watch<HttpRoute>(
      `${GATEWAY_API}/httproutes`,
      (route) => routeChanged(hub, route),
      (route) => begin(hub, keyOf(route)),
    ),
  ]);
  const watches: Watches = { gateways, pools, services, routes };
  hub.watches = watches;
  beginAll(hub);
  return {
    programmed: () => [...hub.programmed.values()],
    seen: (namespace, name) => hub.seen.get(`${namespace}/${name}`) ?? 0,
    behave: (as) => {
      hub.behaviour = { ...hub.behaviour, ...as };
      beginAll(hub);
    },
    settled: () => settled(hub),
    stop: async () => {
      hub.stopping.abort();
      await Promise.all(Object.values(watches).map((one: { stop(): Promise<void> }) => one.stop()));
      await settled(hub);
    },
  };
};
