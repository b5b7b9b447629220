import {
  any,
  boolean,
  defaulted,
  type Field,
  integer,
  intOrString,
  list,
  map,
  type ObjectField,
  object,
  string,
} from '../field-table.ts';
import { type Dict, isDict, textAt } from '../json.ts';

/*
 * Pods as far as a serving stack describes them: the defaults that the server writes into them, and the keys of their lists.
 * What is not named here is kept as it is.
 */

const probe = defaultsIn(
  {
    httpGet: object({ scheme: defaulted(string(), 'HTTP') }, { open: true }),
    timeoutSeconds: defaulted(integer(), 1),
    periodSeconds: defaulted(integer(), 10),
    successThreshold: defaulted(integer(), 1),
    failureThreshold: defaulted(integer(), 3),
  },
  {},
);

/** Owned as a whole. */
const atomic = object({}, { open: true, atomic: true });

const container = object(
  {
    name: string({ min: 1, max: 63 }),
    image: string(),
    command: list(string()),
    args: list(string()),
    ports: list(
      defaultsIn(
        {
          containerPort: integer({ min: 1, max: 65_535 }),
          name: string(),
          protocol: defaulted(string(), 'TCP'),
        },
        { required: ['containerPort'] },
      ),
      { keys: ['containerPort', 'protocol'] },
    ),
    env: list(
      defaultsIn(
        {
          name: string(),
          value: string(),
          valueFrom: object(
            {
              fieldRef: object(
                { apiVersion: defaulted(string(), 'v1'), fieldPath: string() },
                { open: true, atomic: true },
              ),
              secretKeyRef: atomic,
              configMapKeyRef: atomic,
              resourceFieldRef: atomic,
            },
            { open: true },
          ),
        },
        { required: ['name'] },
      ),
      { keys: ['name'] },
    ),
    envFrom: list(any),
    volumeMounts: list(defaultsIn({ mountPath: string() }, { required: ['mountPath'] }), {
      keys: ['mountPath'],
    }),
    resources: defaulted(
      object({ limits: map(intOrString), requests: map(intOrString) }, { open: true, normalize: quantities }),
      {},
    ),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    terminationMessagePath: defaulted(string(), '/dev/termination-log'),
    terminationMessagePolicy: defaulted(string(), 'File'),
    imagePullPolicy: string(),
    stdin: boolean,
    tty: boolean,
  },
  { open: true, required: ['name'], normalize: pullPolicy },
);

/** Quantities are written as text, whatever they came as. */
function quantities(resources: Dict): Dict {
  const written = (amounts: unknown): unknown => {
    if (!isDict(amounts) || !Object.values(amounts).some((amount) => typeof amount === 'number'))
      return amounts;
    return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));
  };
  let result = resources;
  for (const key of ['limits', 'requests']) {
    const amounts = written(result[key]);
    if (amounts !== result[key]) result = { ...result, [key]: amounts };
  }
  return result;
}

/** Images named `latest`, or not at all, are pulled anew each time. */
function pullPolicy(value: Dict): Dict {
  if ('imagePullPolicy' in value) return value;
  const image = textAt(value, 'image') ?? '';
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1] ?? 'latest';
  const always = tag === 'latest' && !image.includes('@');
  return { ...value, imagePullPolicy: always ? 'Always' : 'IfNotPresent' };
}

const volume = defaultsIn(
  {
    name: string({ min: 1 }),
    configMap: defaultsIn({ defaultMode: defaulted(integer(), 420) }, {}),
    secret: defaultsIn({ defaultMode: defaulted(integer(), 420) }, {}),
  },
  { required: ['name'] },
);

/** The old name of the service account field is kept equal to the new one. */
function serviceAccount(value: Dict): Dict {
  const name = textAt(value, 'serviceAccountName') ?? textAt(value, 'serviceAccount');
  if (name === undefined || (value['serviceAccount'] === name && value['serviceAccountName'] === name))
    return value;
  return { ...value, serviceAccountName: name, serviceAccount: name };
}

export const podSpec: ObjectField = object(
  {
    containers: list(container, { keys: ['name'] }),
    initContainers: list(container, { keys: ['name'] }),
    volumes: list(volume, { keys: ['name'] }),
    imagePullSecrets: list(any, { keys: ['name'] }),
    tolerations: list(any),
    nodeSelector: object({}, { open: true, atomic: true }),
    restartPolicy: defaulted(string(), 'Always'),
    terminationGracePeriodSeconds: defaulted(integer(), 30),
    dnsPolicy: defaulted(string(), 'ClusterFirst'),
    securityContext: defaulted(object({}, { open: true }), {}),
    schedulerName: defaulted(string(), 'default-scheduler'),
    serviceAccountName: string(),
    serviceAccount: string(),
  },
  { open: true, required: ['containers'], normalize: serviceAccount },
);

export const podTemplate: ObjectField = object(
  {
    metadata: object({ name: string(), labels: map(string()), annotations: map(string()) }, { open: true }),
    spec: podSpec,
  },
  { required: ['spec'] },
);

export const labelSelector: ObjectField = object(
  { matchLabels: map(string()), matchExpressions: list(any) },
  { atomic: true },
);

/** Whether the labels meet a `matchLabels` and `matchExpressions` selector. */
export function selectorMatches(selector: unknown, labels: Dict): boolean {
  if (!isDict(selector)) return false;
  const equals = isDict(selector['matchLabels']) ? Object.entries(selector['matchLabels']) : [];
  const expressions: readonly unknown[] = Array.isArray(selector['matchExpressions'])
    ? selector['matchExpressions']
    : [];
  return (
    equals.every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => isDict(expression) && expressionMatches(expression, labels))
  );
}

function expressionMatches(expression: Dict, labels: Dict): boolean {
  const value = labels[textAt(expression, 'key') ?? ''];
  const values: readonly unknown[] = Array.isArray(expression['values']) ? expression['values'] : [];
  switch (expression['operator']) {
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

function defaultsIn(
  fields: Readonly<Record<string, Field>>,
  options: { readonly required?: readonly string[] },
): ObjectField {
  return object(fields, { open: true, required: options.required ?? [] });
}
