import { parse } from 'yaml';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { at, items, text } from './fields.ts';
import type { Pod } from './pod.ts';
import { CONFIG_MAP } from './resources.ts';

interface Wanted {
  readonly exist: readonly (readonly [name: string, path: string])[];
  readonly absent: readonly string[];
}

const NOTHING: Wanted = { exist: [], absent: [] };

/** What the adapter syncer's ConfigMap asks for; a text that is no YAML asks for nothing. */
function wantedAdapters(configMap: unknown): Wanted {
  const source = text(at(configMap, 'data', 'configmap.yaml'));
  if (source === undefined) return NOTHING;
  let document: unknown;
  try {
    document = parse(source);
  } catch {
    return NOTHING;
  }
  const config = at(document, 'vLLMLoRAConfig');
  const names = (list: 'ensureExist' | 'ensureNotExist') =>
    items(at(config, list, 'models')).map((model): readonly [string, string] => [
      text(model['id']) ?? '',
      text(model['source']) ?? '',
    ]);
  return { exist: names('ensureExist'), absent: names('ensureNotExist').map(([name]) => name) };
}

/** The adapter syncer beside each model server: loads what its ConfigMap names, one after the other. */
export function createAdapters(engine: Engine): {
  readonly load: (pod: Pod) => void;
  readonly configMapChanged: (cluster: Cluster, namespace: string, name: string) => void;
} {
  // A ConfigMap is read by many pods, and its objects never change.
  const read = new WeakMap<object, Wanted>();
  const wantedBy = (configMap: object | undefined): Wanted => {
    if (configMap === undefined) return NOTHING;
    const known = read.get(configMap) ?? wantedAdapters(configMap);
    read.set(configMap, known);
    return known;
  };
  const load = (pod: Pod): void => {
    const { server } = pod;
    const configMap = server?.config.adapterConfigMap ?? null;
    if (server === null || configMap === null) return;
    const wanted = wantedBy(pod.cluster.kube.read(CONFIG_MAP, pod.namespace, configMap));
    for (const name of wanted.absent) server.adapters.delete(name);
    let delayMs = 0;
    for (const [name, path] of wanted.exist) {
      if (server.adapters.get(name) === path) continue;
      delayMs += engine.draw('adapterLoad', `${pod.name}/${name}`);
      if (delayMs === 0) server.adapters.set(name, path);
      else engine.after(delayMs, () => server.adapters.set(name, path));
    }
  };
  return {
    load,
    configMapChanged(cluster, namespace, name) {
      for (const pod of cluster.pods.values()) {
        const { server } = pod;
        if (pod.namespace !== namespace || server?.config.adapterConfigMap !== name) continue;
        engine.after(engine.drawQuietly('configMapSync'), () => {
          if (pod.server === server) load(pod);
        });
      }
    },
  };
}
