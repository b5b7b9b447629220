import { setTimeout as pause } from 'node:timers/promises';
import {
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  ListWatch,
  Watch,
} from '@kubernetes/client-node';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ApiClient } from './api-client.ts';

export interface ObjectWatch<T> {
  /** What is known, all namespaces. */
  list(): readonly T[];
  get(namespace: string, name: string): T | undefined;
  stop(): Promise<void>;
}

export interface ObjectWatchInput<T> {
  readonly kubeconfig: string;
  readonly api: ApiClient;
  /** Of the whole collection, e.g. `/api/v1/pods`. */
  readonly path: string;
  /** Came or changed. */
  readonly changed: (object: T) => void;
  readonly gone: (object: T) => void;
}

const RESTART_AFTER_MS = 200;

/** Lists and watches until `stop`; goes on after every interruption. Objects carry no apiVersion and kind when listed. */
export const watchObjects = async <T extends KubeObject>(
  input: ObjectWatchInput<T>,
): Promise<ObjectWatch<T>> => {
  const { api, path } = input;
  const config = new KubeConfig();
  config.loadFromFile(input.kubeconfig);
  let stopped = false;
  const list = async (): Promise<KubernetesListObject<KubernetesObject>> => {
    const found = await api.json<KubernetesListObject<KubernetesObject>>({ path });
    if (found === null) throw new Error(`${path} is not served`);
    return found;
  };
  const watch = new ListWatch<KubernetesObject>(path, new Watch(config), list, false);
  // The client's type of an object has mutable lists; it is the same object.
  const ours = (object: KubernetesObject): T => object as unknown as T;
  watch.on('add', (object) => input.changed(ours(object)));
  watch.on('update', (object) => input.changed(ours(object)));
  watch.on('delete', (object) => input.gone(ours(object)));
  watch.on('error', () => {
    void pause(RESTART_AFTER_MS).then(() => (stopped ? undefined : watch.start()));
  });
  await watch.start();
  return {
    list: () => watch.list().map(ours),
    get: (namespace, name) => {
      const found = watch.get(name, namespace);
      return found === undefined ? undefined : ours(found);
    },
    stop: async () => {
      stopped = true;
      await watch.stop();
    },
  };
};
