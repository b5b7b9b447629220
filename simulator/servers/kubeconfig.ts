import { stringify } from 'yaml';

export interface KubeconfigCluster {
  /** `projects/P/locations/L/clusters/C` */
  readonly cluster: string;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly caPem: string;
  readonly token: string;
  /** What `kubectl` takes without `-n`. Default: `default`. */
  readonly namespace?: string;
}

/** `gke_P_L_C`, as `gcloud container clusters get-credentials` names contexts. */
export const contextName = (cluster: string): string => {
  const [, project = '', , location = '', , name = ''] = cluster.split('/');
  return `gke_${project}_${location}_${name}`;
};

/** A kubeconfig file; the first cluster's context is the current one. Source: kubernetes.io, organizing cluster access. */
export function kubeconfigText(clusters: readonly KubeconfigCluster[]): string {
  const named = clusters.map((cluster) => ({ ...cluster, name: contextName(cluster.cluster) }));
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: named.map(({ name, address, caPem }) => ({
      name,
      cluster: {
        server: `https://${address}`,
        'certificate-authority-data': Buffer.from(caPem).toString('base64'),
      },
    })),
    users: named.map(({ name, token }) => ({ name, user: { token } })),
    contexts: named.map(({ name, namespace = 'default' }) => ({
      name,
      context: { cluster: name, user: name, namespace },
    })),
    'current-context': named[0]?.name ?? '',
  });
}
