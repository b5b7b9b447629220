import { describe, expect, test } from 'vitest';
import { FINDING_CODES } from '../../../workflows/plans/finding-codes.ts';
import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import { MORE_ADAPTER_STATES } from './adapter-states.ts';
import { anAdapterCluster, anAdapterSpec, loaded, serving } from './an-adapter.ts';
import { ADAPTERS } from './finding-cases-adapter.ts';

describe('a cluster that an adapter rollout must not meet unsaid', () => {
  test.each(MORE_ADAPTER_STATES)('is found, with object and mend: $name', (state) => {
    const { code, severity, object, what, observed } = state;
    const { findings } = planRollout(state.spec ?? anAdapterSpec(), [], observed);
    expect(findings.filter((one) => one.code === code)).toEqual([
      { severity, code, object, what, why: FINDING_CODES[code].why, mend: FINDING_CODES[code].mend },
    ]);
  });

  test('there are many of them, each with a name of its own', () => {
    console.log(`broken states of adapters: ${ADAPTERS.length + MORE_ADAPTER_STATES.length}`);
    expect(ADAPTERS.length + MORE_ADAPTER_STATES.length).toBeGreaterThanOrEqual(40);
    expect(new Set(MORE_ADAPTER_STATES.map(({ name }) => name)).size).toBe(MORE_ADAPTER_STATES.length);
  });

  test('an error or a warning refuses the plan, a note alone does not', () => {
    let seen = 0;
    for (const { spec = anAdapterSpec(), observed, code } of [...ADAPTERS, ...MORE_ADAPTER_STATES]) {
      const { kind, findings } = planRollout(spec, [], observed);
      const wanted = findings.every(({ severity }) => severity === 'I') ? 'planned' : 'refused';
      expect([code, kind]).toEqual([code, wanted]);
      seen += 1;
    }
    expect(seen).toBe(ADAPTERS.length + MORE_ADAPTER_STATES.length);
  });
});

describe('a cluster with nothing against it', () => {
  const codes = (...call: Parameters<typeof planRollout>) =>
    planRollout(...call).findings.map(({ severity, code }) => `${severity} ${code}`);

  test('says only what nobody can know: the rank', () => {
    expect(codes(anAdapterSpec(), [], anAdapterCluster())).toEqual(['I lora-rank']);
  });

  test('says nothing where the version is loaded already', () => {
    const oldModels = ['llm-1', 'llm-2'].map((pod) => ({
      pod,
      models: serving('food-review-1', 'food-review-2'),
    }));
    expect(codes(loaded(), [], anAdapterCluster({ oldModels }))).toEqual([]);
  });
});
