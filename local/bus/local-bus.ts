import type { Clock } from '../../functions/adapters/clock.ts';
import { BusFile, type DeadLetter, type NewMessage, type StoredMessage } from './bus-file.ts';
import { push } from './push.ts';
import {
  backOffMs,
  EVENTS_TOPIC,
  PUSH_TOPICS,
  type PushTopic,
  SUBSCRIPTIONS,
  type Subscriptions,
  type Topic,
} from './subscriptions.ts';

export interface LocalBusOptions {
  /** SQLite file; made when it is not there. */
  readonly path: string;
  readonly project: string;
  /** Pauses, deadlines and lifetimes run by it. */
  readonly clock: Clock;
  /** Default: those of `subscriptions.ts`. */
  readonly subscriptions?: Subscriptions;
  /** Where each topic's messages go. */
  readonly urls: Readonly<Record<PushTopic, string>>;
  /** A delivery that was not acknowledged, and what the bus itself cannot do. */
  readonly onTrouble: (code: string, message: string) => void;
}

export interface LocalBus {
  /** On the disk once it returns. @throws what `node:sqlite` throws. */
  publish(topic: Topic, messages: readonly NewMessage[]): readonly string[];
  deadLetters(topic?: PushTopic): readonly DeadLetter[];
  /** Publishes dead letters anew; returns how many. */
  redrive(topic?: PushTopic): number;
  /** The latest messages of the topic that nobody subscribes to. */
  events(afterId?: string): readonly StoredMessage[];
  /** Deliveries under way. */
  readonly underWay: number;
  /** No further delivery begins; resolves once none is under way. */
  stop(): Promise<void>;
  /** Cuts what is under way and gives the file back. */
  close(): void;
}

const EVENTS_MAX = 10_000;
/** Pruning looks at the whole topic: not with each message. */
const PRUNE_EVERY = 500;
/** Between two tries where the file cannot be read. */
const UNAVAILABLE_MS = 10_000;

class SqliteBus implements LocalBus {
  readonly #options: LocalBusOptions;
  readonly #file: BusFile;
  readonly #subscriptions: Subscriptions;
  /** Of each topic, the deadlines of the deliveries under way. */
  readonly #out: Readonly<Record<PushTopic, Set<AbortController>>>;
  #waiting: AbortController | null = null;
  #whenIdle: (() => void)[] = [];
  #events = 0;
  #stopped = false;

  constructor(options: LocalBusOptions) {
    this.#options = options;
    this.#subscriptions = options.subscriptions ?? SUBSCRIPTIONS;
    this.#file = new BusFile(options.path);
    this.#out = { requests: new Set(), alerts: new Set(), ticks: new Set(), wakes: new Set() };
    const longest = Math.max(...PUSH_TOPICS.map((topic) => this.#subscriptions[topic].backOffMaxMs));
    this.#file.recover(this.#nowMs(), longest);
    this.#pump();
  }

  get underWay(): number {
    return PUSH_TOPICS.reduce((sum, topic) => sum + this.#out[topic].size, 0);
  }

  publish(topic: Topic, messages: readonly NewMessage[]): readonly string[] {
    const ids = this.#file.add(topic, messages, this.#nowMs());
    if (topic !== EVENTS_TOPIC) this.#pump();
    else if ((this.#events += messages.length) >= PRUNE_EVERY) {
      this.#events = 0;
      this.#file.prune(EVENTS_TOPIC, 'kept', EVENTS_MAX);
    }
    return ids;
  }

  deadLetters(topic?: PushTopic): readonly DeadLetter[] {
    return this.#file.deadLetters(topic);
  }

  redrive(topic?: PushTopic): number {
    const count = this.#file.redrive(this.#nowMs(), topic);
    this.#pump();
    return count;
  }

  events(afterId = '0'): readonly StoredMessage[] {
    return this.#file.kept(EVENTS_TOPIC, afterId, EVENTS_MAX);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting?.abort();
    return new Promise((resolve) => {
      if (this.underWay === 0) resolve();
      else this.#whenIdle.push(resolve);
    });
  }

  close(): void {
    this.#stopped = true;
    this.#waiting?.abort();
    for (const topic of PUSH_TOPICS) for (const deadline of this.#out[topic]) deadline.abort();
    this.#file.close();
  }

  /** Begins all deliveries that are due and have room, and waits for the next that will be. Without any, nothing runs. */
  #pump(): void {
    if (this.#stopped) return;
    this.#waiting?.abort();
    this.#waiting = null;
    try {
      const { clock } = this.#options;
      let next = Number.POSITIVE_INFINITY;
      for (const topic of PUSH_TOPICS) {
        while (this.#hasRoom(topic)) {
          const message = this.#file.take(topic, this.#nowMs());
          if (message === null) break;
          void this.#deliver(topic, message);
        }
        if (this.#hasRoom(topic)) next = Math.min(next, this.#file.nextAtMs(topic) ?? next);
      }
      if (next !== Number.POSITIVE_INFINITY) this.#pumpIn(Math.max(0, next - clock.nowMs()));
    } catch (error) {
      this.#trouble('bus-unavailable', error);
      this.#pumpIn(UNAVAILABLE_MS);
    }
  }

  #pumpIn(ms: number): void {
    const waiting = new AbortController();
    this.#waiting = waiting;
    void this.#options.clock.wait(ms, waiting.signal).then(() => {
      if (!waiting.signal.aborted) this.#pump();
    });
  }

  /** Whole milliseconds: a world's time may lie between two. */
  #nowMs(): number {
    return Math.floor(this.#options.clock.nowMs());
  }

  #hasRoom(topic: PushTopic): boolean {
    return this.#out[topic].size < this.#subscriptions[topic].parallel;
  }

  async #deliver(topic: PushTopic, message: StoredMessage): Promise<void> {
    const { clock, project, urls } = this.#options;
    const deadline = new AbortController();
    const answered = new AbortController();
    this.#out[topic].add(deadline);
    void clock.wait(this.#subscriptions[topic].ackDeadlineMs, answered.signal).then(() => {
      if (!answered.signal.aborted) deadline.abort();
    });
    const pushed = await push({ url: urls[topic], message, project, signal: deadline.signal });
    answered.abort();
    this.#out[topic].delete(deadline);
    try {
      if (pushed.acknowledged) this.#file.acknowledge(message);
      else this.#refused(topic, message, pushed.why);
    } catch (error) {
      // Closed meanwhile, or the disk is away: the next start delivers it again.
      if (!this.#stopped) this.#trouble('bus-unavailable', error);
    }
    if (this.underWay === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    this.#pump();
  }

  #refused(topic: PushTopic, message: StoredMessage, why: string): void {
    const { onTrouble } = this.#options;
    const subscription = this.#subscriptions[topic];
    const nowMs = this.#nowMs();
    const pauseMs = backOffMs(subscription, message.attempts);
    const diesAtMs = message.publishedAtMs + subscription.lifetimeMs;
    const what = `${topic} ${message.messageId}, attempt ${message.attempts}: ${why}`;
    if (message.attempts < subscription.attemptsMax && nowMs + pauseMs < diesAtMs) {
      this.#file.again(message, nowMs + pauseMs);
      onTrouble('delivery-refused', what);
      return;
    }
    this.#file.bury(message, nowMs, why);
    if (subscription.deadLettersMax !== null) this.#file.prune(topic, 'dead', subscription.deadLettersMax);
    onTrouble('delivery-given-up', what);
  }

  #trouble(code: string, error: unknown): void {
    this.#options.onTrouble(code, error instanceof Error ? error.message : String(error));
  }
}

/**
 * Pub/Sub for one machine: at least once, in any order, with growing pauses and dead letters, all of it by the given clock
 * and on the disk. @throws what `node:sqlite` throws when the file cannot be opened.
 */
export const openLocalBus = (options: LocalBusOptions): LocalBus => new SqliteBus(options);
