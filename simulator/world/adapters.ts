import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { at, text } from './fields.ts';
import { loadAdapter } from './load-adapter.ts';
import type { Pod } from './pod.ts';
import { CONFIG_MAP } from './resources.ts';
import { httpCounts, type LoadFault, type Server } from './server.ts';
import { NOTHING_WANTED, type WantedAdapters, wantedAdapters } from './syncer-config.ts';

/** Loads of an adapter fail on some pods. */
export interface StandingFault {
  readonly adapter: string;
  readonly as: LoadFault;
  readonly hits: (pod: Pod) => boolean;
}

export interface Adapters {
  /** A server's process is up. */
  readonly load: (pod: Pod) => void;
  readonly configMapChanged: (cluster: Cluster, namespace: string, name: string) => void;
  /** Something else than the syncer has loaded or unloaded an adapter. */
  readonly changed: (pod: Pod) => void;
  /** From now on, also on processes that come up later; returns what ends it. */
  readonly fault: (fault: StandingFault) => () => void;
}

/** How often the syncer looks again. Source: the dynamic LoRA sidecar's reconciliation. */
const RETRY_MS = 5_000;

interface Syncers {
  readonly engine: Engine;
  readonly faults: Set<StandingFault>;
  /** The ConfigMap as each pod's kubelet has mounted it. */
  readonly mounted: WeakMap<Pod, object>;
  /** A ConfigMap is read by many pods, and its objects never change. */
  readonly read: WeakMap<object, Map<string, WantedAdapters>>;
  /** Servers that are being looked after. */
  readonly busy: WeakSet<Server>;
}

function wantedBy({ read }: Syncers, configMap: object | undefined, key: string): WantedAdapters {
  if (configMap === undefined) return NOTHING_WANTED;
  const known = read.get(configMap) ?? new Map<string, WantedAdapters>();
  read.set(configMap, known);
  const wanted = known.get(key) ?? wantedAdapters(text(at(configMap, 'data', key)));
  known.set(key, wanted);
  return wanted;
}

function stored(pod: Pod): object | undefined {
  const syncer = pod.server?.config.syncer;
  return syncer === undefined || syncer === null
    ? undefined
    : pod.cluster.kube.read(CONFIG_MAP, pod.namespace, syncer.configMap);
}

/** One look of the syncer: unloads at once, loads one after the other, and comes back while something is missing. */
function sync(syncers: Syncers, pod: Pod): void {
  const { engine, busy } = syncers;
  const { server } = pod;
  const syncer = server?.config.syncer ?? null;
  if (server === null || syncer === null || busy.has(server)) return;
  const wanted = wantedBy(syncers, syncers.mounted.get(pod), syncer.key);
  for (const name of wanted.absent) server.adapters.delete(name);
  let delayMs = 0;
  const missing = wanted.exist.filter(([name]) => !server.adapters.has(name));
  const attempt = (name: string, path: string): void => {
    const outcome = loadAdapter(server, { name, path, inPlace: false }, engine.parameters.adapterSources);
    const counts = httpCounts(server, 'POST', '/v1/load_lora_adapter');
    if (outcome.kind === 'loaded') counts.ok++;
    else if (outcome.kind === 'rank') counts.server++;
    else counts.client++;
  };
  for (const [name, path] of missing) {
    // What cannot be loaded is refused quickly.
    if (!server.loadFaults.has(name)) delayMs += engine.draw('adapterLoad', `${pod.name}/${name}`);
    if (delayMs === 0) attempt(name, path);
    else engine.after(delayMs, () => attempt(name, path));
  }
  if (missing.length === 0 || (engine.settingUp && missing.every(([name]) => server.adapters.has(name))))
    return;
  busy.add(server);
  engine.after(delayMs + RETRY_MS, () => {
    busy.delete(server);
    if (pod.server === server) sync(syncers, pod);
  });
}

function setFault({ adapter, as, hits }: StandingFault, pod: Pod): void {
  if (hits(pod)) pod.server?.loadFaults.set(adapter, as);
}

/** The adapter syncer beside each model server: loads what its ConfigMap names, one after the other. */
export function createAdapters(engine: Engine): Adapters {
  const syncers: Syncers = {
    engine,
    faults: new Set(),
    mounted: new WeakMap(),
    read: new WeakMap(),
    busy: new WeakSet(),
  };
  const mount = (pod: Pod): void => {
    const configMap = stored(pod);
    if (configMap !== undefined) syncers.mounted.set(pod, configMap);
  };
  return {
    load(pod) {
      for (const fault of syncers.faults) setFault(fault, pod);
      if (!syncers.mounted.has(pod)) mount(pod);
      sync(syncers, pod);
    },
    configMapChanged(cluster, namespace, name) {
      for (const pod of cluster.pods.values()) {
        const { role } = pod;
        const syncer = role.kind === 'server' ? role.config.syncer : null;
        // A file that is mounted by `subPath` stays as it was.
        if (pod.namespace !== namespace || syncer?.configMap !== name || !syncer.follows) continue;
        if (pod.server === null) continue;
        engine.after(engine.drawQuietly('configMapSync'), () => {
          mount(pod);
          sync(syncers, pod);
        });
      }
    },
    changed(pod) {
      const { server } = pod;
      if (server === null || server.config.syncer === null || syncers.busy.has(server)) return;
      syncers.busy.add(server);
      engine.after(RETRY_MS, () => {
        syncers.busy.delete(server);
        if (pod.server === server) sync(syncers, pod);
      });
    },
    fault(fault) {
      syncers.faults.add(fault);
      return () => void syncers.faults.delete(fault);
    },
  };
}
