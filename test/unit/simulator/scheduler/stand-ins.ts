/** A small world for tests of the scheduler: a clock with events, counters behind a store, objects behind an API. */

import type { Applied, Handlers, WorldClock } from '../../../../simulator/ports/handlers.ts';
import { createScheduler, type SchedulerOptions } from '../../../../simulator/scheduler/scheduler.ts';
import type { Doors } from '../../../../workflows/door-types.ts';
import type { Ports } from '../../../../workflows/ports.ts';

export const START_MS = 1_800_000_000_000;

export class StandInClock implements WorldClock {
  nowMs = START_MS;
  readonly moves: number[] = [];
  readonly #events: { atMs: number; happen: () => void }[] = [];

  schedule(atMs: number, happen: () => void): void {
    this.#events.push({ atMs, happen });
    this.#events.sort((a, b) => a.atMs - b.atMs);
  }

  nextEventMs(): number | null {
    return this.#events[0]?.atMs ?? null;
  }

  advanceTo(ms: number): void {
    for (let next = this.#events[0]; next !== undefined && next.atMs <= ms; next = this.#events[0]) {
      this.#events.shift();
      this.nowMs = next.atMs;
      next.happen();
    }
    this.nowMs = ms;
    this.moves.push(ms);
  }
}

export class RetryableStandIn extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What tests look at: everything that was applied. */
export interface Applications {
  readonly names: string[];
  /** By the name in `get`/`create`. */
  readonly objects: Map<string, number>;
  readonly locks: Map<string, string>;
  journalSeq: number;
}

const KUBE_MS = 3;
const STORE_MS = 8;

/** Handlers that note every application; methods that are not needed answer `null`. */
export function standInHandlers(applications: Applications): Handlers {
  const port = (name: string, tookMs: number, methods: Record<string, (call: never) => Applied<unknown>>) =>
    new Proxy(methods, {
      get: (_, method: string) => (call: never) => {
        applications.names.push(`${name}.${method}`);
        return methods[method]?.(call) ?? { value: null, tookMs };
      },
    });
  const answer = (status: number) => ({ value: { kind: 'answer', status }, tookMs: KUBE_MS });
  return {
    store: port('store', STORE_MS, {
      load: (call: { rolloutId: string }) => ({
        value: { document: applications.locks.get(call.rolloutId) ?? null, readAtMs: 0 },
        tookMs: STORE_MS,
      }),
      commit: (call: { expectedRevision: number | null; requestId?: string }) => {
        applications.journalSeq++;
        if (call.requestId !== undefined) applications.locks.set(call.requestId, 'done');
        return { value: { kind: 'committed' }, tookMs: STORE_MS };
      },
      journal: () => ({ failure: { code: 'outage', message: 'away' }, tookMs: STORE_MS }),
    }),
    kubernetes: port('kubernetes', KUBE_MS, {
      get: (call: { name: string }) => answer(applications.objects.has(call.name) ? 200 : 404),
      create: (call: { object: { metadata: { name: string } } }) => {
        const { name } = call.object.metadata;
        const times = applications.objects.get(name) ?? 0;
        applications.objects.set(name, times + 1);
        return answer(times === 0 ? 201 : 409);
      },
    }),
    models: port('models', KUBE_MS, {}),
    gke: port('gke', KUBE_MS, {}),
    monitoring: port('monitoring', KUBE_MS, {}),
  } as unknown as Handlers;
}

export function standIn(options: Partial<SchedulerOptions> = {}) {
  const clock = new StandInClock();
  const applications: Applications = { names: [], objects: new Map(), locks: new Map(), journalSeq: 0 };
  const scheduler = createScheduler({
    seed: 1,
    world: clock,
    handlers: standInHandlers(applications),
    toError: ({ code, message }) => new RetryableStandIn(code, message),
    journalSeqOf: () => applications.journalSeq,
    record: true,
    ...options,
  });
  return { clock, applications, scheduler };
}

export const get = (name: string): Parameters<Ports['kubernetes']['get']>[0] => ({
  cluster: 'c',
  resource: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
  namespace: 'n',
  name,
});

export const create = (name: string): Parameters<Ports['kubernetes']['create']>[0] => ({
  cluster: 'c',
  resource: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
  namespace: 'n',
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'n' } },
});

/** A commit as far as the stand-in looks at it. */
export const commit = (requestId: string): Parameters<Ports['store']['commit']>[0] =>
  ({ expectedRevision: null, requestId }) as never;

const nothing = async (): Promise<void> => {};

/** Doors that do nothing but what is given. */
export function doors(given: Partial<Doors>): Doors {
  return {
    onRequest: nothing,
    onAlert: nothing,
    onTick: nothing,
    onWake: nothing,
    api: async () => ({ status: 404, headers: {}, body: null }),
    ...given,
  };
}
