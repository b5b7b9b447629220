import type { Cluster } from './cluster.ts';
import type { Pod } from './pod.ts';
import { POD } from './resources.ts';

/** The pod behind a stored object; undefined where there is none. */
export function podNamed(cluster: Cluster, namespace: string, name: string): Pod | undefined {
  const object = cluster.kube.read(POD, namespace, name);
  return object === undefined ? undefined : cluster.pods.get(object.metadata.uid ?? '');
}

/** The one port of a pod that answers HTTP; null for a pod that has none. */
export function httpPortOf({ role }: Pod): number | null {
  if (role.kind === 'server') return role.config.port;
  return role.kind === 'picker' ? role.metricsPort : null;
}

/** Whether a process of the pod takes connections on a port. */
export const listensOn = (pod: Pod, port: number): boolean =>
  pod.stage === 'up' && httpPortOf(pod) === port && (pod.role.kind !== 'server' || pod.server !== null);
