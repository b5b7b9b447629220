import { text } from 'node:stream/consumers';
import type { PodHandler, ServedPod } from './pod-listener.ts';

export interface PodRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface PodResponse {
  readonly status: number;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** A stream is sent as it comes; one that throws cuts the connection. */
  readonly body: string | AsyncIterable<string>;
}

/** Makes a handler of a function from request to response, e.g. a simulated model server's. What throws cuts the connection. */
export const answering =
  (
    answer: (pod: ServedPod, port: number, request: PodRequest) => PodResponse | Promise<PodResponse>,
  ): PodHandler =>
  (pod, port, request, response) => {
    const serve = async (): Promise<void> => {
      const { method = 'GET', url = '/', headers } = request;
      const { status, contentType, body } = await answer(pod, port, {
        method,
        path: url,
        headers,
        body: await text(request),
      });
      response.writeHead(status, { 'content-type': contentType ?? 'application/json' });
      if (typeof body === 'string') {
        response.end(body);
        return;
      }
      for await (const part of body) response.write(part);
      response.end();
    };
    serve().catch(() => response.destroy());
  };
