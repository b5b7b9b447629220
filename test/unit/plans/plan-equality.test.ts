import { describe, expect, test } from 'vitest';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import type { Manifests, RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { sharedPath } from '../../helpers/shared.ts';
import {
  aCluster,
  aRef,
  aRoute,
  aSpec,
  baseModel,
  fromManifests,
  NAMESPACE,
  newManifests,
  stored,
  withoutNewSide,
} from './a-cluster.ts';
import { loadStack, O, observeStack, secondPool } from './gaie-stack.ts';
import { disturbed, planned } from './planned.ts';

describe('two plans of an unchanged cluster', () => {
  const routes = [
    aRoute('b', [[aRef('llm', 1)], [aRef('other', 3), aRef('llm', 7)]]),
    aRoute('a', [[aRef('llm', 1)]], { metadata: { namespace: NAMESPACE } }),
  ];
  const objectives = ['x', 'y'].map((name) =>
    stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', name, {
      spec: { priority: 1, poolRef: { name: 'llm' } },
    }),
  );
  const cases: readonly (readonly [string, RolloutSpec, Manifests, ObservedCluster])[] = [
    ['existing', aSpec({ retention: { retire: 'delete' } }), [], aCluster({ routes, objectives })],
    [
      'manifests',
      fromManifests({}, { retention: { retire: 'delete' } }),
      newManifests(),
      withoutNewSide({ routes, objectives }),
    ],
    ['baseModel', baseModel(), [], aCluster({ routes, objectives })],
  ];

  test.each(cases)('are equal, whatever changed by itself: %s', (_, spec, manifests, observed) => {
    const first = planned(spec, manifests, observed);
    const second = planned(spec, manifests, disturbed(observed));
    // Only the ref's keys and the stored spec are decisions; what the pool object itself looks like is none.
    expect(second.hash).toBe(first.hash);
  });
});

const stackPath = sharedPath('manifests', 'gaie-v1.0.1');

describe.runIf(stackPath !== null)('the published stack gaie-v1.0.1', () => {
  const stack = stackPath === null ? [] : loadStack(stackPath);
  const to = { pool: 'llama-h200', source: { manifests: ['./new/*.yaml'] } };
  const spec = (changes: Readonly<Record<string, unknown>> = {}): RolloutSpec =>
    aSpec({ namespace: 'default', from: { pool: O }, to, acknowledge: ['floating-model'], ...changes });

  test('is planned to a second pool given as manifests, with what it has to say', () => {
    const result = planRollout(spec(), secondPool(stack, 'llama-h200'), observeStack(stack));
    expect([result.kind, result.findings.map((one) => `${one.severity} ${one.code} ${one.object}`)]).toEqual([
      'planned',
      [
        'W floating-model Deployment default/llama-h200',
        `I drain InferencePool default/${O}`,
        'I objectives-priorities InferenceObjective default/*',
      ],
    ]);
  });

  test('moves the one route, keeps three replicas, serves the adapter', () => {
    const { plan } = planned(spec(), secondPool(stack, 'llama-h200'), observeStack(stack));
    expect({
      routes: plan.routes.map((route) => [route.name, route.gateways, route.rules]),
      replicas: [plan.old.replicas, plan.new.replicas],
      verify: [plan.verify.servedNames, plan.verify.adapters, plan.verify.maxModelLenMin],
    }).toEqual({
      routes: [
        [
          'llm-route',
          [{ namespace: 'default', name: 'inference-gateway' }],
          [
            {
              index: 0,
              originals: [
                { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: O, weight: 1 },
              ],
              newRefWasThere: false,
            },
          ],
        ],
      ],
      replicas: [3, 3],
      verify: [['meta-llama/Llama-3.1-8B-Instruct'], ['food-review-1'], 131072],
    });
  });

  test('is retired without what is shared: roles, Gateway, plugins', () => {
    const { plan } = planned(
      spec({ retention: { retire: 'delete' } }),
      secondPool(stack, 'llama-h200'),
      observeStack(stack),
    );
    expect(plan.delete.map((one) => `${one.kind} ${one.name}`)).toEqual([
      `Deployment ${O}`,
      `Deployment ${O}-epp`,
      `Service ${O}-epp`,
      'GCPBackendPolicy inferencepool-backend-policy',
      'HealthCheckPolicy health-check-policy',
      `InferencePool ${O}`,
      `ConfigMap ${O}-adapters`,
    ]);
  });

  test('the first version’s own manifests a second time are refused: pods of one pool would be the other’s', () => {
    const same = stack.filter((object) =>
      ['InferencePool', 'Service', 'Deployment', 'ConfigMap'].includes(object.kind),
    );
    const renamed = same.map((object) =>
      object.kind === 'InferencePool'
        ? { ...object, metadata: { ...object.metadata, name: 'llama-h200' } }
        : object,
    );
    const { findings } = planRollout(spec(), renamed, observeStack(stack));
    expect(findings.filter((one) => one.severity === 'E').map((one) => one.code)).toContain(
      'selector-overlap',
    );
  });

  test('plans of the stack are equal, whatever changed by itself', () => {
    const manifests = secondPool(stack, 'llama-h200');
    const observed = observeStack(stack);
    expect(planned(spec(), manifests, disturbed(observed)).hash).toBe(
      planned(spec(), manifests, observed).hash,
    );
  });
});
