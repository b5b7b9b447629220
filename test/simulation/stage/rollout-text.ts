import type { Trial, TrialOrder, TrialStack } from '../trial.ts';
import { namesOf, sourceOf } from './adapter-stack.ts';
import { adaptersOf, EXAMPLE, machinesOf, namespaceOf } from './stack-objects.ts';

export const CLUSTER_NAMES = [
  'projects/acme/locations/us-central1/clusters/inference',
  'projects/acme/locations/europe-west4/clusters/inference',
] as const;

export const policyOf = (stack: number): string => `projects/acme/alertPolicies/team-${stack}-5xx`;

export const WINDOW_HOURS = 4;

const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1000))}s`;

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);

/** When the window of an order opens and closes, full minutes; null: it has none. */
export const windowOf = (
  order: TrialOrder,
  startMs: number,
): { readonly fromMs: number; readonly toMs: number } | null => {
  if (order.windowAfterMs === null) return null;
  const fromMs = Math.floor((startMs + order.windowAfterMs) / 60_000) * 60_000;
  return { fromMs, toMs: fromMs + WINDOW_HOURS * 3_600_000 };
};

const nodesText = (trial: Trial, order: TrialOrder): string => {
  const stack = trial.stacks[order.stack];
  if (stack === undefined) throw new RangeError(`there is no stack ${order.stack}`);
  switch (order.nodes) {
    case 'same':
      return 'same';
    case 'nodePool':
      return '{ nodePool: h200 }';
    case 'create':
      return `{ create: { name: h200, like: h100, machineType: a3-ultragpu-8g, nodes: ${machinesOf(stack)}, zones: [${stack.cluster === 0 ? 'us-central1-a' : 'europe-west4-a'}], capacity: [{ onDemand: {}, deadline: 20m }], keepAfterFailure: 1h } }`;
    default:
      return order.nodes satisfies never;
  }
};

const MODEL = [
  '    model: { id: acme/llama-3.1-8b-v2, revision: "2026-02-20", servedNames: [llama-3.1-8b-v2, llama-3.1-8b] }',
  '    adapters: { food-review: same, cad-fabricator: same }',
];

/** What an order is about: an adapter, or all of the pool that a stack stands in. */
export const typeOf = (stack: TrialStack, order: TrialOrder): 'node' | 'baseModel' | 'adapter' => {
  if (stack.type !== 'adapter') return stack.type;
  return order.adapter === undefined ? 'node' : 'adapter';
};

/** As the file has it: an adapter is unloaded where a pool is deleted, if it was loaded by a rollout. */
export const retireOf = ({ adapter, retire }: TrialOrder): 'keep' | 'delete' | 'unload' => {
  if (adapter === undefined || retire === 'keep') return retire;
  return adapter.load === 'syncer' ? 'unload' : 'keep';
};

const poolText = (trial: Trial, order: TrialOrder, stack: TrialStack): readonly string[] => [
  '  to:',
  `    pool: ${EXAMPLE[stack.type].newPool}`,
  `    source: ${stack.newSideThere ? 'existing' : '{ manifests: [new/*.yaml] }'}`,
  `    nodes: ${nodesText(trial, order)}`,
  ...(stack.type === 'baseModel' ? MODEL : []),
];

const adapterText = (
  { alias, load }: NonNullable<TrialOrder['adapter']>,
  stack: TrialStack,
): readonly string[] => {
  const adapters = adaptersOf(stack);
  const names = namesOf(adapters, alias);
  return [
    '  adapter:',
    `    model: ${names.alias}`,
    `    from: ${names.from}`,
    `    to: { name: ${names.to}, source: ${sourceOf(names.to)}, load: ${load} }`,
    ...(adapters.firstPoolOnly ? ['    pools: one'] : []),
  ];
};

/** A version is probed once a minute for evidence; requests come by the second. */
const PROBES_PART = 3;
const PROBES_MIN = 10;

const gatesText = ({ adapter, errorSamplesMin }: TrialOrder): string =>
  ['errors', ...(adapter === undefined ? [] : ['adapter.errors'])]
    .map(
      (gate) =>
        `${gate}: { minSamples: ${gate === 'errors' ? errorSamplesMin : Math.max(PROBES_MIN, Math.ceil(errorSamplesMin / PROBES_PART))} }`,
    )
    // Its five cells of a minute each would hold every short ladder.
    .concat(adapter === undefined ? [] : ['adapter.duration: off'])
    .join(', ');

/** The rollout file that an order's author wrote. */
export const rolloutText = (trial: Trial, index: number, startMs: number): string => {
  const order = trial.orders[index];
  const stack = trial.stacks[order?.stack ?? -1];
  if (order === undefined || stack === undefined) throw new RangeError(`there is no order ${index}`);
  const window = windowOf(order, startMs);
  const keep = seconds(order.keepNewPodsMs);
  return [
    'apiVersion: sluice.dev/v1',
    'kind: Rollout',
    `metadata: { name: order-${index} }`,
    'spec:',
    `  type: ${typeOf(stack, order)}`,
    `  cluster: ${CLUSTER_NAMES[stack.cluster]}`,
    `  namespace: ${namespaceOf(order.stack)}`,
    `  from: { pool: ${EXAMPLE[stack.type].oldPool} }`,
    ...(order.adapter === undefined ? poolText(trial, order, stack) : adapterText(order.adapter, stack)),
    '  ladder:',
    ...order.ladder.map(
      ({ share, bakeMs, approval }) =>
        `    - { share: ${share}, bake: ${seconds(bakeMs)}${approval ? ', approval: true' : ''} }`,
    ),
    `  pacing: { settle: ${seconds(order.settleMs)}, warmUp: ${seconds(order.warmUpMs)} }`,
    ...(order.ttft ? ['  objectives: { ttft: { over: 2.5s, atMost: 0.05 } }'] : []),
    `  gates: { tune: { ${gatesText(order)} } }`,
    `  alerts: { policies: [{ name: ${policyOf(order.stack)}, blames: new }], holdWhileOpen: ${order.holdWhileOpen} }`,
    ...(window === null
      ? []
      : [
          `  windows: [{ days: daily, from: "${clock(window.fromMs)}", to: "${clock(window.toMs)}", timeZone: Etc/UTC }]`,
        ]),
    `  rollback: { floor: ${order.floorPercent}, onHoldFor: ${seconds(order.onHoldForMs)}, after: ${order.adapter === undefined ? `{ newPods: ${keep}, nodePool: 1h }` : `{ newAdapter: ${keep} }`} }`,
    `  retention: { old: ${seconds(order.retentionMs)}, retire: ${retireOf(order)} }`,
    `  acknowledge: [floating-model${order.adapter === undefined ? '' : ', alias-shadowed, names-unknown'}]`,
    '',
  ].join('\n');
};
