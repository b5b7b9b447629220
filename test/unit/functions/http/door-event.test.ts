import { describe, expect, test } from 'vitest';
import { doorEventOf } from '../../../../functions/http/door-event.ts';

const MESSAGE = {
  data: Buffer.from('{"rolloutId":"a-1"}').toString('base64'),
  attributes: { id: 'a-1/3' },
  messageId: '77',
  publishTime: '2026-03-02T09:00:00.000Z',
};
const PUSH = { subscription: 'projects/acme/subscriptions/wakes', message: MESSAGE };
const SOURCE = '//pubsub.googleapis.com/projects/acme/topics/wakes';

const EVENT = {
  specversion: '1.0',
  type: 'google.cloud.pubsub.topic.v1.messagePublished',
  source: SOURCE,
  id: '77',
  time: MESSAGE.publishTime,
  datacontenttype: 'application/json',
  data: PUSH,
};

describe('a message of Pub/Sub reaches its door in one shape', () => {
  test('from a CloudEvent of Eventarc', () => {
    expect(doorEventOf({ ...EVENT, traceparent: 'x', subject: 'y' })).toEqual(EVENT);
  });

  test('with the fields that Pub/Sub writes twice, and those that it adds', () => {
    const { messageId, publishTime, ...rest } = MESSAGE;
    const message = { ...rest, message_id: messageId, publish_time: publishTime, orderingKey: '' };
    const data = { ...PUSH, message, deliveryAttempt: 3 };
    expect(doorEventOf({ ...EVENT, data })).toEqual(EVENT);
  });

  test('from a body whose content type was lost', () => {
    expect(doorEventOf({ ...EVENT, data: Buffer.from(JSON.stringify(PUSH)) })).toEqual(EVENT);
    expect(doorEventOf({ ...EVENT, data: JSON.stringify(PUSH) })).toEqual(EVENT);
  });

  test('from the plain body of a push that has attributes only', () => {
    const { data: _, ...message } = MESSAGE;
    expect(doorEventOf({ ...PUSH, message })).toEqual({
      ...EVENT,
      source: '',
      data: { ...PUSH, message: { ...message, data: '' } },
    });
  });

  test('without attributes, and without a subscription', () => {
    const { attributes: _, ...message } = MESSAGE;
    expect(doorEventOf({ ...EVENT, data: { message } })).toEqual({
      ...EVENT,
      data: { subscription: '', message: { ...message, attributes: {} } },
    });
  });
});

describe('what is no message of Pub/Sub', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'hello'],
    ['a number', 7],
    ['a list', [1, 2]],
    ['an empty object', {}],
    ['data of another type', { ...EVENT, data: [1] }],
    ['a message whose data is no text', { ...EVENT, data: { message: { data: 7 } } }],
    ['attributes that are no text', { ...EVENT, data: { message: { ...MESSAGE, attributes: { a: 1 } } } }],
    ['bytes', { ...EVENT, data: Buffer.from([0xff, 0xfe, 0]) }],
  ])('%s keeps a text for the record, and the same id each time', (_, given) => {
    const event = doorEventOf(given);
    expect(event).toMatchObject({ specversion: '1.0', data: { malformed: expect.any(String) } });
    expect(event.id).toMatch(/^[0-9a-f]{32}$|^77$/);
    expect(doorEventOf(given)).toEqual(event);
  });

  test('is cut to what a record keeps, however large or deep it is', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const large = { ...EVENT, data: { text: 'x'.repeat(100_000) } };
    for (const given of [large, { ...EVENT, data: deep }, { ...EVENT, data: JSON.parse(deep) as unknown }]) {
      const { malformed } = doorEventOf(given).data as unknown as { malformed: string };
      expect(malformed.length).toBeGreaterThan(10);
      expect(malformed.length).toBeLessThanOrEqual(4096);
    }
  });
});
