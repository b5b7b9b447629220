import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createModelServers } from '../../../functions/adapters/model-servers.ts';
import type { ModelServersPort } from '../../../workflows/ports.ts';
import { MINUTE_FAMILIES, podCounters } from '../../../workflows/steps/pod-metrics.ts';
import { recordedExchanges } from '../../helpers/recorded-exchange.ts';
import { sharedPath } from '../../helpers/shared.ts';
import { aHandClock, type HandClock } from './a-hand-clock.ts';
import { type Answering, type ApiServer, accessTo, startApiServer } from './an-api-server.ts';

const pods = { cluster: 'projects/p/locations/l/clusters/c', namespace: 'serving' };
const target = { pod: 'pod-1', port: 8000 };

let server: ApiServer;
let clock: HandClock;
let models: ModelServersPort;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());
beforeEach(() => {
  clock = aHandClock();
  models = createModelServers({ access: accessTo(server, clock), clock });
});

const says =
  (status: number, type: string, body: string): Answering =>
  (_asked, response) =>
    void response.writeHead(status, { 'Content-Type': type }).end(body);

const ask = (answering: Answering, timeoutMs = 5_000) => {
  server.answer(answering);
  return models.ask({ ...pods, target, method: 'GET', path: '/v1/models', timeoutMs });
};

describe('asking a pod', () => {
  const proxied = sharedPath('recorded', 'pod-proxy-1.35.4.jsonl');

  test.runIf(proxied !== null)("tells a real API server's own answers from the pod's", async () => {
    const own: Readonly<Record<string, RegExp>> = {
      'proxy.refused': /^503 ServiceUnavailable error trying to reach service: dial tcp/,
      'proxy.absent.pod': /^404 NotFound pods "nope" not found$/,
      'proxy.forbidden': /^403 Forbidden pods "pod-1:8000" is forbidden/,
    };
    const verdicts: string[] = [];
    for (const { name, request, response } of recordedExchanges(proxied ?? '')) {
      const [, pod = '', port, path = ''] = /pods\/([^:]+):(\d+)\/proxy(\/.*)$/.exec(request.path) ?? [];
      const body = typeof response.body === 'string' ? response.body : JSON.stringify(response.body);
      server.answer(says(response.status, response.headers['Content-Type'] ?? '', body));
      const result = await models.ask({
        ...pods,
        target: { pod, port: Number(port) },
        method: request.method === 'POST' ? 'POST' : 'GET',
        path,
        ...(request.body === undefined ? {} : { body: request.body as Record<string, unknown> }),
        timeoutMs: 5_000,
      });
      const why = result.kind === 'unanswered' ? result.why : '';
      expect({ name, isOwn: own[name] !== undefined, why }).toEqual({
        name,
        isOwn: result.kind === 'unanswered',
        why: expect.stringMatching(own[name] ?? /^$/),
      });
      const { status } = response;
      expect(result.kind === 'unanswered' || result).toEqual(
        own[name] !== undefined || { kind: 'answered', status, body, elapsedMs: 0 },
      );
      const asked = server.asked.at(-1);
      expect({
        url: asked?.url,
        sent: asked?.body === '' ? undefined : JSON.parse(asked?.body ?? ''),
      }).toEqual({ url: request.path, sent: request.body });
      verdicts.push(result.kind);
    }
    console.log(`pod proxy: ${verdicts.length} recorded exchanges`);
    expect(verdicts.toSorted()).toEqual([...Array(5).fill('answered'), ...Array(3).fill('unanswered')]);
  });

  test('sends JSON as it is, with the path as it is', async () => {
    server.answer(says(200, 'application/json', '{}'));
    const body = { prompt: 'ü', stream: true };
    await models.ask({
      ...pods,
      target,
      method: 'POST',
      path: '/v1/completions?a=b%20c',
      body,
      timeoutMs: 1,
    });
    const asked = server.asked.at(-1);
    expect({
      method: asked?.method,
      url: asked?.url,
      type: asked?.headers['content-type'],
      encoding: asked?.headers['accept-encoding'],
      body: JSON.parse(asked?.body ?? ''),
    }).toEqual({
      method: 'POST',
      url: '/api/v1/namespaces/serving/pods/pod-1:8000/proxy/v1/completions?a=b%20c',
      type: 'application/json',
      encoding: 'identity',
      body,
    });
  });

  test("takes a 404 without a Status for the pod's, whatever it says", async () => {
    for (const body of ['', 'not found', '{"kind":"Status"}', '{"detail":"Not Found"}', '[]'])
      expect(await ask(says(404, 'application/json', body))).toEqual({
        kind: 'answered',
        status: 404,
        body,
        elapsedMs: 0,
      });
  });

  test('measures by the clock, and gives up by it', async () => {
    expect(
      await ask((_asked, response) => {
        clock.pass(1_234);
        response.end('late');
      }),
    ).toEqual({ kind: 'answered', status: 200, body: 'late', elapsedMs: 1_234 });
    let isTornDown: Promise<unknown> = Promise.resolve();
    expect(
      await ask((_asked, response) => {
        isTornDown = once(response, 'close');
        clock.pass(5_000);
      }),
    ).toEqual({ kind: 'unanswered', why: 'no answer within 5000 ms' });
    await isTornDown;
    expect(clock.held()).toBe(0);
  });

  test('a pod that cannot exist is not asked', async () => {
    const before = server.asked.length;
    const result = await models.ask({
      ...pods,
      target: { pod: '../nodes', port: 1 },
      method: 'GET',
      path: '/',
      timeoutMs: 1,
    });
    expect(result).toEqual({ kind: 'unanswered', why: 'no pod can be called "../nodes"' });
    expect(server.asked.length).toBe(before);
  });

  test('nobody there, and an answer without end', async () => {
    const chunk = Buffer.alloc(2 ** 20, 'x');
    expect(
      await ask((_asked, response) => {
        const more = (): void => void (response.destroyed || response.write(chunk, more));
        more();
      }),
    ).toEqual({ kind: 'unanswered', why: `the answer is longer than ${16 * 2 ** 20} bytes` });
    expect(await ask((_asked, response) => void response.destroy())).toEqual({
      kind: 'unanswered',
      why: expect.stringMatching(/hang up|ECONNRESET/),
    });
  });
});

describe('a stream', () => {
  const vllm = sharedPath('recorded', 'vllm-0.32.0.jsonl');
  const stream =
    (...parts: readonly string[]): Answering =>
    (_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
      for (const part of parts) response.write(part);
      response.end();
    };

  test.runIf(vllm !== null)('of a real server is read to its end, one event a line', async () => {
    const recorded = recordedExchanges(vllm ?? '').find(({ name }) => name === 'stream')?.response.body;
    if (typeof recorded !== 'string') throw new Error('the recorded stream is a text');
    const half = recorded.length / 2;
    const result = await ask(stream(recorded.slice(0, half), recorded.slice(half)));
    const lines = recorded.split('\n').filter((line) => line !== '');
    expect(result).toEqual({ kind: 'answered', status: 200, body: lines.join('\n'), elapsedMs: 0 });
    expect([lines.length, lines.at(-1)]).toEqual([5, 'data: [DONE]']);
  });

  test('may have comments, other fields, carriage returns and events of several lines', async () => {
    const text = ': hello\r\nevent: x\r\nid: 1\r\ndata: {"a":\r\ndata: 1}\r\n\r\n:\n\ndata:[DONE]\n\n';
    expect(await ask(stream(text))).toMatchObject({ body: 'data: {"a": 1}\ndata: [DONE]' });
  });

  test('that breaks off is no answer', async () => {
    const answering: Answering = (_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: {}\n\n', () => response.destroy());
    };
    expect(await ask(answering)).toEqual({
      kind: 'unanswered',
      why: expect.stringMatching(/abort|broke off/),
    });
  });
});

describe('scraping', () => {
  const recorded = sharedPath('recorded', 'vllm-0.32.0.jsonl');
  const scrape = (names: readonly string[], families: readonly string[] = ['up'], timeoutMs = 2_000) =>
    models.scrape({
      ...pods,
      targets: names.map((pod) => ({ pod, port: 8000 })),
      families,
      timeoutMs,
    });
  const podOf = (url: string): string => /pods\/([^:]+):/.exec(url)?.[1] ?? '';

  test.runIf(recorded !== null)('a real page gives the counters of the pod', async () => {
    const page = recordedExchanges(recorded ?? '').find(({ name }) => name === 'metrics.idle')?.response.body;
    server.answer(says(200, 'text/plain; version=1.0.0; charset=utf-8', String(page)));
    const [result] = await scrape(['a'], MINUTE_FAMILIES);
    if (result?.kind !== 'answered') throw new Error('the pod answers');
    const { ttft, ...counters } = podCounters(result.samples) ?? { ttft: null };
    expect(counters).toEqual({
      requests: 27,
      failures5xx: 0,
      failures4xx: 7,
      streamErrors: 0,
      running: 0,
      waiting: 0,
    });
    expect([ttft?.edges.length, ttft?.count === ttft?.cumulative.at(-1)]).toEqual([22, true]);
    expect(server.asked.at(-1)?.headers['accept']).toBe('text/plain;version=0.0.4,*/*;q=0.1');
  });

  test('asks all pods at once, and answers in their order', async () => {
    const names = Array.from({ length: 40 }, (_none, index) => `pod-${index}`);
    const waiting: (readonly [number, ServerResponse])[] = [];
    server.answer(({ url }, response) => {
      const value = Number(podOf(url).slice(4));
      waiting.push([value, response]);
      // Nobody is answered before all have asked; the last comes first.
      if (waiting.length === names.length)
        for (const [up, one] of waiting.toSorted(([a], [b]) => b - a)) one.end(`up ${up}\n`);
    });
    expect(await scrape(names)).toEqual(
      names.map((_name, value) => ({
        kind: 'answered',
        status: 200,
        samples: [{ name: 'up', labels: {}, value }],
      })),
    );
  });

  test('a pod that hangs delays nobody, and each tells of itself', async () => {
    const down = {
      kind: 'Status',
      apiVersion: 'v1',
      reason: 'ServiceUnavailable',
      message: 'refused',
      code: 503,
    };
    const answers: Readonly<Record<string, Answering>> = {
      up: says(200, 'text/plain', 'up 1\n'),
      down: says(503, 'application/json', JSON.stringify(down)),
      ill: says(500, 'text/plain', 'up 1\n'),
      locked: says(401, 'text/plain', 'Unauthorized'),
      garbled: says(200, 'text/plain', 'up 1\nup{ 2\n'),
      other: says(200, 'text/html', '<html></html>'),
    };
    server.answer((asked, response) => answers[podOf(asked.url)]?.(asked, response));
    clock.whenHeldBy(1, () => clock.pass(2_000));
    const said = (status: number, samples: readonly unknown[] = []) => ({
      kind: 'answered',
      status,
      samples,
    });
    expect(await scrape(['hung', 'up', 'down', 'ill', 'locked', 'garbled', 'other'])).toEqual([
      { kind: 'unanswered', why: 'no answer within 2000 ms' },
      said(200, [{ name: 'up', labels: {}, value: 1 }]),
      { kind: 'unanswered', why: '503 ServiceUnavailable refused' },
      said(500),
      said(401),
      said(200),
      said(200),
    ]);
  });

  test('nobody, when there is nobody', async () => {
    expect(await scrape([])).toEqual([]);
  });

  test('forty pages of 59 KB cost little', async () => {
    const page =
      recorded === null
        ? '# HELP x y\n'.repeat(5_000)
        : String(
            JSON.parse(
              readFileSync(recorded, 'utf8')
                .split('\n')
                .find((line) => line.includes('"metrics.idle"')) ?? '{}',
            ).response.body,
          );
    server.answer(says(200, 'text/plain', page));
    const names = Array.from({ length: 40 }, (_none, index) => `pod-${index}`);
    const rounds = 10;
    await scrape(names, MINUTE_FAMILIES);
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) await scrape(names, MINUTE_FAMILIES);
    const { user, system } = process.cpuUsage(before);
    const perRoundMs = (user + system) / 1_000 / rounds;
    console.log(
      `40 pages of ${page.length} bytes: ${perRoundMs.toFixed(1)} ms of processor, server included`,
    );
    // Every five seconds: a tenth of a core, on a slow machine and with the test's server beside it.
    expect(perRoundMs).toBeLessThan(500);
  });
});
