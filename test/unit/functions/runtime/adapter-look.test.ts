import { describe, expect, test } from 'vitest';
import { type LookCall, takeLook } from '../../../../functions/runtime/look.ts';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { SidePlan } from '../../../../workflows/plans/plan.ts';
import type { KubernetesPort, ModelServersPort, ScrapeResult } from '../../../../workflows/ports.ts';
import { LOOK_FAMILIES } from '../../../../workflows/steps/pod-metrics.ts';

const side = (name: string, port: number): SidePlan => ({
  pool: name,
  poolUid: null,
  selector: { app: name },
  port,
  picker: { service: `${name}-epp`, selector: { app: `${name}-epp` }, metricsPort: null },
  replicas: 1,
});

const POOLS = [side('llm', 8000), side('llm-eu', 9000)];

const CALL: LookCall = {
  cluster: 'projects/p/locations/l/clusters/c',
  namespace: 'serving',
  old: side('llm', 8000),
  new: side('llm', 8000),
  families: LOOK_FAMILIES,
  adapter: { from: 'food-review-1', to: 'food-review-2', pools: POOLS },
  atMs: 1_000,
};

const kubePod = (name: string, app: string, ready = true): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'serving', uid: `uid-${name}`, labels: { app } },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

const LIST = [
  kubePod('a', 'llm'),
  kubePod('b', 'llm-eu'),
  kubePod('loading', 'llm', false),
  kubePod('e', 'llm-epp'),
  kubePod('stranger', 'blog'),
];

type Ask = Parameters<ModelServersPort['ask']>[0];

const portsOf = (asks: Ask[], events: string[], pages: Readonly<Record<string, ScrapeResult>> = {}) => {
  const none = (): never => {
    throw new Error('not asked for');
  };
  const kubernetes = {
    list: async () => ({ kind: 'answer', status: 200, object: { resourceVersion: '1', items: LIST } }),
  } as unknown as KubernetesPort;
  const models: ModelServersPort = {
    scrape: async ({ targets, families }) => {
      events.push(`scrape ${targets.map(({ pod }) => pod).join(' ')} for ${families.at(-1) ?? ''}`);
      await Promise.resolve();
      events.push('scraped');
      return targets.map(({ pod }) => pages[pod] ?? ({ kind: 'unanswered', why: 'refused' } as const));
    },
    ask: async (call) => {
      asks.push(call);
      events.push(`probe ${call.target.pod}`);
      const is = `${call.target.pod} ${String(call.body?.['model'])}`;
      if (is === 'a food-review-2') return { kind: 'answered', status: 404, body: '', elapsedMs: 5 };
      if (is === 'b food-review-2') return { kind: 'unanswered', why: 'no answer within 3000 ms' };
      return { kind: 'answered', status: 200, body: '{}', elapsedMs: 5 };
    },
  };
  return { kubernetes: { ...kubernetes, get: none }, models };
};

test('both versions are probed on each ready pod of every pool, while the pods are scraped', async () => {
  const asks: Ask[] = [];
  const events: string[] = [];
  const { look } = await takeLook(portsOf(asks, events), CALL);
  expect(look.pods.map(({ name, side: one, ready }) => [name, one, ready])).toEqual([
    ['a', 'new', true],
    ['b', 'new', true],
    ['loading', 'new', false],
  ]);
  expect(look.pickers.map(({ name, side: one }) => [name, one])).toEqual([['e', 'new']]);
  expect(look.probes).toEqual([
    { uid: 'uid-a', pod: 'a', target: 'new', status: 404 },
    { uid: 'uid-a', pod: 'a', target: 'old', status: 200 },
    { uid: 'uid-b', pod: 'b', target: 'new', status: null },
    { uid: 'uid-b', pod: 'b', target: 'old', status: 200 },
  ]);
  expect(asks[2]).toEqual({
    cluster: CALL.cluster,
    namespace: 'serving',
    target: { pod: 'b', port: 9000 },
    method: 'POST',
    path: '/v1/completions',
    body: { model: 'food-review-2', prompt: 'Hello', max_tokens: 1, temperature: 0 },
    timeoutMs: 3000,
  });
  expect(events.indexOf('scraped')).toBe(events.length - 1);
  expect(events[0]).toBe('scrape a b loading for vllm:lora_requests_info');
});

test('other rollouts probe nothing', async () => {
  const asks: Ask[] = [];
  const { adapter: _, ...call } = CALL;
  const { look } = await takeLook(portsOf(asks, []), { ...call, old: side('llm-eu', 9000) });
  expect([asks, Object.hasOwn(look, 'probes')]).toEqual([[], false]);
});

describe('the pickers’ durations by target', () => {
  const FAMILY = 'inference_objective_normalized_time_per_output_token_seconds';
  const sample = (part: 'sum' | 'count', target: string, value: number) => ({
    name: `${FAMILY}_${part}`,
    labels: { model_name: 'food-review', target_model_name: target },
    value,
  });
  const PAGE: ScrapeResult = {
    kind: 'answered',
    status: 200,
    samples: [
      sample('sum', 'food-review-1', 2),
      sample('count', 'food-review-1', 100),
      sample('sum', 'food-review-2', 0.5),
      sample('count', 'food-review-2', 20),
    ],
  };
  const pools = POOLS.map((pool) => ({
    ...pool,
    picker: pool.picker === null ? null : { ...pool.picker, metricsPort: 9090 },
  }));
  const call: LookCall = { ...CALL, adapter: { from: 'food-review-1', to: 'food-review-2', pools } };
  const TARGETS = {
    per: 'token',
    old: { count: 100, sumSeconds: 2 },
    new: { count: 20, sumSeconds: 0.5 },
  };
  const told = async (page: ScrapeResult, one: LookCall) => {
    const events: string[] = [];
    const { look } = await takeLook(portsOf([], events, { e: page }), one);
    return { targets: look.pickers.map(({ targets }) => targets), asked: events[0] };
  };

  test('are asked for with all else, where the look is told to', async () => {
    expect(await told(PAGE, { ...call, durationsOf: 'food-review' })).toEqual({
      targets: [TARGETS],
      asked: 'scrape a b loading e for inference_objective_request_duration_seconds',
    });
    expect(await told(PAGE, call)).toEqual({
      targets: [undefined],
      asked: 'scrape a b loading e for vllm:lora_requests_info',
    });
  });

  test.each<[string, ScrapeResult]>([
    ['refuses', { kind: 'answered', status: 401, samples: [] }],
    ['answers with an error and a page', { ...PAGE, status: 500 }],
    ['does not answer', { kind: 'unanswered', why: 'refused' }],
    ['has none', { ...PAGE, samples: [] }],
  ])('are absent where the picker %s', async (_, page) => {
    const { look } = await takeLook(portsOf([], [], { e: page }), { ...call, durationsOf: 'food-review' });
    expect(look.pickers.map((one) => Object.hasOwn(one, 'targets'))).toEqual([false]);
  });
});
