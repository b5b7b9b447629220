import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface HeardRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpListener {
  readonly url: string;
  readonly heard: readonly HeardRequest[];
  readonly close: () => Promise<void>;
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** A small server on a free port that keeps what it hears. `answer` may leave the request unanswered. */
export const listenHttp = async (
  answer: (request: HeardRequest, response: ServerResponse) => void,
): Promise<HttpListener> => {
  const heard: HeardRequest[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      heard.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
