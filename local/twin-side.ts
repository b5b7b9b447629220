/**
 * A second side made of a stack's own objects by renaming: what a demo needs when it is pointed at a stack without a
 * rollout file. A convenience of the demo and no more: it knows a pool, its picker and its model servers, shares
 * ConfigMaps and Secrets, and guesses nothing else.
 */
import { type KubeObject, RESOURCES } from '../workflows/kubernetes.ts';
import { at, fieldsOf, itemsOf, selects, stringMapAt, textAt } from '../workflows/plans/fields.ts';
import { templateLabels } from '../workflows/plans/inference-pool.ts';
import type { StackPool } from './stack.ts';

export const TWIN_SUFFIX = '-new';

const NODE_POOL_LABEL = 'cloud.google.com/gke-nodepool';

type Labels = Readonly<Record<string, string>>;

const twinName = (name: string): string => `${name}${TWIN_SUFFIX}`;

/** The values of these labels become others, wherever they stand. */
const renamedLabels = (labels: Labels, keys: Labels): Labels =>
  Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [key, keys[key] === value ? twinName(value) : value]),
  );

const renamed = (object: KubeObject, keys: Labels, rest: Readonly<Record<string, unknown>>): KubeObject => {
  const { name, namespace, labels } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...rest,
    metadata: {
      name: twinName(name),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels: renamedLabels(labels, keys) }),
    },
  };
};

/** A Deployment whose pods only the twin selects; arguments that are exactly a name of the old side follow. */
const twinWorkload = (object: KubeObject, selector: Labels, names: ReadonlySet<string>): KubeObject => {
  const keys = { ...stringMapAt(object, 'spec', 'selector', 'matchLabels'), ...selector };
  const spec = fieldsOf(object['spec']);
  const template = fieldsOf(spec['template']);
  const podSpec = fieldsOf(template['spec']);
  const { [NODE_POOL_LABEL]: _there, ...nodeSelector } = stringMapAt(podSpec, 'nodeSelector');
  const account = textAt(podSpec, 'serviceAccountName');
  return renamed(object, keys, {
    spec: {
      ...spec,
      selector: { matchLabels: renamedLabels(stringMapAt(spec, 'selector', 'matchLabels'), keys) },
      template: {
        ...template,
        metadata: { ...fieldsOf(template['metadata']), labels: renamedLabels(templateLabels(object), keys) },
        spec: {
          ...podSpec,
          ...(podSpec['nodeSelector'] === undefined ? {} : { nodeSelector }),
          ...(account !== null && names.has(account) ? { serviceAccountName: twinName(account) } : {}),
          containers: itemsOf(podSpec['containers']).map((container) => withArgs(container, names)),
        },
      },
    },
  });
};

const withArgs = (container: unknown, names: ReadonlySet<string>): unknown => {
  const args = at(container, 'args');
  if (!Array.isArray(args)) return container;
  const follow = (arg: unknown): unknown => {
    if (typeof arg !== 'string') return arg;
    const cut = arg.indexOf('=');
    const value = arg.slice(cut + 1);
    return names.has(value) ? `${arg.slice(0, cut + 1)}${twinName(value)}` : arg;
  };
  return { ...fieldsOf(container), args: args.map(follow) };
};

const inNamespace = (object: KubeObject, namespace: string): boolean =>
  (object.metadata.namespace ?? 'default') === namespace;

/** The objects of a second pool with its picker and model servers, called like the first with `-new` behind. */
export const twinSide = (stack: readonly KubeObject[], pool: StackPool): readonly KubeObject[] => {
  const here = stack.filter((object) => inNamespace(object, pool.namespace));
  const selector = stringMapAt(pool.object, 'spec', 'selector', 'matchLabels');
  const pickerName = textAt(pool.object, 'spec', 'endpointPickerRef', 'name') ?? '';
  const services = here.filter(({ kind, metadata }) => kind === 'Service' && metadata.name === pickerName);
  const pickerSelector = stringMapAt(services[0], 'spec', 'selector');
  const deployments = here.filter(({ kind }) => kind === RESOURCES.deployment.kind);
  const pickers = deployments.filter((one) => selects(pickerSelector, templateLabels(one)));
  const accounts = new Set(
    pickers.map((one) => textAt(one, 'spec', 'template', 'spec', 'serviceAccountName') ?? ''),
  );
  // Arguments name the pool; an account of the picker's own follows, any other is shared.
  const names = new Set([pool.name, ...accounts]);
  const keysOfPool = Object.fromEntries(Object.entries(selector));
  return [
    renamed(pool.object, keysOfPool, { spec: twinPoolSpec(pool.object, selector, pickerName) }),
    ...here.filter((one) => isAccount(one, accounts)).map((one) => renamed(one, {}, {})),
    ...stack.filter((one) => binds(one, accounts, pool.namespace)).map((one) => twinBinding(one, accounts)),
    ...services.map((one) =>
      renamed(one, pickerSelector, {
        spec: { ...fieldsOf(one['spec']), selector: renamedLabels(pickerSelector, pickerSelector) },
      }),
    ),
    ...pickers.map((one) => twinWorkload(one, pickerSelector, names)),
    ...here.filter((one) => targets(one, pool.name)).map((one) => twinPolicy(one)),
    ...deployments
      .filter((one) => selects(selector, templateLabels(one)))
      .map((one) => twinWorkload(one, selector, names)),
  ];
};

const twinPoolSpec = (pool: KubeObject, selector: Labels, pickerName: string): unknown => ({
  ...fieldsOf(pool['spec']),
  selector: { matchLabels: renamedLabels(selector, selector) },
  endpointPickerRef: { ...fieldsOf(at(pool, 'spec', 'endpointPickerRef')), name: twinName(pickerName) },
});

const isAccount = (object: KubeObject, accounts: ReadonlySet<string>): boolean =>
  object.kind === 'ServiceAccount' && accounts.has(object.metadata.name);

const isSubject = (subject: unknown, accounts: ReadonlySet<string>): boolean =>
  textAt(subject, 'kind') === 'ServiceAccount' && accounts.has(textAt(subject, 'name') ?? '');

const binds = (object: KubeObject, accounts: ReadonlySet<string>, namespace: string): boolean =>
  (object.kind === 'ClusterRoleBinding' ||
    (object.kind === 'RoleBinding' && inNamespace(object, namespace))) &&
  itemsOf(object['subjects']).some((subject) => isSubject(subject, accounts));

const twinBinding = (object: KubeObject, accounts: ReadonlySet<string>): KubeObject =>
  renamed(
    object,
    {},
    {
      roleRef: object['roleRef'],
      subjects: itemsOf(object['subjects'])
        .filter((subject) => isSubject(subject, accounts))
        .map((subject) => ({ ...fieldsOf(subject), name: twinName(textAt(subject, 'name') ?? '') })),
    },
  );

const targets = (object: KubeObject, pool: string): boolean =>
  (object.kind === 'HealthCheckPolicy' || object.kind === 'GCPBackendPolicy') &&
  textAt(object, 'spec', 'targetRef', 'kind') === RESOURCES.inferencePool.kind &&
  textAt(object, 'spec', 'targetRef', 'name') === pool;

const twinPolicy = (object: KubeObject): KubeObject => {
  const spec = fieldsOf(object['spec']);
  const targetRef = fieldsOf(spec['targetRef']);
  return renamed(
    object,
    {},
    {
      spec: { ...spec, targetRef: { ...targetRef, name: twinName(textAt(targetRef, 'name') ?? '') } },
    },
  );
};
