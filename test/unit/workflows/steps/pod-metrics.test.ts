import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { MetricSample } from '../../../../workflows/ports.ts';
import { absorb, emptyEvidence } from '../../../../workflows/steps/evidence.ts';
import type { Look } from '../../../../workflows/steps/observation.ts';
import {
  ADAPTER_FAMILIES,
  atJudgedEdge,
  LOOK_FAMILIES,
  MINUTE_FAMILIES,
  podCounters,
  snapTtftEdge,
  TTFT_EDGES_VLLM,
} from '../../../../workflows/steps/pod-metrics.ts';
import { counters, look, pod } from '../../../helpers/looks.ts';
import { sharedPath } from '../../../helpers/shared.ts';

const LINE = /^([\w:]+)(?:\{(.*)\})? (\S+)$/;

/** Enough of the text format for recorded pages. */
const parse = (text: string): readonly MetricSample[] =>
  text.split('\n').flatMap((line) => {
    const found = LINE.exec(line);
    if (found === null) return [];
    const labels: Record<string, string> = {};
    for (const [, key, value] of (found[2] ?? '').matchAll(/(\w+)="([^"]*)"/g))
      labels[key ?? ''] = value ?? '';
    return [{ name: found[1] ?? '', labels, value: Number(found[3]) }];
  });

const isOf = (families: readonly string[], sample: MetricSample): boolean =>
  families.some(
    (family) =>
      sample.name === family || new RegExp(`^${family}_(bucket|count|sum|created)$`).test(sample.name),
  );

const recordings = ():
  | readonly { readonly name: string; readonly samples: readonly MetricSample[] }[]
  | null => {
  const path = sharedPath('recorded', 'vllm-0.32.0.jsonl');
  if (path === null) return null;
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; response: { body: string } })
    .filter(({ name }) => name.startsWith('metrics.'))
    .map(({ name, response }) => ({ name, samples: parse(response.body) }));
};

const sample = (name: string, value: number, labels: Record<string, string> = {}): MetricSample => ({
  name,
  labels,
  value,
});

describe('counters of a recorded vLLM 0.32.0', () => {
  const found = recordings();
  test.skipIf(found === null).each(found ?? [])('$name', ({ samples }) => {
    expect(samples.length).toBeGreaterThan(300);
    const cumulative = [0, 0, 5, 6, 7, 8, ...Array<number>(10).fill(19), ...Array<number>(6).fill(20)];
    cumulative[6] = 19;
    const expected = {
      // 19 completions, 7 refused ones and 1 chat; models, tokenize, adapters and /nope are no inference.
      requests: 27,
      failures5xx: 0,
      failures4xx: 7,
      streamErrors: 0,
      running: 0,
      waiting: 0,
      ttft: { edges: TTFT_EDGES_VLLM, cumulative, count: 20 },
    };
    const tokenize = samples.find(
      (one) => one.name === 'http_requests_total' && one.labels['handler'] === '/tokenize',
    );
    expect(tokenize?.value).toBe(1);
    // Three series are left of earlier states, one of them with requests waiting: the latest is idle.
    const loras = { running: 0, waiting: 0, max: 2 };
    expect(podCounters(samples)).toEqual({ ...expected, loras });
    const asked = [...LOOK_FAMILIES, ...ADAPTER_FAMILIES];
    expect(podCounters(samples.filter((one) => isOf(asked, one)))).toEqual({
      ...expected,
      ttft: null,
      loras,
    });
    expect(podCounters(samples.filter((one) => isOf(MINUTE_FAMILIES, one)))).toEqual(expected);
    expect(podCounters(samples.filter((one) => isOf(LOOK_FAMILIES, one)))).toEqual({
      ...expected,
      ttft: null,
    });
  });

  test.skipIf(found === null)('a picker page is no model server', () => {
    const path = sharedPath('recorded', 'epp-1.5.0-metrics.txt');
    expect(path).not.toBeNull();
    expect(podCounters(parse(readFileSync(path ?? '', 'utf8')))).toBeNull();
  });
});

describe('counters', () => {
  test('are summed over engines and served names', () => {
    const labels = (engine: string, more: Record<string, string> = {}) => ({
      engine,
      model_name: 'm',
      ...more,
    });
    expect(
      podCounters([
        sample('vllm:num_requests_running', 3, labels('0')),
        sample('vllm:num_requests_running', 4, labels('1')),
        sample('vllm:num_requests_waiting', 1, labels('0')),
        sample('vllm:num_requests_waiting', 2, labels('1')),
        sample('vllm:num_requests_waiting_by_reason', 99, labels('1', { reason: 'capacity' })),
        sample('vllm:request_success_total', 7, labels('0', { finished_reason: 'stop' })),
        sample('vllm:request_success_total', 1, labels('0', { finished_reason: 'error' })),
        sample('vllm:request_success_total', 1, labels('1', { finished_reason: 'error' })),
        sample('http_requests_total', 10, { handler: '/v1/completions', method: 'POST', status: '2xx' }),
        sample('http_requests_total', 4, { handler: '/v1/chat/completions', method: 'POST', status: '503' }),
        sample('http_requests_total', 2, { handler: '/v1/embeddings', method: 'POST', status: '404' }),
        sample('http_requests_total', 50, { handler: '/v1/models', method: 'GET', status: '5xx' }),
        sample('http_requests_total', 60, {
          handler: '/v1/load_lora_adapter',
          method: 'POST',
          status: '5xx',
        }),
        sample('vllm:time_to_first_token_seconds_bucket', 1, labels('0', { le: '0.5' })),
        sample('vllm:time_to_first_token_seconds_bucket', 2, labels('1', { le: '0.5' })),
        sample('vllm:time_to_first_token_seconds_bucket', 2, labels('1', { le: '0.25' })),
        sample('vllm:time_to_first_token_seconds_bucket', 5, labels('1', { le: '+Inf' })),
        sample('vllm:time_to_first_token_seconds_sum', 77, labels('1')),
      ]),
    ).toEqual({
      requests: 16,
      failures5xx: 4,
      failures4xx: 2,
      streamErrors: 2,
      running: 7,
      waiting: 3,
      ttft: { edges: [0.25, 0.5], cumulative: [2, 3], count: 5 },
    });
  });

  test('a series that a page names twice is counted once', () => {
    const page = [
      sample('vllm:num_requests_running', 3, { engine: '0' }),
      sample('http_requests_total', 10, { handler: '/v1/completions', method: 'POST', status: '2xx' }),
      sample('vllm:time_to_first_token_seconds_bucket', 4, { le: '0.5' }),
    ];
    expect(podCounters([...page, ...page])).toEqual(podCounters(page));
    expect(podCounters(page)).toMatchObject({ requests: 10, running: 3 });
  });

  test('finished requests stand in where there are no HTTP counters', () => {
    expect(
      podCounters([
        sample('vllm:num_requests_running', 0),
        sample('vllm:request_success_total', 7, { finished_reason: 'stop' }),
        sample('vllm:request_success_total', 2, { finished_reason: 'error' }),
      ]),
    ).toEqual({
      requests: 9,
      failures5xx: 0,
      failures4xx: 0,
      streamErrors: 2,
      running: 0,
      waiting: 0,
      ttft: null,
    });
  });

  test('a page without a model server is no page of zeros', () => {
    expect(podCounters([])).toBeNull();
    expect(podCounters([sample('http_requests_total', 5, { handler: '/v1/completions' })])).toBeNull();
    expect(podCounters([sample('vllm:num_requests_running', Number.NaN)])).toBeNull();
  });
});

describe('the edge of an objective', () => {
  test.each([
    [2.5, 2.5],
    [2.4, 2.5],
    [2.6, 5],
    [0.0001, 0.001],
    [2560, 2560],
    [2561, null],
  ])('%f s is judged at %s', (overSeconds, edge) => {
    expect(snapTtftEdge(overSeconds, TTFT_EDGES_VLLM)).toBe(edge);
    expect(snapTtftEdge(overSeconds, [...TTFT_EDGES_VLLM].reverse())).toBe(edge);
  });
});

describe('a look with nothing but the judged edge', () => {
  const histogram = (count: number) => ({
    edges: [0.1, 0.25, 0.5, 1],
    cumulative: [0.1, 0.4, 0.8, 1].map((part) => Math.floor(part * count)),
    count,
  });
  const lookAt = (minute: number): Look =>
    look(minute * 60_000, [
      pod('new', 'a', { counters: counters({ requests: 300 * minute, ttft: histogram(300 * minute) }) }),
      pod('old', 'b', { counters: counters({ requests: 100 * minute, ttft: null }) }),
      pod('old', 'c', { answered: false, counters: null }),
    ]);

  test('keeps one number of the histogram, and nothing else changes', () => {
    const { pods } = lookAt(2);
    expect(atJudgedEdge(lookAt(2), 0.3)).toEqual({
      ...lookAt(2),
      pods: pods.map((one) =>
        one.name === 'a'
          ? { ...one, counters: { ...one.counters, ttft: { edges: [0.5], cumulative: [480], count: 600 } } }
          : one,
      ),
    });
  });

  test.each([
    ['no edge is judged', null],
    ['the histogram ends before it', 2],
  ])('keeps none where %s', (_why, edgeSeconds) => {
    expect(atJudgedEdge(lookAt(1), edgeSeconds).pods.map((one) => one.counters?.ttft ?? null)).toEqual([
      null,
      null,
      null,
    ]);
  });

  test.each([0.1, 0.25, 0.3, 1, 5, null])('gives the same evidence, judged at %s s', (ttftEdgeSeconds) => {
    const options = { warmUpUntilMs: 0, counting: true, ttftEdgeSeconds };
    const after = (see: (minute: number) => Look) =>
      [1, 2, 3, 4].reduce((evidence, minute) => absorb(evidence, see(minute), options), emptyEvidence());
    expect(after((minute) => atJudgedEdge(lookAt(minute), ttftEdgeSeconds))).toEqual(after(lookAt));
    expect(after(lookAt).new.errors.n).toBeGreaterThan(0);
  });
});

describe('adapters in use', () => {
  const info = (atSeconds: number, running: string, waiting: string, max = '2'): MetricSample =>
    sample('vllm:lora_requests_info', atSeconds, {
      max_lora: max,
      running_lora_adapters: running,
      waiting_lora_adapters: waiting,
    });
  const lorasOf = (...infos: readonly MetricSample[]) =>
    podCounters([sample('vllm:num_requests_running', 1), ...infos])?.loras;

  test.each([
    ['the latest series counts', [info(5, 'a,b', 'c'), info(7, 'a', '')], { running: 1, waiting: 0, max: 2 }],
    ['in whatever order', [info(7, 'a', ''), info(5, 'a,b', 'c')], { running: 1, waiting: 0, max: 2 }],
    ['waiting for a slot', [info(1, 'a,b', 'c, d')], { running: 2, waiting: 2, max: 2 }],
    [
      'requests of an adapter that runs wait for no slot',
      [info(1, 'a,b', 'a,c')],
      { running: 2, waiting: 1, max: 2 },
    ],
    ['slots that are no number', [info(1, 'a', 'b', 'many')], undefined],
    ['not told', [], undefined],
  ] as const)('%s', (_, infos, expected) => {
    expect(lorasOf(...infos)).toEqual(expected);
  });
});
