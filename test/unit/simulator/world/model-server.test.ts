import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../../simulator/world/world.ts';
import { sharedPath } from '../../../helpers/shared.ts';
import { aSide, GATEWAY_OBJECT } from './a-stack.ts';
import { CLUSTER, podsOf, SECOND } from './a-world.ts';

interface Exchange {
  readonly name: string;
  readonly request: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly body?: Record<string, unknown>;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

function recorded(): readonly Exchange[] {
  const file = sharedPath('recorded', 'vllm-0.32.0.jsonl');
  if (file === null) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): Exchange => JSON.parse(line) as Exchange);
}

/** A server as the recorded one was: its names, its context, its adapter. */
function aServer() {
  const args = [
    '--model',
    './base',
    '--served-model-name',
    'base-model',
    '--max-model-len',
    '1024',
    '--port',
    '8000',
  ];
  const objects = [
    GATEWAY_OBJECT,
    ...aSide({
      name: 'llm',
      replicas: 1,
      args: [
        ...args,
        '--enable-lora',
        '--max-loras=2',
        '--max-lora-rank=8',
        '--lora-modules',
        'food-review-1=./food-review-1',
      ],
    }),
  ];
  const adapterSources = { './nowhere': { isAbsent: true }, './bad-rank': { rank: 64 } };
  const world = createWorld({ stacks: [{ objects }], adapterSources });
  const [pod] = podsOf(world, 'llm');
  const ask = (request: Exchange['request'], port = 8000, timeoutMs = 60_000) =>
    world.handlers().models.ask({
      cluster: CLUSTER,
      namespace: 'default',
      target: { pod: pod?.name ?? '', port },
      method: request.method,
      path: request.path,
      ...(request.body === undefined ? {} : { body: request.body }),
      timeoutMs,
    });
  return { world, ask };
}

/** A body that a port cannot send. */
const NOT_REPLAYED = new Set(['completion.not.json']);

/** Loading, unloading, and whatever was asked about adapters before and after. */
const isAboutAdapters = ({ name }: Exchange): boolean =>
  name.startsWith('adapter.') ||
  name.startsWith('completion.adapter') ||
  ['models', 'models.after.load', 'completion.prompt.logprobs', 'completion.after.unload'].includes(name);

/** Names of fields, through all levels; of what differs between servers only the type. */
const shapeOf = (value: unknown, key = ''): unknown => {
  // Tokens are other ones.
  if (key === 'top_logprobs') return 'tokens';
  if (Array.isArray(value))
    // One token or several, one model or several: what one looks like.
    return key === 'data'
      ? value.map((one) => shapeOf(one))
      : [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))];
  // The recording says `<time>`.
  if (key === 'created') return 'time';
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  const fields = Object.entries(value).map(([name, one]) => [
    /^\d+$/.test(name) ? 'token' : name,
    shapeOf(one, name),
  ]);
  return Object.fromEntries(fields.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
};

/** What of a body must be the same: text and errors whole, other answers by their fields. */
const readAs = ({ status, body: real }: Exchange['response'], body: unknown): unknown => {
  if (typeof real === 'string') return body;
  const parsed: unknown = typeof body === 'string' ? JSON.parse(body) : body;
  return status >= 400 ? parsed : shapeOf(parsed);
};

const errorOf = (body: unknown): unknown => {
  const { error } = body as { readonly error?: { readonly type: string; readonly code: number } };
  return error === undefined ? undefined : { type: error.type, code: error.code };
};

describe('a model server', () => {
  test('answers the recorded requests with the recorded statuses, types of error and shapes', () => {
    const { ask } = aServer();
    const exchanges = recorded().filter(({ name }) => !NOT_REPLAYED.has(name));
    for (const { name, request, response } of exchanges) {
      const { value } = ask(request);
      if (value.kind !== 'answered') throw new Error(`${name}: no answer`);
      expect([name, value.status]).toEqual([name, response.status]);
      if (typeof response.body !== 'object') continue;
      const body = JSON.parse(value.body) as Record<string, unknown>;
      expect([name, errorOf(body)]).toEqual([name, errorOf(response.body)]);
      const { choices } = response.body as { readonly choices?: readonly Record<string, unknown>[] };
      if (choices === undefined) continue;
      const [choice] = body['choices'] as readonly Record<string, unknown>[];
      expect(Object.keys(choices[0] ?? {})).toEqual(expect.arrayContaining(Object.keys(choice ?? {})));
    }
    expect(exchanges.length === 0 ? sharedPath() : exchanges.length).toBe(exchanges.length === 0 ? null : 33);
  });

  test('answers every recorded exchange about adapters as recorded: status, content type, body', () => {
    const { world } = aServer();
    const [pod] = podsOf(world, 'llm');
    const exchanges = recorded().filter(isAboutAdapters);
    for (const { name, request, response } of exchanges) {
      const reply = world.proxy({
        cluster: CLUSTER,
        namespace: 'default',
        target: pod?.name ?? '',
        method: request.method,
        path: request.path,
        body: request.body === undefined ? '' : JSON.stringify(request.body),
        caller: { user: 'sluice', manager: 'sluice' },
      });
      if (reply.kind !== 'answered') throw new Error(`${name}: the API server refuses`);
      expect([name, reply.status, reply.contentType]).toEqual([
        name,
        response.status,
        response.headers['content-type'] ?? null,
      ]);
      expect([name, readAs(response, reply.body)]).toEqual([name, readAs(response, response.body)]);
    }
    expect(exchanges.length === 0 ? sharedPath() : exchanges.length).toBe(exchanges.length === 0 ? null : 15);
  });

  test('lists its models as recorded: parents, roots, context lengths', () => {
    const { ask } = aServer();
    const { value } = ask({ method: 'GET', path: '/v1/models' });
    const body = JSON.parse(value.kind === 'answered' ? value.body : '{}') as { data: readonly object[] };
    expect(body.data).toMatchObject([
      { id: 'base-model', root: './base', parent: null, max_model_len: 1024 },
      { id: 'food-review-1', root: './food-review-1', parent: 'base-model', max_model_len: null },
    ]);
  });

  test('a stream comes as data lines that end with the mark', () => {
    const { ask } = aServer();
    const body = {
      model: 'base-model',
      prompt: 'hi',
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    };
    const { value } = ask({ method: 'POST', path: '/v1/completions', body });
    const lines = value.kind === 'answered' ? value.body.split('\n') : [];
    expect(lines).toHaveLength(5);
    expect(lines.every((line) => line.startsWith('data: '))).toBe(true);
    expect(lines.at(-1)).toBe('data: [DONE]');
    expect(JSON.parse(lines[3]?.slice(6) ?? '')).toMatchObject({
      choices: [],
      usage: { completion_tokens: 3 },
    });
  });

  test('log probabilities depend on the weights: another adapter, others; the same again, the same', () => {
    const { ask } = aServer();
    const logprobs = (model: string): unknown => {
      const body = { model, prompt: 'a food review', max_tokens: 2, temperature: 0, logprobs: 2 };
      const { value } = ask({ method: 'POST', path: '/v1/completions', body });
      const answer = JSON.parse(value.kind === 'answered' ? value.body : '{}') as {
        choices: readonly { logprobs: { token_logprobs: readonly number[] } }[];
      };
      return answer.choices[0]?.logprobs.token_logprobs;
    };
    expect(logprobs('base-model')).toEqual(logprobs('base-model'));
    expect(logprobs('food-review-1')).not.toEqual(logprobs('base-model'));
  });

  test('has the metric names and labels of the real one', () => {
    const { ask } = aServer();
    const keysOf = (text: string): ReadonlySet<string> =>
      new Set(
        text
          .split('\n')
          .filter((line) => /^(http_requests_total|vllm:)/.test(line))
          .map((line) => line.replace(/"[^"]*"/g, '""').replace(/ .*/, '')),
      );
    ask({ method: 'POST', path: '/v1/completions', body: { prompt: 'hi', max_tokens: 2 } });
    const { value } = ask({ method: 'GET', path: '/metrics' });
    const ours = keysOf(value.kind === 'answered' ? value.body : '');
    expect(ours.size).toBeGreaterThan(8);
    const real = recorded().find(({ name }) => name === 'metrics.idle');
    if (real === undefined) return;
    const theirs = keysOf(String(real.response.body));
    const sorted = (key: string): string =>
      key.replace(/{(.*)}/, (_, inner: string) => inner.split(',').sort().join());
    const known = new Set([...theirs].map(sorted));
    expect([...ours].filter((key) => !known.has(sorted(key)))).toEqual([]);
  });

  test('nobody listens elsewhere; a picker asks for a token', () => {
    const { world, ask } = aServer();
    expect(ask({ method: 'GET', path: '/health' }, 8001).value.kind).toBe('unanswered');
    const [picker] = podsOf(world, 'llm-epp');
    const call = {
      cluster: CLUSTER,
      namespace: 'default',
      targets: [
        { pod: picker?.name ?? '', port: 9090 },
        { pod: 'nobody', port: 8000 },
      ],
      families: [],
      timeoutMs: 3000,
    };
    expect(world.handlers().models.scrape(call).value).toEqual([
      { kind: 'answered', status: 401, samples: [] },
      { kind: 'unanswered', why: 'pods "nobody" not found' },
    ]);
    world.act({ kind: 'pickerKilled', target: { pool: 'llm' } });
    expect(world.handlers().models.scrape(call).value[0]?.kind).toBe('unanswered');
  });

  test('one that hangs answers in the end, and not before the time-out of the impatient', () => {
    const { world, ask } = aServer();
    world.act({ kind: 'serverHangs', target: { pool: 'llm' }, forMs: 10 * SECOND });
    expect(ask({ method: 'GET', path: '/health' }, 8000, 3000)).toMatchObject({
      value: { kind: 'unanswered' },
      tookMs: 3000,
    });
    const patient = ask({ method: 'GET', path: '/health' }, 8000, 20_000);
    expect(patient.value).toMatchObject({ kind: 'answered', status: 200 });
    expect(patient.tookMs).toBeGreaterThanOrEqual(10 * SECOND);
  });
});
