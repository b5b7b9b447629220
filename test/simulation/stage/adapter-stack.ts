/** Stacks whose clients ask for adapters: one or two pools made from the base-model example, and what gives names their targets. */
import type { KubeObject, KubeResource } from '../../../workflows/kubernetes.ts';
import type { TrialAdapters } from '../trial.ts';

export const FIRST_POOL = 'llm-pool';
const SECOND_POOL = 'llm-pool-b';
export const BASE_NAME = 'llama-3.1-8b';

const STEMS = ['review', 'search'] as const;

/** The names around one alias. */
export interface AliasNames {
  /** What clients ask for. */
  readonly alias: string;
  readonly from: string;
  readonly to: string;
  /** A third version, that is nobody's business here. */
  readonly other: string;
}

/** Without a rewrite clients ask for the version itself. */
export const namesOf = ({ rewrite }: TrialAdapters, alias: 0 | 1): AliasNames => {
  const stem = STEMS[alias];
  const from = `${stem}-1`;
  return { alias: rewrite === 'absent' ? from : stem, from, to: `${stem}-2`, other: `${stem}-0` };
};

export const ALIASES = [0, 1] as const;

export const poolsOf = ({ pools }: TrialAdapters): readonly string[] =>
  pools === 1 ? [FIRST_POOL] : [FIRST_POOL, SECOND_POOL];

/** Those that a rollout is about. */
export const reachedPools = (adapters: TrialAdapters): readonly string[] =>
  adapters.firstPoolOnly ? [FIRST_POOL] : poolsOf(adapters);

export const sourceOf = (adapter: string): string => `acme/llama-3.1-8b-${adapter}`;

export const syncerOf = (pool: string): string => `${pool}-adapters`;

/** As `SyncerConfig` of the example has it, with a comment that nobody may lose. */
export const syncerText = (adapters: TrialAdapters, pool: string): string => {
  const loaded = ALIASES.flatMap((alias) => {
    const { from, to, other } = namesOf(adapters, alias);
    return [from, ...(adapters.foreignTarget ? [other] : []), ...(adapters.loaded ? [to] : [])];
  });
  return [
    '# Ask team-lora before you take anything away.',
    'vLLMLoRAConfig:',
    `  name: ${syncerOf(pool)}`,
    '  port: 8000',
    '  ensureExist:',
    '    models:',
    ...loaded.flatMap((name) => [`      - id: ${name}`, `        source: ${sourceOf(name)}`]),
    '  ensureNotExist:',
    '    models:',
    '      - id: review-zero # withdrawn in spring',
    `        source: ${sourceOf('review-zero')}`,
    '',
  ].join('\n');
};

/** What carries weights in a stack of this era. */
export const carrierResource = ({ era }: TrialAdapters): KubeResource =>
  era === 'model'
    ? {
        group: 'inference.networking.x-k8s.io',
        version: 'v1alpha2',
        plural: 'inferencemodels',
        kind: 'InferenceModel',
      }
    : {
        group: era === 'llm-d' ? 'llm-d.ai' : 'inference.networking.x-k8s.io',
        version: 'v1alpha2',
        plural: 'inferencemodelrewrites',
        kind: 'InferenceModelRewrite',
      };

/** Where a name has its targets in a pool: the object, and the rule in it; null: nowhere. */
export const carrierOf = (
  adapters: TrialAdapters,
  alias: 0 | 1,
  pool: string,
): { readonly name: string; readonly rule: number } | null => {
  const stem = STEMS[alias];
  switch (adapters.rewrite) {
    case 'absent':
      return adapters.era === 'model' ? { name: `${stem}-of-${pool}`, rule: 0 } : null;
    case 'own':
    case 'foreign':
      return { name: `${stem}-of-${pool}`, rule: 0 };
    case 'shared':
      return adapters.era === 'model'
        ? { name: `${stem}-of-${pool}`, rule: 0 }
        : { name: `names-of-${pool}`, rule: alias };
    default:
      return adapters.rewrite satisfies never;
  }
};

type Target = Readonly<Record<string, unknown>>;

const targetsOf = (adapters: TrialAdapters, alias: 0 | 1): readonly Target[] => {
  const { from, other } = namesOf(adapters, alias);
  const field = adapters.era === 'model' ? 'name' : 'modelRewrite';
  return adapters.foreignTarget
    ? [
        { [field]: from, weight: 7 },
        { [field]: other, weight: 3 },
      ]
    : [{ [field]: from }];
};

const matchOf = (name: string): unknown => ({ model: { type: 'Exact', value: name } });

export const ruleOf = (adapters: TrialAdapters, alias: 0 | 1): Readonly<Record<string, unknown>> => {
  const asked = [
    namesOf(adapters, alias).alias,
    ...(adapters.rewrite === 'foreign' ? ['anything-else'] : []),
  ];
  return { matches: asked.map(matchOf), targets: targetsOf(adapters, alias) };
};

export const carrierObject = (
  adapters: TrialAdapters,
  where: { readonly namespace: string; readonly pool: string },
  name: string,
  spec: Readonly<Record<string, unknown>>,
): KubeObject => {
  const { group, version, kind } = carrierResource(adapters);
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, namespace: where.namespace, annotations: { 'example.com/owner': 'team-lora' } },
    spec: { poolRef: { group: 'inference.networking.k8s.io', name: where.pool }, ...spec },
  };
};

const carriersOf = (adapters: TrialAdapters, namespace: string, pool: string): readonly KubeObject[] => {
  const where = { namespace, pool };
  if (adapters.rewrite === 'absent' && adapters.era !== 'model') return [];
  if (adapters.era === 'model')
    return ALIASES.map((alias) =>
      carrierObject(adapters, where, carrierOf(adapters, alias, pool)?.name ?? '', {
        modelName: namesOf(adapters, alias).alias,
        criticality: 'Standard',
        // Without targets a name is its own.
        ...(adapters.rewrite === 'absent' ? {} : { targetModels: targetsOf(adapters, alias) }),
      }),
    );
  if (adapters.rewrite === 'shared')
    return [
      carrierObject(adapters, where, `names-of-${pool}`, {
        rules: ALIASES.map((alias) => ruleOf(adapters, alias)),
      }),
    ];
  return ALIASES.map((alias) =>
    carrierObject(adapters, where, carrierOf(adapters, alias, pool)?.name ?? '', {
      rules: [ruleOf(adapters, alias)],
    }),
  );
};

/** A second object for the first name: pickers follow the older one. */
export const shadowObject = (adapters: TrialAdapters, namespace: string): KubeObject =>
  carrierObject(adapters, { namespace, pool: FIRST_POOL }, 'newer-names', {
    rules: [ruleOf(adapters, 0)],
  });

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  value as Readonly<Record<string, unknown>>;

const renamed = (object: KubeObject, pool: string): KubeObject =>
  JSON.parse(JSON.stringify(object).replaceAll(FIRST_POOL, pool)) as KubeObject;

/** What a pool has for itself. */
const OF_A_POOL = new Set([
  'InferencePool',
  'Service',
  'ServiceAccount',
  'Deployment',
  'RoleBinding',
  'ConfigMap',
  'HealthCheckPolicy',
  'GCPBackendPolicy',
]);

/** Room for every version that a trial may load. */
const SLOTS = 8;

const withText = (object: KubeObject, adapters: TrialAdapters, pool: string): KubeObject => {
  if (object.kind === 'ConfigMap' && object.metadata.name === syncerOf(pool))
    return { ...object, data: { 'configmap.yaml': syncerText(adapters, pool) } };
  if (object.kind !== 'Deployment') return object;
  const text = JSON.stringify(object).replace('"--max-loras=4"', `"--max-loras=${SLOTS}"`);
  return JSON.parse(
    adapters.pickerReadable
      ? text.replace('"--grpc-port=9002"', '"--grpc-port=9002","--metrics-endpoint-auth=false"')
      : text,
  ) as KubeObject;
};

const toAllPools = (route: KubeObject, adapters: TrialAdapters): KubeObject => {
  const spec = fields(route['spec']);
  const [rule] = spec['rules'] as readonly Readonly<Record<string, unknown>>[];
  const backendRefs = poolsOf(adapters).map((name) => ({
    group: 'inference.networking.k8s.io',
    kind: 'InferencePool',
    name,
    weight: 1,
  }));
  return { ...route, spec: { ...spec, rules: [{ ...rule, backendRefs }] } };
};

/** The stack's objects, made of the example's for one pool. */
export const adapterObjects = (
  example: readonly KubeObject[],
  adapters: TrialAdapters,
  namespace: string,
): readonly KubeObject[] => {
  const ofPool = example.filter(({ kind }) => OF_A_POOL.has(kind));
  return [
    ...example
      .filter(({ kind }) => !OF_A_POOL.has(kind))
      .map((object) => (object.kind === 'HTTPRoute' ? toAllPools(object, adapters) : object)),
    ...poolsOf(adapters).flatMap((pool) =>
      ofPool.map((object) => withText(renamed(object, pool), adapters, pool)),
    ),
    ...poolsOf(adapters).flatMap((pool) => carriersOf(adapters, namespace, pool)),
  ];
};

/** The first pool under another name, what gives names their targets included: for a rollout of all of it. */
export const anotherPool = (
  example: readonly KubeObject[],
  adapters: TrialAdapters,
  where: { readonly namespace: string; readonly pool: string },
): readonly KubeObject[] => [
  ...example
    .filter(({ kind }) => OF_A_POOL.has(kind))
    .map((object) => withText(renamed(object, where.pool), adapters, where.pool))
    .map((object) => JSON.parse(JSON.stringify(object).replaceAll(NODE_SELECTOR, '')) as KubeObject),
  ...carriersOf(adapters, where.namespace, where.pool),
];

const NODE_SELECTOR = '"nodeSelector":{"cloud.google.com/gke-nodepool":"h100"},';
