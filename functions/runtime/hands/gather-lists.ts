/** Reading lists for preflight: what is lost is asked for again, what is refused is a finding, what is not served is empty. */
import { type KubeObject, type KubeResource, RESOURCES } from '../../../workflows/kubernetes.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { isTransient, itemsOfList, sayKubeAnswer } from './kube-answers.ts';

export interface Reading {
  readonly ports: Ports;
  readonly cluster: string;
  readonly namespace: string;
  /** Calls whose answer nobody has. */
  readonly lost: string[];
  readonly refused: { readonly what: string; readonly status: number }[];
}

export const listAll = async (
  reading: Reading,
  resource: KubeResource,
  namespace: string | null,
): Promise<readonly KubeObject[]> => {
  const { cluster, ports } = reading;
  const answer = await ports.kubernetes.list({ cluster, resource, namespace });
  const what = `list ${resource.plural} in ${namespace === null ? 'all namespaces' : `namespace ${namespace}`}`;
  if (answer.kind === 'noAnswer' || isTransient(answer)) {
    reading.lost.push(`${what}: ${sayKubeAnswer(answer)}`);
    return [];
  }
  // Not served: there are none.
  if (answer.status === 404) return [];
  if (answer.status >= 300) {
    reading.refused.push({ what, status: answer.status });
    return [];
  }
  return itemsOfList(answer.object, resource);
};

/** Group/version pairs and plurals; empty where the server does not tell. */
export const discover = async (reading: Reading): Promise<Readonly<Record<string, readonly string[]>>> => {
  const answer = await reading.ports.kubernetes.discover({ cluster: reading.cluster });
  if (answer.kind === 'answer' && answer.object !== undefined) return answer.object;
  if (isTransient(answer)) reading.lost.push(`discovery: ${sayKubeAnswer(answer)}`);
  return {};
};

/** The newer group wins where both are served; null where neither is. */
export const discovered = (
  served: Readonly<Record<string, readonly string[]>>,
  resource: KubeResource,
): KubeResource | null => {
  if (Object.keys(served).length === 0) return resource;
  const newer: KubeResource = { ...resource, group: 'llm-d.ai' };
  const serves = (one: KubeResource): boolean =>
    served[`${one.group}/${one.version}`]?.includes(one.plural) ?? false;
  return [newer, resource].find(serves) ?? null;
};

export const REFERENCE_GRANT: KubeResource = {
  group: 'gateway.networking.k8s.io',
  version: 'v1beta1',
  plural: 'referencegrants',
  kind: 'ReferenceGrant',
};

export const isServed = (
  served: Readonly<Record<string, readonly string[]>>,
  resource: KubeResource,
): boolean => {
  const groupVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return Object.keys(served).length === 0 || (served[groupVersion]?.includes(resource.plural) ?? false);
};

/** The rewrites of both groups, as pickers of either may serve a pool; InferenceModels where there are no rewrites. */
const readAdapterLists = async (
  reading: Reading,
  served: Readonly<Record<string, readonly string[]>>,
  newer: { readonly rewriteResource: KubeResource | null; readonly rewrites: readonly KubeObject[] },
): Promise<{
  readonly rewrites: readonly KubeObject[];
  readonly modelResource: KubeResource | null;
  readonly models: readonly KubeObject[];
}> => {
  const { namespace } = reading;
  const older = RESOURCES.inferenceModelRewrite;
  const hasBoth =
    newer.rewriteResource !== null && newer.rewriteResource.group !== older.group && isServed(served, older);
  const rewrites = hasBoth
    ? [...newer.rewrites, ...(await listAll(reading, older, namespace))]
    : newer.rewrites;
  const isModelEra = newer.rewriteResource === null && isServed(served, RESOURCES.inferenceModel);
  const models = isModelEra ? await listAll(reading, RESOURCES.inferenceModel, namespace) : [];
  return { rewrites, modelResource: isModelEra ? RESOURCES.inferenceModel : null, models };
};

/** All that is read without knowing anything yet: one list per resource, in parallel. */
export const readLists = async (
  reading: Reading,
  served: Readonly<Record<string, readonly string[]>>,
  isAdapter: boolean,
) => {
  const { namespace } = reading;
  const objectiveResource = discovered(served, RESOURCES.inferenceObjective);
  const rewriteResource = discovered(served, RESOURCES.inferenceModelRewrite);
  const ifServed = (resource: KubeResource | null, where: string | null): Promise<readonly KubeObject[]> =>
    resource !== null && isServed(served, resource) ? listAll(reading, resource, where) : Promise.resolve([]);
  const [pools, routes, gateways, objectives, rewrites, referenceGrants] = await all([
    ifServed(RESOURCES.inferencePool, null),
    ifServed(RESOURCES.httpRoute, null),
    ifServed(RESOURCES.gateway, null),
    ifServed(objectiveResource, null),
    ifServed(rewriteResource, null),
    ifServed(REFERENCE_GRANT, namespace),
  ]);
  const [services, deployments, pods, hpas, scaledObjects, backendPolicies, healthCheckPolicies] = await all([
    listAll(reading, RESOURCES.service, namespace),
    listAll(reading, RESOURCES.deployment, namespace),
    listAll(reading, RESOURCES.pod, namespace),
    ifServed(RESOURCES.horizontalPodAutoscaler, namespace),
    ifServed(RESOURCES.scaledObject, namespace),
    ifServed(RESOURCES.gcpBackendPolicy, namespace),
    ifServed(RESOURCES.healthCheckPolicy, namespace),
  ]);
  return {
    objectiveResource,
    rewriteResource,
    ...(isAdapter
      ? await readAdapterLists(reading, served, { rewriteResource, rewrites })
      : { rewrites, modelResource: null, models: [] }),
    pools,
    routes,
    gateways,
    objectives,
    referenceGrants,
    services,
    deployments,
    pods,
    autoscalers: [...hpas, ...scaledObjects],
    backendPolicies,
    healthCheckPolicies,
  };
};
