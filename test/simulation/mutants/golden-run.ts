/**
 * Fault-free rollouts of the published examples, one of each type. A mutant must leave them alone: what breaks on a sunny day is found by
 * anybody, and says nothing about the simulation.
 */
import { join } from 'node:path';
import { createSimulatedCloud, type SimulatedCloud } from '../../../local/simulated-cloud.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { readState } from '../../../workflows/rollout/read-state.ts';
import { readStack } from '../../helpers/gaie-rollout.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
const NAMESPACE = 'serving';
const POLICY = 'projects/acme/alertPolicies/llm-new-5xx';
const HOUR_MS = 3_600_000;

interface Golden {
  readonly name: string;
  readonly folder: string;
  /** null: nothing is created from manifests. */
  readonly newFolder: string | null;
  /** What is done with the old side at the end, and how long the new one stays after a rollback. */
  readonly retire: string;
  readonly after: string;
  /** Lines of the spec that only this one has. */
  readonly spec: readonly string[];
}

const GOLDEN: readonly Golden[] = [
  {
    name: 'node',
    folder: 'node-update',
    newFolder: 'new',
    retire: 'delete',
    after: '{ newPods: 2m, nodePool: 1h }',
    spec: [
      '  type: node',
      '  from: { pool: llm }',
      '  to: { pool: llm-new, source: { manifests: [new/*.yaml] }, nodes: { nodePool: h200 } }',
    ],
  },
  {
    name: 'base-model',
    folder: 'base-model',
    newFolder: 'version-2',
    retire: 'delete',
    after: '{ newPods: 2m, nodePool: 1h }',
    spec: [
      '  type: baseModel',
      '  from: { pool: llm-pool }',
      '  to:',
      '    pool: llm-pool-version-2',
      '    source: { manifests: [version-2/*.yaml] }',
      '    nodes: same',
      '    model: { id: acme/llama-3.1-8b-v2, revision: "2026-02-20", servedNames: [llama-3.1-8b-v2, llama-3.1-8b] }',
      '    adapters: { food-review: same, cad-fabricator: same }',
    ],
  },
  {
    name: 'adapter',
    folder: 'adapter',
    newFolder: null,
    retire: 'unload',
    after: '{ newAdapter: 2m }',
    spec: [
      '  type: adapter',
      '  from: { pool: llm }',
      '  adapter:',
      '    model: food-review-1',
      '    from: food-review-1',
      '    to: { name: food-review-2, source: acme/llama-3.1-8b-food-review-2-r8, load: syncer }',
      // Nobody here asks for the name.
      '  gates: { tune: { adapter.duration: off } }',
    ],
  },
];

const fileOf = ({ name, spec, retire, after }: Golden): string =>
  [
    'apiVersion: sluice.dev/v1',
    'kind: Rollout',
    `metadata: { name: ${name} }`,
    'spec:',
    ...spec,
    `  cluster: ${CLUSTER}`,
    `  namespace: ${NAMESPACE}`,
    '  ladder:',
    '    - { share: 5, bake: 5m }',
    '    - { share: 25, bake: 5m }',
    '    - { share: 100, bake: 5m }',
    '  pacing: { settle: 30s, warmUp: 1m }',
    `  alerts: { policies: [{ name: ${POLICY}, blames: new }] }`,
    `  retention: { old: 5m, retire: ${retire} }`,
    `  rollback: { after: ${after} }`,
    '  acknowledge: [floating-model]',
    '',
  ].join('\n');

const cloudOf = (objects: readonly KubeObject[]): SimulatedCloud =>
  createSimulatedCloud({
    world: {
      seed: 1,
      clusters: [
        {
          name: CLUSTER,
          namespaces: ['default', NAMESPACE],
          nodePools: [
            { name: 'default-pool', machineType: 'e2-standard-8', nodes: 1 },
            { name: 'h100', machineType: 'a3-highgpu-8g', nodes: 2 },
            { name: 'h200', machineType: 'a3-ultragpu-8g', nodes: 1 },
          ],
          quotas: {},
        },
      ],
      stacks: [
        {
          objects: objects.filter(({ apiVersion }) => !apiVersion.startsWith('sluice.dev/')),
          namespace: NAMESPACE,
        },
      ],
      alertPolicies: [{ name: POLICY, displayName: 'llm-new 5xx', condition: null }],
    },
  });

const endOf = async (golden: Golden): Promise<string> => {
  const folder = join(EXAMPLES, golden.folder);
  const cloud = cloudOf(readStack(folder));
  const manifests = golden.newFolder === null ? [] : readStack(join(folder, golden.newFolder));
  const answer = await cloud.call('POST', '/v1/rollouts', {
    requestId: `start-${golden.name}`,
    file: fileOf(golden),
    manifests,
  });
  if (answer.status !== 201) return `not started: ${JSON.stringify(answer.body)}`;
  const rolloutId = `${golden.name}-1`;
  const document = () => cloud.store.truth.documents.get(rolloutId);
  await cloud.scheduler.run({
    until: () => typeof document()?.finishedAtMs === 'number',
    untilMs: cloud.scheduler.nowMs + 24 * HOUR_MS,
  });
  const end = document();
  if (end === undefined) return 'lost';
  const { state, context } = readState(end);
  const { notDone } = context;
  return notDone.length === 0 ? state : `${state}, but not done: ${notDone.join('; ')}`;
};

/** null when every example was promoted and its old side retired; else which was not, and how it ended. */
export const goldenRun = async (): Promise<string | null> => {
  for (const golden of GOLDEN) {
    const end = await endOf(golden);
    if (end !== 'promoted') return `${golden.name}: ${end}`;
  }
  return null;
};
