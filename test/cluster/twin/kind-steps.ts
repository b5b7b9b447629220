/** The life of one object of each kind that the product creates, reads or deletes, as its hands ask for it. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { stackFolder, stackObjects } from '../control-plane/stack-manifests.ts';
import {
  CREATE,
  collectionOf,
  JSON_PATCH,
  MERGE_PATCH,
  NAMESPACE,
  PATCH,
  pathOf,
  STRATEGIC_PATCH,
} from './paths.ts';
import type { Step } from './step.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');

/** With a namespace where it needs one. */
const placed = (object: KubeObject, name: string): KubeObject => {
  const { namespace: _there, ...metadata } = object.metadata;
  const global = object.kind.startsWith('Cluster');
  return { ...object, metadata: { ...metadata, name, ...(global ? {} : { namespace: NAMESPACE }) } };
};

const exampleObjects = (): readonly KubeObject[] =>
  globSync(`${EXAMPLES}/**/*.yaml`)
    .toSorted()
    .filter((path) => !path.endsWith('rollout.yaml'))
    .flatMap((path) => parseAllDocuments(readFileSync(path, 'utf8')))
    .map((document) => document.toJS() as KubeObject);

/** Whole objects with everything that people write, and the least that a kind takes. */
const SMALL: readonly KubeObject[] = [
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'small-route' },
    spec: { rules: [{ backendRefs: [{ name: 'web', port: 80 }] }] },
  },
  {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceObjective',
    metadata: { name: 'small-objective' },
    spec: { poolRef: { name: 'llm' } },
  },
  {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceModelRewrite',
    metadata: { name: 'rewrite' },
    spec: {
      poolRef: { name: 'llm' },
      rules: [
        {
          matches: [{ model: { value: 'food-review' } }],
          targets: [
            { modelRewrite: 'food-review-1', weight: 90 },
            { modelRewrite: 'food-review-2', weight: 10 },
          ],
        },
      ],
    },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'autoscaler' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'llm' },
      minReplicas: 2,
      maxReplicas: 4,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
        },
      ],
    },
  },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'account' } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'small-deployment' },
    spec: {
      selector: { matchLabels: { app: 'small' } },
      template: {
        metadata: { labels: { app: 'small' } },
        spec: { containers: [{ name: 'one', image: 'one' }] },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'small-service' },
    spec: { selector: { app: 'small' }, ports: [{ port: 80 }] },
  },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } },
  {
    apiVersion: 'networking.gke.io/v1',
    kind: 'HealthCheckPolicy',
    metadata: { name: 'port-without-a-word' },
    spec: {
      targetRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm' },
      default: { config: { type: 'HTTP', httpHealthCheck: { requestPath: '/health', port: 8000 } } },
    },
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'twin-reader' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  },
];

const labelled = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: { ...object.metadata.labels, 'twin.sluice.dev/case': object.metadata.name },
  },
});

/** Every object once, under a name of its own. */
const objects = (): readonly KubeObject[] => {
  const folder = stackFolder();
  const all = [...SMALL, ...(folder === null ? [] : stackObjects(folder)), ...exampleObjects()];
  const taken = new Map<string, number>();
  return all.map((object) => {
    const key = `${object.kind}/${object.metadata.name}`;
    const count = (taken.get(key) ?? 0) + 1;
    taken.set(key, count);
    return labelled(
      placed(object, count === 1 ? object.metadata.name : `${object.metadata.name}-${String(count)}`),
    );
  });
};

const isCustom = ({ apiVersion }: KubeObject): boolean => /gateway\.|inference\.|gke\./.test(apiVersion);

const lifeOf = (object: KubeObject): readonly Step[] => {
  const name = `${object.kind} ${object.metadata.name}`;
  const collection = collectionOf(object);
  const path = pathOf(object);
  const at = (what: string): string => `${name}: ${what}`;
  const unknown = {
    ...object,
    metadata: { ...object.metadata, name: `${object.metadata.name}-x` },
    unheardOf: true,
  };
  const selector = encodeURIComponent(`twin.sluice.dev/case=${object.metadata.name}`);
  const remove = (uid: string): object => ({
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions: { uid },
    propagationPolicy: 'Background',
  });
  return [
    {
      name: at('create, dry run'),
      request: { method: 'POST', path: `${collection}?${CREATE}&dryRun=All`, body: object },
    },
    { name: at('get, absent'), request: { path } },
    { name: at('create'), request: { method: 'POST', path: `${collection}?${CREATE}`, body: object } },
    { name: at('create again'), request: { method: 'POST', path: `${collection}?${CREATE}`, body: object } },
    { name: at('get'), request: { path } },
    { name: at('list by label'), request: { path: `${collection}?labelSelector=${selector}&limit=500` } },
    {
      name: at('create with an unknown field, strictly'),
      request: { method: 'POST', path: `${collection}?${CREATE}`, body: unknown },
    },
    {
      name: at('annotate'),
      request: {
        method: 'PATCH',
        path: `${path}?${PATCH}`,
        contentType: JSON_PATCH,
        body: [{ op: 'add', path: '/metadata/annotations', value: { 'sluice.dev/fence': '1' } }],
      },
    },
    {
      name: at('annotate by merge patch'),
      request: {
        method: 'PATCH',
        path: `${path}?${PATCH}`,
        contentType: MERGE_PATCH,
        body: { metadata: { annotations: { 'sluice.dev/fence': '2' } } },
      },
    },
    ...(isCustom(object)
      ? [
          {
            name: at('strategic merge patch'),
            request: { method: 'PATCH', path, contentType: STRATEGIC_PATCH, body: { metadata: {} } },
          } satisfies Step,
        ]
      : []),
    {
      name: at('delete with another uid'),
      request: { method: 'DELETE', path, body: remove('00000000-0000-0000-0000-000000000000') },
    },
    {
      name: at('delete'),
      request: (memory) => ({ method: 'DELETE', path, body: remove(memory.uid(at('create'))) }),
    },
    { name: at('get, gone'), request: { path } },
    {
      name: at('delete, gone'),
      request: (memory) => ({ method: 'DELETE', path, body: remove(memory.uid(at('create'))) }),
    },
  ];
};

export const kindSteps = (): readonly Step[] => objects().flatMap(lifeOf);
