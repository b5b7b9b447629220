import type { FieldError } from '../admit.ts';
import { any, boolean, defaulted, integer, intOrString, list, map, object, string } from '../field-table.ts';
import { type Dict, dictAt, equal, isDict, listAt, textAt, utf8Bytes } from '../json.ts';
import { builtInKind, type Kind } from './kind.ts';

const CORE = { group: '', version: 'v1' } as const;
/** Bytes that the values of a ConfigMap or Secret may have together. */
const DATA_LIMIT_BYTES = 1_048_576;

export const namespace: Kind = builtInKind({
  ...CORE,
  plural: 'namespaces',
  kind: 'Namespace',
  shortNames: ['ns'],
  namespaced: false,
  name: 'label',
  subresources: ['status'],
  empty: { spec: {}, status: {} },
  fields: { spec: object({ finalizers: list(string()) }), status: any },
  prepare: (ns, { before }) => {
    if (before !== null) return ns;
    const metadata = dictAt(ns, 'metadata');
    const labels = { ...dictAt(metadata, 'labels'), 'kubernetes.io/metadata.name': metadata['name'] };
    return {
      ...ns,
      metadata: { ...metadata, labels },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    };
  },
});

function checkData(after: Dict, before: Dict | null): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const field of ['data', 'binaryData', 'stringData']) {
    for (const [key, value] of Object.entries(dictAt(after, field))) {
      if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) {
        errors.push({
          reason: 'FieldValueInvalid',
          field: `${field}[${key}]`,
          message: 'Invalid value: a valid config key must consist of alphanumeric characters',
        });
      }
      if (typeof value === 'string') bytes += utf8Bytes(value);
    }
  }
  if (bytes > DATA_LIMIT_BYTES) {
    const message = `Too long: may not be more than ${DATA_LIMIT_BYTES} bytes`;
    errors.push({ reason: 'FieldValueTooLong', field: '[]', message });
  }
  if (before?.['immutable'] === true) {
    for (const field of ['immutable', 'data', 'binaryData']) {
      if (equal(before[field], after[field])) continue;
      const message = 'Forbidden: field is immutable when `immutable` is set';
      errors.push({ reason: 'FieldValueForbidden', field, message });
    }
  }
  return errors;
}

export const configMap: Kind = builtInKind({
  ...CORE,
  plural: 'configmaps',
  kind: 'ConfigMap',
  shortNames: ['cm'],
  fields: { data: map(string()), binaryData: map(string()), immutable: boolean },
  validate: checkData,
});

export const secret: Kind = builtInKind({
  ...CORE,
  plural: 'secrets',
  kind: 'Secret',
  fields: {
    data: map(string()),
    stringData: map(string()),
    type: defaulted(string(), 'Opaque'),
    immutable: boolean,
  },
  validate: checkData,
});

export const serviceAccount: Kind = builtInKind({
  ...CORE,
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  fields: {
    secrets: list(any, { keys: ['name'] }),
    imagePullSecrets: list(any),
    automountServiceAccountToken: boolean,
  },
});

/** The last byte of an address, out of the letters of a uid: services need one, nobody routes by it. */
function addressByte(uid: string): number {
  let sum = 0;
  for (let i = 0; i < uid.length; i++) sum = (sum * 31 + uid.charCodeAt(i)) % 64_000;
  return sum;
}

function prepareService(service: Dict, uid: string): Dict {
  const spec = dictAt(service, 'spec');
  if ('clusterIP' in spec || spec['type'] === 'ExternalName') return service;
  const host = addressByte(uid);
  const clusterIP = `34.118.${Math.floor(host / 250) % 250}.${(host % 250) + 2}`;
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    },
    status: { loadBalancer: {} },
  };
}

const servicePort = object(
  {
    name: string(),
    port: integer(),
    targetPort: intOrString,
    protocol: defaulted(string(), 'TCP'),
    appProtocol: string(),
    nodePort: integer(),
  },
  {
    required: ['port'],
    normalize: (value) =>
      'targetPort' in value || !('port' in value) ? value : { ...value, targetPort: value['port'] },
  },
);

function checkService(after: Dict, before: Dict | null): readonly FieldError[] {
  const spec = dictAt(after, 'spec');
  const errors: FieldError[] = [];
  const headless = spec['clusterIP'] === 'None' || spec['type'] === 'ExternalName';
  if (listAt(spec, 'ports').length === 0 && !headless) {
    errors.push({ reason: 'FieldValueRequired', field: 'spec.ports', message: 'Required value' });
  }
  const old = before === null ? undefined : dictAt(before, 'spec')['clusterIP'];
  if (old !== undefined && old !== spec['clusterIP']) {
    const message = 'Invalid value: may not change once set';
    errors.push({ reason: 'FieldValueInvalid', field: 'spec.clusterIPs[0]', message });
  }
  return errors;
}

export const service: Kind = builtInKind({
  ...CORE,
  plural: 'services',
  kind: 'Service',
  shortNames: ['svc'],
  categories: ['all'],
  name: 'service',
  subresources: ['status'],
  empty: { spec: {}, status: { loadBalancer: {} } },
  allocated: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
  fields: {
    spec: object(
      {
        selector: object({}, { open: true, atomic: true }),
        ports: list(servicePort, { keys: ['port', 'protocol'] }),
        type: defaulted(string(), 'ClusterIP'),
        sessionAffinity: defaulted(string(), 'None'),
        internalTrafficPolicy: defaulted(string(), 'Cluster'),
        clusterIP: string(),
        clusterIPs: list(string()),
      },
      { open: true },
    ),
    status: any,
  },
  required: ['spec'],
  validate: checkService,
  prepare: (object, { before, uid }) => (before === null ? prepareService(object, uid()) : object),
});

export const node: Kind = builtInKind({
  ...CORE,
  plural: 'nodes',
  kind: 'Node',
  shortNames: ['no'],
  namespaced: false,
  subresources: ['status'],
  empty: { spec: {}, status: {} },
  fields: {
    spec: object({ unschedulable: boolean, taints: list(any), providerID: string() }, { open: true }),
    status: any,
  },
});

export const event: Kind = builtInKind({
  ...CORE,
  plural: 'events',
  kind: 'Event',
  shortNames: ['ev'],
  open: true,
  fields: {},
});

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', name: 'path' } as const;
const rules = list(any);

export const role: Kind = builtInKind({
  ...RBAC,
  plural: 'roles',
  kind: 'Role',
  empty: { rules: null },
  fields: { rules },
});

export const clusterRole: Kind = builtInKind({
  ...RBAC,
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
  empty: { rules: null },
  fields: { rules, aggregationRule: any },
});

const roleRef = object({ apiGroup: string(), kind: string(), name: string() }, { atomic: true });
const bindingFields = { subjects: list(any), roleRef };

/** A binding's role is fixed. */
function checkBinding(after: Dict, before: Dict | null): readonly FieldError[] {
  if (textAt(dictAt(after, 'roleRef'), 'name') === undefined) {
    return [{ reason: 'FieldValueRequired', field: 'roleRef.name', message: 'Required value' }];
  }
  return before === null || equal(before['roleRef'], after['roleRef'])
    ? []
    : [{ reason: 'FieldValueInvalid', field: 'roleRef', message: 'Invalid value: cannot change roleRef' }];
}

const EMPTY_BINDING = { roleRef: { apiGroup: '', kind: '', name: '' } };

export const roleBinding: Kind = builtInKind({
  ...RBAC,
  plural: 'rolebindings',
  kind: 'RoleBinding',
  empty: EMPTY_BINDING,
  fields: bindingFields,
  validate: checkBinding,
});

export const clusterRoleBinding: Kind = builtInKind({
  ...RBAC,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
  empty: EMPTY_BINDING,
  fields: bindingFields,
  validate: checkBinding,
});

/** Go leaves them out. */
function withoutEmptyTexts(value: Dict): Dict {
  const kept = Object.entries(value).filter(([, text]) => text !== '');
  return kept.length === Object.keys(value).length ? value : Object.fromEntries(kept);
}

/** A question, answered and forgotten. */
export const selfSubjectAccessReview: Kind = builtInKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
  name: 'none',
  empty: { spec: {} },
  fields: {
    spec: object({
      resourceAttributes: object({}, { open: true, normalize: withoutEmptyTexts }),
      nonResourceAttributes: any,
    }),
    status: any,
  },
  validate: (review) =>
    isDict(dictAt(review, 'spec')['resourceAttributes']) ||
    isDict(dictAt(review, 'spec')['nonResourceAttributes'])
      ? []
      : [
          {
            reason: 'FieldValueInvalid',
            field: 'spec.resourceAttributes',
            message:
              'Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified',
          },
        ],
});
