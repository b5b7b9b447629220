import { Agent, request } from 'node:http';

export interface Completion {
  readonly stream?: boolean;
  readonly maxTokens?: number;
  readonly model?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Completed {
  /** 0: the connection was reset. */
  readonly status: number;
  readonly pod: string | undefined;
  readonly pool: string | undefined;
  readonly body: string;
  /** Pieces that the body came in. */
  readonly pieces: number;
  readonly wallMs: number;
}

/** A client of a gateway's address that reads streams to their end and never tries again. */
export class GatewayClient {
  readonly #host: string;
  readonly #port: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(address: string) {
    const [host = '', port = ''] = address.split(':');
    this.#host = host;
    this.#port = port;
  }

  complete(completion: Completion = {}): Promise<Completed> {
    const { stream = false, maxTokens = 16, model = 'llama', headers = {} } = completion;
    const body = JSON.stringify({ model, prompt: 'the food was', max_tokens: maxTokens, stream });
    return this.send('POST', '/v1/completions', body, {
      Host: completion.host ?? 'llm.example.com',
      'Content-Type': 'application/json',
      ...headers,
    });
  }

  send(
    method: string,
    path: string,
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Completed> {
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const lost = (text: string, pieces: number): void =>
        resolve({ status: 0, pod: undefined, pool: undefined, body: text, pieces, wallMs: 0 });
      const sent = request(
        { host: this.#host, port: this.#port, method, path, headers, agent: this.#agent },
        (response) => {
          let text = '';
          let pieces = 0;
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
            pieces++;
          });
          response.on('error', () => lost(text, pieces));
          response.on('end', () => {
            const { 'x-inference-pod': pod, 'x-inference-pool': pool } = response.headers;
            resolve({
              status: response.statusCode ?? 0,
              pod: typeof pod === 'string' ? pod : undefined,
              pool: typeof pool === 'string' ? pool : undefined,
              body: text,
              pieces,
              wallMs: performance.now() - startedMs,
            });
          });
        },
      );
      sent.on('error', () => lost('', 0));
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** What came of a request, in one word. */
export function endOf({ status, body }: Completed): string {
  if (status !== 200) return String(status);
  if (!body.startsWith('data: ')) return 'plain';
  if (body.includes('"error"')) return 'error in stream';
  return body.endsWith('data: [DONE]\n\n') ? 'stream' : 'cut';
}
