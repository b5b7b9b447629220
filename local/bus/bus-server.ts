import { createServer, type IncomingMessage, type Server } from 'node:http';
import * as z from 'zod';
import type { NewMessage } from './bus-file.ts';
import type { LocalBus } from './local-bus.ts';
import { EVENTS_TOPIC, PUSH_TOPICS, type PushTopic, type Topic } from './subscriptions.ts';

export interface BusServerOptions {
  /** null: it is not open yet. */
  readonly bus: () => LocalBus | null;
  readonly project: string;
}

/** Pub/Sub's own bound on a request. Source: Pub/Sub, "Quotas and limits". */
const BODY_BYTES_MAX = 10 * 1024 * 1024;

/** google.rpc.Code names by HTTP status. */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  503: 'UNAVAILABLE',
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const failed = (code: number, message: string): Answer => ({
  status: code,
  body: { error: { code, message, status: STATUSES[code] ?? 'UNKNOWN' } },
});

const publishSchema = z.object({
  messages: z
    .array(
      z
        .object({
          data: z.base64().default(''),
          attributes: z.record(z.string(), z.string()).default({}),
        })
        .refine(({ data, attributes }) => data !== '' || Object.keys(attributes).length > 0, {
          error: 'a message has data or attributes',
        }),
    )
    .min(1)
    .max(1_000),
});

const bodyOf = async (request: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk as Buffer);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString();
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const isPushTopic = (name: string): name is PushTopic => PUSH_TOPICS.some((topic) => topic === name);
const isTopic = (name: string): name is Topic => name === EVENTS_TOPIC || isPushTopic(name);

/** Source: Pub/Sub, REST v1, projects.topics.publish. */
const publish = (bus: LocalBus, topic: string, body: string): Answer => {
  if (!isTopic(topic))
    return failed(404, `there is no topic ${topic}: ${[...PUSH_TOPICS, EVENTS_TOPIC].join(', ')}`);
  const read = publishSchema.safeParse(jsonOf(body));
  if (!read.success) {
    const [issue] = read.error.issues;
    return failed(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a publish request'}`);
  }
  const messages: readonly NewMessage[] = read.data.messages;
  return { status: 200, body: { messageIds: bus.publish(topic, messages) } };
};

/** Ours, since a dead letter here has no topic of its own: list them, or publish them anew. */
const operate = (bus: LocalBus, subscription: string, verb: string): Answer => {
  if (!isPushTopic(subscription)) return failed(404, `there is no subscription ${subscription}`);
  return verb === 'redrive'
    ? { status: 200, body: { redriven: bus.redrive(subscription) } }
    : { status: 200, body: { deadLetters: bus.deadLetters(subscription) } };
};

const PUBLISH = /^\/v1\/projects\/([^/]+)\/topics\/([^/:]+):publish$/;
const OPERATE = /^\/v1\/projects\/([^/]+)\/subscriptions\/([^/:]+):(redrive|deadLetters)$/;

const answerTo = async (request: IncomingMessage, { bus, project }: BusServerOptions): Promise<Answer> => {
  const body = await bodyOf(request);
  // Any page in a browser reaches a port of loopback; what it sends bears its origin.
  if (request.headers.origin !== undefined) return failed(403, 'pages of a browser may not publish');
  if (body === null) return failed(400, `more than ${BODY_BYTES_MAX} bytes`);
  const path = (request.url ?? '').split('?')[0] ?? '';
  const found = PUBLISH.exec(path) ?? OPERATE.exec(path);
  if (found === null || request.method !== 'POST') return failed(404, `${request.method ?? ''} ${path}`);
  const [, owner = '', name = '', verb] = found;
  if (owner !== project) return failed(404, `there is no project ${owner} here, only ${project}`);
  const open = bus();
  if (open === null) return failed(503, 'the bus is starting, or has stopped');
  try {
    return verb === undefined ? publish(open, name, body) : operate(open, name, verb);
  } catch (error) {
    return failed(503, error instanceof Error ? error.message : String(error));
  }
};

/** Pub/Sub's publish endpoint over a local bus; not listening yet. Never throws. */
export const createBusServer = (options: BusServerOptions): Server =>
  createServer((request, response) => {
    void answerTo(request, options).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      // The client went away in the middle of its request.
      () => response.destroy(),
    );
  });
