import { request } from 'node:http';
import type { StoredMessage } from './bus-file.ts';

export interface Delivery {
  /** Of the function, e.g. `http://127.0.0.1:41234/`. */
  readonly url: string;
  readonly message: StoredMessage;
  readonly project: string;
  /** Aborted: the deadline is over, the connection is cut. */
  readonly signal: AbortSignal;
}

/** Whether it was acknowledged, and if not, why. */
export type Pushed = { readonly acknowledged: true } | { readonly acknowledged: false; readonly why: string };

const TYPE = 'google.cloud.pubsub.topic.v1.messagePublished';

/** The body of a push. Pub/Sub writes the id and the time in both ways; attempts are counted where there are dead letters. */
const bodyOf = ({ message, project }: Delivery): string => {
  const time = new Date(message.publishedAtMs).toISOString();
  return JSON.stringify({
    subscription: `projects/${project}/subscriptions/${message.topic}`,
    message: {
      data: message.data,
      attributes: message.attributes,
      messageId: message.messageId,
      message_id: message.messageId,
      publishTime: time,
      publish_time: time,
    },
    deliveryAttempt: message.attempts,
  });
};

/**
 * One delivery, as Eventarc makes it: a CloudEvent in binary mode, its attributes in headers. Every 2xx acknowledges.
 * Each has a connection of its own: one that is kept may be closed by the other side just when it is used again, and that
 * would count as an attempt.
 * Source: Eventarc, "Event format"; CloudEvents, HTTP protocol binding 1.0.2, binary content mode.
 */
export const push = (delivery: Delivery): Promise<Pushed> =>
  new Promise((resolve) => {
    const { url, message, project, signal } = delivery;
    const body = bodyOf(delivery);
    const refused = (error: Error): void => {
      const why = signal.aborted ? 'no answer before the deadline' : error.message;
      resolve({ acknowledged: false, why });
    };
    const sent = request(
      url,
      {
        method: 'POST',
        agent: false,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'ce-specversion': '1.0',
          'ce-type': TYPE,
          'ce-source': `//pubsub.googleapis.com/projects/${project}/topics/${message.topic}`,
          'ce-id': message.messageId,
          'ce-time': new Date(message.publishedAtMs).toISOString(),
        },
      },
      (answer) => {
        const status = answer.statusCode ?? 0;
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          if (text.length < 500) text += chunk;
        });
        answer.on('error', refused);
        answer.on('end', () => {
          resolve(
            status >= 200 && status < 300
              ? { acknowledged: true }
              : { acknowledged: false, why: `${status} ${text.slice(0, 200)}`.trim() },
          );
        });
      },
    );
    sent.on('error', refused);
    sent.end(body);
  });
