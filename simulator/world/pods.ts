import type { KubeObject } from '../../workflows/kubernetes.ts';
import { type Adapters, createAdapters, type StandingFault } from './adapters.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import type { Engine } from './engine.ts';
import { rfc3339 } from './kubernetes/rfc3339.ts';
import { placeFor } from './placement.ts';
import { type Pod, podOf } from './pod.ts';
import { writePodStatus } from './pod-status.ts';
import { INFERENCE_POOL, POD } from './resources.ts';
import { startServer } from './server.ts';

/** What other parts of the world want to know of pods. */
interface PodHooks {
  /** Just before something changes that traffic depends on. */
  beforeChange(): void;
  /** Rotation, readiness or existence changed. */
  changed(pod: Pod): void;
  /** Requests in the process end with it: by a reset connection, or as SIGTERM ends them. */
  requestsLost(pod: Pod, how: 'killed' | 'terminated'): void;
  /** No machine takes a pod. */
  unplaced(cluster: Cluster): void;
}

export interface Pods {
  /** Takes up a pod whose object was just created. */
  adopt(cluster: Cluster, object: KubeObject, templateHash: string): Pod;
  /** Graceful deletion: out of rotation, preStop, SIGTERM, gone. */
  terminate(pod: Pod, options?: { readonly preStop: boolean }): void;
  /** SIGKILL; the container is started again, after `downMs` if given. */
  kill(pod: Pod, reason: 'Error' | 'OOMKilled', downMs?: number): void;
  hang(pod: Pod, forMs: number): void;
  /** The machine is gone, and the pod with it. */
  vanish(pod: Pod): void;
  /** A picker's readiness depends on its pool. */
  refresh(pod: Pod): void;
  /** Tries to place all pods that wait for a machine. */
  placePending(cluster: Cluster): void;
  configMapChanged(cluster: Cluster, namespace: string, name: string): void;
  /** Somebody else than its syncer loaded or unloaded an adapter of a pod. */
  adaptersChanged(pod: Pod): void;
  /** Loads of an adapter fail from now on; returns what ends it. */
  adaptersFail(fault: StandingFault): () => void;
}

interface Life {
  readonly engine: Engine;
  readonly hooks: PodHooks;
  readonly adapters: Adapters;
  addresses: number;
}

function updateReadiness(life: Life, pod: Pod, force = false): void {
  const { kube } = pod.cluster;
  const hasPool =
    pod.role.kind !== 'picker' || kube.read(INFERENCE_POOL, pod.namespace, pod.role.pool) !== undefined;
  const ready = pod.stage === 'up' && hasPool && !pod.probeFails;
  if (ready === pod.ready && !force) return;
  if (ready !== pod.ready) {
    life.hooks.beforeChange();
    pod.ready = ready;
  }
  writePodStatus(pod, life.engine.now());
  life.hooks.changed(pod);
  scheduleNotice(life, pod);
}

const belongsInRotation = (pod: Pod): boolean => pod.stage === 'up' && pod.ready && !pod.deleting;

/** Picker and gateway learn of a pod's state a moment later. */
function scheduleNotice(life: Life, pod: Pod): void {
  const { engine, hooks } = life;
  if (belongsInRotation(pod) === pod.inRotation || pod.noticeTimer !== null) return;
  pod.noticeTimer = engine.after(engine.drawQuietly('endpointNotice'), () => {
    pod.noticeTimer = null;
    const wanted = belongsInRotation(pod);
    if (wanted === pod.inRotation) return;
    hooks.beforeChange();
    pod.inRotation = wanted;
    if (pod.stage === 'gone') pod.cluster.pods.delete(pod.uid);
    hooks.changed(pod);
  });
}

function up(life: Life, pod: Pod): void {
  const { engine, hooks } = life;
  hooks.beforeChange();
  pod.timer = null;
  pod.stage = 'up';
  pod.probeFails = false;
  if (pod.role.kind === 'server') {
    pod.server = startServer(pod.role.config);
    if (engine.settingUp) pod.server.warm.add('*');
    life.adapters.load(pod);
  }
  updateReadiness(life, pod, true);
}

function start(life: Life, pod: Pod): void {
  const { engine } = life;
  pod.stage = 'starting';
  writePodStatus(pod, engine.now());
  const kind = pod.role.kind === 'server' ? 'modelLoad' : 'pickerStart';
  pod.timer = engine.after(engine.draw(kind, pod.name), () => up(life, pod));
}

function place(life: Life, pod: Pod): boolean {
  const node = placeFor(pod.cluster, pod.needs);
  if (node === null) {
    life.hooks.unplaced(pod.cluster);
    return false;
  }
  node.gpusUsed += pod.needs.gpus;
  pod.node = node;
  pod.stage = 'pulling';
  life.addresses++;
  pod.ip = `10.8.${(life.addresses >> 8) & 255}.${life.addresses & 255}`;
  writePodStatus(pod, life.engine.now());
  pod.timer = life.engine.after(life.engine.draw('imagePull', pod.name), () => start(life, pod));
  return true;
}

function placePending(life: Life, cluster: Cluster): void {
  for (const pod of cluster.pods.values()) {
    if (pod.stage === 'pending' && !pod.deleting) place(life, pod);
  }
}

function release(node: ClusterNode | null, pod: Pod): void {
  if (node !== null) node.gpusUsed -= pod.needs.gpus;
}

function endProcess(life: Life, pod: Pod, how: 'killed' | 'terminated'): void {
  life.hooks.beforeChange();
  if (pod.server !== null) life.hooks.requestsLost(pod, how);
  pod.server = null;
  pod.counted.clear();
}

function remove(life: Life, pod: Pod): void {
  endProcess(life, pod, 'killed');
  life.engine.cancel(pod.timer);
  pod.stage = 'gone';
  pod.ready = false;
  release(pod.node, pod);
  pod.node = null;
  // The picker goes on sending to it until it notices.
  if (!pod.inRotation) pod.cluster.pods.delete(pod.uid);
  const stored = pod.cluster.kube.read(POD, pod.namespace, pod.name);
  if (stored?.metadata.uid === pod.uid) pod.cluster.kube.remove(POD, pod.namespace, pod.name);
  life.hooks.changed(pod);
  scheduleNotice(life, pod);
  placePending(life, pod.cluster);
}

/** SIGTERM: what runs may go on for the server's own shutdown time, and never past the grace period. */
function sigterm(life: Life, pod: Pod, graceLeftMs: number): void {
  const { server } = pod;
  const mayRunMs = server === null ? 0 : Math.min(server.config.shutdownMs, graceLeftMs);
  if (server === null || mayRunMs === 0) {
    endProcess(life, pod, 'terminated');
    pod.timer = life.engine.after(1000, () => remove(life, pod));
    return;
  }
  life.hooks.beforeChange();
  server.refusing = true;
  pod.timer = life.engine.after(mayRunMs, () => {
    endProcess(life, pod, 'terminated');
    remove(life, pod);
  });
}

function terminate(life: Life, pod: Pod, preStop: boolean): void {
  if (pod.deleting || pod.stage === 'gone') return;
  const { engine } = life;
  const { kube } = pod.cluster;
  const graceMs = pod.needs.graceMs;
  life.hooks.beforeChange();
  pod.deleting = true;
  engine.cancel(pod.timer);
  const stored = kube.read(POD, pod.namespace, pod.name);
  if (stored?.metadata.uid === pod.uid && stored.metadata.deletionTimestamp === undefined) {
    const deletionTimestamp = rfc3339(engine.now() + graceMs);
    const metadata = { ...stored.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceMs / 1000 };
    kube.put(POD, { ...stored, metadata }, 'kube-controller-manager');
  }
  life.hooks.changed(pod);
  scheduleNotice(life, pod);
  if (pod.stage !== 'up') {
    remove(life, pod);
    return;
  }
  const sleepMs = preStop ? Math.min(pod.needs.preStopMs, graceMs) : 0;
  if (sleepMs === 0) sigterm(life, pod, graceMs);
  else pod.timer = engine.after(sleepMs, () => sigterm(life, pod, graceMs - sleepMs));
}

function adopt(life: Life, cluster: Cluster, object: KubeObject, templateHash: string): Pod {
  const pod = podOf(cluster, object, templateHash, life.engine.parameters.serving.maxModelLen);
  cluster.pods.set(pod.uid, pod);
  if (!place(life, pod)) writePodStatus(pod, life.engine.now());
  return pod;
}

function kill(life: Life, pod: Pod, reason: 'Error' | 'OOMKilled', downMs?: number): void {
  const { engine } = life;
  if (pod.stage !== 'up' || pod.deleting) return;
  endProcess(life, pod, 'killed');
  pod.stage = 'crashed';
  pod.crashReason = reason;
  life.hooks.changed(pod);
  scheduleNotice(life, pod);
  pod.timer = engine.after(downMs ?? engine.draw('restart', pod.name), () => start(life, pod));
  // The kubelet sees the exit within a second.
  engine.after(1000, () => {
    if (pod.stage === 'gone') return;
    pod.restarts++;
    updateReadiness(life, pod, true);
  });
}

function hang(life: Life, pod: Pod, forMs: number): void {
  const { engine, hooks } = life;
  const { server } = pod;
  if (server === null) return;
  hooks.beforeChange();
  const until = engine.now() + forMs;
  if (server.running + server.waiting === 0 || server.held === 0) server.heldSinceMs = engine.now();
  server.hungUntilMs = Math.max(server.hungUntilMs, until);
  hooks.changed(pod);
  const probe = (failing: boolean): void => {
    if (pod.server !== server) return;
    pod.probeFails = failing;
    updateReadiness(life, pod);
  };
  const unready = pod.needs.unreadyAfterMs;
  if (unready !== null && unready < forMs) engine.after(unready, () => probe(true));
  engine.at(until, () => {
    hooks.beforeChange();
    hooks.changed(pod);
  });
  engine.at(until + 1000, () => probe(engine.now() < server.hungUntilMs));
}

/** The life of pods: placed, pulled, started, ready, killed, deleted. */
export function createPods(engine: Engine, hooks: PodHooks): Pods {
  const life: Life = { engine, hooks, adapters: createAdapters(engine), addresses: 0 };
  return {
    adopt: (cluster, object, templateHash) => adopt(life, cluster, object, templateHash),
    terminate: (pod, options) => terminate(life, pod, options?.preStop ?? true),
    kill: (pod, reason, downMs) => kill(life, pod, reason, downMs),
    hang: (pod, forMs) => hang(life, pod, forMs),
    vanish: (pod) => remove(life, pod),
    refresh: (pod) => updateReadiness(life, pod),
    placePending: (cluster) => placePending(life, cluster),
    configMapChanged: life.adapters.configMapChanged,
    adaptersChanged: life.adapters.changed,
    adaptersFail: life.adapters.fault,
  };
}
