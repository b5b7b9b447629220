/** Writes down what the world sees of a trial, and nothing of what the product thinks. */
import type { AppliedCall } from '../../../simulator/scheduler/port-call.ts';
import type { WriteRecord } from '../../../simulator/world/kubernetes/types.ts';
import type { World } from '../../../simulator/world/world.ts';
import type { Author, SeenObject, Sighting } from '../seen.ts';
import { AdapterWatch, type WatchedAdapters } from './adapter-watch.ts';
import { PodWatch } from './pod-watch.ts';
import { sightingOfCall } from './sighting-of-call.ts';

/** Pools of a namespace whose traffic and readiness matter. */
export interface WatchedPools {
  readonly cluster: string;
  readonly namespace: string;
  readonly pools: readonly string[];
  /** Versions of adapters in them. */
  readonly adapters?: WatchedAdapters;
}

interface Applying {
  readonly caller: { readonly name: string };
  readonly issuedAtMs: number;
}

/** Resources whose writes by others matter to nobody: their effect is seen in the sides. */
const NOISE = new Set(['pods', 'nodes', 'replicasets', 'events', 'endpoints', 'endpointslices', 'leases']);

/** What says where traffic goes. */
const ROUTES: ReadonlySet<string> = new Set(['httproutes', 'inferencemodelrewrites', 'inferencemodels']);

export class Recorder {
  readonly sightings: Sighting[] = [];
  readonly #watched: ReadonlyMap<string, WatchedPools>;
  readonly #poolsOfRollout: (rolloutId: string) => WatchedPools | undefined;
  #world: World | null = null;
  #applying: () => Applying | null = () => null;
  readonly #adapters = new Map<string, AdapterWatch>();
  readonly #writeListeners: ((record: WriteRecord, cluster: string) => void)[] = [];

  /** @param poolsOfRollout where a rollout's two pools are. */
  constructor(
    watched: readonly WatchedPools[],
    poolsOfRollout: (rolloutId: string) => WatchedPools | undefined,
  ) {
    this.#poolsOfRollout = poolsOfRollout;
    this.#watched = new Map(watched.map((pools) => [`${pools.cluster}/${pools.namespace}`, pools]));
  }

  /** Begins with how everything stands now. */
  watch(world: World, applying: () => Applying | null): void {
    this.#world = world;
    this.#applying = applying;
    for (const cluster of new Set([...this.#watched.values()].map((pools) => pools.cluster))) {
      const kube = world.kube(cluster);
      if (kube === undefined) continue;
      const pods = new PodWatch(cluster, this.#watched, (side) => void this.sightings.push(side));
      pods.begin(kube, world.nowMs);
      kube.onWrite((record) => {
        if (record.resource.plural === 'pods') {
          pods.written(record);
          const namespace = (record.after ?? record.before)?.metadata.namespace ?? '';
          this.#adapters.get(`${cluster}/${namespace}`)?.podsChanged();
        }
        this.#written(record, cluster);
        for (const listener of this.#writeListeners) listener(record, cluster);
      });
    }
    for (const [key, { adapters }] of this.#watched)
      if (adapters !== undefined)
        this.#adapters.set(key, new AdapterWatch(world, adapters, (side) => void this.sightings.push(side)));
    for (const pools of this.#watched.values()) this.#traffic(pools.cluster, pools.namespace);
  }

  /** Hears of each accepted write after it was written down. */
  onWrite(listener: (record: WriteRecord, cluster: string) => void): void {
    this.#writeListeners.push(listener);
  }

  applied(call: AppliedCall): void {
    for (const adapters of this.#adapters.values()) adapters.look();
    const sighting = sightingOfCall(call, this.nowMs);
    if (sighting === null) return;
    // Once a minute, and with each decision, the traffic is counted.
    const rolloutId =
      sighting.kind === 'heartbeat'
        ? sighting.rolloutId
        : sighting.kind === 'published' && sighting.entry.from !== sighting.entry.to
          ? sighting.entry.rolloutId
          : null;
    const pools = rolloutId === null ? undefined : this.#poolsOfRollout(rolloutId);
    if (pools !== undefined) this.#traffic(pools.cluster, pools.namespace);
    this.sightings.push(sighting);
  }

  add(sighting: Sighting): void {
    this.sightings.push(sighting);
  }

  get nowMs(): number {
    return this.#world?.nowMs ?? 0;
  }

  #written(record: WriteRecord, cluster: string): void {
    for (const adapters of this.#adapters.values()) adapters.look();
    const { resource } = record;
    const by = authorOf(record);
    if (by !== 'sluice' && NOISE.has(resource.plural)) return;
    const object = record.after ?? record.before;
    if (object === null) return;
    const applying = by === 'sluice' ? this.#applying() : null;
    const namespace = object.metadata.namespace ?? null;
    const isRoute = ROUTES.has(resource.plural);
    if (isRoute && namespace !== null && (by === 'sluice' || changesStatus(record)))
      this.#traffic(cluster, namespace);
    this.sightings.push({
      kind: 'write',
      atMs: record.atMs,
      issuedAtMs: applying?.issuedAtMs ?? record.atMs,
      by,
      process: applying?.caller.name ?? null,
      cluster,
      verb: record.verb,
      resource: resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`,
      namespace,
      name: object.metadata.name,
      // A Kubernetes object is one, whoever names its type.
      before: record.before as SeenObject | null,
      after: record.after as SeenObject | null,
    });
  }

  #traffic(cluster: string, namespace: string): void {
    const watched = this.#watched.get(`${cluster}/${namespace}`);
    if (watched === undefined || this.#world === null) return;
    for (const pool of this.#world.poolsOf(cluster, namespace)) {
      if (!watched.pools.includes(pool.name)) continue;
      this.sightings.push({
        kind: 'traffic',
        atMs: this.nowMs,
        cluster,
        namespace,
        pool: pool.name,
        requests: pool.total,
        failed: pool.failed,
        inFlight: pool.inFlight,
      });
    }
    this.sightings.push(...(this.#adapters.get(`${cluster}/${namespace}`)?.traffic() ?? []));
  }
}

/** A status that is another one than before: maybe the gateway confirms. */
const changesStatus = ({ before, after }: WriteRecord): boolean => before?.['status'] !== after?.['status'];

const authorOf = ({ caller, verb }: WriteRecord): Author =>
  caller.user === 'sluice' ? 'sluice' : verb === 'controller' ? 'controller' : 'other';
