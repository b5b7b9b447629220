import { describe, expect, test } from 'vitest';
import { verifyPods } from '../../../../../functions/runtime/hands/verify-pods.ts';
import { FINDING_CODES, type FindingCode } from '../../../../../workflows/plans/finding-codes.ts';
import type { Plan } from '../../../../../workflows/plans/plan.ts';
import { aPod } from '../../../plans/a-cluster.ts';
import { type AdapterCluster, adapterPlan, anAdapterCluster, FROM, TO } from './an-adapter-cluster.ts';
import {
  answered,
  fakeKubernetes,
  fakeModels,
  fakePorts,
  healthyPod,
  jobFor,
  logprobsBy,
  type PodAnswers,
  planOf,
} from './build-fakes.ts';
import { jobOf } from './fake-cluster.ts';

const finding = (code: FindingCode, object: string, what: string) => {
  const { severity, why, mend } = FINDING_CODES[code];
  return { severity, code, object, what, why, mend };
};

const failed = (...findings: readonly unknown[]) => ({
  kind: 'outcome',
  outcome: { kind: 'verifyFailed', findings },
});

describe('a new version of an adapter', () => {
  const servingBoth = (): AdapterCluster => {
    const cluster = anAdapterCluster();
    for (const served of cluster.loaded.values()) served.add(TO);
    return cluster;
  };
  const verify = (cluster: AdapterCluster, plan: Plan = adapterPlan()) =>
    verifyPods(cluster.ports(), jobOf({ kind: 'verifyPods' } as const, { plan }));

  test('is proved on every pod of every pool, against the base model and against the old version', async () => {
    const cluster = servingBoth();
    // Health, models, three kinds of completion, one of the old version, four prompts to three models.
    expect(await verify(cluster)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'verified', pods: 4, checks: 4 * (2 + 3 + 1 + 12) },
    });
    const ofOne = cluster.asked.filter((one) => one.startsWith('llm-eu-1 /v1/completions'));
    const count = (model: string): number => ofOne.filter((one) => one.endsWith(` ${model}`)).length;
    expect([count(TO), count(FROM), count('llama')]).toEqual([7, 5, 4]);
  });

  test('without effect on one pod of four: that pod is named, and nothing is rolled out', async () => {
    const cluster = servingBoth();
    cluster.mute.set('llm-1', new Set([TO]));
    expect(await verify(cluster)).toEqual(
      failed(
        finding(
          'adapter-no-effect',
          'Pod serving/llm-1',
          `${TO} answers exactly like the base model (Δ 0.000).`,
        ),
      ),
    );
  });

  test('that equals the old one is a warning, and goes on', async () => {
    const cluster = servingBoth();
    cluster.alike.set(TO, FROM);
    expect(await verify(cluster)).toMatchObject({
      outcome: {
        kind: 'verified',
        findings: [
          finding('adapter-same', `Adapter ${TO} and ${FROM}`, 'They cannot be told apart on 4 of 4 pods.'),
        ],
      },
    });
  });

  test.each(['names', 'off'] as const)('is not compared where the plan says %s', async (mode) => {
    const cluster = servingBoth();
    cluster.mute.set('llm-1', new Set([TO]));
    const { verify: checks } = adapterPlan();
    const plan = adapterPlan({}, { verify: { ...checks, effect: { mode, base: 'llama', prompts: {} } } });
    expect(await verify(cluster, plan)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'verified', pods: 4, checks: 4 * (2 + 3 + 1) },
    });
  });

  test('that one pod has lost since is found missing there', async () => {
    const cluster = servingBoth();
    cluster.loaded.get('llm-eu-0')?.delete(TO);
    expect(await verify(cluster)).toEqual(
      failed(
        finding('verify-names', 'Pod serving/llm-eu-0', `It does not serve ${TO}; it serves ${FROM}, llama.`),
      ),
    );
  });

  test('the old version must still be served', async () => {
    const cluster = servingBoth();
    for (const served of cluster.loaded.values()) served.delete(FROM);
    const result = await verify(cluster);
    expect(result.kind === 'outcome' && result.outcome.kind).toBe('verifyFailed');
  });

  test('a pod that does not answer is no fault', async () => {
    const cluster = servingBoth();
    cluster.deaf.add('llm-0');
    expect(await verify(cluster)).toMatchObject({ kind: 'again', why: 'pod llm-0 is not reached: silence' });
  });

  test('prompts of the file are used, by the name of the version or of the alias', async () => {
    for (const name of [TO, 'food-review']) {
      const cluster = servingBoth();
      const { verify: checks } = adapterPlan();
      const effect = { mode: 'required', base: 'llama', prompts: { [name]: ['soup was cold'] } } as const;
      await verify(cluster, adapterPlan({}, { verify: { ...checks, effect } }));
      expect(cluster.asked.filter((one) => one === 'llm-0 /v1/completions llama')).toHaveLength(1);
    }
  });
});

describe('an adapter that moves to other pods', () => {
  const PODS = [aPod('llm-new-1', 'llm-new'), aPod('llm-new-2', 'llm-new'), aPod('llm-1', 'llm')];
  const NAME = 'food-review-1';

  /** Pods on which the adapter answers like the base model. */
  const muteOn =
    (...pods: readonly string[]): PodAnswers =>
    (ask) => {
      const answer = healthyPod(ask);
      const isProbe = ask.body?.['logprobs'] !== undefined && ask.body['model'] === NAME;
      return isProbe && pods.includes(ask.pod)
        ? answered({ choices: [{ text: 'x', finish_reason: 'length', ...logprobsBy('llama') }] })
        : answer;
    };

  const verify = async (answers: PodAnswers, pods = PODS, plan: Plan = planOf()) => {
    const clock = { nowMs: 0 };
    const models = fakeModels(answers, clock);
    const ports = fakePorts({ kubernetes: fakeKubernetes(pods), models, clock });
    const result = await verifyPods(ports, jobFor({ kind: 'verifyPods' }, { plan }));
    return {
      result,
      old: models.asked.filter((one) => one.startsWith('llm-1 ')),
      most: models.most.inFlight,
    };
  };

  test('the old side is left alone where every new pod shows an effect', async () => {
    const { result, old, most } = await verify(healthyPod);
    expect([result.kind, old, most]).toEqual(['outcome', [], 2]);
  });

  test('no effect on one new pod, but on the old side: wrong, with both distances', async () => {
    const { result, old } = await verify(muteOn('llm-new-2'));
    expect(result).toEqual(
      failed(
        finding(
          'adapter-no-effect',
          'Pod serving/llm-new-2',
          `${NAME} answers exactly like the base model (Δ 0.000; on the old side 0.500).`,
        ),
      ),
    );
    expect(old).toHaveLength(1 + 8);
  });

  test('no effect on either side: these prompts cannot tell, a warning', async () => {
    const { result } = await verify(muteOn('llm-new-1', 'llm-new-2', 'llm-1'));
    expect(result).toMatchObject({
      outcome: {
        kind: 'verified',
        findings: [
          finding('adapter-indistinct', `Adapter ${NAME}`, 'They cannot be told apart on 2 of 2 pods.'),
        ],
      },
    });
  });

  test('nobody to compare with: asked again, until the deadline of verifying', async () => {
    const { result } = await verify(muteOn('llm-new-1'), PODS.slice(0, 2));
    expect(result).toMatchObject({
      kind: 'again',
      why: 'no pod of llm is ready to compare adapters with',
    });
  });

  test('a server that gives none for a prompt is judged by the tokens that it chooses', async () => {
    const { result } = await verify((ask) => {
      const answer = healthyPod(ask);
      return answer.kind === 'answered'
        ? { ...answer, body: answer.body.replace('"prompt_logprobs"', '"not_known"') }
        : answer;
    });
    expect(result).toMatchObject({ outcome: { kind: 'verified' } });
  });

  test('compared by name alone where the plan says so', async () => {
    const plan = planOf();
    const named: Plan = {
      ...plan,
      verify: { ...plan.verify, effect: { mode: 'names', base: 'llama', prompts: {} } },
    };
    const { result, old } = await verify(muteOn('llm-new-1'), PODS, named);
    expect(result).toEqual({
      kind: 'outcome',
      outcome: { kind: 'verified', pods: 2, checks: 2 * (2 + 20) },
    });
    expect(old).toEqual([]);
  });
});
