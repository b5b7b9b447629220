import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBusServer } from '../../../../local/bus/bus-server.ts';
import { type LocalBus, openLocalBus } from '../../../../local/bus/local-bus.ts';
import { backOffMs, SUBSCRIPTIONS } from '../../../../local/bus/subscriptions.ts';
import { listen } from '../../../../local/platform-host.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { type HeardRequest, type HttpListener, listenHttp } from '../../../helpers/http-listener.ts';
import { manualClock } from '../../../helpers/manual-clock.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const aMessage = (value: unknown) => ({ data: base64(value), attributes: { id: String(value) } });

interface Delivered {
  readonly messageId: string;
  readonly value: unknown;
  readonly attempt: number;
  readonly atMs: number;
}

let folder: ReturnType<typeof temporaryFolder>;
let target: HttpListener;
let clock: ReturnType<typeof manualClock>;
let bus: LocalBus;
let troubles: string[];
let delivered: Delivered[];
/** What becomes of a delivery: a status, or the response to answer later. */
let decide: (one: Delivered, response: ServerResponse) => number | null;

const readDelivery = ({ body }: HeardRequest): Delivered => {
  const { message, deliveryAttempt } = JSON.parse(body) as {
    readonly message: { readonly messageId: string; readonly data: string };
    readonly deliveryAttempt: number;
  };
  const value = JSON.parse(Buffer.from(message.data, 'base64').toString()) as unknown;
  return { messageId: message.messageId, value, attempt: deliveryAttempt, atMs: clock.nowMs() };
};

const open = (subscriptions = SUBSCRIPTIONS): LocalBus =>
  openLocalBus({
    subscriptions,
    path: folder.at('bus.db'),
    project: 'acme',
    clock,
    urls: { requests: target.url, alerts: target.url, ticks: target.url, wakes: target.url },
    onTrouble: (code, message) => troubles.push(`${code} ${message}`),
  });

/** Lets time pass; every delivery that begins meanwhile is answered before time goes on. */
const pass = async (ms: number, stepMs = 1_000): Promise<void> => {
  for (let left = ms; left > 0; left -= stepMs) {
    await eventually(() => bus.underWay === 0, 'nothing is under way');
    await clock.advance(Math.min(left, stepMs));
  }
  await eventually(() => bus.underWay === 0, 'nothing is under way');
};

beforeEach(async () => {
  folder = temporaryFolder();
  clock = manualClock();
  troubles = [];
  delivered = [];
  decide = () => 204;
  target = await listenHttp((request, response) => {
    const one = readDelivery(request);
    delivered.push(one);
    const status = decide(one, response);
    if (status !== null) response.writeHead(status).end();
  });
  bus = open();
});

afterEach(async () => {
  bus.close();
  await target.close();
  folder[Symbol.dispose]();
});

describe('a message', () => {
  test('comes as Eventarc sends it', async () => {
    const [messageId] = bus.publish('wakes', [aMessage('a')]);
    await eventually(() => bus.underWay === 0);
    const [heard] = target.heard;
    const time = new Date(clock.nowMs()).toISOString();
    expect(heard?.headers).toMatchObject({
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
      'ce-source': '//pubsub.googleapis.com/projects/acme/topics/wakes',
      'ce-id': messageId,
      'ce-time': time,
    });
    expect(JSON.parse(heard?.body ?? '')).toEqual({
      subscription: 'projects/acme/subscriptions/wakes',
      message: {
        data: base64('a'),
        attributes: { id: 'a' },
        messageId,
        message_id: messageId,
        publishTime: time,
        publish_time: time,
      },
      deliveryAttempt: 1,
    });
  });

  test('that is acknowledged is gone, and then nothing runs', async () => {
    bus.publish('ticks', [aMessage(1), aMessage(2)]);
    await pass(24 * HOUR_MS, HOUR_MS);
    expect(new Set(delivered.map(({ value }) => value))).toEqual(new Set([1, 2]));
    expect(delivered).toHaveLength(2);
    expect(clock.waiting).toBe(0);
  });

  test('that is refused comes again after growing pauses, under its id, until it is given up', async () => {
    decide = () => 500;
    const [messageId] = bus.publish('requests', [aMessage('x')]);
    const startMs = clock.nowMs();
    await pass(HOUR_MS);
    expect(delivered).toEqual(
      [0, 1, 3, 7, 15].map((seconds, index) => ({
        messageId,
        value: 'x',
        attempt: index + 1,
        atMs: startMs + seconds * 1_000,
      })),
    );
    expect(bus.deadLetters()).toEqual([
      {
        messageId,
        topic: 'requests',
        ...aMessage('x'),
        publishedAtMs: startMs,
        attempts: 5,
        diedAtMs: startMs + 15_000,
        why: '500',
      },
    ]);
    expect(troubles.map((line) => line.split(' ')[0])).toEqual([
      ...Array.from({ length: 4 }, () => 'delivery-refused'),
      'delivery-given-up',
    ]);
    expect(clock.waiting).toBe(0);
  });

  test('that is given up is driven again under another id, and can then succeed', async () => {
    decide = () => 503;
    const [first] = bus.publish('alerts', [aMessage('incident')]);
    await pass(100 * 10 * MINUTE_MS, 10 * MINUTE_MS);
    expect(bus.deadLetters('alerts').map(({ messageId, attempts }) => [messageId, attempts])).toEqual([
      [first, 100],
    ]);
    decide = () => 204;
    expect([bus.redrive('requests'), bus.redrive('alerts')]).toEqual([0, 1]);
    await eventually(() => bus.underWay === 0);
    expect(delivered.at(-1)).toMatchObject({ value: 'incident', attempt: 1 });
    expect(delivered.at(-1)?.messageId).not.toBe(first);
    expect(bus.deadLetters()).toEqual([]);
  });

  test('is not tried beyond its lifetime', async () => {
    decide = () => 500;
    bus.publish('alerts', [aMessage('old')]);
    await eventually(() => bus.underWay === 0);
    // Switched off for longer than a week.
    bus.close();
    await clock.advance(8 * 24 * HOUR_MS);
    bus = open();
    await eventually(() => delivered.length === 2 && bus.underWay === 0);
    expect(bus.deadLetters().map(({ attempts }) => attempts)).toEqual([2]);
  });

  test('whose delivery takes too long is cut off and comes again', async () => {
    let isCut = false;
    decide = ({ attempt }, response) => {
      response.on('close', () => (isCut = true));
      return attempt === 1 ? null : 204;
    };
    bus.publish('wakes', [aMessage('slow')]);
    await eventually(() => delivered.length === 1);
    await clock.advance(SUBSCRIPTIONS.wakes.ackDeadlineMs - 1);
    expect(isCut).toBe(false);
    await clock.advance(1);
    await eventually(() => bus.underWay === 0 && isCut);
    await pass(1_000);
    expect(delivered.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(troubles).toEqual([expect.stringContaining('no answer before the deadline')]);
  });

  test('does not wait behind one that is refused', async () => {
    decide = ({ value }) => (value === 'bad' ? 500 : 204);
    bus.publish('wakes', [aMessage('bad'), aMessage('good')]);
    await eventually(() => bus.underWay === 0 && delivered.length === 2);
    expect(delivered.map(({ value }) => value)).toEqual(['bad', 'good']);
  });
});

describe('many messages', () => {
  test('are delivered a bounded number at a time', async () => {
    const open_: ServerResponse[] = [];
    decide = (_, response) => {
      open_.push(response);
      return null;
    };
    const { parallel } = SUBSCRIPTIONS.alerts;
    bus.publish(
      'alerts',
      Array.from({ length: parallel + 5 }, (_, index) => aMessage(index)),
    );
    await eventually(() => open_.length === parallel);
    expect(bus.underWay).toBe(parallel);
    decide = () => 204;
    for (const response of open_) response.writeHead(204).end();
    await eventually(() => delivered.length === parallel + 5 && bus.underWay === 0);
    expect(new Set(delivered.map(({ value }) => value)).size).toBe(parallel + 5);
  });

  test('given up by ticks and wakes do not pile up; alerts do', async () => {
    bus.close();
    const { wakes, requests } = SUBSCRIPTIONS;
    bus = open({
      ...SUBSCRIPTIONS,
      wakes: { ...wakes, attemptsMax: 1, deadLettersMax: 3 },
      requests: { ...requests, attemptsMax: 1 },
    });
    decide = () => 500;
    const many = Array.from({ length: 8 }, (_, index) => aMessage(index));
    bus.publish('wakes', many);
    bus.publish('requests', many);
    await pass(2 * MINUTE_MS);
    expect([bus.deadLetters('wakes').length, bus.deadLetters('requests').length]).toEqual([3, 8]);
    expect([wakes, SUBSCRIPTIONS.alerts, requests].map(({ deadLettersMax }) => deadLettersMax)).toEqual([
      100,
      null,
      null,
    ]);
  });

  test('without a subscriber are kept to be read', async () => {
    const ids = bus.publish('events', [aMessage(1), aMessage(2)]);
    expect(bus.events().map(({ messageId }) => messageId)).toEqual(ids);
    expect(bus.events(ids[0]).map(({ messageId }) => messageId)).toEqual([ids[1]]);
    await pass(HOUR_MS, MINUTE_MS);
    expect({ delivered, waiting: clock.waiting }).toEqual({ delivered: [], waiting: 0 });
  });
});

describe('after a restart', () => {
  test('what was under way comes again under its id, with its attempts; what was refused keeps its pause', async () => {
    decide = ({ value }) => (value === 'refused' ? 500 : null);
    const [out, refused] = bus.publish('requests', [aMessage('out'), aMessage('refused')]);
    await eventually(() => delivered.length === 2 && troubles.length === 1);
    // As a killed process leaves it: nothing was said about the delivery.
    bus.close();
    decide = () => 204;
    delivered = [];
    bus = open();
    await eventually(() => bus.underWay === 0);
    await pass(2_000);
    expect(delivered.map(({ messageId, attempt }) => [messageId, attempt])).toEqual([
      [out, 2],
      [refused, 2],
    ]);
  });

  test('in a world whose time begins earlier nothing waits for the old time', async () => {
    decide = () => 500;
    bus.publish('requests', [aMessage('x')]);
    await eventually(() => bus.underWay === 0);
    bus.close();
    clock = manualClock(clock.nowMs() - 24 * HOUR_MS);
    decide = () => 204;
    delivered = [];
    bus = open();
    await pass(11 * MINUTE_MS, MINUTE_MS);
    expect(delivered.map(({ value }) => value)).toEqual(['x']);
  });

  test('dead letters are still there', async () => {
    decide = () => 500;
    bus.publish('requests', [aMessage('x')]);
    await pass(MINUTE_MS);
    const before = bus.deadLetters();
    bus.close();
    bus = open();
    expect(before).toHaveLength(1);
    expect(bus.deadLetters()).toEqual(before);
  });

  test('a bus that was told to stop begins nothing', async () => {
    await bus.stop();
    bus.publish('wakes', [aMessage('late')]);
    await pass(HOUR_MS, MINUTE_MS);
    expect(delivered).toEqual([]);
    bus.close();
    bus = open();
    await eventually(() => delivered.length === 1);
  });
});

test('pauses double from a second to the subscription’s bound', () => {
  const pauses = (name: keyof typeof SUBSCRIPTIONS) =>
    [1, 2, 3, 6, 7, 10, 100].map((attempt) => backOffMs(SUBSCRIPTIONS[name], attempt) / 1_000);
  expect(pauses('wakes')).toEqual([1, 2, 4, 32, 60, 60, 60]);
  expect(pauses('alerts')).toEqual([1, 2, 4, 32, 64, 512, 600]);
});

describe('the publish endpoint', () => {
  const post = async (path: string, body: string, headers: Readonly<Record<string, string>> = {}) => {
    const server = await listen(createBusServer({ bus: () => bus, project: 'acme' }), 0);
    try {
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', body, headers });
      return { status: answer.status, body: await answer.json() };
    } finally {
      await server.close();
    }
  };
  const TOPIC = '/v1/projects/acme/topics/wakes:publish';

  test('answers with the messages’ ids, and delivers them', async () => {
    const { status, body } = await post(TOPIC, JSON.stringify({ messages: [aMessage('a'), aMessage('b')] }));
    await eventually(() => delivered.length === 2);
    expect({ status, body }).toEqual({
      status: 200,
      body: { messageIds: delivered.map(({ messageId }) => messageId).toSorted() },
    });
  });

  test.each([
    ['/v1/projects/acme/topics/none:publish', '{"messages":[]}', 404, 'NOT_FOUND'],
    ['/v1/projects/other/topics/wakes:publish', '{"messages":[]}', 404, 'NOT_FOUND'],
    ['/v1/projects/acme/topics/wakes', '{}', 404, 'NOT_FOUND'],
    [TOPIC, '{', 400, 'INVALID_ARGUMENT'],
    [TOPIC, '{"messages":[]}', 400, 'INVALID_ARGUMENT'],
    [TOPIC, '{"messages":[{}]}', 400, 'INVALID_ARGUMENT'],
    [TOPIC, '{"messages":[{"data":"***"}]}', 400, 'INVALID_ARGUMENT'],
    [TOPIC, '{"messages":[{"attributes":{"a":1}}]}', 400, 'INVALID_ARGUMENT'],
  ])('%s with %s: %d', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { error: { code: status, status: code } } });
    expect(delivered).toEqual([]);
  });

  test('is not for pages in a browser', async () => {
    const { status } = await post(TOPIC, '{"messages":[{"data":"YQ=="}]}', {
      origin: 'https://evil.example',
    });
    expect({ status, delivered }).toEqual({ status: 403, delivered: [] });
  });

  test('lists dead letters and drives them again', async () => {
    decide = () => 500;
    bus.publish('requests', [aMessage('x')]);
    await pass(MINUTE_MS);
    decide = () => 204;
    expect(await post('/v1/projects/acme/subscriptions/requests:deadLetters', '')).toMatchObject({
      status: 200,
      body: { deadLetters: [{ topic: 'requests', attempts: 5 }] },
    });
    expect(await post('/v1/projects/acme/subscriptions/requests:redrive', '')).toEqual({
      status: 200,
      body: { redriven: 1 },
    });
    await eventually(() => bus.underWay === 0);
    expect(bus.deadLetters()).toEqual([]);
  });
});
