import parsePrometheus from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../../simulator/world/world.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { recordedExchanges } from '../../helpers/recorded-exchange.ts';
import { dict, refusal } from '../../helpers/recorded-kubernetes.ts';
import { sharedPath } from '../../helpers/shared.ts';
import { aWorld, podsOf } from '../../unit/simulator/world/a-world.ts';
import { ADMIN, CLUSTER, type Hosted, hosted, VIEWER } from './hosted.ts';

const PODS = '/api/v1/namespaces/default/pods';
const quiet = () => aWorld({ llm: 1 }, { traffic: [] });

const nameOf = (world: World, deployment = 'llm'): string => podsOf(world, deployment)[0]?.name ?? '';

/** The model server that the recorded API server proxied to. */
const RECORDED_POD: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pod-1', namespace: 'serving' },
  spec: {
    containers: [
      {
        name: 'vllm',
        image: 'vllm/vllm-openai',
        args: [
          '--model=./base',
          '--served-model-name=base-model',
          '--max-model-len=1024',
          '--port=8000',
          '--lora-modules=food-review-1=./food-review-1',
        ],
      },
    ],
  },
};

/** What of a body is compared: who said it, and which models there are. */
function said(body: unknown): unknown {
  const { kind, data, model, error, detail, object } = dict(body);
  if (kind === 'Status') return refusal(body);
  const models = Array.isArray(data)
    ? data.map((card: unknown) => [dict(card)['id'], dict(card)['parent'], dict(card)['max_model_len']])
    : undefined;
  const { type, code, param } = dict(error);
  return { models, object, model, error: { type, code, param }, detail };
}

describe('model servers through the pod proxy', () => {
  const path = sharedPath('recorded', 'pod-proxy-1.35.4.jsonl');

  test.runIf(path !== null)('each recorded exchange', async () => {
    const exchanges = recordedExchanges(path ?? '');
    const world = createWorld({ stacks: [{ namespace: 'serving', objects: [RECORDED_POD] }], traffic: [] });
    world.setAccess(CLUSTER, ({ user }) => user === 'admin');
    let agreed = 0;
    await hosted(world, async ({ client }) => {
      for (const { name, request, response } of exchanges) {
        const { body } = request;
        const answer = await client.ask({
          method: request.method,
          path: request.path,
          token: request.as === 'admin' ? ADMIN : VIEWER,
          headers: { 'Content-Type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const type = response.headers['Content-Type'];
        expect({
          name,
          status: answer.status,
          type: answer.headers['content-type'],
          said: said(answer.body),
        }).toEqual({
          name,
          status: response.status,
          type,
          said: said(response.body),
        });
        agreed++;
      }
    });
    console.log(`pod proxy: ${agreed} of ${exchanges.length} recorded exchanges agree`);
    expect(agreed).toBe(8);
  });

  test('the metrics page is Prometheus text with a type for each family', async () => {
    const world = aWorld({ llm: 1 });
    world.advanceTo(world.nowMs + 120_000);
    await hosted(world, async ({ client }) => {
      const { body } = await client.ask({
        path: `${PODS}/${nameOf(world)}:8000/proxy/metrics`,
        token: ADMIN,
      });
      const families = parsePrometheus(String(body)) ?? [];
      const successes = families.find(({ name }) => name === 'vllm:request_success_total')?.metrics ?? [];
      expect({
        types: Object.fromEntries(families.map((family) => [family.name, dict(family)['type']])),
        reasons: successes.map((sample) => dict(sample['labels'])['finished_reason']),
        some: successes.some((sample) => Number(sample['value']) > 100),
      }).toEqual({
        types: {
          http_requests_total: 'COUNTER',
          'vllm:num_requests_running': 'GAUGE',
          'vllm:num_requests_waiting': 'GAUGE',
          'vllm:kv_cache_usage_perc': 'GAUGE',
          'vllm:request_success_total': 'COUNTER',
          'vllm:time_to_first_token_seconds': 'HISTOGRAM',
          'vllm:prompt_tokens_total': 'COUNTER',
          'vllm:generation_tokens_total': 'COUNTER',
        },
        reasons: ['stop', 'length', 'abort', 'error', 'repetition'],
        some: true,
      });
    });
  });

  test('a page is answered in no virtual time at all, a completion in the model’s', async () => {
    await hosted(quiet(), async ({ client, world, clock }) => {
      const base = `${PODS}/${nameOf(world)}:8000/proxy`;
      // A held clock stands still for a moment; what waits for virtual time waits as long.
      const release = clock.hold();
      const before = clock.nowMs();
      const health = await client.ask({ path: `${base}/health`, token: ADMIN });
      const standing = clock.nowMs() - before;
      release();
      const asked = JSON.stringify({ model: 'llama', prompt: 'hi', max_tokens: 100 });
      const headers = { 'Content-Type': 'application/json' };
      const completion = await client.ask({
        method: 'POST',
        path: `${base}/v1/completions`,
        token: ADMIN,
        headers,
        body: asked,
      });
      expect([health.status, health.body, standing, completion.status]).toEqual([200, '', 0, 200]);
      expect(clock.nowMs() - before).toBeGreaterThan(1000);
    });
  });

  test('the picker’s metrics want a token that the proxy takes away', async () => {
    await hosted(quiet(), async ({ client, world }) => {
      const picker = nameOf(world, 'llm-epp');
      const answer = await client.ask({ path: `${PODS}/${picker}:9090/proxy/metrics`, token: ADMIN });
      expect([answer.status, answer.body]).toEqual([401, 'Unauthorized']);
    });
  });

  test('the port of the URL counts; without one it is the server’s', async () => {
    await hosted(quiet(), async ({ client, world }) => {
      const status = async (target: string) =>
        (await client.ask({ path: `${PODS}/${target}/proxy/health`, token: ADMIN })).status;
      const pod = nameOf(world);
      expect([
        await status(`${pod}:8000`),
        await status(pod),
        await status(`http:${pod}:8000`),
        await status(`${pod}:1`),
      ]).toEqual([200, 200, 200, 503]);
    });
  });

  test('a server that hangs answers when it wakes; one that dies meanwhile is a 503 of the API server', async () => {
    await hosted(quiet(), async (here) => {
      const [first, second] = podsOf(here.world, 'llm');
      const health = (pod: string | undefined) =>
        here.client.ask({ path: `${PODS}/${pod}:8000/proxy/health`, token: ADMIN });
      here.world.act({ kind: 'serverHangs', target: { pool: 'llm', pods: 2 }, forMs: 30_000 });
      const before = here.clock.nowMs();
      const hanging = [health(first?.name), health(second?.name)];
      await here.until('both were asked', () => here.kubernetes.requests() === 2);
      here.world.act({ kind: 'serverKilled', target: { pool: 'llm', pods: 1 } });
      const [killed, woken] = await Promise.all(hanging);
      expect([killed?.status, dict(killed?.body)['reason'], woken?.status]).toEqual([
        503,
        'ServiceUnavailable',
        200,
      ]);
      expect(here.clock.nowMs() - before).toBeGreaterThanOrEqual(30_000);
    });
  });
});

describe('metrics text', () => {
  test('labels are escaped', async () => {
    const world = createWorld({
      traffic: [],
      stacks: [{ namespace: 'serving', objects: [odd('quote" back\\slash')] }],
    });
    await hosted(world, async ({ client }: Hosted) => {
      const { body } = await client.ask({
        path: '/api/v1/namespaces/serving/pods/odd/proxy/metrics',
        token: ADMIN,
      });
      expect(String(body)).toContain('model_name="quote\\" back\\\\slash"');
    });
  });
});

const odd = (model: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'odd', namespace: 'serving' },
  spec: {
    containers: [{ name: 'vllm', image: 'vllm', args: ['--model', 'm', '--served-model-name', model] }],
  },
});
