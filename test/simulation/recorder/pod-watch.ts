import type { WorldKubeServer } from '../../../simulator/world/kubernetes/kube-server.ts';
import type { WriteRecord } from '../../../simulator/world/kubernetes/types.ts';
import { type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import type { SeenSide } from '../seen.ts';
import { isReady } from './adapter-watch.ts';

interface Pools {
  readonly namespace: string;
  readonly pools: readonly string[];
}

/**
 * Counts the ready pods of each side. In the trial's stacks a pool's model servers bear the label `app: POOL`, its
 * picker's pods `app: POOL-epp`.
 */
export class PodWatch {
  readonly #cluster: string;
  readonly #watched: ReadonlyMap<string, Pools>;
  readonly #see: (side: SeenSide) => void;
  /** By namespace and app: uids of the ready ones. */
  readonly #ready = new Map<string, Set<string>>();

  constructor(cluster: string, watched: ReadonlyMap<string, Pools>, see: (side: SeenSide) => void) {
    this.#cluster = cluster;
    this.#watched = watched;
    this.#see = see;
  }

  begin(kube: WorldKubeServer, nowMs: number): void {
    for (const pod of kube.all(RESOURCES.pod)) this.#count(pod, isReady(pod));
    for (const [key, { namespace, pools }] of this.#watched) {
      if (key !== `${this.#cluster}/${namespace}`) continue;
      for (const pool of pools) this.#tell(namespace, pool, nowMs);
    }
  }

  written({ before, after, atMs }: WriteRecord): void {
    const pod = after ?? before;
    if (pod === null) return;
    const changed = this.#count(pod, after !== null && isReady(after));
    const namespace = pod.metadata.namespace ?? '';
    const watched = this.#watched.get(`${this.#cluster}/${namespace}`);
    if (!changed || watched === undefined) return;
    const app = pod.metadata.labels?.['app'] ?? '';
    const pool = watched.pools.find((name) => app === name || app === `${name}-epp`);
    if (pool !== undefined) this.#tell(namespace, pool, atMs);
  }

  #count(pod: KubeObject, ready: boolean): boolean {
    const key = `${pod.metadata.namespace ?? ''}/${pod.metadata.labels?.['app'] ?? ''}`;
    const uid = pod.metadata.uid ?? pod.metadata.name;
    const set = this.#ready.get(key) ?? new Set();
    this.#ready.set(key, set);
    if (set.has(uid) === ready) return false;
    if (ready) set.add(uid);
    else set.delete(uid);
    return true;
  }

  #tell(namespace: string, pool: string, atMs: number): void {
    this.#see({
      kind: 'side',
      atMs,
      cluster: this.#cluster,
      namespace,
      pool,
      ready: this.#ready.get(`${namespace}/${pool}`)?.size ?? 0,
      pickerReady: (this.#ready.get(`${namespace}/${pool}-epp`)?.size ?? 0) > 0,
    });
  }
}
