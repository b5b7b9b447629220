import type { FieldError } from '../admit.ts';
import { any, boolean, defaulted, integer, intOrString, list, map, object, string } from '../field-table.ts';
import { type Dict, dictAt, equal, isDict, listAt, numberAt } from '../json.ts';
import { builtInKind, type Kind, type PrepareContext } from './kind.ts';
import { labelSelector, podSpec, podTemplate, selectorMatches } from './pod-template.ts';

const invalid = (field: string, message: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${message}`,
});

const required = (field: string): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: 'Required value',
});

/** The checks that all kinds with a selector and a pod template share. */
function checkTemplate(after: Dict, before: Dict | null): readonly FieldError[] {
  const spec = dictAt(after, 'spec');
  if (before !== null && before['spec'] === spec) return [];
  const errors: FieldError[] = [];
  const labels = dictAt(dictAt(dictAt(spec, 'template'), 'metadata'), 'labels');
  if ((numberAt(spec, 'replicas') ?? 0) < 0) {
    errors.push(invalid('spec.replicas', `${String(spec['replicas'])}: must be greater than or equal to 0`));
  }
  if (Object.keys(dictAt(spec, 'selector')).length === 0) {
    errors.push(invalid('spec.selector', '{}: empty selector is invalid for deployment'));
  } else if (!selectorMatches(spec['selector'], labels)) {
    errors.push(invalid('spec.template.metadata.labels', '`selector` does not match template `labels`'));
  }
  errors.push(...checkContainers(dictAt(dictAt(spec, 'template'), 'spec'), 'spec.template.spec'));
  if (before !== null && !equal(dictAt(before, 'spec')['selector'], spec['selector'])) {
    errors.push(invalid('spec.selector', 'field is immutable'));
  }
  return errors;
}

function checkContainers(spec: Dict, at: string): readonly FieldError[] {
  const containers = listAt(spec, 'containers');
  if (containers.length === 0) return [required(`${at}.containers`)];
  const volumes = new Set(listAt(spec, 'volumes').map((volume) => isDict(volume) && volume['name']));
  return ['containers', 'initContainers'].flatMap((field) =>
    listAt(spec, field).flatMap((container, index) => {
      const path = `${at}.${field}[${index}]`;
      const errors: FieldError[] =
        isDict(container) && !('image' in container) ? [required(`${path}.image`)] : [];
      listAt(container, 'volumeMounts').forEach((mount, position) => {
        if (isDict(mount) && volumes.has(mount['name'])) return;
        const field = `${path}.volumeMounts[${position}].name`;
        errors.push({ reason: 'FieldValueNotFound', field, message: 'Not found' });
      });
      return errors;
    }),
  );
}

/** What a server fills in when a workload is created. */
function created(object: Dict, context: PrepareContext, status: Dict): Dict {
  if (context.before !== null) return object;
  if (!context.writesNullTimes) return { ...object, status };
  const spec = dictAt(object, 'spec');
  const template = dictAt(spec, 'template');
  const metadata = { creationTimestamp: null, ...dictAt(template, 'metadata') };
  return { ...object, spec: { ...spec, template: { ...template, metadata } }, status };
}

const EMPTY_TEMPLATE = { metadata: { creationTimestamp: null }, spec: { containers: null } };

/** A new strategy of rolling updates gets the usual quarter. */
function rollingUpdate(strategy: Dict): Dict {
  if (strategy['type'] !== 'RollingUpdate') return strategy;
  const given = dictAt(strategy, 'rollingUpdate');
  if ('maxUnavailable' in given && 'maxSurge' in given) return strategy;
  return { ...strategy, rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...given } };
}

const replicaFields = {
  replicas: defaulted(integer(), 1),
  selector: labelSelector,
  template: podTemplate,
  minReadySeconds: integer(),
};

export const deployment: Kind = builtInKind({
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: 'specAndAnnotations',
  empty: {
    spec: { selector: null, template: EMPTY_TEMPLATE, strategy: {} },
    status: {},
  },
  fields: {
    spec: object(
      {
        ...replicaFields,
        strategy: defaulted(
          object(
            {
              type: defaulted(string(), 'RollingUpdate'),
              rollingUpdate: object({ maxUnavailable: intOrString, maxSurge: intOrString }),
            },
            { normalize: rollingUpdate },
          ),
          {},
        ),
        revisionHistoryLimit: defaulted(integer(), 10),
        progressDeadlineSeconds: defaulted(integer(), 600),
        paused: boolean,
      },
      { required: ['selector', 'template'] },
    ),
    status: any,
  },
  required: ['spec'],
  validate: checkTemplate,
  prepare: (object, context) => created(object, context, {}),
});

export const replicaSet: Kind = builtInKind({
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: 'spec',
  empty: { spec: { selector: null, template: EMPTY_TEMPLATE }, status: { replicas: 0 } },
  fields: { spec: object(replicaFields, { required: ['selector'] }), status: any },
  required: ['spec'],
  validate: checkTemplate,
  prepare: (object, context) => created(object, context, { replicas: 0 }),
});

export const statefulSet: Kind = builtInKind({
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  shortNames: ['sts'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: 'spec',
  empty: {
    spec: { selector: null, template: EMPTY_TEMPLATE, serviceName: '', updateStrategy: {} },
    status: {},
  },
  fields: { spec: object(replicaFields, { required: ['selector', 'template'], open: true }), status: any },
  required: ['spec'],
  validate: checkTemplate,
  prepare: (object, context) => created(object, context, { replicas: 0 }),
});

export const pod: Kind = builtInKind({
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  subresources: ['status'],
  generation: 'spec',
  empty: { spec: { containers: null }, status: {} },
  fields: { spec: podSpec, status: any },
  required: ['spec'],
  validate: (after, before) =>
    before !== null && before['spec'] === after['spec'] ? [] : checkContainers(dictAt(after, 'spec'), 'spec'),
  prepare: (object, { before }) =>
    before === null ? { ...object, status: { phase: 'Pending', qosClass: 'BestEffort' } } : object,
});

const targetField = { kind: string(), name: string(), apiVersion: string() };

export const horizontalPodAutoscaler: Kind = builtInKind({
  group: 'autoscaling',
  version: ['v2', 'v1'],
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: ['status'],
  empty: {
    spec: { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 },
    status: { desiredReplicas: 0, currentMetrics: null },
  },
  fields: {
    spec: object(
      {
        scaleTargetRef: object(targetField),
        minReplicas: defaulted(integer(), 1),
        maxReplicas: integer(),
        metrics: list(any),
        behavior: any,
      },
      { open: true },
    ),
    status: any,
  },
  required: ['spec'],
  validate: checkAutoscaler,
  prepare: (object, { before }) =>
    before === null ? { ...object, status: { currentMetrics: null, desiredReplicas: 0 } } : object,
});

function checkAutoscaler(after: Dict): readonly FieldError[] {
  const spec = dictAt(after, 'spec');
  const most = numberAt(spec, 'maxReplicas') ?? 0;
  const errors: FieldError[] = [];
  if ((numberAt(spec, 'minReplicas') ?? 1) < 1) {
    errors.push(invalid('spec.minReplicas', 'must be greater than or equal to 1'));
  }
  if (most < 1) errors.push(invalid('spec.maxReplicas', 'must be greater than 0'));
  if (most < (numberAt(spec, 'minReplicas') ?? 1)) {
    errors.push(invalid('spec.maxReplicas', `${most}: must be greater than or equal to \`minReplicas\``));
  }
  for (const key of ['kind', 'name']) {
    if (dictAt(spec, 'scaleTargetRef')[key] === undefined)
      errors.push(required(`spec.scaleTargetRef.${key}`));
  }
  return errors;
}

export const job: Kind = builtInKind({
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  kind: 'Job',
  categories: ['all'],
  subresources: ['status'],
  generation: 'spec',
  empty: { spec: { template: EMPTY_TEMPLATE }, status: {} },
  fields: {
    spec: object(
      { template: podTemplate, selector: labelSelector, nodeSelector: map(string()) },
      { open: true },
    ),
    status: any,
  },
  required: ['spec'],
  prepare: (object, context) => created(object, context, {}),
});
