import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { watchObjects } from '../control-plane/watch-objects.ts';
import type { NetworkNamespace } from './network-namespace.ts';
import { listenForPod, type PodHandler, type PodListener, type ServedPod } from './pod-listener.ts';
import { type Relay, startRelay } from './relay.ts';

export interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly name: string;
      readonly ports?: readonly { readonly containerPort: number; readonly name?: string }[];
      readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

/** Processes of the test's behind addresses of pods. Pods are named `namespace/name`. */
export interface PodServers {
  /** Those that have an address now, dead ones included. */
  pods(): readonly ServedPod[];
  /** The process dies and nobody notices: connections are cut and refused. */
  die(pod: string): Promise<void>;
  /** Undoes `die`. */
  live(pod: string): Promise<void>;
  /** It takes requests and does not answer, until `wake`. */
  hang(pod: string): void;
  wake(pod: string): void;
  /** Requests that it took while it hangs. */
  waiting(pod: string): number;
  /** The process dies and the kubelet starts it again: not ready, one restart more, ready after the pod's own delay. */
  restart(pod: string): Promise<void>;
  stop(): Promise<void>;
}

export interface PodServersInput {
  /** Started with `podAddresses: 'given'`. */
  readonly controlPlane: ControlPlane;
  readonly network: NetworkNamespace;
  /** Ports that a pod serves; none: it gets an address that leads nowhere. */
  readonly portsOf: (pod: Pod) => readonly number[];
  readonly handle: PodHandler;
}

/** Container ports of pods that ask for a GPU: model servers and nothing else. */
export const modelServerPorts = (pod: Pod): readonly number[] =>
  pod.spec.containers
    .filter(({ resources }) => resources?.limits?.['nvidia.com/gpu'] !== undefined)
    .flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));

interface Served {
  readonly pod: ServedPod;
  readonly listeners: readonly PodListener[];
  /** Lives again as soon as the pod is ready and counts so many restarts; null: it lives, or nobody starts it again. */
  restart: number | null;
}

interface Hub {
  readonly input: PodServersInput;
  readonly relay: Relay;
  readonly served: Map<string, Served>;
  /** One thing at a time for each pod. */
  readonly queues: Map<string, Promise<void>>;
  nowhere: number;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
const statusPath = (key: string): string => {
  const [namespace = '', name = ''] = key.split('/');
  return `/api/v1/namespaces/${namespace}/pods/${name}/status`;
};

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

const restartsOf = (pod: Pod): number => pod.status?.containerStatuses?.[0]?.restartCount ?? 0;

/** Listens first, then tells the API server where: nobody ever finds a pod with an address that does not serve. */
const give = async (hub: Hub, pod: Pod): Promise<void> => {
  const { input, relay, served } = hub;
  const { controlPlane, network } = input;
  const key = keyOf(pod);
  const ports = input.portsOf(pod);
  const address = ports.length > 0 ? network.takeAddress() : `240.0.1.${String((hub.nowhere++ % 254) + 1)}`;
  if (ports.length > 0) {
    const { namespace = '', name, uid = '', labels = {} } = pod.metadata;
    const entry: ServedPod = { namespace, name, uid, labels, address };
    const listeners = await Promise.all(
      ports.map((port) =>
        listenForPod({ relay, folder: controlPlane.folder, pod: entry, port, handle: input.handle }),
      ),
    );
    served.set(key, { pod: entry, listeners, restart: null });
  }
  const body = { metadata: { uid: pod.metadata.uid }, status: { podIP: address, podIPs: [{ ip: address }] } };
  const answer = await controlPlane.api.send({ method: 'PATCH', path: statusPath(key), body });
  // It was deleted meanwhile.
  if (answer.status === 404 || answer.status === 409) await take(hub, key);
  else if (answer.status >= 300) throw new Error(`address of ${key}: ${answer.text}`);
};

const take = async (hub: Hub, key: string): Promise<void> => {
  const entry = hub.served.get(key);
  if (entry === undefined) return;
  hub.served.delete(key);
  await Promise.all(entry.listeners.map((listener) => listener.close()));
  hub.input.network.giveBack(entry.pod.address);
};

const changed = async (hub: Hub, pod: Pod): Promise<void> => {
  const key = keyOf(pod);
  const entry = hub.served.get(key);
  // The name came back with another pod behind it, e.g. of a StatefulSet.
  if (entry !== undefined && entry.pod.uid !== pod.metadata.uid) await take(hub, key);
  if (entry !== undefined && entry.restart !== null && isReady(pod) && restartsOf(pod) >= entry.restart) {
    entry.restart = null;
    await Promise.all(entry.listeners.map((listener) => listener.live()));
  }
  const waits = pod.status?.phase === 'Running' && pod.status.podIP === undefined;
  if (waits && pod.metadata.deletionTimestamp === undefined && !hub.served.has(key)) await give(hub, pod);
};

const enqueue = (hub: Hub, key: string, work: () => Promise<void>): Promise<void> => {
  const before = hub.queues.get(key) ?? Promise.resolve();
  const after = before.catch(() => undefined).then(work);
  hub.queues.set(key, after);
  return after;
};

const restart = async (hub: Hub, key: string, entry: Served): Promise<void> => {
  const { api } = hub.input.controlPlane;
  const path = statusPath(key);
  const pod = await api.json<Pod>({ path });
  if (pod === null) return;
  await Promise.all(entry.listeners.map((listener) => listener.die()));
  const since = new Date().toISOString();
  const reason = 'ContainersNotReady';
  const conditions = ['Ready', 'ContainersReady'].map((type) => ({
    type,
    status: 'False',
    reason,
    lastTransitionTime: since,
  }));
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((status) => ({
    ...status,
    ready: false,
    started: false,
    restartCount: status.restartCount + 1,
  }));
  // Strategic: conditions of other types stay.
  const contentType = 'application/strategic-merge-patch+json';
  await api.json({ method: 'PATCH', path, contentType, body: { status: { conditions, containerStatuses } } });
  entry.restart = restartsOf(pod) + 1;
};

/**
 * Gives each pod that runs an address, and serves those of the network namespace: a request to `address:port` comes to
 * `handle`. Pods become ready after that. A pod that is being deleted is served until it is gone.
 */
export const startPodServers = async (input: PodServersInput): Promise<PodServers> => {
  const { controlPlane, network } = input;
  const relay = await startRelay(network, controlPlane.folder, controlPlane.watchdog);
  const hub: Hub = { input, relay, served: new Map(), queues: new Map(), nowhere: 0 };
  const later = (key: string, work: () => Promise<void>): void => {
    enqueue(hub, key, work).catch((error: unknown) => console.error(`pod ${key}:`, error));
  };
  const watch = await watchObjects<Pod>({
    kubeconfig: controlPlane.kubeconfig,
    api: controlPlane.api,
    path: '/api/v1/pods',
    changed: (pod) => later(keyOf(pod), () => changed(hub, pod)),
    gone: (pod) => later(keyOf(pod), () => take(hub, keyOf(pod))),
  });
  const entryOf = (key: string): Served => {
    const entry = hub.served.get(key);
    if (entry === undefined) throw new Error(`no process serves pod ${key}`);
    return entry;
  };
  const each = (key: string, what: (listener: PodListener) => Promise<void>): Promise<void> =>
    enqueue(hub, key, async () => {
      await Promise.all(entryOf(key).listeners.map(what));
    });
  return {
    pods: () => [...hub.served.values()].map(({ pod }) => pod),
    die: (key) => each(key, (listener) => listener.die()),
    live: (key) => each(key, (listener) => listener.live()),
    hang: (key) => entryOf(key).listeners.forEach((listener) => listener.hang()),
    wake: (key) => entryOf(key).listeners.forEach((listener) => listener.wake()),
    waiting: (key) => entryOf(key).listeners.reduce((sum, listener) => sum + listener.waiting(), 0),
    restart: (key) => enqueue(hub, key, () => restart(hub, key, entryOf(key))),
    stop: async () => {
      await watch.stop();
      await Promise.all([...hub.queues.values()].map((queue) => queue.catch(() => undefined)));
      await Promise.all([...hub.served.keys()].map((key) => take(hub, key)));
      await relay.stop();
    },
  };
};
