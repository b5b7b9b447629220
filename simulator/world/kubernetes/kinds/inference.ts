import {
  condition,
  conditions,
  defaulted,
  type Field,
  groupName,
  integer,
  kindName,
  list,
  map,
  namespaceName,
  object,
  objectName,
  oneOf,
  port,
  string,
} from '../field-table.ts';
import { isDict, numberAt, textAt } from '../json.ts';
import { customKind, type Kind } from './kind.ts';

const X_GROUP = 'inference.networking.x-k8s.io';
const POOL_GROUP = 'inference.networking.k8s.io';

const parentStatus = object(
  {
    conditions: list(condition, { max: 8, keys: ['type'] }),
    controllerName: string({ min: 1, max: 253 }),
    parentRef: object(
      {
        group: defaulted(groupName, 'gateway.networking.k8s.io'),
        kind: defaulted(kindName, 'Gateway'),
        name: objectName,
        namespace: namespaceName,
      },
      { required: ['name'] },
    ),
  },
  { required: ['parentRef'] },
);

/** Source: Gateway API inference extension v1.5. */
export const inferencePool: Kind = customKind({
  group: POOL_GROUP,
  version: 'v1',
  plural: 'inferencepools',
  kind: 'InferencePool',
  shortNames: ['infpool'],
  required: ['spec'],
  fields: {
    spec: object(
      {
        appProtocol: defaulted(oneOf('http', 'kubernetes.io/h2c'), 'http'),
        selector: object(
          {
            matchLabels: map(string({ max: 63, pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/ }), {
              min: 1,
              max: 64,
            }),
          },
          { required: ['matchLabels'] },
        ),
        targetPorts: list(object({ number: port }, { required: ['number'] }), {
          min: 1,
          max: 8,
          rules: [
            (ports) => {
              const numbers = (Array.isArray(ports) ? ports : []).map((p: unknown) => numberAt(p, 'number'));
              return new Set(numbers).size === numbers.length ? null : 'port number must be unique';
            },
          ],
        }),
        endpointPickerRef: object(
          {
            group: defaulted(groupName, ''),
            kind: defaulted(kindName, 'Service'),
            name: objectName,
            port: object({ number: port }, { required: ['number'] }),
            failureMode: defaulted(oneOf('FailOpen', 'FailClose'), 'FailClose'),
          },
          {
            required: ['name'],
            rules: [
              (ref) =>
                textAt(ref, 'kind') === 'Service' && isDict(ref) && !('port' in ref)
                  ? "port is required when kind is 'Service' or unspecified (defaults to 'Service')"
                  : null,
            ],
          },
        ),
      },
      { required: ['endpointPickerRef', 'selector', 'targetPorts'] },
    ),
    status: object({ parents: list(parentStatus, { max: 32 }) }),
  },
});

const poolRef = (group: string) =>
  object(
    { group: defaulted(groupName, group), kind: defaulted(kindName, 'InferencePool'), name: objectName },
    { required: ['name'] },
  );

/** A status whose first condition waits for a controller that never comes. */
const pendingStatus = (type: string): Field =>
  object({
    conditions: conditions({
      default: [
        {
          type,
          status: 'Unknown',
          reason: 'Pending',
          message: 'Waiting for controller',
          lastTransitionTime: '1970-01-01T00:00:00Z',
        },
      ],
    }),
  });

const weight = integer({ min: 1, max: 1_000_000 });

const objectiveOf = (group: string): Kind =>
  customKind({
    group,
    version: 'v1alpha2',
    plural: 'inferenceobjectives',
    kind: 'InferenceObjective',
    fields: {
      spec: object({ poolRef: poolRef(POOL_GROUP), priority: integer() }, { required: ['poolRef'] }),
      status: pendingStatus('Ready'),
    },
  });

const rewriteOf = (group: string): Kind =>
  customKind({
    group,
    version: 'v1alpha2',
    plural: 'inferencemodelrewrites',
    kind: 'InferenceModelRewrite',
    fields: {
      spec: object(
        {
          poolRef: poolRef(POOL_GROUP),
          rules: list(
            object({
              matches: list(
                object(
                  {
                    model: object(
                      { type: defaulted(oneOf('Exact'), 'Exact'), value: string({ min: 1 }) },
                      { required: ['value'] },
                    ),
                  },
                  { required: ['model'] },
                ),
              ),
              targets: list(object({ modelRewrite: string(), weight }, { required: ['modelRewrite'] }), {
                min: 1,
              }),
            }),
          ),
        },
        { required: ['poolRef', 'rules'] },
      ),
      status: pendingStatus('Accepted'),
    },
  });

export const inferenceObjective: Kind = objectiveOf(X_GROUP);
export const inferenceModelRewrite: Kind = rewriteOf(X_GROUP);
/** The same kinds after their move to the llm-d project. */
export const llmdObjective: Kind = objectiveOf('llm-d.ai');
export const llmdModelRewrite: Kind = rewriteOf('llm-d.ai');

/** The kind that InferenceObjective and InferenceModelRewrite replaced. Source: the extension's v0.5.1. */
export const inferenceModel: Kind = customKind({
  group: X_GROUP,
  version: 'v1alpha2',
  plural: 'inferencemodels',
  kind: 'InferenceModel',
  fields: {
    spec: object(
      {
        modelName: string({
          max: 256,
          rules: [
            (name, before) => (before === undefined || before === name ? null : 'modelName is immutable'),
          ],
        }),
        criticality: oneOf('Critical', 'Standard', 'Sheddable'),
        poolRef: poolRef(X_GROUP),
        targetModels: list(object({ name: string({ max: 253 }), weight }, { required: ['name'] }), {
          max: 10,
          rules: [
            (models) => {
              const items: readonly unknown[] = Array.isArray(models) ? models : [];
              const weighted = items.filter((model) => isDict(model) && 'weight' in model).length;
              return weighted === 0 || weighted === items.length
                ? null
                : 'Weights should be set for all models, or none of the models.';
            },
          ],
        }),
      },
      { required: ['modelName', 'poolRef'] },
    ),
    status: pendingStatus('Ready'),
  },
});

/** Served beside the pools on newer clusters; nothing here writes it. */
export const inferencePoolImport: Kind = customKind({
  group: X_GROUP,
  version: 'v1alpha1',
  plural: 'inferencepoolimports',
  kind: 'InferencePoolImport',
  open: true,
  fields: {},
});
