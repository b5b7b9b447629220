import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sumTtft } from '../../functions/runtime/hands/sum-ttft.ts';
import type { MetricSample } from '../../workflows/ports.ts';
import type { Verdict as GateVerdict } from '../../workflows/rollout/stored.ts';
import { absorb, type Evidence, emptyEvidence } from '../../workflows/steps/evidence.ts';
import { createBurst, lookAt } from '../../workflows/steps/gates/burst.ts';
import { judge } from '../../workflows/steps/gates/judges.ts';
import { oldFailsWorse } from '../../workflows/steps/gates/old-fails-worse.ts';
import { minuteTripwires } from '../../workflows/steps/gates/tripwires.ts';
import type { Look, PodCounters, Side } from '../../workflows/steps/observation.ts';
import { podCounters } from '../../workflows/steps/pod-metrics.ts';
import { aPlan } from '../helpers/a-plan.ts';
import { look, picker, pod } from '../helpers/looks.ts';
import { fuzz, LONG, type Verdict } from './fuzz.ts';
import { hostileText } from './hostile-json.ts';

const MINUTE_MS = 60_000;
const EDGES = ['0.1', '1', '10', '+Inf'] as const;

/** Values of a sample as the text format can say them. */
const NO_COUNTS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -0.001,
  -1e18,
  1e18,
  1e308,
];

const value = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 2_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(...NO_COUNTS, 0, 0.5, 1e9) },
);

const label = fc.dictionary(
  fc.constantFrom(
    'handler',
    'method',
    'status',
    'code',
    'le',
    'engine',
    'model_name',
    'finished_reason',
    'constructor',
  ),
  fc.oneof(
    fc.constantFrom(
      '/v1/completions',
      '/health',
      'POST',
      'GET',
      '2xx',
      '5xx',
      '503',
      'error',
      'stop',
      ...EDGES,
      '',
      'NaN',
      '-1',
    ),
    hostileText,
  ),
);

const sample: fc.Arbitrary<MetricSample> = fc.record({
  name: fc.constantFrom(
    'http_requests_total',
    'vllm:num_requests_running',
    'vllm:num_requests_waiting',
    'vllm:request_success_total',
    'vllm:time_to_first_token_seconds_bucket',
    'vllm:time_to_first_token_seconds_count',
    'vllm:time_to_first_token_seconds_sum',
    'vllm:lora_requests_info',
    'up',
    'constructor',
  ),
  labels: label,
  value,
});

/** Every figure is a count that can be stored, and no part is more than its whole. */
const checkCounters = (counters: PodCounters): void => {
  const { ttft, loras, ...rest } = counters;
  for (const [name, count] of Object.entries({ ...rest, ...loras }))
    expect(Number.isFinite(count) && count >= 0, `${name} ${count}`).toBe(true);
  expect(counters.failures5xx + counters.failures4xx).toBeLessThanOrEqual(Math.max(counters.requests, 0));
  if (ttft === null) return;
  const { edges, cumulative, count } = ttft;
  expect(edges).toEqual(edges.toSorted((a, b) => a - b));
  expect(cumulative).toEqual(cumulative.toSorted((a, b) => a - b));
  expect(cumulative.at(-1) ?? 0).toBeLessThanOrEqual(count);
};

/** A page of a server that has answered `total` requests. */
const page = (total: number, failures: number): readonly MetricSample[] => {
  const http = (status: string, count: number): MetricSample => ({
    name: 'http_requests_total',
    labels: { handler: '/v1/completions', method: 'POST', status },
    value: count,
  });
  const bucket = (le: string): MetricSample => ({
    name: 'vllm:time_to_first_token_seconds_bucket',
    labels: { le },
    value: total,
  });
  return [
    { name: 'vllm:num_requests_running', labels: { engine: '0' }, value: 1 },
    { name: 'vllm:num_requests_waiting', labels: { engine: '0' }, value: 0 },
    http('2xx', total - failures),
    http('5xx', failures),
    { name: 'vllm:request_success_total', labels: { finished_reason: 'stop' }, value: total - failures },
    ...EDGES.map(bucket),
    { name: 'vllm:time_to_first_token_seconds_count', labels: {}, value: total },
  ];
};

const gates = {
  ...aPlan().gates,
  tripwires: ['errors.fast', 'unanswered', 'ready', 'queue', 'split'],
  ttft: { overMs: 1000, atMost: 0.05, edgeSeconds: 1, samplesMin: 300 },
};

const absorbAll = (looks: readonly Look[]): Evidence => {
  let evidence = emptyEvidence();
  let burst = createBurst();
  for (const one of looks) {
    evidence = absorb(evidence, one, { warmUpUntilMs: 0, counting: true, ttftEdgeSeconds: 1 });
    burst = lookAt(burst, one, { sharePercent: 25, confirmedAtMs: 0 }).state;
  }
  expect(JSON.stringify(burst)).not.toContain('null,null');
  return evidence;
};

const judged = (evidence: Evidence, atMs: number): readonly GateVerdict[] =>
  judge({
    gates,
    judges: ['errors', 'ttft.slo', 'constructor', 'of a newer version'],
    evidence,
    pools: { old: 'llm', new: 'llm-new' },
    windowMs: [0, atMs],
    sharePercent: 25,
  });

/** Figures of evidence and verdicts are ones that JSON can keep, and a pass has what a pass needs. */
const checkEvidence = (evidence: Evidence, verdicts: readonly GateVerdict[], atMs: number): void => {
  for (const text of [JSON.stringify(evidence), JSON.stringify(verdicts)])
    expect(JSON.stringify(JSON.parse(text))).toBe(text);
  for (const side of ['old', 'new'] as const)
    for (const { cells, x, n, pairs, q } of [evidence[side].errors, evidence[side].ttft]) {
      for (const figure of [cells, x, n, pairs, q])
        expect(Number.isFinite(figure) && figure >= 0, `${side} ${figure}`).toBe(true);
      expect(x).toBeLessThanOrEqual(n);
    }
  for (const { gate, answer, samples } of verdicts) {
    expect(Number.isFinite(samples) && samples >= 0).toBe(true);
    if (answer === 'pass') expect(samples).toBeGreaterThanOrEqual(gate === 'errors' ? 200 : 300);
    if (gate !== 'errors' && gate !== 'ttft.slo') expect(answer).toBe('inconclusive');
  }
  oldFailsWorse(evidence, atMs);
  minuteTripwires({ gates, evidence, sharePercent: 25, confirmedAtMs: 0, replicas: 3 });
};

const sideLook = (atMs: number, pages: Readonly<Record<Side, readonly (readonly MetricSample[])[]>>): Look =>
  look(
    atMs,
    (['old', 'new'] as const).flatMap((side) =>
      pages[side].map((samples, index) => pod(side, String(index), { counters: podCounters(samples) })),
    ),
    [picker('old'), picker('new')],
  );

test('metric samples through pod-metrics', LONG, async () => {
  const seen = await fuzz({
    runs: 4_000,
    input: fc
      .tuple(fc.array(sample, { maxLength: 12 }), fc.boolean())
      .map(([samples, isServer]) =>
        isServer
          ? [{ name: 'vllm:num_requests_running', labels: { e: 'x' }, value: 3 }, ...samples]
          : samples,
      ),
    check: (samples) => {
      const counters = podCounters(samples);
      const ttft = sumTtft([
        { kind: 'answered', status: 200, samples },
        { kind: 'answered', status: 200, samples },
      ]);
      expect(ttft === null).toBe((counters?.ttft ?? null) === null);
      if (counters === null) return 'nothing';
      checkCounters(counters);
      return counters.ttft === null ? 'counters' : 'histogram';
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['nothing', 'counters', 'histogram']));
});

/** How every page of the new side is spoilt: none of these says how many requests failed. */
const SPOILT: readonly ((samples: readonly MetricSample[], bad: number) => readonly MetricSample[])[] = [
  (samples, bad) => samples.map((one) => (one.labels['status'] === '5xx' ? { ...one, value: bad } : one)),
  (samples, bad) => samples.map((one) => (one.labels['status'] === '2xx' ? { ...one, value: bad } : one)),
  (samples, bad) => samples.map((one) => (one.name.includes('running') ? { ...one, value: bad } : one)),
  (samples, bad) => samples.map((one) => ({ ...one, value: bad })),
  (samples) => samples.filter((one) => !one.name.includes('running')),
  (samples) => samples.map((one) => ({ ...one, name: `x${one.name}` })),
  () => [],
];

test('judges over a side whose pages are rubbish: never a pass', LONG, async () => {
  const seen = await fuzz({
    runs: 500,
    input: fc.record({
      spoil: fc.constantFrom(...SPOILT),
      bad: fc.constantFrom(...NO_COUNTS),
      minutes: fc.integer({ min: 1, max: 12 }),
      perMinute: fc.integer({ min: 0, max: 5_000 }),
      pods: fc.integer({ min: 1, max: 3 }),
    }),
    check: ({ spoil, bad, minutes, perMinute, pods }) => {
      const looks = Array.from({ length: minutes + 1 }, (_, minute) => {
        const pages = Array.from({ length: pods }, () => page(perMinute * minute, 0));
        return sideLook(minute * MINUTE_MS, { old: pages, new: pages.map((one) => spoil(one, bad)) });
      });
      const evidence = absorbAll(looks);
      const verdicts = judged(evidence, minutes * MINUTE_MS);
      checkEvidence(evidence, verdicts, minutes * MINUTE_MS);
      const answers = verdicts.slice(0, 2).map(({ answer }) => answer);
      expect(answers).not.toContain('pass');
      return answers;
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['inconclusive']));
});

test('judges over a side whose histogram is rubbish: latency never passes', LONG, async () => {
  const seen = await fuzz({
    runs: 300,
    input: fc.record({
      bad: fc.constantFrom(...NO_COUNTS, 1e9),
      le: fc.constantFrom(...EDGES, '_count'),
      name: fc.constantFrom('NaN', '', 'x', null),
    }),
    check: ({ bad, le, name }) => {
      const spoil = (samples: readonly MetricSample[]): readonly MetricSample[] =>
        samples.map((one) => {
          const isIt = one.labels['le'] === le || (le === '_count' && one.name.endsWith('_count'));
          if (!isIt) return one;
          // A bucket of no edge, or one with a value that breaks the order.
          return name === null || le === '_count' || le === '+Inf'
            ? { ...one, value: le === '_count' || le === '+Inf' ? Math.min(bad, -1) : bad }
            : { ...one, labels: { le: name } };
        });
      const looks = Array.from({ length: 6 }, (_, minute) =>
        sideLook(minute * MINUTE_MS, { old: [page(minute * 500, 0)], new: [spoil(page(minute * 500, 0))] }),
      );
      const [errors, ttft] = judged(absorbAll(looks), 5 * MINUTE_MS);
      expect(errors?.answer).toBe('pass');
      expect(ttft?.answer).not.toBe('pass');
      return ttft?.answer ?? 'none';
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['inconclusive']));
});

/** What a pod may do between two looks. */
const podNow = fc.record({
  step: fc.oneof(fc.nat({ max: 400 }), fc.constantFrom(0, -1_000, 1e6)),
  failing: fc.constantFrom(0, 0, 0.01, 1),
  restarts: fc.nat({ max: 2 }),
  ready: fc.boolean(),
  state: fc.constantFrom('answers', 'answers', 'answers', 'silent', 'gone', 'twice'),
});

const history = fc.array(
  fc.record({
    afterMs: fc.constantFrom(60_000, 60_000, 30_000, 0, -60_000, 600_000),
    pods: fc.tuple(podNow, podNow, podNow),
  }),
  { minLength: 1, maxLength: 14 },
);

test(
  'looks with resets, gaps, doubles and clocks that go back, through evidence and gates',
  LONG,
  async () => {
    const seen = await fuzz({
      runs: 1_000,
      input: history,
      check: (minutes): Verdict | readonly Verdict[] => {
        let atMs = MINUTE_MS;
        const totals = [0, 0, 0];
        const looks = minutes.map(({ afterMs, pods }) => {
          atMs += afterMs;
          const seen = pods.flatMap((now, index) => {
            const total = Math.max(0, (totals[index] ?? 0) + now.step);
            totals[index] = total;
            const { ready, restarts } = now;
            const counters =
              now.state === 'silent' ? null : podCounters(page(total, Math.floor(total * now.failing)));
            const one = pod(index === 0 ? 'old' : 'new', String(index), {
              ready,
              restarts,
              answered: counters !== null,
              counters,
            });
            if (now.state === 'gone') return [];
            return now.state === 'twice' ? [one, one] : [one];
          });
          return look(atMs, seen, [picker('old'), picker('new', { ready: pods[1].ready })]);
        });
        const evidence = absorbAll(looks);
        const verdicts = judged(evidence, atMs);
        checkEvidence(evidence, verdicts, atMs);
        return verdicts.slice(0, 2).map(({ answer }) => answer);
      },
    });
    expect(seen).toEqual(expect.arrayContaining(['pass', 'fail', 'inconclusive']));
  },
);
