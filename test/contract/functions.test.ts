/** The functions as they are deployed, behind the servers that functions-framework makes for them. */

import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { compose } from '../../functions/compose.ts';
import { type Config, readConfig } from '../../functions/config.ts';
import { FUNCTION_NAMES, type FunctionName, register } from '../../functions/http/register.ts';
import { functionServer, type Hosted, listen } from '../../local/platform-host.ts';
import { type HttpListener, listenHttp } from '../helpers/http-listener.ts';
import { manualClock } from '../helpers/manual-clock.ts';
import { rolloutFile } from '../helpers/simulated-rollout.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

type LogLine = Readonly<Record<string, unknown>>;

const folder = temporaryFolder();
const clock = manualClock();
let log: LogLine[] = [];
let busServer: HttpListener;
let close: () => Promise<void>;
const hosted = new Map<FunctionName, Hosted>();

const configOf = (more: Readonly<Record<string, string>>): Config => {
  const read = readConfig({
    SLUICE_STORE: `sqlite:${folder.at('sluice.db')}`,
    SLUICE_PROJECT: 'acme',
    SLUICE_BUS: busServer.url,
    // Nobody listens there: what is asked of a cluster has no answer.
    SLUICE_GKE_ENDPOINT: '127.0.0.1:1',
    SLUICE_MONITORING_ENDPOINT: '127.0.0.1:1',
    SLUICE_ALERTS_ENDPOINT: 'http://127.0.0.1:1',
    SLUICE_CLUSTER_TOKEN: 'token',
    ...more,
  });
  if (read.kind === 'problems') throw new Error(read.problems.join());
  return read.config;
};

beforeAll(async () => {
  busServer = await listenHttp((_, response) => response.end('{"messageIds":["1"]}'));
  const functions = compose({
    config: configOf({ SLUICE_PRINCIPAL: 'ana@localhost', SLUICE_PRINCIPAL_HEADER: 'trusted' }),
    clock,
    writeLog: (line) => log.push(JSON.parse(line) as LogLine),
  });
  register(functions);
  for (const name of FUNCTION_NAMES) hosted.set(name, await listen(functionServer(name), 0));
  close = async () => {
    for (const one of hosted.values()) await one.close();
    await functions.close();
    await busServer.close();
    folder[Symbol.dispose]();
  };
});

beforeEach(() => {
  log = [];
});

afterAll(() => close());

const urlOf = (name: FunctionName): string => `http://127.0.0.1:${hosted.get(name)?.port ?? 0}`;

interface Rejected {
  readonly id: string;
  readonly door: string;
  readonly reason: string;
}

const rejectedRecords = (): readonly Rejected[] => {
  const database = new DatabaseSync(folder.at('sluice.db'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT rejected FROM rejected').all() as unknown as readonly {
      readonly rejected: string;
    }[];
    return rows.map(({ rejected }) => JSON.parse(rejected) as Rejected);
  } finally {
    database.close();
  }
};

const MESSAGE = {
  data: Buffer.from('{"rolloutId":"none-1"}').toString('base64'),
  attributes: {},
  messageId: '7',
  publishTime: '2026-03-02T09:00:00Z',
};
const PUSH = { subscription: 'projects/acme/subscriptions/wakes', message: MESSAGE };
const EVENT = {
  specversion: '1.0',
  type: 'google.cloud.pubsub.topic.v1.messagePublished',
  source: '//pubsub.googleapis.com/projects/acme/topics/wakes',
  id: '7',
  time: MESSAGE.publishTime,
};
const BINARY = {
  'ce-specversion': EVENT.specversion,
  'ce-type': EVENT.type,
  'ce-source': EVENT.source,
  'ce-time': EVENT.time,
};

const post = async (
  name: FunctionName,
  body: string,
  headers: Readonly<Record<string, string>>,
  path = '/',
): Promise<{ readonly status: number; readonly body: string; readonly type: string }> => {
  const answer = await fetch(`${urlOf(name)}${path}`, { method: 'POST', body, headers });
  return { status: answer.status, body: await answer.text(), type: answer.headers.get('content-type') ?? '' };
};

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a message reaches its door', () => {
  test.each<[string, string, Readonly<Record<string, string>>, string]>([
    ['in binary mode', JSON.stringify(PUSH), { ...JSON_TYPE, ...BINARY, 'ce-id': '7' }, '/'],
    [
      'as a structured CloudEvent',
      JSON.stringify({ ...EVENT, datacontenttype: 'application/json', data: PUSH }),
      { 'content-type': 'application/cloudevents+json' },
      '/',
    ],
    ['as the plain body of a push', JSON.stringify(PUSH), JSON_TYPE, '/projects/acme/topics/wakes'],
  ])('%s', async (_, body, headers, path) => {
    expect(await post('on-wake', body, headers, path)).toMatchObject({ status: 204, body: '' });
    expect(log).toEqual([]);
    expect(await post('on-tick', body, headers, path)).toMatchObject({ status: 204 });
  });

  test('and is logged with the trace of its request', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const headers = {
      ...JSON_TYPE,
      ...BINARY,
      'ce-id': 'traced',
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
    };
    await post('on-alert', '{}', headers);
    expect(log).toMatchObject([
      {
        severity: 'WARNING',
        code: 'message-malformed',
        'logging.googleapis.com/trace': `projects/acme/traces/${trace}`,
      },
    ]);
  });
});

describe('a message that can never work is recorded and acknowledged', () => {
  test.each<[FunctionName, string, unknown]>([
    ['on-wake', 'no message', { hello: 1 }],
    ['on-alert', 'data that is no base64 of JSON', { ...PUSH, message: { ...MESSAGE, data: '***' } }],
    ['on-request', 'an action that is none', PUSH],
    ['on-tick', 'a list', [1]],
  ])('%s: %s', async (name, _, body) => {
    const id = `bad-${name}`;
    const answer = await post(name, JSON.stringify(body), { ...JSON_TYPE, ...BINARY, 'ce-id': id });
    expect(answer).toMatchObject({ status: 204 });
    // A tick is understood whatever it says.
    const kept = rejectedRecords().filter(({ id: kept_ }) => kept_ === `${name}/${id}`);
    expect(kept.map(({ door }) => door)).toEqual(name === 'on-tick' ? [] : [name]);
  });
});

describe('a message that cannot be handled now', () => {
  test('is not acknowledged, and says so in one structured line', async () => {
    const functions = compose({
      config: configOf({ SLUICE_STORE: 'sqlite:/no/such/folder/sluice.db' }),
      clock,
      writeLog: () => undefined,
    });
    register(functions);
    const server = await listen(functionServer('on-wake'), 0);
    const lines: string[] = [];
    const { error } = console;
    // The framework's only way to tell.
    console.error = (line: string) => lines.push(line);
    try {
      const answer = await fetch(`http://127.0.0.1:${server.port}`, {
        method: 'POST',
        body: JSON.stringify(PUSH),
        headers: { ...JSON_TYPE, ...BINARY, 'ce-id': '7' },
      });
      expect({ status: answer.status, body: await answer.text() }).toEqual({
        status: 500,
        body: 'store-unavailable',
      });
    } finally {
      console.error = error;
      await server.close();
      await functions.close();
    }
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        severity: 'INFO',
        message: 'on-wake: not acknowledged (store-unavailable), the message comes again',
        code: 'not-acknowledged',
      },
    ]);
  });

  test('nor is one that is no JSON at all', async () => {
    const answer = await post('on-wake', '{', { ...JSON_TYPE, ...BINARY, 'ce-id': '7' });
    expect(answer).toMatchObject({ status: 400, type: expect.stringContaining('application/problem+json') });
  });
});

describe('the HTTP API', () => {
  const call = async (method: string, path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${urlOf('api')}${path}`, { method, ...init });
    const text = await answer.text();
    return {
      status: answer.status,
      type: answer.headers.get('content-type')?.split(';')[0] ?? '',
      headers: answer.headers,
      body: text === '' ? null : (JSON.parse(text) as unknown),
    };
  };
  const problem = (status: number, title: string) => ({
    status,
    type: 'application/problem+json',
    body: { status, title },
  });
  const sent = (value: unknown): RequestInit => ({ body: JSON.stringify(value), headers: JSON_TYPE });

  test('starts, lists, shows; the header names who asked', async () => {
    const file = rolloutFile({ name: 'first' });
    const started = await call('POST', '/v1/rollouts', {
      body: JSON.stringify({ requestId: 'r1', file }),
      headers: { ...JSON_TYPE, 'x-sluice-principal': 'bob@example.com' },
    });
    expect(started).toMatchObject({ status: 201, body: { rolloutId: 'first-1', code: 'started' } });
    expect(await call('GET', '/v1/rollouts?unfinished=true&limit=5')).toMatchObject({
      status: 200,
      body: { rollouts: [{ rolloutId: 'first-1' }] },
    });
    const journal = await call('GET', '/v1/rollouts/first-1/journal?limit=1');
    expect(journal.body).toMatchObject({
      entries: [{ seq: 1, message: { origin: { principal: 'bob@example.com', via: 'api' } } }],
    });
    expect((await call('GET', '/v1/rollouts/first-1')).headers.get('cache-control')).toBe('no-store');
  });

  test('answers HEAD without a body and OPTIONS with what is allowed', async () => {
    const head = await call('HEAD', '/v1/rollouts');
    expect({ status: head.status, body: head.body }).toEqual({ status: 200, body: null });
    expect((await call('HEAD', '/v1/rollouts/first-1/watch')).status).toBe(405);
    const options = await call('OPTIONS', '/v1/rollouts');
    expect({ status: options.status, allow: options.headers.get('allow') }).toEqual({
      status: 204,
      allow: 'GET, HEAD, POST, OPTIONS',
    });
  });

  test('refuses what cannot be read with a problem', async () => {
    const large = sent({ requestId: 'x'.repeat(1024 * 1024) });
    expect(await call('POST', '/v1/rollouts', large)).toMatchObject(problem(413, 'body-too-large'));
    expect(await call('POST', '/v1/rollouts', { body: '{', headers: JSON_TYPE })).toMatchObject(
      problem(400, 'request-unreadable'),
    );
    expect(await call('POST', '/v1/rollouts', { body: 'a=b' })).toMatchObject(problem(415, 'body-not-json'));
    const form = { body: 'requestId=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect(await call('POST', '/v1/freeze', form)).toMatchObject(problem(415, 'body-not-json'));
    expect(await call('GET', '/v1/rollouts/%zz')).toMatchObject(problem(400, 'request-unreadable'));
    expect(await call('POST', '/v1/rollouts')).toMatchObject(problem(400, 'request-malformed'));
    expect(await call('GET', '/v2')).toMatchObject(problem(404, 'path-unknown'));
    expect(await call('DELETE', '/v1/rollouts')).toMatchObject(problem(405, 'method-not-allowed'));
  });

  test('is closed to pages of a browser', async () => {
    const from = { headers: { origin: 'https://evil.example' } };
    expect(await call('GET', '/v1/rollouts', from)).toMatchObject(problem(403, 'from-elsewhere'));
  });

  test('lets nobody in unnamed where no principal is configured', async () => {
    const functions = compose({ config: configOf({}), clock, writeLog: () => undefined });
    register(functions);
    const server = await listen(functionServer('api'), 0);
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/rollouts`);
    expect({ status: answer.status, asks: answer.headers.get('www-authenticate') }).toEqual({
      status: 401,
      asks: 'Bearer',
    });
    await server.close();
    await functions.close();
  });

  test('streams the journal as server-sent events', async () => {
    const store = openSqliteStore({ path: folder.at('sluice.db'), now: () => clock.nowMs(), readOnly: true });
    const entries = await store.journal({ rolloutId: 'first-1', afterSeq: 0, limit: 100 });
    store.close();
    const controller = new AbortController();
    const answer = await fetch(`${urlOf('api')}/v1/rollouts/first-1/watch?after=0`, {
      signal: controller.signal,
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const reader = answer.body?.getReader();
    const wanted = [
      'retry: 1000\n\n: \n\n',
      ...entries.map((entry) => `id: ${entry.seq}\nevent: entry\ndata: ${JSON.stringify(entry)}\n\n`),
    ].join('');
    let text = '';
    while (text.length < wanted.length) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      text += Buffer.from(part.value).toString();
    }
    controller.abort();
    expect(text).toBe(wanted);
    expect(entries.length).toBeGreaterThan(0);
    // The door notices with its next word that the client has gone.
    await clock.advance(20_000);
  });
});
