/** A rollout for a stack that came without one: to a twin of its own pool. The demo's convenience, see twin-side.ts. */
import { US_CLUSTER } from '../simulator/world/defaults.ts';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { selects, stringMapAt } from '../workflows/plans/fields.ts';
import { templateLabels } from '../workflows/plans/inference-pool.ts';
import { parseRolloutFile } from '../workflows/spec/parse-rollout-file.ts';
import { rolloutText } from './edit-rollout.ts';
import type { InputProblem, Read } from './input-problem.ts';
import { namesOfStack } from './names-of-stack.ts';
import type { RolloutInput } from './rollout-input.ts';
import { SHARED_NODE_POOL } from './simulated-stack.ts';
import { demandOf, type StackPool, servingPool } from './stack.ts';
import { TWIN_SUFFIX, twinSide } from './twin-side.ts';

const FILE_NAME = 'rollout.yaml (made by the demo)';

const COMMENT =
  'Made by the demo for a stack without a rollout file: the objects of the new side are those of the old one,\n' +
  `called \`…${TWIN_SUFFIX}\`.`;

/** @param type of the rollout that is wanted. @param folder where the stack was read, for problems. */
export const twinRollout = (
  stack: readonly KubeObject[],
  type: 'node' | 'baseModel',
  folder: string,
): Read<RolloutInput> => {
  const pool = servingPool(stack);
  if (pool === null) return noServingPool(folder);
  const to = type === 'node' ? newNodes(stack, pool) : newModel(stack, pool);
  const text = rolloutText(COMMENT, {
    apiVersion: 'sluice.dev/v1',
    kind: 'Rollout',
    metadata: { name: rolloutNameOf(pool.name, 'update') },
    spec: {
      type,
      cluster: US_CLUSTER,
      namespace: pool.namespace,
      from: { pool: pool.name },
      to: { pool: `${pool.name}${TWIN_SUFFIX}`, source: { manifests: ['./new/*.yaml'] }, ...to },
      // New nodes are held to the old side's own latency; for a model nobody has promised one.
      ...(type === 'node' ? {} : { objectives: { ttft: { over: '2.5s', atMost: 0.05 } } }),
      alerts: { policies: [{ name: 'projects/acme/alertPolicies/new-5xx' }] },
      retention: { old: '30m', retire: 'delete' },
    },
  });
  const parsed = parseRolloutFile(text, FILE_NAME);
  if (parsed.kind === 'problems') return parsed;
  const manifests = twinSide(stack, pool);
  return { kind: 'ok', value: { fileName: FILE_NAME, text, spec: parsed.spec, manifests } };
};

export const noServingPool = (folder: string): { readonly kind: 'problems'; problems: InputProblem[] } => {
  const what = 'No HTTPRoute of the stack sends traffic to an InferencePool of the stack.';
  const mend = 'Add both to the folder, or give a rollout file with -f.';
  return {
    kind: 'problems',
    problems: [{ file: folder, line: null, column: null, code: 'no-serving-pool', what, mend }],
  };
};

/** A rollout's name for a pool's. */
export const rolloutNameOf = (pool: string, what: string): string =>
  `${pool.replaceAll('.', '-').slice(0, 32).replace(/-+$/, '')}-${what}`;

const serversOf = (stack: readonly KubeObject[], pool: StackPool): readonly KubeObject[] => {
  const selector = stringMapAt(pool.object, 'spec', 'selector', 'matchLabels');
  return stack.filter((object) => selects(selector, templateLabels(object)));
};

const newNodes = (stack: readonly KubeObject[], pool: StackPool): object => {
  const [demand] = demandOf(serversOf(stack, pool));
  return {
    nodes: {
      create: {
        name: 'h200',
        like: demand?.nodePool ?? SHARED_NODE_POOL,
        machineType: 'a3-ultragpu-8g',
        nodes: 2 * Math.max(1, Math.ceil((demand?.machines ?? 0) / 2)),
        capacity: [{ onDemand: {} }],
      },
    },
  };
};

/** Names and adapters are what the stack's servers answer to. */
const newModel = (stack: readonly KubeObject[], pool: StackPool): object => {
  const { names, adapters } = namesOfStack(stack);
  return {
    nodes: 'same',
    model: { id: names[0] ?? pool.name, revision: 'demo', servedNames: names },
    adapters: Object.fromEntries(adapters.map(({ name }) => [name, 'same'])),
  };
};
