import type { World } from '../../../simulator/world/world.ts';
import { type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import type { SeenSide, SeenTraffic } from '../seen.ts';

/** Versions of adapters, and the pools of a namespace that serve them. */
export interface WatchedAdapters {
  readonly cluster: string;
  readonly namespace: string;
  readonly pools: readonly string[];
  readonly names: readonly string[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
}

export const isReady = (pod: KubeObject): boolean => {
  if (pod.metadata['deletionTimestamp'] !== undefined) return false;
  const status = pod['status'] as { readonly conditions?: readonly Condition[] } | undefined;
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
};

/** Counts the ready servers that have each version loaded. Loading leaves no trace at the API server: whoever calls looks. */
export class AdapterWatch {
  readonly #world: World;
  readonly #watched: WatchedAdapters;
  readonly #see: (side: SeenSide) => void;
  readonly #told = new Map<string, string>();
  #servers: readonly string[] = [];
  #pickers = false;

  constructor(world: World, watched: WatchedAdapters, see: (side: SeenSide) => void) {
    this.#world = world;
    this.#watched = watched;
    this.#see = see;
    this.podsChanged();
  }

  /** A pod of the namespace was written. */
  podsChanged(): void {
    const { cluster, namespace, pools } = this.#watched;
    const ready = (this.#world.kube(cluster)?.all(RESOURCES.pod) ?? []).filter(
      (pod) => pod.metadata.namespace === namespace && isReady(pod),
    );
    const appOf = (pod: KubeObject): string => pod.metadata.labels?.['app'] ?? '';
    this.#servers = ready.filter((pod) => pools.includes(appOf(pod))).map(({ metadata }) => metadata.name);
    this.#pickers = pools.every((pool) => ready.some((pod) => appOf(pod) === `${pool}-epp`));
    this.look();
  }

  look(): void {
    const { cluster, namespace, names } = this.#watched;
    const servers = this.#servers.map((pod) => this.#world.server(cluster, namespace, pod));
    for (const name of names) {
      const having = servers.filter((server) => server?.adapters.has(name) === true);
      const ready = having.length;
      const silent = having.filter((server) => server?.silentAdapters.has(name) === true).length;
      const is = `${ready} of ${this.#servers.length}, ${silent}, ${this.#pickers}`;
      if (this.#told.get(name) === is) continue;
      this.#told.set(name, is);
      this.#see({
        kind: 'side',
        atMs: this.#world.nowMs,
        cluster,
        namespace,
        pool: name,
        ready,
        of: this.#servers.length,
        silent,
        pickerReady: this.#pickers,
      });
    }
  }

  /** Requests that pickers have made each version's. */
  traffic(): readonly SeenTraffic[] {
    const { cluster, namespace, pools, names } = this.#watched;
    const tallies = this.#world
      .poolsOf(cluster, namespace)
      .filter(({ name }) => pools.includes(name))
      .flatMap((pool) => pool.names);
    return names.map((name) => {
      const of = tallies.filter(({ target }) => target === name);
      return {
        kind: 'traffic',
        atMs: this.#world.nowMs,
        cluster,
        namespace,
        pool: name,
        requests: of.reduce((sum, { requests }) => sum + requests, 0),
        failed: of.reduce((sum, { failed }) => sum + failed, 0),
        inFlight: 0,
      };
    });
  }
}
