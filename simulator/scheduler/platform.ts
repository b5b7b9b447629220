import type { ApiRequest, ApiResponse, Doors } from '../../workflows/door-types.ts';
import type { BusMessage, Ports } from '../../workflows/ports.ts';
import { Fleet, type Instance } from './fleet.ts';
import type { InvocationEnd } from './invocation.ts';
import type { PlatformFaults } from './platform-faults.ts';
import type { SimProcess } from './process.ts';
import { type DeadLetter, type DeliveryCounts, PubSub } from './pubsub.ts';
import { createRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { type PushTopic, SUBSCRIPTIONS } from './subscriptions.ts';
import { Ticks } from './ticks.ts';

export interface PlatformOptions {
  readonly scheduler: Scheduler;
  /** Seed of deliveries and faults; the scheduler's draws are not moved by them. */
  readonly seed: number;
  /** Makes the doors of one process; may make other ones for another instance (two versions live at once). */
  readonly boot: (ports: Ports, instance: Instance) => Doors;
  /** Processes that live at the same time; 1 by default. */
  readonly instances?: number;
  /** A dead process comes back after this, ms; null: never. 5 s by default. */
  readonly restartAfterMs?: number | null;
  /** How far an instance's clock is ahead, ms. */
  readonly skewMs?: (instance: Instance) => number;
  readonly project?: string;
  /** Each full minute; true by default. */
  readonly ticks?: boolean;
  /** Where the payloads of alerts come from. */
  readonly onIncident?: (listener: (payloadJson: string) => void) => void;
  readonly faults?: PlatformFaults;
}

interface CollectedEvent {
  readonly atMs: number;
  readonly process: string;
  readonly message: BusMessage;
}

export interface Platform {
  /** Those alive now, by instance. */
  readonly processes: readonly SimProcess<Doors>[];
  /** What was published to the topic `events`, repetitions included. */
  readonly events: readonly CollectedEvent[];
  readonly deadLetters: readonly DeadLetter[];
  readonly counts: Readonly<DeliveryCounts>;
  /** `json` is the payload as it is. Returns the message's id. */
  publish(topic: PushTopic, json: string, attributes?: Readonly<Record<string, string>>): string;
  /**
   * A request to the API: waits for a live process; fulfilled while the scheduler runs. 500 when the door throws,
   * 503 when its process dies under it.
   */
  call(request: ApiRequest): Promise<ApiResponse>;
  /** Drops what was published so far: for runs of days. */
  forgetEvents(): void;
  /** Drives dead letters again, under new ids; returns how many. */
  redrive(): number;
  /** Cloud Scheduler says nothing until then, ms since 1970. */
  stopTicksUntil(ms: number): void;
  /** Sets an instance's clock, ms ahead of the world's; it may jump backwards, and stays so over restarts. */
  skewInstance(index: number, ms: number): void;
  setFaults(faults: PlatformFaults | null): void;
}

const RESTART_MS = 5_000;
/** How long a request waits before it looks for a live process again. */
const NO_PROCESS_RETRY_MS = 1_000;

/** Cloud Run, Pub/Sub and Cloud Scheduler around the doors, in virtual time. */
export function createPlatform(options: PlatformOptions): Platform {
  const { scheduler } = options;
  const random = createRandom(options.seed, 'platform');
  const fleet = new Fleet({
    scheduler,
    boot: options.boot,
    restartAfterMs: options.restartAfterMs === undefined ? RESTART_MS : options.restartAfterMs,
    skewMs: options.skewMs ?? (() => 0),
  });
  const events: CollectedEvent[] = [];
  const pubsub = new PubSub({
    scheduler,
    random,
    project: options.project ?? 'sluice',
    deliver: (topic, event, messageId) => {
      const process = fleet.next();
      if (process === null) return null;
      const { door } = SUBSCRIPTIONS[topic];
      return process.invoke(`${door} ${messageId}`, () => process.shell[door](event));
    },
  });
  const ticks = new Ticks(scheduler, pubsub, random);
  const setFaults = (faults: PlatformFaults | null): void => {
    pubsub.faults = faults;
    ticks.faults = faults;
  };
  setFaults(options.faults ?? null);
  scheduler.onPublish((topic, message, process) => {
    if (topic === 'events') events.push({ atMs: scheduler.nowMs, process, message });
    else pubsub.publish(topic, JSON.stringify(message.data), { ...message.attributes, id: message.id });
  });
  options.onIncident?.((payloadJson) => void pubsub.publish('alerts', payloadJson));
  for (let index = 0; index < (options.instances ?? 1); index++) fleet.start({ index, incarnation: 1 });
  if (options.ticks !== false) ticks.start();

  return {
    get processes() {
      return fleet.live();
    },
    events,
    deadLetters: pubsub.deadLetters,
    counts: pubsub.counts,
    publish: (topic, json, attributes) => pubsub.publish(topic, json, attributes),
    call: (request) => new Promise((resolve) => callApi(scheduler, fleet, request, resolve)),
    forgetEvents: () => void events.splice(0),
    redrive: () => pubsub.redrive(),
    stopTicksUntil: (ms) => {
      ticks.silentUntilMs = ms;
    },
    skewInstance: (index, ms) => fleet.setSkew(index, ms),
    setFaults,
  };
}

function callApi(
  scheduler: Scheduler,
  fleet: Fleet,
  request: ApiRequest,
  respond: (response: ApiResponse) => void,
): void {
  const process = fleet.next();
  if (process === null) {
    scheduler.at(scheduler.nowMs + NO_PROCESS_RETRY_MS, () => callApi(scheduler, fleet, request, respond));
    return;
  }
  process
    .invoke(`api ${request.method} ${request.path}`, () => process.shell.api(request))
    .onEnd((end) => respond(responseOf(end)));
}

function responseOf(end: InvocationEnd<ApiResponse>): ApiResponse {
  if (end.kind === 'done') return end.value;
  const [status, title] = end.kind === 'lost' ? [503, 'connection lost'] : [500, String(end.error)];
  return { status, headers: { 'content-type': 'application/problem+json' }, body: { status, title } };
}
