/** The published examples as stacks of a trial: one namespace each, with the trial's own replicas, weights and routes. */
import { join } from 'node:path';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { readStack } from '../../helpers/gaie-rollout.ts';
import type { TrialAdapters, TrialStack } from '../trial.ts';
import { adapterObjects, anotherPool, FIRST_POOL } from './adapter-stack.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

interface Example {
  readonly old: readonly KubeObject[];
  readonly new: readonly KubeObject[];
  readonly oldPool: string;
  readonly newPool: string;
  readonly route: string;
  /** Accelerators of one replica. */
  readonly gpus: number;
}

const withoutRolloutFile = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.filter(({ apiVersion }) => !apiVersion.startsWith('sluice.dev/'));

const read = (folder: string, newFolder: string, names: Omit<Example, 'old' | 'new'>): Example => ({
  old: withoutRolloutFile(readStack(join(EXAMPLES, folder))),
  new: readStack(join(EXAMPLES, folder, newFolder)),
  ...names,
});

/** Read once, shared by all trials. */
export const EXAMPLE: Readonly<Record<TrialStack['type'], Example>> = {
  node: read('node-update', 'new', {
    oldPool: 'llm',
    newPool: 'llm-new',
    route: 'routes-to-llm',
    gpus: 4,
  }),
  baseModel: read('base-model', 'version-2', {
    oldPool: 'llm-pool',
    newPool: 'llm-pool-version-2',
    route: 'llm-route',
    gpus: 1,
  }),
  /** The old objects are made anew for each stack. */
  adapter: {
    old: [],
    new: [],
    oldPool: FIRST_POOL,
    newPool: 'llm-pool-h200',
    route: 'llm-route',
    gpus: 1,
  },
};

const DEFAULT_ADAPTERS: TrialAdapters = {
  era: 'x-k8s',
  pools: 1,
  firstPoolOnly: false,
  rewrite: 'own',
  foreignTarget: false,
  shadowed: false,
  loaded: false,
  pickerReadable: false,
};

export const adaptersOf = (stack: TrialStack): TrialAdapters => stack.adapters ?? DEFAULT_ADAPTERS;

const oldObjectsOf = (stack: TrialStack, index: number): readonly KubeObject[] =>
  stack.type === 'adapter'
    ? adapterObjects(EXAMPLE.baseModel.old, adaptersOf(stack), namespaceOf(index))
    : EXAMPLE[stack.type].old;

const newObjectsOf = (stack: TrialStack, index: number): readonly KubeObject[] =>
  stack.type === 'adapter'
    ? anotherPool(EXAMPLE.baseModel.old, adaptersOf(stack), {
        namespace: namespaceOf(index),
        pool: EXAMPLE.adapter.newPool,
      })
    : EXAMPLE[stack.type].new;

export const namespaceOf = (stack: number): string => `team-${stack}`;
export const hostOf = (stack: number): string => `llm-${stack}.example.com`;

export const NEIGHBOUR = 'pages';
export const SECOND_ROUTE = 'batch-to-llm';

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  value as Readonly<Record<string, unknown>>;

const moved = (object: KubeObject, stack: number): KubeObject => {
  const namespace = namespaceOf(stack);
  const text = JSON.stringify(object)
    .replaceAll('"namespace":"serving"', `"namespace":"${namespace}"`)
    .replaceAll('--pool-namespace=serving', `--pool-namespace=${namespace}`);
  return JSON.parse(text) as KubeObject;
};

const isModelServer = (object: KubeObject): boolean =>
  object.kind === 'Deployment' && JSON.stringify(object).includes('nvidia.com/gpu');

const withReplicas = (object: KubeObject, replicas: number): KubeObject =>
  isModelServer(object) ? { ...object, spec: { ...fields(object['spec']), replicas } } : object;

/** A node selector that names no machine of the trial's clusters would never be placed. */
const withNodePool = (object: KubeObject, nodePool: string | null): KubeObject => {
  if (nodePool === null || !isModelServer(object)) return object;
  const spec = fields(object['spec']);
  const template = fields(spec['template']);
  const podSpec = {
    ...fields(template['spec']),
    nodeSelector: { 'cloud.google.com/gke-nodepool': nodePool },
  };
  return { ...object, spec: { ...spec, template: { ...template, spec: podSpec } } };
};

const neighbourService = (stack: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: NEIGHBOUR, namespace: namespaceOf(stack) },
  spec: { selector: { app: NEIGHBOUR }, ports: [{ port: 80, targetPort: 8080 }] },
});

const routeOf = (route: KubeObject, stack: number, trial: TrialStack): KubeObject => {
  const spec = fields(route['spec']);
  const [rule] = spec['rules'] as readonly Readonly<Record<string, unknown>>[];
  const [ref, ...others] = (rule?.['backendRefs'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  const own = trial.weight === null ? ref : { ...ref, weight: trial.weight };
  const refs = trial.neighbour ? [own, { name: NEIGHBOUR, port: 80, weight: 3 }] : [own, ...others];
  return {
    ...route,
    metadata: {
      ...route.metadata,
      ...(trial.bareRoute ? {} : { annotations: { 'example.com/owner': `team-${stack}` } }),
    },
    spec: { ...spec, hostnames: [hostOf(stack)], rules: [{ ...rule, backendRefs: refs }] },
  };
};

const secondRoute = (route: KubeObject, stack: number): KubeObject => {
  const spec = fields(route['spec']);
  const [rule] = spec['rules'] as readonly Readonly<Record<string, unknown>>[];
  const [ref] = (rule?.['backendRefs'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  const byHeader = [
    { path: { type: 'PathPrefix', value: '/' }, headers: [{ name: 'x-batch', value: 'yes' }] },
  ];
  return {
    ...route,
    metadata: { ...route.metadata, name: SECOND_ROUTE },
    spec: { ...spec, hostnames: [hostOf(stack)], rules: [{ matches: byHeader, backendRefs: [ref] }] },
  };
};

/** What stands in the namespace when the world begins, the new side too where it is there already. */
export const stackObjects = (stack: TrialStack, index: number): readonly KubeObject[] => {
  const old = oldObjectsOf(stack, index)
    .map((object) => moved(object, index))
    .map((object) => withReplicas(object, stack.replicas))
    .map((object) => (object.kind === 'HTTPRoute' ? routeOf(object, index, stack) : object));
  const routes = old.filter(({ kind }) => kind === 'HTTPRoute');
  return [
    ...old,
    ...(stack.neighbour ? [neighbourService(index)] : []),
    ...(stack.secondRoute ? routes.map((route) => secondRoute(route, index)) : []),
    ...(stack.newSideThere
      ? newSideObjects(stack, index).map((object) =>
          withNodePool(object, stack.type === 'node' ? 'h200' : null),
        )
      : []),
  ];
};

/** The new side as its author hands it in. */
export const newSideObjects = (stack: TrialStack, index: number): readonly KubeObject[] =>
  newObjectsOf(stack, index)
    .map((object) => moved(object, index))
    .map((object) => withReplicas(object, stack.replicas));

/** Machines of eight accelerators that one side of the stack fills. */
export const machinesOf = (stack: TrialStack): number =>
  Math.ceil((stack.replicas * EXAMPLE[stack.type].gpus * (stack.adapters?.pools ?? 1)) / 8);
