/** A rollout for a stack that came without one: to a new version of the first adapter that its servers have. */
import { US_CLUSTER } from '../simulator/world/defaults.ts';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { parseRolloutFile } from '../workflows/spec/parse-rollout-file.ts';
import { rolloutText } from './edit-rollout.ts';
import type { Read } from './input-problem.ts';
import { namesOfStack } from './names-of-stack.ts';
import type { RolloutInput } from './rollout-input.ts';
import { servingPool } from './stack.ts';
import { noServingPool, rolloutNameOf } from './twin-rollout.ts';

const FILE_NAME = 'rollout.yaml (made by the demo)';

const COMMENT =
  'Made by the demo for a stack without a rollout file: a new version of the first adapter that its servers have.';

/** `food-review-2` of `food-review-1`, `tone-2` of `tone`. */
const nextVersion = (name: string): string => {
  const [, stem = name, version] = /^(.*?)-?(\d+)$/.exec(name) ?? [];
  return `${stem}-${version === undefined ? 2 : Number(version) + 1}`;
};

/** @param folder where the stack was read, for problems. */
export const twinAdapter = (stack: readonly KubeObject[], folder: string): Read<RolloutInput> => {
  const pool = servingPool(stack);
  if (pool === null) return noServingPool(folder);
  const [adapter] = namesOfStack(stack).adapters;
  if (adapter === undefined) {
    const what = 'The model servers of the stack have no adapter.';
    const mend = 'Name one in the ConfigMap of the adapter syncer, or choose another scenario.';
    return {
      kind: 'problems',
      problems: [{ file: folder, line: null, column: null, code: 'no-adapter', what, mend }],
    };
  }
  const { name, source } = adapter;
  const text = rolloutText(COMMENT, {
    apiVersion: 'sluice.dev/v1',
    kind: 'Rollout',
    metadata: { name: rolloutNameOf(pool.name, 'adapter') },
    spec: {
      type: 'adapter',
      cluster: US_CLUSTER,
      namespace: pool.namespace,
      from: { pool: pool.name },
      adapter: {
        model: name,
        from: name,
        to: { name: nextVersion(name), source: `${source}-new`, load: 'syncer' },
      },
      alerts: { policies: [{ name: 'projects/acme/alertPolicies/new-5xx' }] },
      retention: { old: '30m', retire: 'keep' },
    },
  });
  const parsed = parseRolloutFile(text, FILE_NAME);
  if (parsed.kind === 'problems') return parsed;
  return { kind: 'ok', value: { fileName: FILE_NAME, text, spec: parsed.spec, manifests: [] } };
};
