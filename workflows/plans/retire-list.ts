/** What is deleted when the old side is retired: only what belongs to the old pool and to nothing else (P6). */
import { type KubeObject, type KubeResource, type ObjectIdentity, RESOURCES } from '../kubernetes.ts';
import { at, itemsOf, selects, stringMapAt, textAt } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import { ownerOf } from './git-owners.ts';
import { readPool, templateLabels } from './inference-pool.ts';
import type { Finding } from './plan.ts';
import { splitApiVersion } from './resolve-resource.ts';
import type { Survey } from './survey.ts';

/** In the order of deletion: autoscalers, workloads, picker, policies, pool, ConfigMaps. Empty for `keep`. */
export const retiredObjects = (survey: Survey): readonly KubeObject[] => {
  const { observed, old, spec } = survey;
  if (spec.retention.retire === 'keep') return [];
  const workloads = ownWorkloads(survey);
  const workloadNames = new Set(workloads.map((workload) => workload.metadata.name));
  const picker = ownPicker(survey);
  const targets = (object: KubeObject): boolean =>
    textAt(object, 'spec', 'targetRef', 'kind') === RESOURCES.inferencePool.kind &&
    textAt(object, 'spec', 'targetRef', 'name') === old.pool.name;
  return [
    ...sorted(
      observed.autoscalers.filter(
        (scaler) =>
          (textAt(scaler, 'spec', 'scaleTargetRef', 'kind') ?? RESOURCES.deployment.kind) ===
            RESOURCES.deployment.kind &&
          workloadNames.has(textAt(scaler, 'spec', 'scaleTargetRef', 'name') ?? ''),
      ),
    ),
    ...workloads,
    ...picker,
    ...sorted(observed.backendPolicies.filter(targets)),
    ...sorted(observed.healthCheckPolicies.filter(targets)),
    old.pool.object,
    ...ownConfigMaps(survey, [...workloads, ...picker]),
  ];
};

const sorted = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  [...objects].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

const otherPools = (survey: Survey) =>
  survey.observed.pools
    .filter((pool) => pool.metadata.namespace === survey.spec.namespace)
    .map((pool) => readPool(pool, survey.spec.namespace))
    .concat(survey.new === null ? [] : [survey.new.pool])
    .filter((pool) => pool.name !== survey.old.pool.name);

const ownWorkloads = (survey: Survey): readonly KubeObject[] => {
  const others = otherPools(survey);
  return survey.old.workloads.filter(
    (workload) => !others.some((pool) => selects(pool.selector, templateLabels(workload))),
  );
};

/** Deployment, then Service; nothing of it when another pool has the same picker. */
const ownPicker = (survey: Survey): readonly KubeObject[] => {
  const { old, observed } = survey;
  const service = old.pickerService;
  if (service === null) return [];
  const shared = new Set(otherPools(survey).map((pool) => pool.pickerService));
  if (shared.has(service.metadata.name)) return [];
  const foreign = observed.services.filter((other) => shared.has(other.metadata.name));
  const deployments = old.pickerWorkloads.filter(
    (workload) =>
      !foreign.some((other) => selects(stringMapAt(other, 'spec', 'selector'), templateLabels(workload))),
  );
  return [...deployments, service];
};

/** Names of the ConfigMaps that a workload's pods mount or read. */
export const mountedConfigMaps = (workload: unknown): readonly string[] => {
  const podSpec = at(workload, 'spec', 'template', 'spec');
  const names = itemsOf(at(podSpec, 'volumes')).flatMap((volume) => [
    textAt(volume, 'configMap', 'name'),
    ...itemsOf(at(volume, 'projected', 'sources')).map((source) => textAt(source, 'configMap', 'name')),
  ]);
  for (const container of [
    ...itemsOf(at(podSpec, 'containers')),
    ...itemsOf(at(podSpec, 'initContainers')),
  ]) {
    for (const source of itemsOf(at(container, 'envFrom')))
      names.push(textAt(source, 'configMapRef', 'name'));
    for (const entry of itemsOf(at(container, 'env')))
      names.push(textAt(entry, 'valueFrom', 'configMapKeyRef', 'name'));
  }
  return [...new Set(names.filter((name) => name !== null))].sort();
};

/**
 * A ConfigMap goes only when its name says that it is the pool's (`NAME-adapters`), and no workload that stays mounts it.
 * Others may be read by things that nobody listed.
 */
const ownConfigMaps = (survey: Survey, going: readonly KubeObject[]): readonly KubeObject[] => {
  const { observed, old, manifests } = survey;
  const staying = [...observed.deployments, ...manifests].filter((object) => !going.includes(object));
  const needed = new Set(staying.flatMap((workload) => mountedConfigMaps(workload)));
  const mounted = new Set(going.flatMap((workload) => mountedConfigMaps(workload)));
  return sorted(
    observed.configMaps.filter(({ metadata: { name } }) => {
      const says = name === old.pool.name || name.startsWith(`${old.pool.name}-`);
      return says && mounted.has(name) && !needed.has(name);
    }),
  );
};

const PLURALS: ReadonlyMap<string, KubeResource> = new Map(
  Object.values(RESOURCES).map((resource) => [resource.kind, resource]),
);

/** Identities as the API server gave them; what has no uid was never stored and is left out. */
export const identitiesOf = (objects: readonly KubeObject[]): readonly ObjectIdentity[] =>
  objects.flatMap((object) => {
    const resource = PLURALS.get(object.kind);
    const { uid } = object.metadata;
    if (resource === undefined || uid === undefined) return [];
    const { kind, plural } = resource;
    return [
      {
        ...splitApiVersion(object.apiVersion),
        plural,
        kind,
        namespace: object.metadata.namespace ?? null,
        name: object.metadata.name,
        uid,
      },
    ];
  });

/** `delete` is refused when Git, Helm or Terraform would bring the objects back or stumble over their absence. */
export const checkRetirement = (survey: Survey): readonly Finding[] =>
  retiredObjects(survey).flatMap((object) => {
    const owner = ownerOf(object);
    return owner === null
      ? []
      : [finding('gitops-owner', nameOf(object), `retention.retire is delete, but ${owner} owns it.`)];
  });
