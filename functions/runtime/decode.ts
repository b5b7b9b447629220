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

export interface Decoded {
  readonly json: unknown;
  /** Pub/Sub leaves them out where there are none. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The JSON in a Pub/Sub message, and what stands beside it. @throws TerminalError `message-malformed`. */
export const decodeMessage = (event: CloudEvent): Decoded => {
  const parsed = envelope.safeParse(event.data);
  if (!parsed.success) throw new TerminalError('message-malformed', 'not a Pub/Sub CloudEvent');
  const { data, attributes } = parsed.data.message;
  const text = Buffer.from(data, 'base64').toString('utf8');
  try {
    return { json: JSON.parse(text) as unknown, attributes };
  } catch (error) {
    throw new TerminalError('message-malformed', `the message is no JSON: ${text.slice(0, 80)}`, {
      cause: error,
    });
  }
};

/** Only the JSON. @throws TerminalError `message-malformed`. */
export const decodeJson = (event: CloudEvent): unknown => decodeMessage(event).json;

/** Text of an event for the rejected record, cut to 4 KiB. */
export const textOf = (event: CloudEvent): string => JSON.stringify(event.data ?? null).slice(0, 4096);
