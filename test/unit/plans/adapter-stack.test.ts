import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import { askFor } from '../../../workflows/steps/syncer-config.ts';
import { sharedPath } from '../../helpers/shared.ts';
import { anAdapterSpec, aRewrite, observedAdapter, ruleOf } from './an-adapter.ts';
import { loadStack, O, observeStack } from './gaie-stack.ts';
import { disturbed, planned } from './planned.ts';

const stackPath = sharedPath('manifests', 'gaie-v1.0.1');

const SOURCE = 'Kawon/llama3.1-food-finetune_v14_r8';

const spec = (adapter: Readonly<Record<string, unknown>> = {}) =>
  anAdapterSpec(
    { to: { name: 'food-review-2', source: SOURCE, load: 'syncer' }, ...adapter },
    { namespace: 'default', from: { pool: O } },
  );

const inDefault = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: 'default' },
});

describe.runIf(stackPath !== null)('food-review-1 → food-review-2 in the published stack gaie-v1.0.1', () => {
  const stack = stackPath === null ? [] : loadStack(stackPath);
  const observed = observeStack(stack, { adapter: observedAdapter({ dryRuns: [], readablePickers: [] }) });

  test('may start, and is told what nobody can see there', () => {
    const { kind, findings } = planRollout(spec(), [], observed);
    expect([kind, findings.map(({ severity, code, object }) => `${severity} ${code} ${object}`)]).toEqual([
      'planned',
      [`I picker-too-old InferencePool default/${O}`, 'I settle-only Rollout llm-to-new'],
    ]);
  });

  test('edits its ConfigMap, creates the alias, and leaves objectives and routes alone', () => {
    const { plan } = planned(spec(), [], observed);
    expect({
      pools: plan.adapter?.pools.map(({ pool, replicas }) => [pool, replicas]),
      syncers: plan.adapter?.syncers.map(({ name, key, newWasThere }) => [name, key, newWasThere]),
      carriers: plan.routes.map((route) => [route.carrier?.kind, route.name, route.carrier?.isCreated]),
      created: plan.create.map(({ object }) => `${object.kind} ${object.metadata.name}`),
      objectives: plan.objectives,
      slots: plan.gates.adapter?.slots,
      effect: plan.verify.effect,
    }).toEqual({
      pools: [[O, 3]],
      syncers: [[`${O}-adapters`, 'configmap.yaml', false]],
      carriers: [['InferenceModelRewrite', `food-review-${O}`, true]],
      created: [`InferenceModelRewrite food-review-${O}`],
      objectives: { mode: 'leave', objects: [] },
      slots: 2,
      effect: { mode: 'required', base: 'meta-llama/Llama-3.1-8B-Instruct', prompts: {} },
    });
  });

  test('its ConfigMap takes the entry as the plan needs it', () => {
    const map = observed.configMaps.find(({ metadata }) => metadata.name === `${O}-adapters`);
    const text = (map?.['data'] as Readonly<Record<string, string>> | undefined)?.['configmap.yaml'] ?? '';
    const edit = askFor(text, { id: 'food-review-2', source: SOURCE }, 'food-review-1');
    expect(edit.kind === 'edited' ? edit.text.startsWith(text.trimEnd()) : edit).toBe(true);
  });

  test('a rewrite that is there is edited instead', () => {
    const there = inDefault(
      aRewrite('names', [ruleOf(['food-review'], { modelRewrite: 'food-review-1' })], { pool: O }),
    );
    const { plan } = planned(spec(), [], { ...observed, rewrites: [there] });
    expect([plan.create, plan.routes.map(({ name, carrier }) => [name, carrier?.isCreated])]).toEqual([
      [],
      [['names', false]],
    ]);
  });

  test('a rank that its servers do not take is found in the source’s name', () => {
    const to = { name: 'food-review-2', source: 'Kawon/llama3.1-food-finetune_v15_r16', load: 'syncer' };
    const { findings } = planRollout(spec({ to }), [], observed);
    expect(
      findings.filter(({ code }) => code === 'lora-rank').map(({ severity, what }) => [severity, what]),
    ).toEqual([['W', '--max-lora-rank is 8; the name Kawon/llama3.1-food-finetune_v15_r16 says rank 16.']]);
  });

  test('plans of it are equal, whatever changed by itself', () => {
    expect(planned(spec(), [], disturbed(observed)).hash).toBe(planned(spec(), [], observed).hash);
  });
});
