/** A serving stack as the demo sees it: where its pool is, what it needs, and whether the simulated cluster takes it. */
import type { LoadFailure } from '../simulator/world/kubernetes/load-stack.ts';
import type { ClusterParameters } from '../simulator/world/parameters.ts';
import { createWorld } from '../simulator/world/world.ts';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { RESOURCES } from '../workflows/kubernetes.ts';
import { at, itemsOf, numberAt, textAt } from '../workflows/plans/fields.ts';
import { backendRefsOf } from '../workflows/plans/route-rules.ts';
import type { InputProblem } from './input-problem.ts';
import type { Manifest } from './manifest-files.ts';

const NODE_POOL_LABEL = 'cloud.google.com/gke-nodepool';
const GPU = 'nvidia.com/gpu';

export interface StackPool {
  readonly object: KubeObject;
  readonly name: string;
  readonly namespace: string;
}

const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? 'default';

/** The first pool that a route sends traffic to; null where there is none. */
export const servingPool = (objects: readonly KubeObject[]): StackPool | null => {
  for (const route of objects.filter(({ kind }) => kind === RESOURCES.httpRoute.kind)) {
    const refs = itemsOf(at(route, 'spec', 'rules')).flatMap((rule) => backendRefsOf(rule));
    for (const ref of refs) {
      const namespace = ref.namespace ?? namespaceOf(route);
      const object = objects.find(
        (one) =>
          one.kind === RESOURCES.inferencePool.kind &&
          one.metadata.name === ref.name &&
          namespaceOf(one) === namespace,
      );
      if (object !== undefined) return { object, name: ref.name, namespace };
    }
  }
  return null;
};

export interface Demand {
  /** Node pool that the workload names; null: any. */
  readonly nodePool: string | null;
  /** Machines with eight accelerators, as a fraction: several workloads may share one. */
  readonly machines: number;
}

/** Accelerators of one machine, whichever type. */
const GPUS_PER_MACHINE = 8;

/** Machines that each workload fills, all replicas together; workloads without accelerators are left out. */
export const demandOf = (objects: readonly KubeObject[]): readonly Demand[] =>
  objects.flatMap((object) => {
    const template = at(object, 'spec', 'template', 'spec');
    if (template === undefined) return [];
    let perPod = 0;
    for (const container of itemsOf(at(template, 'containers'))) {
      const { limits, requests } = (at(container, 'resources') ?? {}) as Readonly<Record<string, unknown>>;
      perPod += Number(at(limits, GPU) ?? at(requests, GPU) ?? 0) || 0;
    }
    if (perPod === 0) return [];
    // A pod stays on one machine.
    const podsPerMachine = Math.max(1, Math.floor(GPUS_PER_MACHINE / perPod));
    const machines = (numberAt(object, 'spec', 'replicas') ?? 1) / podsPerMachine;
    return [{ nodePool: textAt(template, 'nodeSelector', NODE_POOL_LABEL), machines }];
  });

/** Namespaces that the objects live in. */
export const namespacesOf = (objects: readonly KubeObject[]): readonly string[] => [
  ...new Set(objects.map(namespaceOf)),
];

/** A stack with InferenceModels comes from a cluster before rewrites; one with llm-d's from a cluster that serves those too. */
export const adapterKindsOf = (objects: readonly KubeObject[]): Pick<ClusterParameters, 'adapterKinds'> => {
  if (objects.some(({ kind }) => kind === 'InferenceModel')) return { adapterKinds: 'models' };
  const isLlmd = objects.some(
    ({ apiVersion, kind }) => kind === 'InferenceModelRewrite' && apiVersion.startsWith('llm-d.ai/'),
  );
  return isLlmd ? { adapterKinds: 'both' } : {};
};

/** What the API server of a simulated cluster says to each object; none: it takes them all. */
export const checkStack = (manifests: readonly Manifest[]): readonly InputProblem[] => {
  const objects = manifests.map(({ object }) => object);
  const world = createWorld({
    clusters: [
      {
        name: SCRATCH,
        nodePools: [],
        namespaces: namespacesOf(objects),
        quotas: {},
        ...adapterKindsOf(objects),
      },
    ],
    traffic: [],
  });
  return world.load({ cluster: SCRATCH, namespace: 'default', objects }).map((failure) => {
    const source = manifests.find(
      ({ object }) => object.kind === failure.kind && object.metadata.name === failure.name,
    );
    return {
      file: source?.file ?? 'stack',
      line: source?.line ?? null,
      column: 1,
      code: 'object-refused',
      ...wordsOf(failure),
    };
  });
};

/** Status 404 to a create: the kind itself is not served. */
const wordsOf = ({
  kind,
  name,
  apiVersion,
  status,
  failure,
}: LoadFailure): { what: string; mend: string } => {
  if (status === 404) {
    const what = `${kind} ${name}: the simulated cluster serves no ${kind} of ${apiVersion}.`;
    return { what, mend: 'Correct apiVersion and kind, or leave the object out of the stack.' };
  }
  const causes = (failure.details?.causes ?? []).map(
    (cause) => `${cause.field ?? '?'}: ${cause.message ?? cause.reason ?? '?'}`,
  );
  const why = causes.length > 0 ? causes.join('; ') : (failure.message ?? 'no reason is given');
  return {
    what: `${kind} ${name}: the API server refuses it (${status}): ${why.replace(/\.$/, '')}.`,
    mend: 'Correct the object; kubectl apply would be answered the same.',
  };
};

const SCRATCH = 'projects/check/locations/us-central1/clusters/check';
