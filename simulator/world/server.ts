import { emptyHistogram, type FirstTokenHistogram } from './first-token.ts';
import type { ServerConfig } from './server-config.ts';

/** Counters as the process keeps them: absolute, and gone with it. */
interface ServerCounters {
  readonly http: Map<string, HttpCounts>;
  success: { stop: number; length: number; abort: number; error: number; repetition: number };
  readonly firstToken: FirstTokenHistogram;
  promptTokens: number;
  generationTokens: number;
}

/** Finished requests of one handler and method, by class of status. */
interface HttpCounts {
  readonly handler: string;
  readonly method: string;
  ok: number;
  client: number;
  server: number;
}

/** Why an adapter cannot be loaded here: its source is not there, or its rank is too high. */
export type LoadFault = 'absent' | 'rank';

/** One request of its own: somebody waits for its answer. */
export interface ServerFlight {
  readonly streamed: boolean;
  /** The process ends under it. */
  lose(how: 'killed' | 'terminated'): void;
}

/** One process of a model server: what is in it now and how it behaves. */
export interface Server {
  readonly config: ServerConfig;
  /** Loaded adapters: name to path. */
  readonly adapters: Map<string, string>;
  readonly counters: ServerCounters;
  running: number;
  waiting: number;
  /** Of these, without a first token since a stall or a hang began. */
  held: number;
  heldSinceMs: number;
  /** Answers nothing before this time. */
  hungUntilMs: number;
  /** Answers no completion before this time: kernels are being compiled. */
  stalledUntilMs: number;
  /** Kinds of requests whose kernels exist. */
  readonly warm: Set<string>;
  /** Requests served so far, for the prefix cache. */
  served: number;
  slowFactor: number;
  failShare: number;
  failAs: '500' | 'streamError';
  /** What `/metrics` answers. */
  metricsPage: 'shown' | '500' | 'silent';
  /** Adapters that are listed and answered with the base model. */
  readonly silentAdapters: Set<string>;
  /** Adapters that cannot be loaded into this process. */
  readonly loadFaults: Map<string, LoadFault>;
  /** When each adapter was last asked for. */
  readonly adapterUse: Map<string, number>;
  /** What `vllm:lora_requests_info` has said so far: running and waiting adapters, and when. */
  readonly loraInfo: Map<string, { readonly running: string; readonly waiting: string; atMs: number }>;
  /** What came since the queue was last computed. */
  arriving: number;
  arrivingTokens: number;
  /** Its pool's part of the traffic, 0 to 1: where conversations find their last turn in the cache. */
  share: number;
  /** Requests by the path they asked for. */
  readonly handlers: Map<string, number>;
  /** SIGTERM came, requests may go on: new ones get 500. */
  refusing: boolean;
  /** Requests that came one by one; they are in `running` and `waiting` as well. */
  readonly flights: Set<ServerFlight>;
}

export function startServer(config: ServerConfig): Server {
  return {
    config,
    adapters: new Map(config.adapters),
    counters: {
      http: new Map(),
      success: { stop: 0, length: 0, abort: 0, error: 0, repetition: 0 },
      firstToken: emptyHistogram(),
      promptTokens: 0,
      generationTokens: 0,
    },
    running: 0,
    waiting: 0,
    held: 0,
    heldSinceMs: 0,
    hungUntilMs: 0,
    stalledUntilMs: 0,
    warm: new Set(),
    served: 0,
    slowFactor: 1,
    failShare: 0,
    failAs: '500',
    metricsPage: 'shown',
    silentAdapters: new Set(),
    loadFaults: new Map(),
    adapterUse: new Map(),
    loraInfo: new Map(),
    arriving: 0,
    arrivingTokens: 0,
    share: 1,
    handlers: new Map(),
    refusing: false,
    flights: new Set(),
  };
}

/** The process forgets what it has counted; what is in it stays. */
export function resetCounters({ counters }: Server): void {
  counters.http.clear();
  counters.success = { stop: 0, length: 0, abort: 0, error: 0, repetition: 0 };
  counters.firstToken.counts.fill(0);
  counters.firstToken.count = 0;
  counters.firstToken.sumMs = 0;
  counters.promptTokens = 0;
  counters.generationTokens = 0;
}

export function httpCounts(server: Server, method: string, handler: string): HttpCounts {
  const key = method === 'POST' ? handler : `${method} ${handler}`;
  let counts = server.counters.http.get(key);
  if (counts === undefined) {
    counts = { handler, method, ok: 0, client: 0, server: 0 };
    server.counters.http.set(key, counts);
  }
  return counts;
}

/** Whether the server has the model name, as base or as adapter. */
export function serves(server: Server, model: string): boolean {
  return server.config.names.includes(model) || server.adapters.has(model);
}

/** The name that labels its metrics. */
export function baseName(server: Server): string {
  return server.config.names[0] ?? server.config.root;
}
