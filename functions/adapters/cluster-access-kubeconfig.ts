/** The way to a cluster by a kubeconfig: for who has one, and no functions to ask. */
import { KubeConfig } from '@kubernetes/client-node';
import { type ClusterAccess, sayThrown } from './cluster-access.ts';

export interface KubeconfigOptions {
  /** A file. */
  readonly path?: string;
  /** The text itself. Neither: what `kubectl` would take (`KUBECONFIG`, else `~/.kube/config`). */
  readonly text?: string;
  /**
   * The context that stands for every cluster. Without it: the one that `gcloud` names after the cluster
   * (`gke_P_L_C`), failing that the current one.
   */
  readonly context?: string;
}

const load = ({ path, text }: KubeconfigOptions): KubeConfig => {
  const config = new KubeConfig();
  if (text !== undefined) config.loadFromString(text);
  else if (path !== undefined) config.loadFromFile(path);
  else config.loadFromDefault();
  return config;
};

/** As `gcloud container clusters get-credentials` names it. */
const contextOf = (cluster: string): string | null => {
  const [, project, location, name] =
    /^projects\/([^/]+)\/locations\/([^/]+)\/clusters\/([^/]+)$/.exec(cluster) ?? [];
  return name === undefined ? null : `gke_${project}_${location}_${name}`;
};

const choose = (config: KubeConfig, cluster: string, wanted: string | undefined): string | null => {
  const names = config.getContexts().map((context) => context.name);
  const own = contextOf(cluster);
  const chosen =
    wanted ??
    (own !== null && names.includes(own) ? own : (config.getCurrentContext() as string | undefined));
  return chosen !== undefined && names.includes(chosen) ? chosen : null;
};

/**
 * Access by a context of a kubeconfig. Client certificates, tokens, token files and exec plugins are the library's job.
 * What cannot be read is answered as no answer, with the reason, each time it is asked for.
 */
export const clusterAccessOfKubeconfig = (options: KubeconfigOptions): ClusterAccess => {
  const known = new Map<string, KubeConfig>();
  const open = (cluster: string): KubeConfig => {
    const config = load(options);
    const context = choose(config, cluster, options.context);
    if (context === null)
      throw new Error(
        options.context === undefined
          ? 'it has no current context'
          : `it has no context "${options.context}"`,
      );
    config.setCurrentContext(context);
    if (config.getCurrentCluster() === null) throw new Error(`context "${context}" names no cluster`);
    known.set(cluster, config);
    return config;
  };
  return {
    configOf: (cluster) => {
      try {
        return Promise.resolve({ kind: 'config', config: known.get(cluster) ?? open(cluster) });
      } catch (error) {
        return Promise.resolve({
          kind: 'noAnswer',
          why: `the kubeconfig cannot be used: ${sayThrown(error)}`,
        });
      }
    },
    // The file may say something else by now.
    unreachable: (cluster, config) => {
      if (known.get(cluster) === config) known.delete(cluster);
    },
  };
};
