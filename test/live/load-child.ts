/**
 * Users of a gateway's address, in a process of their own: so many requests a second of the wall's time, plain and streamed
 * in turn, over kept connections, each sent once. Streams are read to their end, and an error object in one is a failure
 * (its status is 200). Begins with the message that says where; a second message ends it, and the answer is the report.
 */
import { Agent, request } from 'node:http';

export interface LoadOrder {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly host: string;
  readonly path: string;
  readonly model: string;
  readonly requestsPerSecond: number;
}

/** All requests that were sent within one slice of time. */
export interface LoadSlice {
  /** Since 1970. */
  readonly fromMs: number;
  readonly sent: number;
  /** Answers by the pool whose pod gave them. */
  readonly byPool: Readonly<Record<string, number>>;
}

export interface SlowAnswer {
  /** Milliseconds of the wall. */
  readonly ms: number;
  /** When it was sent, since 1970. */
  readonly sentAtMs: number;
  readonly pod: string | null;
  readonly streamed: boolean;
}

export interface LoadReport {
  readonly sent: number;
  readonly plain: number;
  readonly streamed: number;
  readonly failed: number;
  /** The first ones, in a sentence each. */
  readonly failures: readonly string[];
  readonly byPool: Readonly<Record<string, number>>;
  readonly pods: readonly string[];
  readonly slices: readonly LoadSlice[];
  readonly tookMs: number;
  /** The answer that took longest. */
  readonly slowest: SlowAnswer;
}

const SLICE_MS = 100;
const PACE_MS = 5;
const FAILURES_MAX = 20;
/** A last answer that is still on its way. */
const LAST_MS = 20_000;

interface Slice {
  readonly fromMs: number;
  sent: number;
  readonly byPool: Record<string, number>;
}

interface Ended {
  readonly pool: string | null;
  readonly pod: string | null;
  /** null: it is as it should be. */
  readonly failure: string | null;
}

const DONE = 'data: [DONE]\n\n';

/** What is wrong with an answer; null: nothing. */
const failureOf = (status: number, body: string, streamed: boolean): string | null => {
  if (status !== 200) return `status ${status}: ${body.slice(0, 200)}`;
  if (body.includes('"error"')) return `an error object: ${body.slice(-300)}`;
  if (streamed) return body.endsWith(DONE) ? null : `a stream that is cut: ${body.slice(-100)}`;
  return body.includes('"choices"') ? null : `no completion: ${body.slice(0, 200)}`;
};

const textOf = (header: string | string[] | undefined): string | null =>
  typeof header === 'string' ? header : null;

class Load {
  readonly #order: LoadOrder;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #slices: Slice[] = [];
  readonly #failures: string[] = [];
  readonly #byPool: Record<string, number> = {};
  readonly #pods = new Set<string>();
  readonly #startedMs = performance.now();
  #sent = 0;
  #ended = 0;
  #failed = 0;
  #slowest: SlowAnswer = { ms: 0, sentAtMs: 0, pod: null, streamed: false };
  #tookMs = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#timer = setInterval(() => this.#pace(), PACE_MS);
  }

  /** As many as are due by now. */
  #pace(): void {
    const due = Math.floor(((performance.now() - this.#startedMs) * this.#order.requestsPerSecond) / 1000);
    while (this.#sent < due) void this.#one();
  }

  #slice(): Slice {
    const fromMs = Math.floor(Date.now() / SLICE_MS) * SLICE_MS;
    const last = this.#slices.at(-1);
    if (last?.fromMs === fromMs) return last;
    const slice = { fromMs, sent: 0, byPool: {} };
    this.#slices.push(slice);
    return slice;
  }

  async #one(): Promise<void> {
    const streamed = this.#sent % 2 === 1;
    this.#sent += 1;
    const slice = this.#slice();
    slice.sent += 1;
    const startedMs = performance.now();
    const { pool, pod, failure } = await this.#send(streamed);
    this.#ended += 1;
    const ms = performance.now() - startedMs;
    if (ms > this.#slowest.ms) this.#slowest = { ms, sentAtMs: slice.fromMs, pod, streamed };
    const name = pool ?? 'nobody';
    slice.byPool[name] = (slice.byPool[name] ?? 0) + 1;
    this.#byPool[name] = (this.#byPool[name] ?? 0) + 1;
    if (pod !== null) this.#pods.add(pod);
    if (failure === null) return;
    this.#failed += 1;
    if (this.#failures.length < FAILURES_MAX)
      this.#failures.push(`${new Date().toISOString()} ${streamed ? 'stream' : 'plain'} ${pod}: ${failure}`);
  }

  #send(streamed: boolean): Promise<Ended> {
    const { address, host, path, model } = this.#order;
    const [hostname = '', port = ''] = address.split(':');
    const body = JSON.stringify({ model, prompt: 'the food was', max_tokens: 16, stream: streamed });
    const headers = {
      Host: host,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    return new Promise((resolve) => {
      const lost = (error: Error): void => resolve({ pool: null, pod: null, failure: error.message });
      const sent = request(
        { host: hostname, port, method: 'POST', path, headers, agent: this.#agent },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', lost);
          response.on('end', () => {
            const { 'x-inference-pod': pod, 'x-inference-pool': pool } = response.headers;
            const failure = failureOf(response.statusCode ?? 0, text, streamed);
            resolve({ pool: textOf(pool), pod: textOf(pod), failure });
          });
        },
      );
      sent.on('error', lost);
      sent.end(body);
    });
  }

  /** Sends no more, and waits for what is under way. */
  async end(): Promise<LoadReport> {
    clearInterval(this.#timer);
    this.#tookMs = performance.now() - this.#startedMs;
    const endMs = performance.now() + LAST_MS;
    while (this.#ended < this.#sent && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    const unanswered = this.#sent - this.#ended;
    if (unanswered > 0) this.#failures.push(`${unanswered} requests were never answered`);
    this.#agent.destroy();
    return {
      sent: this.#sent,
      plain: Math.ceil(this.#sent / 2),
      streamed: Math.floor(this.#sent / 2),
      failed: this.#failed + unanswered,
      failures: this.#failures,
      byPool: this.#byPool,
      pods: [...this.#pods].toSorted(),
      slices: this.#slices,
      tookMs: this.#tookMs,
      slowest: this.#slowest,
    };
  }
}

let load: Load | null = null;
process.on('message', (order: LoadOrder | 'end') => {
  if (order !== 'end') load = new Load(order);
  else void load?.end().then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
