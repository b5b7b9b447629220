import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import type { TimerHandle } from './event-queue.ts';
import { at, type Fields, fields, items, labels, number, text } from './fields.ts';
import type { PickerCount } from './requests-by-name.ts';
import type { Server } from './server.ts';
import { pickerMetrics, pickerPool, type ServerConfig, serverConfig } from './server-config.ts';

/** What of a pod's spec matters here. */
export interface PodNeeds {
  readonly gpus: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Fields[];
  readonly graceMs: number;
  readonly preStopMs: number;
  /** Until a server that does not answer loses readiness; null: it has no readiness probe. */
  readonly unreadyAfterMs: number | null;
}

type PodRole =
  | { readonly kind: 'server'; readonly config: ServerConfig }
  | {
      readonly kind: 'picker';
      readonly pool: string;
      readonly metricsPort: number;
      readonly metricsAuth: boolean;
    }
  | { readonly kind: 'other' };

export type PodStage = 'pending' | 'pulling' | 'starting' | 'up' | 'crashed' | 'gone';

export interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly ownerUid: string | null;
  readonly templateHash: string;
  readonly needs: PodNeeds;
  readonly role: PodRole;
  labels: Readonly<Record<string, string>>;
  ip: string;
  node: ClusterNode | null;
  stage: PodStage;
  /** As its object's condition says. */
  ready: boolean;
  /** The readiness probe fails though the process runs. */
  probeFails: boolean;
  deleting: boolean;
  restarts: number;
  crashReason: 'Error' | 'OOMKilled' | null;
  /** While its process lives. */
  server: Server | null;
  /** Of a picker: what its process has counted. */
  readonly counted: Map<string, PickerCount>;
  /** Requests are sent to it: what picker and gateway know, a little later than it is so. */
  inRotation: boolean;
  /** The next step of its life. */
  timer: TimerHandle | null;
  noticeTimer: TimerHandle | null;
}

function preStopMs(containers: readonly Fields[]): number {
  let longest = 0;
  for (const container of containers) {
    const hook = at(container, 'lifecycle', 'preStop');
    const command = at(hook, 'exec', 'command');
    const words = Array.isArray(command) ? command.join(' ') : '';
    const slept = number(at(hook, 'sleep', 'seconds')) ?? number(/sleep (\d+)/.exec(words)?.[1]) ?? 0;
    longest = Math.max(longest, slept * 1000);
  }
  return longest;
}

function unreadyAfterMs(containers: readonly Fields[]): number | null {
  const probe = containers
    .map((container) => container['readinessProbe'])
    .find((found) => found !== undefined);
  if (probe === undefined) return null;
  const read = (name: string, otherwise: number): number => number(at(probe, name)) ?? otherwise;
  return (read('periodSeconds', 10) * read('failureThreshold', 3) + read('timeoutSeconds', 1)) * 1000;
}

const gpusOf = (container: Fields): number =>
  number(at(container, 'resources', 'limits', 'nvidia.com/gpu')) ??
  number(at(container, 'resources', 'requests', 'nvidia.com/gpu')) ??
  0;

function podNeeds(spec: Fields): PodNeeds {
  const containers = items(spec['containers']);
  return {
    gpus: containers.reduce((sum, container) => sum + gpusOf(container), 0),
    nodeSelector: labels(spec['nodeSelector']),
    tolerations: items(spec['tolerations']),
    graceMs: (number(spec['terminationGracePeriodSeconds']) ?? 30) * 1000,
    preStopMs: preStopMs(containers),
    unreadyAfterMs: unreadyAfterMs(containers),
  };
}

function podRole(spec: Fields, maxModelLen: number): PodRole {
  const pool = pickerPool(spec);
  if (pool !== null) {
    const metrics = pickerMetrics(spec);
    return { kind: 'picker', pool, metricsPort: metrics.port, metricsAuth: metrics.auth };
  }
  const config = serverConfig(spec, maxModelLen);
  return config === null ? { kind: 'other' } : { kind: 'server', config };
}

/** A new pod's inner life for its object. */
export function podOf(cluster: Cluster, object: KubeObject, templateHash: string, maxModelLen: number): Pod {
  const spec = fields(object['spec']);
  return {
    uid: object.metadata.uid ?? '',
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? 'default',
    cluster,
    ownerUid: text(object.metadata.ownerReferences?.[0]?.uid) ?? null,
    templateHash,
    needs: podNeeds(spec),
    role: podRole(spec, maxModelLen),
    labels: object.metadata.labels ?? {},
    ip: '',
    node: null,
    stage: 'pending',
    ready: false,
    probeFails: false,
    deleting: false,
    restarts: 0,
    crashReason: null,
    server: null,
    counted: new Map(),
    inRotation: false,
    timer: null,
    noticeTimer: null,
  };
}
