import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { at, fields, labels, number } from './fields.ts';
import type { Pod } from './pod.ts';
import type { Pods } from './pods.ts';
import { hash32 } from './random.ts';
import { DEPLOYMENT, POD } from './resources.ts';

export interface Deployments {
  /** The Deployment was written, or a pod of it changed. */
  changed(cluster: Cluster, uid: string): void;
  written(cluster: Cluster, object: KubeObject): void;
  deleted(cluster: Cluster, object: KubeObject): void;
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A suffix as Kubernetes makes them: no vowels, so no words. */
function suffix(hash: number, length: number): string {
  let rest = hash;
  let out = '';
  for (let index = 0; index < length; index++) {
    out += LETTERS[rest % LETTERS.length] ?? '';
    rest = Math.floor(rest / LETTERS.length);
  }
  return out;
}

interface State {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly name: string;
  created: number;
  /** Template object and its hash: objects are shared, so identity tells. */
  template: unknown;
  hash: string;
  reconciling: boolean;
}

interface Controller {
  readonly engine: Engine;
  readonly pods: Pods;
  readonly known: Map<string, State>;
}

function createPod(controller: Controller, state: State, object: KubeObject): void {
  const { cluster } = state;
  const template = fields(at(object, 'spec', 'template'));
  const name = `${state.name}-${state.hash}-${suffix(hash32(`${object.metadata.uid}/${state.created++}`), 5)}`;
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: state.name,
    uid: object.metadata.uid ?? '',
    controller: true,
  };
  const annotations = fields(fields(template['metadata'])['annotations']);
  const stored = cluster.kube.put(
    POD,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: state.namespace,
        labels: { ...labels(at(template, 'metadata', 'labels')), 'pod-template-hash': state.hash },
        ...(Object.keys(annotations).length === 0 ? {} : { annotations: labels(annotations) }),
        ownerReferences: [owner],
      },
      spec: template['spec'],
      status: { phase: 'Pending' },
    },
    'kube-controller-manager',
  );
  controller.pods.adopt(cluster, stored, state.hash);
}

const alive = (state: State, uid: string): readonly Pod[] => {
  const found: Pod[] = [];
  for (const pod of state.cluster.pods.values()) {
    if (pod.ownerUid === uid && !pod.deleting && pod.stage !== 'gone') found.push(pod);
  }
  return found;
};

/** Makes the pods what the Deployment asks for: a change of template goes pod by pod, the new one first. */
function makeSo(controller: Controller, state: State, object: KubeObject): void {
  const uid = object.metadata.uid ?? '';
  const wanted = number(at(object, 'spec', 'replicas')) ?? 1;
  const pods = alive(state, uid);
  const current = pods.filter((pod) => pod.templateHash === state.hash);
  const old = pods.filter((pod) => pod.templateHash !== state.hash);
  const surge = old.length > 0 ? 1 : 0;
  const missing = Math.min(wanted - current.length, wanted + surge - pods.length);
  for (let index = 0; index < missing; index++) createPod(controller, state, object);
  // The unready go first, then the youngest.
  const surplus = current.toReversed().toSorted((a, b) => Number(a.ready) - Number(b.ready));
  for (const pod of surplus.slice(0, Math.max(0, current.length - wanted))) controller.pods.terminate(pod);
  let spare = pods.filter((pod) => pod.ready).length - wanted;
  for (const pod of old) {
    if (pod.ready && spare <= 0) continue;
    if (pod.ready) spare--;
    controller.pods.terminate(pod);
  }
}

function status(state: State, object: KubeObject): Readonly<Record<string, unknown>> {
  const pods = alive(state, object.metadata.uid ?? '');
  const ready = pods.filter((pod) => pod.ready).length;
  const wanted = number(at(object, 'spec', 'replicas')) ?? 1;
  const updated = pods.filter((pod) => pod.templateHash === state.hash).length;
  const available = ready >= wanted;
  return {
    observedGeneration: object.metadata.generation ?? 1,
    ...(pods.length > 0 ? { replicas: pods.length } : {}),
    ...(updated > 0 ? { updatedReplicas: updated } : {}),
    ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
    ...(wanted > ready ? { unavailableReplicas: wanted - ready } : {}),
    conditions: [
      { type: 'Available', status: available ? 'True' : 'False', reason: 'MinimumReplicasAvailable' },
      {
        type: 'Progressing',
        status: 'True',
        reason: available ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
      },
    ],
  };
}

const STATUS_FIELDS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'unavailableReplicas',
] as const;

function reconcile(controller: Controller, state: State): void {
  const { kube } = state.cluster;
  const object = kube.read(DEPLOYMENT, state.namespace, state.name);
  if (object === undefined) return;
  if (object.metadata.deletionTimestamp === undefined) {
    const template = at(object, 'spec', 'template');
    if (template !== state.template) {
      state.template = template;
      state.hash = suffix(hash32(JSON.stringify(template)), 9);
    }
    makeSo(controller, state, object);
  } else {
    const left = [...state.cluster.pods.values()].filter((pod) => pod.ownerUid === object.metadata.uid);
    for (const pod of left) controller.pods.terminate(pod);
    if (left.every((pod) => pod.stage === 'gone')) {
      kube.remove(DEPLOYMENT, state.namespace, state.name);
      return;
    }
  }
  const next = status(state, object);
  const before = fields(object['status']);
  if (STATUS_FIELDS.every((field) => before[field] === next[field])) return;
  kube.put(DEPLOYMENT, { ...object, status: next }, 'kube-controller-manager');
}

/** The Deployment controller. There are no ReplicaSets: pods belong to their Deployment. */
export function createDeployments(engine: Engine, pods: Pods): Deployments {
  const controller: Controller = { engine, pods, known: new Map() };
  const { known } = controller;
  const soon = (state: State): void => {
    if (state.reconciling) return;
    state.reconciling = true;
    engine.after(0, () => {
      state.reconciling = false;
      reconcile(controller, state);
    });
  };
  return {
    changed(_cluster, uid) {
      const state = known.get(uid);
      if (state !== undefined) soon(state);
    },
    written(cluster, object) {
      const uid = object.metadata.uid ?? '';
      let state = known.get(uid);
      if (state === undefined) {
        const namespace = object.metadata.namespace ?? 'default';
        state = {
          cluster,
          namespace,
          name: object.metadata.name,
          created: 0,
          template: null,
          hash: '',
          reconciling: false,
        };
        known.set(uid, state);
      }
      soon(state);
    },
    deleted(cluster, object) {
      for (const pod of cluster.pods.values()) {
        if (pod.ownerUid === object.metadata.uid) pods.terminate(pod);
      }
      known.delete(object.metadata.uid ?? '');
    },
  };
}
