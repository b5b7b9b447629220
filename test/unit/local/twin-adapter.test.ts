import { expect, test } from 'vitest';
import { EXAMPLES, readDemo } from '../../../local/demo-input.ts';
import { readStack } from '../../../local/manifest-files.ts';
import { namesOfStack } from '../../../local/names-of-stack.ts';
import { worldOf } from '../../../local/simulated-stack.ts';
import { twinAdapter } from '../../../local/twin-adapter.ts';
import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';

const exampleStack = (name: string): readonly KubeObject[] => {
  const read = readStack(`${EXAMPLES}/${name}`);
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value.map(({ object }) => object);
};

test('a stack without a rollout file gets one to the next version of its first adapter', () => {
  const stack = exampleStack('base-model');
  expect(namesOfStack(stack)).toEqual({
    names: ['llama-3.1-8b'],
    adapters: [
      { name: 'food-review', source: 'acme/llama-3.1-8b-food-review-r8' },
      { name: 'cad-fabricator', source: 'acme/llama-3.1-8b-cad-fabricator-r16' },
    ],
  });
  const made = twinAdapter(stack, 'here');
  expect(made).toMatchObject({
    kind: 'ok',
    value: {
      spec: {
        name: 'llm-pool-adapter',
        type: 'adapter',
        namespace: 'serving',
        from: { pool: 'llm-pool' },
        to: { pool: 'llm-pool' },
        adapter: {
          alias: 'food-review',
          from: 'food-review',
          to: { name: 'food-review-2', source: 'acme/llama-3.1-8b-food-review-r8-new', load: 'syncer' },
        },
      },
      manifests: [],
    },
  });
});

test('where there is no adapter, or no pool that serves, it says so', () => {
  const codesOf = (stack: readonly KubeObject[]) => {
    const made = twinAdapter(stack, 'here');
    return made.kind === 'problems' ? made.problems.map(({ code, file }) => `${file} ${code}`) : made;
  };
  const stack = exampleStack('node-update');
  expect(codesOf(stack)).toEqual(['here no-adapter']);
  expect(codesOf(stack.filter(({ kind }) => kind !== 'HTTPRoute'))).toEqual(['here no-serving-pool']);
});

test('a scenario about an adapter refuses a file of another type', () => {
  const read = readDemo({ scenario: 'adapter-silent', file: `${EXAMPLES}/node-update/rollout.yaml` });
  expect(read).toMatchObject({ kind: 'problems', problems: [{ code: 'scenario-needs-adapter' }] });
});

test('clients ask for the alias where something answers to it, else for the version of today', () => {
  const read = readDemo({ scenario: 'adapter' });
  const { rollout, stack } = must(read.kind === 'ok' ? read.value : undefined, 'the example');
  const adapter = must(rollout.spec.adapter ?? undefined, 'the adapter of the example');
  const asked = (alias: string, objects: readonly KubeObject[]): unknown =>
    worldOf({ spec: { ...rollout.spec, adapter: { ...adapter, alias } }, stack: objects, manifests: [] })
      .traffic?.[0]?.models;
  const rewrite: KubeObject = {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceModelRewrite',
    metadata: { name: 'food', namespace: 'serving' },
    spec: {
      poolRef: { name: 'llm' },
      rules: [
        { matches: [{ model: { value: 'food-review' } }], targets: [{ modelRewrite: 'food-review-1' }] },
      ],
    },
  };
  expect(asked('food-review', stack)).toEqual({ 'food-review-1': 0.1 });
  expect(asked('food-review', [...stack, rewrite])).toEqual({ 'food-review': 0.1 });
});

test('the example has what serves, the syncer’s ConfigMap among it, and no rewrite', () => {
  const names = exampleStack('adapter').map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names.toSorted()).toEqual([
    'ConfigMap llm-adapters',
    'ConfigMap llm-epp',
    'Deployment llm',
    'Deployment llm-epp',
    'GCPBackendPolicy llm',
    'Gateway inference-gateway',
    'HTTPRoute routes-to-llm',
    'HealthCheckPolicy llm',
    'InferenceObjective chat',
    'InferencePool llm',
    'Role endpoint-picker',
    'RoleBinding llm-epp',
    'Service llm-epp',
    'ServiceAccount llm-epp',
  ]);
});
