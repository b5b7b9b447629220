import type { Request, Response } from '@google-cloud/functions-framework';
import type { ApiRequest, ApiResponse } from '../../workflows/door-types.ts';
import { isWatch, type Watch } from '../watch.ts';
import { apiRequestOf, bodyOf, headersOf } from './api-request.ts';
import { createEventStream } from './event-stream.ts';
import { type PrincipalOptions, principalOf } from './principal.ts';
import type { Traced } from './trace.ts';

export interface ApiHandlerOptions {
  readonly api: (request: ApiRequest) => Promise<ApiResponse>;
  readonly watch: Watch;
  readonly principal: PrincipalOptions;
  readonly traced: Traced;
  /** Aborted: streams end. */
  readonly stopping?: AbortSignal;
}

const ALLOWED = 'GET, HEAD, POST, OPTIONS';

const respond = (response: Response, { status, headers, body }: ApiResponse): void => {
  response
    .status(status)
    .set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers });
  if (status === 401) response.set('www-authenticate', 'Bearer');
  response.send(body === undefined ? '' : JSON.stringify(body));
};

/** The API's doors as an HTTP function. */
export const createApiHandler =
  ({ api, watch, principal, traced, stopping }: ApiHandlerOptions) =>
  async (request: Request, response: Response): Promise<void> => {
    if (request.method === 'OPTIONS') {
      response.status(204).set('allow', ALLOWED).end();
      return;
    }
    const headers = headersOf(request);
    const asker = principalOf(headers, principal);
    if (asker.kind === 'refused') return respond(response, asker.answer);
    const read = bodyOf(request);
    if (read.kind === 'refused') return respond(response, read.answer);
    const asked = apiRequestOf(request, read.body, asker.principal);
    const trace = headers['traceparent'] ?? headers['x-cloud-trace-context'];
    await traced(trace, async () => {
      // HEAD of a stream would be a stream that nobody reads.
      if (!isWatch(asked) || request.method === 'HEAD') return respond(response, await api(asked));
      const stream = createEventStream(response, stopping);
      const answer = await watch(asked, stream.send);
      if (answer === null) stream.end();
      else respond(response, answer);
    });
  };
