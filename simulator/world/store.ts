/**
 * The world's document database, behind the product's adapter as it were: answers what a StorePort answers, fails as
 * Firestore fails. Documents go in once, are frozen there, and come out as the same objects.
 */
import type { RolloutSummary, StorePort } from '../../workflows/ports.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { type StoreFailure, unreadable, unwritable } from './store/checks.ts';
import { refusalOf, writeBatch } from './store/commit.ts';
import { StoreRecords } from './store/records.ts';
import { incidentsSince, leftoversOf, lookUpStart, recordIncident } from './store/registry.ts';

export type StoreMethod = keyof StorePort;

/** An answer, or a failure that the port turns into an exception. */
export type StoreReply<T> =
  | { readonly value: T; readonly tookMs: number }
  | { readonly failure: StoreFailure; readonly tookMs: number };

type Handler<M extends StoreMethod> = (
  call: Parameters<StorePort[M]>[0],
) => StoreReply<Awaited<ReturnType<StorePort[M]>>>;

export type StoreHandlers = { readonly [M in StoreMethod]: Handler<M> };

/** Asked at each call, in this order; `loseAnswer` after the call was applied. */
export interface StoreFaults {
  /** Nothing is applied: UNAVAILABLE. */
  readonly outage: (method: StoreMethod) => boolean;
  /** Asked for writes; nothing is applied: ABORTED. */
  readonly contend: (method: StoreMethod) => boolean;
  /** `due`, `list` and `watching` answer from an index that lags; `load` never does. */
  readonly staleList: (method: StoreMethod) => boolean;
  /** Applied, and nobody hears of it: DEADLINE_EXCEEDED. */
  readonly loseAnswer: (method: StoreMethod) => boolean;
}

export interface WorldStoreOptions {
  /** Virtual time, ms since 1970: read time and time of writes. */
  readonly clock: () => number;
  readonly faults?: Partial<StoreFaults>;
  /** How long a call takes, ms. */
  readonly tookMs?: (method: StoreMethod, ending: 'value' | 'failure') => number;
  /** How far a stale index lags. */
  readonly staleByMs?: number;
  /** How many versions of a rollout are kept, to lag and to restore. */
  readonly versionsMax?: number;
  /** The last number that each name was given before this store began. */
  readonly lastNumbers?: Readonly<Record<string, number>>;
}

export interface WorldStore {
  readonly handlers: StoreHandlers;
  /** Ground truth; look, never touch. */
  readonly truth: Readonly<
    Pick<
      StoreRecords,
      | 'documents'
      | 'journals'
      | 'locks'
      | 'requests'
      | 'counters'
      | 'attachments'
      | 'incidents'
      | 'leftovers'
      | 'rejected'
      | 'freeze'
    >
  >;
  setFaults(faults: Partial<StoreFaults>): void;
  /** Called after each commit that was applied, whether or not anybody hears of it. */
  onCommit(listener: (document: RolloutDocument) => void): void;
  /** Sets a rollout back by some commits (1), as a restored backup does; false where that version is not kept. */
  restoreOlder(rolloutId: string, commitsBack?: number): boolean;
  /** Removes a finished rollout with its journal and attachments, as a time to live does. */
  forget(rolloutId: string): void;
  /** Puts a document there past all checks, as another version of the product might; frozen, on top of what stands. */
  plant(document: RolloutDocument): void;
}

const WRITES: ReadonlySet<StoreMethod> = new Set<StoreMethod>([
  'commit',
  'recordIncident',
  'setFreeze',
  'recordRejected',
  'putLeftover',
]);

const never = () => false;
const NO_FAULTS: StoreFaults = { outage: never, contend: never, staleList: never, loseAnswer: never };

/** A store in virtual time. Without faults it never fails. */
export function createWorldStore(options: WorldStoreOptions): WorldStore {
  const records = new StoreRecords(options.versionsMax ?? 8);
  for (const [name, number] of Object.entries(options.lastNumbers ?? {})) records.counters.set(name, number);
  const listeners: ((document: RolloutDocument) => void)[] = [];
  const inject = new FaultInjection(options);
  return {
    handlers: {
      ...readHandlers(records, inject, options),
      ...writeHandlers(records, inject, options.clock, (document) => {
        for (const listener of listeners) listener(document);
      }),
    },
    truth: records,
    setFaults: (faults) => inject.set(faults),
    onCommit: (listener) => void listeners.push(listener),
    restoreOlder: (rolloutId, commitsBack = 1) => records.restore(rolloutId, commitsBack),
    forget: (rolloutId) => records.forget(rolloutId),
    plant: (document) => {
      records.put(Object.freeze(document), options.clock(), false);
      const failure = unreadable(document);
      if (failure !== null) records.unreadable.set(document.rolloutId, failure);
    },
  };
}

class FaultInjection {
  #faults: StoreFaults;
  readonly #tookMs: (method: StoreMethod, ending: 'value' | 'failure') => number;

  constructor(options: WorldStoreOptions) {
    this.#faults = { ...NO_FAULTS, ...options.faults };
    this.#tookMs = options.tookMs ?? ((method) => (WRITES.has(method) ? 20 : 8));
  }

  set(faults: Partial<StoreFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  isStale(method: StoreMethod): boolean {
    return this.#faults.staleList(method);
  }

  /** Does `work` unless a fault comes before it, and answers unless one comes after it. */
  reply<T>(method: StoreMethod, work: () => T | StoreFailure): StoreReply<T> {
    if (this.#faults.outage(method))
      return this.#failure(method, 'UNAVAILABLE', 'The service is unavailable.');
    if (WRITES.has(method) && this.#faults.contend(method)) {
      return this.#failure(method, 'ABORTED', 'Too much contention on these documents. Please try again.');
    }
    const result = work();
    if (isFailure(result)) return { failure: result, tookMs: this.#tookMs(method, 'failure') };
    if (this.#faults.loseAnswer(method))
      return this.#failure(method, 'DEADLINE_EXCEEDED', 'No answer in time.');
    return { value: result, tookMs: this.#tookMs(method, 'value') };
  }

  #failure(method: StoreMethod, code: string, message: string): StoreReply<never> {
    return { failure: { code, message }, tookMs: this.#tookMs(method, 'failure') };
  }
}

/** Answers of the port have no field `code`. */
function isFailure(result: unknown): result is StoreFailure {
  return typeof result === 'object' && result !== null && 'code' in result && 'message' in result;
}

function summary(document: RolloutDocument): RolloutSummary {
  const { rolloutId, state, wakeAtMs, poolKey, createdAtMs, finishedAtMs } = document;
  return { rolloutId, state, wakeAtMs, poolKey, createdAtMs, finishedAtMs };
}

function readHandlers(
  records: StoreRecords,
  inject: FaultInjection,
  { clock, staleByMs = 15_000 }: WorldStoreOptions,
) {
  const index = (method: StoreMethod) =>
    inject.isStale(method) ? records.indexAsOf(clock() - staleByMs) : records.index;
  return {
    load: ({ rolloutId }) =>
      inject.reply('load', () => {
        const failure = records.unreadable.get(rolloutId);
        return failure ?? { document: records.documents.get(rolloutId) ?? null, readAtMs: clock() };
      }),
    attachment: ({ rolloutId, name }) =>
      inject.reply('attachment', () => records.attachments.get(rolloutId)?.get(name) ?? null),
    due: ({ limit, after }) =>
      inject.reply('due', () => {
        const readAtMs = clock();
        return { rollouts: index('due').due(readAtMs, limit, after), readAtMs };
      }),
    list: ({ unfinished = false, poolKey, limit, afterId }) =>
      inject.reply('list', () => index('list').list(unfinished, poolKey, limit, afterId).map(summary)),
    watching: ({ policy }) => inject.reply('watching', () => index('watching').watching(policy)),
    lookUpStart: (call) => inject.reply('lookUpStart', () => lookUpStart(records, call, clock())),
    journal: ({ rolloutId, afterSeq, limit }) =>
      inject.reply('journal', () => records.journals.get(rolloutId)?.slice(afterSeq, afterSeq + limit) ?? []),
    locks: ({ keys }) => inject.reply('locks', () => keys.map((key) => records.locks.get(key) ?? null)),
    registry: ({ sinceMs }) =>
      inject.reply('registry', () => ({
        incidents: incidentsSince(records, sinceMs),
        freeze: records.freeze,
      })),
    leftovers: ({ dueOnly }) =>
      inject.reply('leftovers', () => {
        const readAtMs = clock();
        return { leftovers: leftoversOf(records, dueOnly ? readAtMs : null), readAtMs };
      }),
  } satisfies Partial<StoreHandlers>;
}

function writeHandlers(
  records: StoreRecords,
  inject: FaultInjection,
  clock: () => number,
  committed: (document: RolloutDocument) => void,
) {
  return {
    commit: (batch) =>
      inject.reply('commit', () => {
        const refusal = unwritable(batch) ?? refusalOf(records, batch);
        if (refusal !== null) return refusal;
        writeBatch(records, batch, clock());
        committed(batch.document);
        return { kind: 'committed' };
      }),
    recordIncident: ({ incident }) =>
      inject.reply('recordIncident', () => ({ isNew: recordIncident(records, incident, clock()) })),
    setFreeze: ({ freeze }) =>
      inject.reply('setFreeze', () => {
        records.freeze = freeze;
      }),
    recordRejected: ({ rejected }) =>
      inject.reply('recordRejected', () => {
        if (!records.rejected.has(rejected.id)) records.rejected.set(rejected.id, rejected);
      }),
    putLeftover: ({ id, leftover }) =>
      inject.reply('putLeftover', () => {
        if (leftover === null) records.leftovers.delete(id);
        else records.leftovers.set(id, Object.freeze(leftover));
      }),
  } satisfies Partial<StoreHandlers>;
}
