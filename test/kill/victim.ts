/** The process that is killed and started again on the same state folder, and the way of messages to it. */
import { type SpawnedPlatform, spawnPlatform } from '../../local/spawn-platform.ts';

export interface VictimOptions {
  readonly stateDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly project: string;
}

const AGAIN_MS = 200;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Victim {
  readonly #options: VictimOptions;
  #platform: SpawnedPlatform | null = null;
  #isOver = false;
  /** Processes so far. */
  lives = 0;

  constructor(options: VictimOptions) {
    this.#options = options;
  }

  /** Name of the process that lives, or of the one that died last. */
  get name(): string {
    return `sluice-${this.lives}`;
  }

  get isAlive(): boolean {
    return this.#platform !== null;
  }

  /** @throws Error with its last words when it does not come up, e.g. because its folder is locked. */
  async start(): Promise<void> {
    const { stateDir, environment } = this.#options;
    this.lives += 1;
    const platform = await spawnPlatform({ stateDir, environment });
    this.#platform = platform;
  }

  /** SIGKILL at once; resolves when it is dead. */
  kill(): Promise<void> {
    const platform = this.#platform;
    this.#platform = null;
    return platform?.kill() ?? Promise.resolve();
  }

  /** SIGTERM, for good. */
  async stop(): Promise<void> {
    this.#isOver = true;
    const platform = this.#platform;
    this.#platform = null;
    await platform?.stop();
  }

  /** Rejects when the process ends by itself. */
  async untilBroken(): Promise<never> {
    for (;;) {
      const platform = this.#platform;
      if (platform !== null) {
        await platform.ended;
        if (this.#platform === platform) throw new Error(platform.why());
      }
      await sleep(AGAIN_MS);
    }
  }

  /** Asks the API until it answers: a client whose connection breaks sends the same request again. null: it is all over. */
  async ask(path: string, body: object): Promise<Answer | null> {
    while (!this.#isOver) {
      const answer = await this.#post(`${this.#platform?.apiUrl ?? ''}${path}`, body);
      if (answer !== null && answer.status < 500) return answer;
      await sleep(AGAIN_MS);
    }
    return null;
  }

  /** A publisher whose message was not accepted sends it again: a bus that is away loses nothing. */
  async publish(
    topic: 'alerts' | 'requests',
    message: object,
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const data = Buffer.from(JSON.stringify(message)).toString('base64');
    const path = `/v1/projects/${this.#options.project}/topics/${topic}:publish`;
    while (!this.#isOver) {
      const body = { messages: [{ data, attributes }] };
      const answer = await this.#post(`${this.#platform?.busUrl ?? ''}${path}`, body);
      if (answer !== null && answer.status < 300) return;
      await sleep(AGAIN_MS);
    }
  }

  async #post(url: string, body: object): Promise<Answer | null> {
    if (this.#platform === null) return null;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    } catch {
      return null;
    }
  }
}
