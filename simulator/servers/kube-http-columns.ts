import type { KubeObject } from '../../workflows/kubernetes.ts';

/** One column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly description: string;
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject, nowMs: number) => string | number;
}

type Read = (object: KubeObject) => string | number;

const column = (name: string, cell: Read, priority: 0 | 1 = 0): Column => ({
  name,
  type: 'string',
  description: name,
  priority,
  cell,
});

const whole = (name: string, cell: Read): Column => ({ ...column(name, cell), type: 'integer' });

/** What is at a path of keys and indexes; undefined where there is nothing. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[key];
  }
  return here;
}

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown, otherwise = '<none>'): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const size = (value: unknown): number =>
  typeof value === 'object' && value !== null ? Object.keys(value).length : 0;

/** `True`, `False` or `Unknown`, as conditions say it. */
const condition = (conditions: unknown, type: string): string =>
  text(
    at(
      items(conditions).find((entry) => at(entry, 'type') === type),
      'status',
    ),
    'Unknown',
  );

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration as kubectl prints it. Source: k8s.io/apimachinery, `HumanDuration`, shortened. */
function human(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))}s`;
  if (ms < 10 * MINUTE) {
    const seconds = Math.floor(ms / SECOND) % 60;
    return `${Math.floor(ms / MINUTE)}m${seconds === 0 ? '' : `${seconds}s`}`;
  }
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)}h` : `${Math.floor(ms / DAY)}d`;
}

const NAME: Column = column('Name', ({ metadata }) => metadata.name);
const AGE: Column = {
  ...column('Age', () => ''),
  cell: ({ metadata }, nowMs) =>
    metadata.creationTimestamp === undefined
      ? '<unknown>'
      : human(nowMs - Date.parse(metadata.creationTimestamp)),
};

function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const container of items(at(pod, 'status', 'containerStatuses'))) {
    const reason = at(container, 'state', 'waiting', 'reason');
    if (typeof reason === 'string') return reason;
  }
  return text(at(pod, 'status', 'phase'), 'Unknown');
}

function podReady(pod: KubeObject): string {
  const containers = items(at(pod, 'status', 'containerStatuses'));
  const ready = containers.filter((container) => at(container, 'ready') === true).length;
  return `${ready}/${items(at(pod, 'spec', 'containers')).length}`;
}

const restarts = (pod: KubeObject): number =>
  items(at(pod, 'status', 'containerStatuses')).reduce<number>(
    (sum, container) => sum + count(at(container, 'restartCount')),
    0,
  );

const ports = (service: KubeObject): string =>
  items(at(service, 'spec', 'ports'))
    .map((port) => `${text(at(port, 'port'))}/${text(at(port, 'protocol'), 'TCP')}`)
    .join(',') || '<none>';

/** `llm=90 llm-new=10`: what the weights of each rule are. */
const weights = (route: KubeObject): string =>
  items(at(route, 'spec', 'rules'))
    .map((rule) =>
      items(at(rule, 'backendRefs'))
        .map((ref) => `${text(at(ref, 'name'))}=${text(at(ref, 'weight'), '1')}`)
        .join(' '),
    )
    .join(' | ');

const WORKLOAD = [
  column(
    'Ready',
    (object) => `${count(at(object, 'status', 'readyReplicas'))}/${count(at(object, 'spec', 'replicas'))}`,
  ),
] as const;

/** The columns between name and age, by `group/plural`. Source: kube-apiserver's printers, the CRDs' printer columns. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  '/pods': [
    column('Ready', podReady),
    column('Status', podStatus),
    whole('Restarts', restarts),
    column('IP', (pod) => text(at(pod, 'status', 'podIP')), 1),
    column('Node', (pod) => text(at(pod, 'spec', 'nodeName')), 1),
  ],
  '/services': [
    column('Type', (service) => text(at(service, 'spec', 'type'), 'ClusterIP')),
    column('Cluster-IP', (service) => text(at(service, 'spec', 'clusterIP'))),
    column('External-IP', () => '<none>'),
    column('Port(s)', ports),
  ],
  '/configmaps': [whole('Data', (object) => size(object['data']))],
  '/secrets': [
    column('Type', (secret) => text(secret['type'], 'Opaque')),
    whole('Data', (secret) => size(secret['data'])),
  ],
  '/namespaces': [column('Status', (object) => text(at(object, 'status', 'phase'), 'Active'))],
  '/nodes': [
    column('Status', (node) =>
      condition(at(node, 'status', 'conditions'), 'Ready') === 'True' ? 'Ready' : 'NotReady',
    ),
    column('Roles', () => '<none>'),
  ],
  'apps/deployments': [
    ...WORKLOAD,
    whole('Up-to-date', (object) => count(at(object, 'status', 'updatedReplicas'))),
    whole('Available', (object) => count(at(object, 'status', 'availableReplicas'))),
  ],
  'apps/statefulsets': WORKLOAD,
  'apps/replicasets': [
    whole('Desired', (object) => count(at(object, 'spec', 'replicas'))),
    whole('Current', (object) => count(at(object, 'status', 'replicas'))),
    whole('Ready', (object) => count(at(object, 'status', 'readyReplicas'))),
  ],
  'autoscaling/horizontalpodautoscalers': [
    column(
      'Reference',
      (object) =>
        `${text(at(object, 'spec', 'scaleTargetRef', 'kind'))}/${text(at(object, 'spec', 'scaleTargetRef', 'name'))}`,
    ),
    column('MinPods', (object) => text(at(object, 'spec', 'minReplicas'))),
    column('MaxPods', (object) => text(at(object, 'spec', 'maxReplicas'))),
    whole('Replicas', (object) => count(at(object, 'status', 'currentReplicas'))),
  ],
  'gateway.networking.k8s.io/gatewayclasses': [
    column('Controller', (object) => text(at(object, 'spec', 'controllerName'))),
    column('Accepted', (object) => condition(at(object, 'status', 'conditions'), 'Accepted')),
  ],
  'gateway.networking.k8s.io/gateways': [
    column('Class', (object) => text(at(object, 'spec', 'gatewayClassName'))),
    column('Address', (object) => text(at(object, 'status', 'addresses', 0, 'value'), '')),
    column('Programmed', (object) => condition(at(object, 'status', 'conditions'), 'Programmed')),
  ],
  'gateway.networking.k8s.io/httproutes': [
    column('Hostnames', (object) => {
      const names = items(at(object, 'spec', 'hostnames'));
      return names.length === 0 ? '' : JSON.stringify(names);
    }),
    column('Weights', weights),
  ],
  'inference.networking.x-k8s.io/inferenceobjectives': [
    column('Inference Pool', (object) => text(at(object, 'spec', 'poolRef', 'name'))),
    column('Priority', (object) => text(at(object, 'spec', 'priority'))),
  ],
  'inference.networking.x-k8s.io/inferencemodelrewrites': [
    column('Inference Pool', (object) => text(at(object, 'spec', 'poolRef', 'name'))),
  ],
};

/** The columns of a kind: at the least its name and age. */
export function columnsOf(group: string, plural: string): readonly Column[] {
  const own = COLUMNS[`${group}/${plural}`] ?? [];
  const shown = own.filter(({ priority }) => priority === 0);
  return [NAME, ...shown, AGE, ...own.filter(({ priority }) => priority === 1)];
}
