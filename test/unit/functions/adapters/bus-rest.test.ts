import { afterEach, describe, expect, test } from 'vitest';
import { createRestBus } from '../../../../functions/adapters/bus-rest.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { type HttpListener, listenHttp } from '../../../helpers/http-listener.ts';
import { manualClock } from '../../../helpers/manual-clock.ts';

const MESSAGE = { id: 'a-1/3', data: { rolloutId: 'a-1' }, attributes: { type: 'x' } };

let server: HttpListener;
afterEach(() => server.close());

const busTo = (endpoint: string, clock = manualClock(), auth: (() => Promise<string>) | null = null) =>
  createRestBus({ endpoint, project: 'acme', auth, clock });

describe('publishing by REST', () => {
  test('sends one message as Pub/Sub wants it, and holds the clock meanwhile', async () => {
    const clock = manualClock();
    const held: number[] = [];
    server = await listenHttp((_, response) => {
      held.push(clock.held);
      response.end('{"messageIds":["1"]}');
    });
    const bus = busTo(server.url, clock, async () => 'token');
    expect(await bus.publish({ topic: 'wakes', message: MESSAGE })).toEqual({ kind: 'ok' });
    const [heard] = server.heard;
    expect({
      method: heard?.method,
      path: heard?.path,
      authorization: heard?.headers['authorization'],
      body: JSON.parse(heard?.body ?? '') as unknown,
    }).toEqual({
      method: 'POST',
      path: '/v1/projects/acme/topics/wakes:publish',
      authorization: 'Bearer token',
      body: {
        messages: [
          {
            data: Buffer.from('{"rolloutId":"a-1"}').toString('base64'),
            attributes: { type: 'x', id: 'a-1/3' },
          },
        ],
      },
    });
    expect({ held, after: clock.held, waiting: clock.waiting }).toEqual({ held: [1], after: 0, waiting: 0 });
  });

  test('does not try again what is refused', async () => {
    server = await listenHttp((_, response) => response.writeHead(403).end('{"error":{}}'));
    const answer = await busTo(server.url).publish({ topic: 'events', message: MESSAGE });
    expect(answer).toEqual({ kind: 'noAnswer', why: '403 {"error":{}}' });
    expect(server.heard).toHaveLength(1);
    expect(server.heard[0]?.headers['authorization']).toBeUndefined();
  });

  test('gives up after 10 s of the clock and cuts the connection', async () => {
    const clock = manualClock();
    let cut = false;
    server = await listenHttp((_, response) => void response.on('close', () => (cut = true)));
    const answer = busTo(server.url, clock).publish({ topic: 'wakes', message: MESSAGE });
    await eventually(() => server.heard.length === 1);
    await clock.advance(9_999);
    expect(cut).toBe(false);
    await clock.advance(1);
    expect(await answer).toEqual({ kind: 'noAnswer', why: 'no answer within 10 s' });
    await eventually(() => cut);
    expect(clock.held).toBe(0);
  });

  test('has no answer where nobody listens, or where there is no token', async () => {
    server = await listenHttp((_, response) => response.end());
    const { url } = server;
    await server.close();
    expect(await busTo(url).publish({ topic: 'wakes', message: MESSAGE })).toMatchObject({
      kind: 'noAnswer',
      why: expect.stringContaining('ECONNREFUSED'),
    });
    const noToken = busTo(url, manualClock(), () => Promise.reject(new Error('no credentials')));
    expect(await noToken.publish({ topic: 'wakes', message: MESSAGE })).toEqual({
      kind: 'noAnswer',
      why: 'no credentials',
    });
  });
});
