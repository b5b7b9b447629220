import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import type { Response } from '@google-cloud/functions-framework';
import { problem } from '../runtime/reply.ts';

/** The part of an Express application that is needed here. */
interface Application {
  use(handler: (error: unknown, request: unknown, response: Response, next: () => void) => void): unknown;
}

const isApplication = (listener: unknown): listener is Application =>
  typeof listener === 'function' && 'use' in listener && typeof listener.use === 'function';

/**
 * What is thrown before a function is called is the request's fault, whatever the thrower thought of it. Four declared
 * parameters: that is how Express tells an error handler.
 */
const answerError = (error: unknown, _request: unknown, response: Response, _next: () => void): void => {
  const { status, headers, body } = problem(
    400,
    'request-unreadable',
    error instanceof Error ? error.message.slice(0, 200) : 'the request cannot be read',
  );
  if (response.headersSent) response.destroy();
  else response.status(status).set(headers).send(JSON.stringify(body));
};

const REQUEST_START = 'http.server.request.start';

const seen = new WeakSet<Server>();

const hear = (message: unknown): void => {
  const { server } = message as { readonly server: Server };
  if (seen.has(server)) return;
  seen.add(server);
  const [listener] = server.listeners('request') as readonly unknown[];
  if (isApplication(listener)) listener.use(answerError);
};

/**
 * The framework reads and parses a request before any code of ours sees it, and leaves what cannot be parsed to Express,
 * which answers with a page of HTML and a stack. It has no hook for that; Node tells of each request before its listener
 * does, and the listener is the Express application: there the handler is added, once per server.
 */
export const answerErrorsAsProblems = (): void => {
  // Once, however often it is asked for.
  unsubscribe(REQUEST_START, hear);
  subscribe(REQUEST_START, hear);
};
