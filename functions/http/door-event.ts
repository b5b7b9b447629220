import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { CloudEvent } from '../../workflows/door-types.ts';

/** A rejected record keeps no more of a message than this. */
const TEXT_MAX = 4_096;

/** Pub/Sub writes some names in both ways. Source: Pub/Sub, "Push subscriptions", message format. */
const pushSchema = z.object({
  subscription: z.string().default(''),
  message: z.object({
    data: z.string().nullish(),
    attributes: z.record(z.string(), z.string()).nullish(),
    messageId: z.string().nullish(),
    message_id: z.string().nullish(),
    publishTime: z.string().nullish(),
    publish_time: z.string().nullish(),
  }),
});

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);

const textAt = (from: unknown, name: string): string => {
  const value = isObject(from) ? from[name] : undefined;
  return typeof value === 'string' ? value : '';
};

/** A body that came without a content type, or as text. */
const parsed = (data: unknown): unknown => {
  if (!Buffer.isBuffer(data) && typeof data !== 'string') return data;
  try {
    return JSON.parse(data.toString()) as unknown;
  } catch {
    return data.toString();
  }
};

/** A beginning of whatever came, for people; JSON that is nested too deeply has none. */
const textOf = (value: unknown): string => {
  try {
    return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, TEXT_MAX);
  } catch {
    return 'not to be written as JSON';
  }
};

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/**
 * What functions-framework hands over, in whichever way it came (Eventarc's binary mode, a structured CloudEvent, the plain
 * body of a push), as the one shape that the doors know. What is no message of Pub/Sub keeps an id that stays the same when
 * it comes again, and a text that the door rejects.
 */
export const doorEventOf = (given: unknown): CloudEvent => {
  // A push body that bears attributes only is passed on by the framework as it is.
  const isPush = isObject(given) && given['data'] === undefined && isObject(given['message']);
  const data = parsed(isPush ? given : isObject(given) ? given['data'] : given);
  const push = pushSchema.safeParse(data);
  const message = push.success ? push.data.message : null;
  const text = message === null ? textOf(data) : '';
  const messageId = message?.messageId ?? message?.message_id ?? '';
  const id = textAt(given, 'id') || messageId || digestOf(text);
  const time = message?.publishTime ?? message?.publish_time ?? textAt(given, 'time');
  return {
    specversion: '1.0',
    type: 'google.cloud.pubsub.topic.v1.messagePublished',
    source: textAt(given, 'source'),
    id: id.slice(0, 200),
    time,
    datacontenttype: 'application/json',
    data:
      message === null || !push.success
        ? ({ malformed: text } as unknown as CloudEvent['data'])
        : {
            subscription: push.data.subscription,
            message: {
              data: message.data ?? '',
              attributes: message.attributes ?? {},
              messageId: messageId || id,
              publishTime: time,
            },
          },
  };
};
