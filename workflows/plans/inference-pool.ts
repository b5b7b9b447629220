/** Reading InferencePools and what belongs to them. Source of the fields: inference.networking.k8s.io/v1. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import { at, itemsOf, numberAt, selects, stringMapAt, textAt } from './fields.ts';

export interface PoolFacts {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly selector: Readonly<Record<string, string>>;
  /** First target port. */
  readonly port: number | null;
  /** Service of the endpoint picker; null where the pool names none. */
  readonly pickerService: string | null;
}

/** @param defaultNamespace for objects of manifests that name none. */
export const readPool = (object: KubeObject, defaultNamespace: string): PoolFacts => {
  const pickerKind = textAt(object, 'spec', 'endpointPickerRef', 'kind') ?? 'Service';
  return {
    object,
    namespace: object.metadata.namespace ?? defaultNamespace,
    name: object.metadata.name,
    uid: object.metadata.uid ?? null,
    selector: stringMapAt(object, 'spec', 'selector', 'matchLabels'),
    port: portAt(itemsOf(at(object, 'spec', 'targetPorts'))[0], 'number'),
    pickerService: pickerKind === 'Service' ? textAt(object, 'spec', 'endpointPickerRef', 'name') : null,
  };
};

export const findPool = (pools: readonly KubeObject[], namespace: string, name: string): PoolFacts | null => {
  const found = pools.find(
    (pool) =>
      pool.metadata.name === name &&
      (pool.metadata.namespace ?? namespace) === namespace &&
      pool.kind === RESOURCES.inferencePool.kind,
  );
  return found === undefined ? null : readPool(found, namespace);
};

/** Labels of the pods that a workload makes. */
export const templateLabels = (workload: KubeObject): Readonly<Record<string, string>> =>
  stringMapAt(workload, 'spec', 'template', 'metadata', 'labels');

/** The API server's default of `spec.replicas` is 1; what it would not let in counts as not given. */
export const replicasOf = (workload: KubeObject): number => {
  const replicas = numberAt(workload, 'spec', 'replicas') ?? 1;
  return Number.isSafeInteger(replicas) && replicas >= 0 ? replicas : 1;
};

/** Workloads whose pods the selector matches, sorted by name. */
export const workloadsOf = (
  workloads: readonly KubeObject[],
  selector: Readonly<Record<string, string>>,
): readonly KubeObject[] =>
  workloads.filter((workload) => selects(selector, templateLabels(workload))).sort(byName);

const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name < b.metadata.name ? -1 : 1);

/** Ready is True and nobody is deleting it. */
export const isPodReady = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  itemsOf(at(pod, 'status', 'conditions')).some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );

const PORT_MAX = 65_535;

const portAt = (value: unknown, field: string): number | null => {
  const port = numberAt(value, field);
  return port !== null && Number.isInteger(port) && port >= 1 && port <= PORT_MAX ? port : null;
};

/** Port named `metrics` of a picker's pods. */
export const metricsPortOf = (workload: KubeObject | undefined): number | null => {
  for (const container of itemsOf(at(workload, 'spec', 'template', 'spec', 'containers')))
    for (const port of itemsOf(at(container, 'ports')))
      if (textAt(port, 'name') === 'metrics') return portAt(port, 'containerPort');
  return null;
};
