/** Hand-made histories of a new version of an adapter: one pool, one rewrite, one ConfigMap, and an onlooker's notes. */
import type { Order, SeenEntry, SeenObject, SeenWrite, Sighting } from '../../../simulation/seen.ts';
import { published, secondsMs } from './a-history.ts';
import { anOrder, CLUSTER, ROLLOUT } from './a-seen.ts';

export const REWRITES = 'inferencemodelrewrites.inference.networking.x-k8s.io';
export const MODELS = 'inferencemodels.inference.networking.x-k8s.io';
export const FENCE = 'sluice.dev/fence-0a1b2c3d';

export const anAdapterOrder = (
  changes: Partial<Order> = {},
  adapter: Partial<NonNullable<Order['adapter']>> = {},
): Order =>
  anOrder({
    type: 'adapter',
    oldPool: 'review-1',
    newPool: 'review-2',
    routes: ['names'],
    oldObjects: [],
    adapter: {
      alias: 'review',
      from: 'review-1',
      to: 'review-2',
      pools: ['llm'],
      fence: FENCE,
      resource: REWRITES,
      carriers: ['names'],
      syncers: ['llm-adapters'],
      load: 'syncer',
      ...adapter,
    },
    ...changes,
  });

/** Targets with their weights; null leaves a weight out. */
export type Targets = Readonly<Record<string, number | null>>;

export interface RewriteInput {
  readonly targets: Targets;
  /** Whole value of the alias's fence. */
  readonly fence?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly uid?: string;
  /** Targets of another name, in a rule before ours. */
  readonly before?: Targets;
}

const targetsOf = (targets: Targets, field: string): readonly object[] =>
  Object.entries(targets).map(([name, weight]) => ({
    [field]: name,
    ...(weight === null ? {} : { weight }),
  }));

const ruleOf = (name: string, targets: Targets): object => ({
  matches: [{ model: { type: 'Exact', value: name } }],
  targets: targetsOf(targets, 'modelRewrite'),
});

export const aRewrite = ({ targets, fence, annotations, before, ...input }: RewriteInput): SeenObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModelRewrite',
  metadata: {
    name: input.name ?? 'names',
    namespace: 'serving',
    uid: input.uid ?? 'rw-1',
    annotations: { ...annotations, ...(fence === undefined ? {} : { [FENCE]: fence }) },
  },
  spec: {
    poolRef: { group: 'inference.networking.k8s.io', name: 'llm' },
    rules: [...(before === undefined ? [] : [ruleOf('search', before)]), ruleOf('review', targets)],
  },
});

/** null: without a list. */
export const aModel = (targets: Targets | null, fence?: string): SeenObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModel',
  metadata: {
    name: 'names',
    namespace: 'serving',
    uid: 'im-1',
    ...(fence === undefined ? {} : { annotations: { [FENCE]: fence } }),
  },
  spec: {
    modelName: 'review',
    poolRef: { name: 'llm' },
    ...(targets === null ? {} : { targetModels: targetsOf(targets, 'name') }),
  },
});

/** Lines of a list of models. */
const models = (ids: readonly string[]): readonly string[] =>
  ids.flatMap((id) => [`      - id: ${id}`, `        source: acme/${id}`]);

export const syncerText = (
  wanted: readonly string[],
  away: readonly string[] = [],
  comment = '# ask team-lora',
): string =>
  [
    comment,
    'vLLMLoRAConfig:',
    '  port: 8000',
    '  ensureExist:',
    '    models:',
    ...models(wanted),
    ...(away.length === 0 ? [] : ['  ensureNotExist:', '    models:', ...models(away)]),
    '',
  ].join('\n');

export const aSyncer = (text: string, metadata: Readonly<Record<string, unknown>> = {}): SeenObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'llm-adapters', namespace: 'serving', uid: 'cm-1', ...metadata },
  data: { 'configmap.yaml': text },
});

/** A write at so many seconds from the start. */
export const wrote = (
  at: number,
  before: SeenObject | null,
  after: SeenObject | null,
  change: Partial<SeenWrite> = {},
): Sighting => {
  const object = after ?? before;
  if (object === null) throw new RangeError('nothing was written');
  const resource =
    object.kind === 'ConfigMap' ? 'configmaps' : object.kind === 'InferenceModel' ? MODELS : REWRITES;
  return {
    kind: 'write',
    atMs: secondsMs(at),
    issuedAtMs: secondsMs(at),
    by: 'sluice',
    process: 'p-1',
    cluster: CLUSTER,
    verb: before === null ? 'create' : after === null ? 'delete' : 'patch',
    resource,
    namespace: 'serving',
    name: object.metadata.name,
    before,
    after,
    ...change,
  };
};

/** Dry run of the way back on the rewrite. */
export const tried = (at: number, would: SeenObject | null): Sighting => ({
  kind: 'dryRun',
  atMs: secondsMs(at),
  issuedAtMs: secondsMs(at),
  process: 'p-1',
  cluster: CLUSTER,
  resource: would?.kind === 'InferenceModel' ? MODELS : REWRITES,
  namespace: 'serving',
  name: 'names',
  status: would === null ? 422 : 200,
  would,
  heard: true,
});

/** So many of the ready servers have a version. */
export const serving = (at: number, name: string, ready: number, of = 4): Sighting => ({
  kind: 'side',
  atMs: secondsMs(at),
  cluster: CLUSTER,
  namespace: 'serving',
  pool: name,
  ready,
  of,
  pickerReady: true,
});

export const probed = (at: number, model: string, status: number | null): Sighting => ({
  kind: 'probe',
  atMs: secondsMs(at),
  process: 'p-1',
  cluster: CLUSTER,
  namespace: 'serving',
  pod: 'llm-0',
  model,
  status,
});

export const scraped = (at: number): Sighting => ({
  kind: 'scrape',
  atMs: secondsMs(at),
  process: 'p-1',
  cluster: CLUSTER,
  namespace: 'serving',
  pods: ['llm-0'],
  answered: 1,
});

/** An entry that leads from one state to another. */
export const moved = (at: number, seq: number, from: string, to: string): Sighting =>
  published(at, { seq, from, to });

/** The entry with the end, and what the clean-up said. */
export const cleanedUp = (at: number, seq: number, to: string, notDone: readonly string[] = []): Sighting => {
  const message: SeenEntry['message'] = {
    kind: 'outcome',
    messageId: `effect/${seq}`,
    outcome: { kind: 'objectsDeleted', notDone },
  };
  return published(at, { seq, from: 'rollingBack', to, message });
};

export const fenced = (fence: number, rolloutId = ROLLOUT): string => `${rolloutId}/${fence}`;
