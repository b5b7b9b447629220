import { describe, expect, test } from 'vitest';
import { verifyPods } from '../../../../../functions/runtime/hands/verify-pods.ts';
import { FINDING_CODES } from '../../../../../workflows/plans/finding-codes.ts';
import { aPod, NAMESPACE } from '../../../plans/a-cluster.ts';
import {
  answered,
  type FakeClock,
  type FakeModels,
  fakeKubernetes,
  fakeModels,
  fakePorts,
  healthyPod,
  jobFor,
  type PodAnswers,
} from './build-fakes.ts';

const PODS = [aPod('llm-new-1', 'llm-new'), aPod('llm-new-2', 'llm-new'), aPod('llm-1', 'llm')];

const verify = async (answers: PodAnswers, pods = PODS) => {
  const clock: FakeClock = { nowMs: 0 };
  const models: FakeModels = fakeModels(answers, clock);
  const ports = fakePorts({ kubernetes: fakeKubernetes(pods), models, clock });
  const run = () => verifyPods(ports, jobFor({ kind: 'verifyPods' }));
  return { run, models, clock, result: await run() };
};

describe('verifying the new side', () => {
  test('asks every new pod for health, models, and each kind of completion of each model', async () => {
    const { result, models } = await verify(healthyPod);
    // 2 pods: health and models, 20 requests of warm-up among which all kinds of all models are, 4 prompts to adapter and base.
    expect(result).toEqual({
      kind: 'outcome',
      outcome: { kind: 'verified', pods: 2, checks: 2 * (2 + 20 + 8) },
    });
    const of = (pod: string): readonly string[] =>
      [
        ...new Set(
          models.asked.filter((one) => one.startsWith(`${pod} `)).map((one) => one.slice(pod.length + 1)),
        ),
      ].sort();
    const all = [
      '/health',
      '/v1/completions food-review-1',
      '/v1/completions food-review-1 logprobs',
      '/v1/completions food-review-1 stream',
      '/v1/completions llama',
      '/v1/completions llama logprobs',
      '/v1/completions llama stream',
      '/v1/models',
    ];
    expect([of('llm-new-1'), of('llm-new-2'), of('llm-1')]).toEqual([all, all, []]);
  });

  test('keeps at most two requests in flight per pod', async () => {
    const { models } = await verify(healthyPod);
    expect(models.most.inFlight).toBe(2);
  });

  test('repeats what stalls until it is quick, over several invocations if need be', async () => {
    const uses = new Map<string, number>();
    const stalls = 6;
    const { run, clock, models, result } = await verify((ask) => {
      const answer = healthyPod(ask);
      const key = `${ask.pod} ${JSON.stringify(ask.body)}`;
      if (answer.kind !== 'answered' || ask.body === undefined) return answer;
      uses.set(key, (uses.get(key) ?? 0) + 1);
      return (uses.get(key) ?? 0) > stalls ? answer : { ...answer, elapsedMs: 15_000 };
    });
    let last = result;
    let invocations = 1;
    for (; last.kind === 'again' && invocations < 100; invocations += 1) last = await run();
    expect(last).toMatchObject({ outcome: { kind: 'verified', pods: 2 } });
    expect(invocations).toBeGreaterThan(1);
    // Each kind of each model on each pod was asked until it was quick.
    expect([...uses.values()].every((count) => count > stalls)).toBe(true);
    expect([uses.size, models.most.inFlight]).toEqual([2 * (6 + 8), 2]);
    expect(clock.nowMs).toBeGreaterThan(28 * stalls * 15_000);
  });

  test('is not done with a kind of request whose last answer stalled', async () => {
    let uses = 0;
    const { result } = await verify((ask) => {
      const answer = healthyPod(ask);
      const isLate =
        ask.pod === 'llm-new-1' && ask.body?.['model'] === 'food-review-1' && ask.body['logprobs'] === 1;
      if (answer.kind !== 'answered' || !isLate) return answer;
      uses += 1;
      return uses > 5 ? answer : { ...answer, elapsedMs: 6_000 };
    });
    expect([result.kind, uses > 5]).toEqual(['outcome', true]);
  });

  test('waits until as many pods are ready as a share of 100 needs', async () => {
    const { result } = await verify(healthyPod, [
      aPod('llm-new-1', 'llm-new'),
      aPod('llm-new-2', 'llm-new', false),
    ]);
    expect(result).toEqual({ kind: 'again', inMs: 5_000, why: '1 of 2 pods are ready' });
  });

  test('an adapter that is loaded a while after the server was ready is no fault', async () => {
    let asked = 0;
    const { result } = await verify((ask) => {
      if (ask.path !== '/v1/models') return healthyPod(ask);
      asked += 1;
      return asked < 6
        ? answered({ data: [{ id: 'llama', parent: null, max_model_len: 8192 }] })
        : healthyPod(ask);
    });
    expect(result).toMatchObject({ outcome: { kind: 'verified' } });
  });

  test.each([
    ['not reached', { kind: 'unanswered', why: 'dial timeout' } as const],
    ['busy', answered('', { status: 503 })],
  ])('a pod that is %s is not wrong', async (_, answer) => {
    const { result } = await verify((ask) =>
      ask.pod === 'llm-new-2' && ask.body !== undefined ? answer : healthyPod(ask),
    );
    expect(result).toMatchObject({ kind: 'again', inMs: 5_000 });
  });
});

const bad =
  (matches: (ask: Parameters<PodAnswers>[0]) => boolean, body: unknown, status = 200): PodAnswers =>
  (ask) =>
    ask.pod === 'llm-new-2' && matches(ask) ? answered(body, { status }) : healthyPod(ask);

const isPlain = (ask: Parameters<PodAnswers>[0]): boolean =>
  ask.body !== undefined && ask.body['stream'] === undefined && ask.body['logprobs'] === undefined;

/** test: verify-effect.test.ts */
const EFFECT_CODES: readonly (keyof typeof FINDING_CODES)[] = [
  'adapter-no-effect',
  'adapter-indistinct',
  'adapter-same',
];

const FAULTS: readonly (readonly [keyof typeof FINDING_CODES, string, PodAnswers])[] = [
  ['verify-health', 'GET /health answers 500.', bad(({ path }) => path === '/health', '', 500)],
  [
    'verify-names',
    'It does not serve food-review-1; it serves llama.',
    bad(({ path }) => path === '/v1/models', { data: [{ id: 'llama', parent: null, max_model_len: 8192 }] }),
  ],
  [
    'verify-context',
    'llama takes 4096 tokens, at least 8192 are needed.',
    bad(({ path }) => path === '/v1/models', {
      data: [
        { id: 'llama', parent: null, max_model_len: 4096 },
        { id: 'food-review-1', parent: 'llama', max_model_len: null },
      ],
    }),
  ],
  [
    'verify-completion',
    'A plain completion of food-review-1: it answers 404, The model `food-review-1` does not exist.',
    bad(
      (ask) => isPlain(ask) && ask.body?.['model'] === 'food-review-1',
      { error: { message: 'The model `food-review-1` does not exist.' } },
      404,
    ),
  ],
  [
    'verify-stream',
    'A streamed completion of llama: the stream ends in an error: aborted.',
    bad(
      (ask) => ask.body?.['stream'] === true && ask.body['model'] === 'llama',
      'data: {"choices":[{"text":"x"}]}\ndata: {"error":{"message":"aborted"}}\ndata: [DONE]',
    ),
  ],
  [
    'verify-logprobs',
    'A completion with log probabilities of llama: the answer has no log probabilities.',
    bad((ask) => ask.body?.['logprobs'] !== undefined && ask.body['model'] === 'llama', {
      choices: [{ text: 'x', finish_reason: 'length', logprobs: null }],
    }),
  ],
];

describe('a new pod that is reached and wrong', () => {
  test.each(FAULTS)('%s', async (code, what, answers) => {
    const { result } = await verify(answers);
    const { why, mend } = FINDING_CODES[code];
    expect(result).toEqual({
      kind: 'outcome',
      outcome: {
        kind: 'verifyFailed',
        findings: [{ severity: 'E', code, object: `Pod ${NAMESPACE}/llm-new-2`, what, why, mend }],
      },
    });
  });

  test('every code of verifying is produced, here or where effects are compared', () => {
    const codes = Object.entries(FINDING_CODES).filter(([, text]) =>
      (text.phases as readonly string[]).includes('verify'),
    );
    expect([...FAULTS.map(([code]) => code), ...EFFECT_CODES].sort()).toEqual(
      codes.map(([code]) => code).sort(),
    );
  });
});
