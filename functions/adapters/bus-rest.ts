import type { BusPort, NoAnswer } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';

export interface RestBusOptions {
  /** Base address, e.g. `https://pubsub.googleapis.com`. */
  readonly endpoint: string;
  readonly project: string;
  /** An access token; null: the endpoint wants none. */
  readonly auth: (() => Promise<string>) | null;
  readonly clock: Clock;
}

const TIMEOUT_MS = 10_000;

/** The attribute that carries the identity of the content; the message's own id is the delivery's (protocol P7). */
const ID_ATTRIBUTE = 'id';

const noAnswer = (why: string): NoAnswer => ({ kind: 'noAnswer', why });

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};

/**
 * Publishes by Pub/Sub's REST API, one attempt per call. Anything but an acceptance is `noAnswer`: the message may be out.
 * Source: Pub/Sub, REST v1, projects.topics.publish.
 */
export const createRestBus = ({ endpoint, project, auth, clock }: RestBusOptions): BusPort => ({
  publish: async ({ topic, message }) => {
    const over = new AbortController();
    const answered = new AbortController();
    const release = clock.hold();
    void clock.wait(TIMEOUT_MS, answered.signal).then(() => {
      if (!answered.signal.aborted) over.abort(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`));
    });
    try {
      const response = await fetch(`${endpoint}/v1/projects/${project}/topics/${topic}:publish`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(auth === null ? {} : { authorization: `Bearer ${await auth()}` }),
        },
        body: JSON.stringify({
          messages: [
            {
              data: Buffer.from(JSON.stringify(message.data)).toString('base64'),
              attributes: { ...message.attributes, [ID_ATTRIBUTE]: message.id },
            },
          ],
        }),
        signal: over.signal,
      });
      // Read to its end, so that the connection can be used again.
      const text = await response.text();
      return response.ok ? { kind: 'ok' } : noAnswer(`${response.status} ${text.slice(0, 200)}`);
    } catch (error) {
      return noAnswer(reasonOf(error));
    } finally {
      answered.abort();
      release();
    }
  },
});
