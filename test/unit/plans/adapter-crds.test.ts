import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import { realPatch, viewOf } from '../../../workflows/steps/carrier.ts';
import { weightsPatch } from '../../../workflows/steps/traffic-patch.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { sharedPath } from '../../helpers/shared.ts';
import {
  anAdapterCluster,
  anAdapterSpec,
  anInferenceModel,
  aRewrite,
  LLM_D,
  modelEra,
  ruleOf,
} from './an-adapter.ts';
import { planned } from './planned.ts';

const crds = sharedPath('crds');

/** Structure, bounds and required fields; rules in CEL are the API server's. */
const validatorOf = (file: string) => {
  const crd = parse(readFileSync(`${crds}/${file}`, 'utf8')) as {
    spec: { versions: { name: string; schema: { openAPIV3Schema: object } }[] };
  };
  const version = must(
    crd.spec.versions.find(({ name }) => name === 'v1alpha2'),
    'version v1alpha2',
  );
  return new Ajv({ strict: false, validateFormats: false }).compile(version.schema.openAPIV3Schema);
};

const SHARES = [0.1, 1, 5, 25, 50, 99, 99.9, 100];

/** The object at every share. */
const allWritten = (object: KubeObject, plan: Plan): readonly KubeObject[] =>
  SHARES.map((sharePercent) => {
    const route = must(plan.routes[0], 'carrier');
    const order = { plan: route, sides: sidesOf(plan), fenceValue: 'r/1' };
    const patch = weightsPatch({ ...order, route: viewOf(object, route), sharePercent });
    const copy = structuredClone(object);
    applyPatch(copy, structuredClone(realPatch(object, route, patch)) as never);
    return copy;
  });

const TARGETS = [
  { modelRewrite: 'food-review-1', weight: 331 },
  { modelRewrite: 'spare', weight: 9 },
];

describe.runIf(crds !== null)('every object of an adapter that is written', () => {
  const cases: readonly (readonly [string, string, ObservedCluster, KubeObject | null])[] = [
    [
      'a new rewrite',
      'gaie-v1.5.0_inference.networking.x-k8s.io_inferencemodelrewrites.yaml',
      anAdapterCluster(),
      null,
    ],
    [
      'a new rewrite of llm-d',
      'llm-d-router-v0.10.0_llm-d.ai_inferencemodelrewrites.yaml',
      anAdapterCluster({ rewriteResource: LLM_D }),
      null,
    ],
    ...[TARGETS, [{ modelRewrite: 'food-review-1' }]].map((targets) => {
      const object = aRewrite('review', [ruleOf(['food-review'], ...targets)]);
      const observed = anAdapterCluster({ rewrites: [object] });
      return [
        `a rewrite with ${targets.length} targets`,
        'gaie-v1.5.0_inference.networking.x-k8s.io_inferencemodelrewrites.yaml',
        observed,
        object,
      ] as const;
    }),
    ...[[{ name: 'food-review-1', weight: 100 }], [{ name: 'food-review-1' }, { name: 'spare' }]].map(
      (targets) => {
        const object = anInferenceModel('review', 'food-review', targets);
        return [
          `an InferenceModel with ${targets.length} targets`,
          'gaie-v0.5.1_inference.networking.x-k8s.io_inferencemodels.yaml',
          modelEra([object]),
          object,
        ] as const;
      },
    ),
  ];

  test.each(cases)('is one that its CRD takes: %s', (_, file, observed, stored) => {
    const { plan } = planned(anAdapterSpec(), [], observed);
    const object = stored ?? must(plan.create[0], 'created object').object;
    const validate = validatorOf(file);
    const refused = [object, ...allWritten(object, plan)].flatMap((one) =>
      validate(one) ? [] : [[one['spec'], validate.errors]],
    );
    expect(refused).toEqual([]);
  });

  test('the check is one that refuses: a weight of 0, and no target', () => {
    const validate = validatorOf('gaie-v1.5.0_inference.networking.x-k8s.io_inferencemodelrewrites.yaml');
    const none = [ruleOf(['a'], { modelRewrite: 'b', weight: 0 }), ruleOf(['a'])];
    expect(none.map((rule) => validate(aRewrite('review', [rule])))).toEqual([false, false]);
  });
});
