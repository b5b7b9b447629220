import type { CloudEvent } from '../../workflows/door-types.ts';
import { cloudEventOf, type TopicMessage } from './cloud-event.ts';
import type { Invocation } from './invocation.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { backOffMs, type PushTopic, SUBSCRIPTIONS } from './subscriptions.ts';

/** What happens to messages on the way (protocol P10); rates are probabilities per message. */
export interface PubSubFaults {
  /** Published again a little later, with another id. */
  readonly duplicated: number;
  /** Delivered later than messages published after it. */
  readonly delayed: number;
  readonly delayMaxMs: number;
  /** Published once more a day later, with another id. */
  readonly dayLate: number;
}

export interface DeadLetter {
  readonly topic: PushTopic;
  readonly message: TopicMessage;
  readonly attempts: number;
  readonly atMs: number;
}

/** What became of deliveries, counted. */
export interface DeliveryCounts {
  published: number;
  delivered: number;
  acked: number;
  nacked: number;
  /** Not answered before the deadline. */
  expired: number;
  /** Made again because the process died. */
  lost: number;
  dropped: number;
  duplicated: number;
}

export interface PubSubOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly project: string;
  /** Starts the door on a live process; null: there is none now. */
  readonly deliver: (topic: PushTopic, event: CloudEvent, messageId: string) => Invocation<void> | null;
}

const DELIVERY_MS = 30;
/** How long a push waits for a process to start before it looks again; not an attempt. */
const NO_PROCESS_RETRY_MS = 1_000;
const DAY_MS = 24 * 3_600_000;

/** At-least-once delivery to the doors: acknowledged, or delivered again with growing pauses, or given up. */
export class PubSub {
  readonly deadLetters: DeadLetter[] = [];
  readonly counts: DeliveryCounts = {
    published: 0,
    delivered: 0,
    acked: 0,
    nacked: 0,
    expired: 0,
    lost: 0,
    dropped: 0,
    duplicated: 0,
  };
  faults: PubSubFaults | null = null;
  readonly #options: PubSubOptions;
  #ids = 0;

  constructor(options: PubSubOptions) {
    this.#options = options;
  }

  /** Accepts a message for delivery; returns its id. */
  publish(topic: PushTopic, json: string, attributes: Readonly<Record<string, string>> = {}): string {
    const { random, scheduler } = this.#options;
    const first = this.#accept(topic, json, attributes);
    this.counts.published++;
    if (this.faults === null) return first;
    const again = (inMs: number): void => {
      this.counts.duplicated++;
      scheduler.at(scheduler.nowMs + inMs, () => void this.#accept(topic, json, attributes));
    };
    if (random.chance(this.faults.duplicated)) again(random.magnitude(1, this.faults.delayMaxMs));
    if (random.chance(this.faults.dayLate)) again(DAY_MS);
    return first;
  }

  /** Publishes the dead letters again, under new ids; returns how many. */
  redrive(): number {
    const letters = this.deadLetters.splice(0);
    for (const { topic, message } of letters) this.publish(topic, message.json, message.attributes);
    return letters.length;
  }

  #accept(topic: PushTopic, json: string, attributes: TopicMessage['attributes']): string {
    const { random, scheduler } = this.#options;
    const messageId = String(++this.#ids);
    const message = { topic, messageId, json, attributes, publishedAtMs: scheduler.nowMs };
    const delayed = this.faults !== null && random.chance(this.faults.delayed);
    const lateMs = delayed ? random.magnitude(1, this.faults?.delayMaxMs ?? 1) : 0;
    this.#deliverIn(DELIVERY_MS + lateMs, topic, message, 1);
    return messageId;
  }

  #deliverIn(inMs: number, topic: PushTopic, message: TopicMessage, attempt: number): void {
    const { scheduler } = this.#options;
    scheduler.at(scheduler.nowMs + inMs, () => this.#deliver(topic, message, attempt));
  }

  #deliver(topic: PushTopic, message: TopicMessage, attempt: number): void {
    const { deliver, project, scheduler } = this.#options;
    const invocation = deliver(topic, cloudEventOf(message, project), message.messageId);
    if (invocation === null) return this.#deliverIn(NO_PROCESS_RETRY_MS, topic, message, attempt);
    this.counts.delivered++;
    let open = true;
    // The first answer counts, the deadline's silence is one of them.
    const answered = (how: 'acked' | 'nacked' | 'expired' | 'lost'): void => {
      if (!open) return;
      open = false;
      deadline.cancel();
      this.counts[how]++;
      scheduler.record('pubsub', `${topic} ${message.messageId} attempt ${attempt} ${how}`);
      if (how !== 'acked') this.#again(topic, message, attempt);
    };
    const deadline = scheduler.at(scheduler.nowMs + SUBSCRIPTIONS[topic].ackDeadlineMs, () => {
      answered('expired');
    });
    invocation.onEnd((end) => {
      answered(end.kind === 'done' ? 'acked' : end.kind === 'failed' ? 'nacked' : 'lost');
    });
  }

  #again(topic: PushTopic, message: TopicMessage, attempt: number): void {
    const { scheduler } = this.#options;
    const { attemptsMax, lifetimeMs, givenUp } = SUBSCRIPTIONS[topic];
    const pauseMs = backOffMs(attempt);
    const expiresAtMs = message.publishedAtMs + lifetimeMs;
    if (attempt < attemptsMax && scheduler.nowMs + pauseMs < expiresAtMs) {
      return this.#deliverIn(pauseMs, topic, message, attempt + 1);
    }
    scheduler.record('pubsub', `${topic} ${message.messageId} given up: ${givenUp}`);
    if (givenUp === 'drop') this.counts.dropped++;
    else this.deadLetters.push({ topic, message, attempts: attempt, atMs: scheduler.nowMs });
  }
}
