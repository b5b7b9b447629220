/** From a Pub/Sub CloudEvent to what it says. Malformed ones are the sender's fault: recorded and acknowledged (P7). */
import * as z from 'zod';
import type { CloudEvent } from '../../workflows/door-types.ts';
import { TerminalError } from '../../workflows/errors.ts';

const envelope = z.object({
  message: z.object({
    data: z.string().default(''),
    messageId: z.string().default(''),
    attributes: z.record(z.string(), z.string()).default({}),
  }),
});

/** The JSON in a Pub/Sub message. @throws TerminalError `message-malformed`. */
export const decodeJson = (event: CloudEvent): unknown => {
  const parsed = envelope.safeParse(event.data);
  if (!parsed.success) throw new TerminalError('message-malformed', 'not a Pub/Sub CloudEvent');
  const text = Buffer.from(parsed.data.message.data, 'base64').toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new TerminalError('message-malformed', `the message is no JSON: ${text.slice(0, 80)}`, {
      cause: error,
    });
  }
};

/** Text of an event for the rejected record, cut to 4 KiB. */
export const textOf = (event: CloudEvent): string => JSON.stringify(event.data ?? null).slice(0, 4096);
