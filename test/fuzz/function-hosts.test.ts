/** Requests of any shape to the functions' servers and the bus: nothing but 2xx, 4xx or 5xx, and nobody falls over. */
import { request } from 'node:http';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Platform, startPlatform } from '../../local/platform.ts';
import { manualClock } from '../helpers/manual-clock.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { events } from './envelopes.ts';
import { fuzz, LONG, type Verdict } from './fuzz.ts';
import { hostileText, hostileValue } from './hostile-json.ts';

const folder = temporaryFolder();
let platform: Platform;
/** What the framework says of failures; a stack of ours would be one that nobody had thought of. */
const { error, warn } = console;
const said: string[] = [];

beforeAll(async () => {
  console.error = (...parts: readonly unknown[]) => said.push(parts.map(String).join(' '));
  console.warn = console.error;
  const started = await startPlatform({
    stateDir: folder.path,
    port: 0,
    clock: manualClock(),
    writeLog: () => undefined,
    environment: {
      SLUICE_PROJECT: 'acme',
      SLUICE_GKE_ENDPOINT: '127.0.0.1:1',
      SLUICE_MONITORING_ENDPOINT: '127.0.0.1:1',
      SLUICE_ALERTS_ENDPOINT: 'http://127.0.0.1:1',
      SLUICE_CLUSTER_TOKEN: 'token',
    },
  });
  if (started.kind === 'problems') throw new Error(started.problems[0]?.what);
  platform = started.value;
});

afterAll(async () => {
  await platform.stop();
  folder[Symbol.dispose]();
  Object.assign(console, { error, warn });
});

interface Shot {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The status that came; a connection that is dropped is none. */
const statusOf = ({ url, method, headers, body }: Shot): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      answer.resume();
      // A stream that is open has its status already.
      if (/event-stream/.test(answer.headers['content-type'] ?? '')) answer.destroy();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });

const verdictOf = async (shot: Shot): Promise<Verdict> => {
  const status = await statusOf(shot);
  if (status < 200 || status > 599 || (status >= 300 && status < 400)) throw new Error(`status ${status}`);
  return `${status}`;
};

/** Header values as far as HTTP lets them through. */
const headerText = fc
  .string({ maxLength: 40, unit: 'grapheme-ascii' })
  .map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').trim());

const TYPES = [
  'application/json',
  'application/cloudevents+json',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data',
  '',
] as const;

const ceHeaders = fc.record(
  {
    'ce-id': headerText,
    'ce-type': fc.constantFrom('google.cloud.pubsub.topic.v1.messagePublished', 'other', ''),
    'ce-source': headerText,
    'ce-specversion': fc.constantFrom('1.0', '2', ''),
    'ce-time': headerText,
    traceparent: headerText,
    'content-type': fc.constantFrom(...TYPES),
  },
  { requiredKeys: [] },
);

const payload = fc.oneof(
  fc.record({ rolloutId: fc.constantFrom('a-1', 'none-1', '', '..') }),
  fc.record(
    { action: fc.constantFrom('start', 'rollback', 'freeze'), requestId: hostileText },
    { requiredKeys: [] },
  ),
  hostileValue,
);

const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return '{';
  }
};

const body = fc.oneof(
  { weight: 4, arbitrary: events(payload).map((event) => jsonOf((event as { data?: unknown }).data)) },
  { weight: 2, arbitrary: events(payload).map(jsonOf) },
  { weight: 1, arbitrary: hostileValue.map(jsonOf) },
  { weight: 1, arbitrary: hostileText },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

describe('the servers of the functions', () => {
  test('answer an envelope of any shape', LONG, async () => {
    const doors = ['on-request', 'on-alert', 'on-tick', 'on-wake'] as const;
    const verdicts = await fuzz({
      runs: 400,
      input: fc.tuple(fc.constantFrom(...doors), ceHeaders, body),
      check: ([door, headers, text]) =>
        verdictOf({ url: `${platform.functionUrls[door]}/`, method: 'POST', headers, body: text }),
    });
    expect(verdicts).toEqual(expect.arrayContaining(['204', '400']));
    expect(said.filter((line) => /TypeError|RangeError/.test(line))).toEqual([]);
  });

  test('answer any request to the API', LONG, async () => {
    const path = fc.constantFrom(
      '/v1/rollouts',
      '/v1/rollouts/a-1',
      '/v1/rollouts/a-1/watch',
      '/v1/rollouts/a-1/journal?after=x&after=y',
      '/v1/rollouts/a-1/rollback',
      '/v1/rollouts/%00/%zz',
      '/v1/plans',
      '/v1/freeze',
      '//',
      '/v1/rollouts?limit=1e9&after[]=a&after[b]=c',
    );
    const headers = fc.record(
      {
        'content-type': fc.constantFrom(...TYPES),
        'last-event-id': headerText,
        'idempotency-key': headerText,
      },
      { requiredKeys: [] },
    );
    const verdicts = await fuzz({
      runs: 400,
      input: fc.tuple(fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'HEAD'), path, headers, body),
      check: ([method, at, given, text]) =>
        verdictOf({
          url: `${platform.apiUrl}${at}`,
          method,
          headers: given,
          body: method === 'POST' ? text : '',
        }),
    });
    expect(verdicts).toEqual(expect.arrayContaining(['200', '400', '404', '405', '415']));
  });

  test('and the bus answers any publish', LONG, async () => {
    const before = platform.bus.events().length;
    const verdicts = await fuzz({
      runs: 200,
      input: fc.tuple(
        fc.constantFrom('events', 'none', '%zz', 'events:publish'),
        fc.oneof(
          body,
          fc.array(hostileValue, { maxLength: 2 }).map((messages) => jsonOf({ messages })),
          hostileText.map((data) =>
            jsonOf({ messages: [{ data: Buffer.from(data).toString('base64'), attributes: { a: data } }] }),
          ),
        ),
      ),
      check: ([topic, text]) =>
        verdictOf({
          url: `${platform.busUrl}/v1/projects/acme/topics/${topic}:publish`,
          method: 'POST',
          headers: {},
          body: text,
        }),
    });
    expect(verdicts).toEqual(expect.arrayContaining(['200', '400', '404']));
    expect(platform.bus.events().length).toBeGreaterThan(before);
  });
});
