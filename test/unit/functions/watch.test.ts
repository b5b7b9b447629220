/** The watch door under the deterministic scheduler: it awaits nothing but ports, or the run ends with an error. */
import { describe, expect, test } from 'vitest';
import { createDoors } from '../../../functions/doors.ts';
import { createShell, type Shell } from '../../../functions/runtime/shell.ts';
import { createWatch, isWatch, type WatchEvent } from '../../../functions/watch.ts';
import { createPlatform } from '../../../simulator/scheduler/platform.ts';
import { createScheduler } from '../../../simulator/scheduler/scheduler.ts';
import { createWorldStore } from '../../../simulator/world/store.ts';
import { createWorld } from '../../../simulator/world/world.ts';
import type { ApiRequest } from '../../../workflows/door-types.ts';
import { storeFailure } from '../../../workflows/rollout/store-failure.ts';
import { VERSIONS } from '../../../workflows/rollout/versions.ts';
import {
  CLUSTERS,
  HOUR_MS,
  MINUTE_MS,
  NAMESPACE,
  NEW_SIDE,
  OLD_SIDE,
  ROLLOUT,
  rolloutFile,
} from '../../helpers/simulated-rollout.ts';

const asked = (path: string, more: Partial<ApiRequest> = {}): ApiRequest => ({
  method: 'GET',
  path,
  query: {},
  headers: {},
  body: undefined,
  principal: 'ana@example.com',
  ...more,
});

/** A whole platform in virtual time whose processes can be watched. */
const aPlatform = (seed: number) => {
  const world = createWorld({
    seed,
    clusters: CLUSTERS,
    stacks: [{ objects: OLD_SIDE, namespace: NAMESPACE }],
  });
  const store = createWorldStore({ clock: () => world.nowMs });
  const scheduler = createScheduler({
    seed,
    world,
    handlers: { ...world.handlers(), store: store.handlers },
    toError: ({ code, message }) => storeFailure(code, message),
    journalSeqOf: (rolloutId) => store.truth.documents.get(rolloutId)?.journalSeq ?? 0,
    onLog: () => undefined,
  });
  const shells: Shell[] = [];
  const platform = createPlatform({
    scheduler,
    seed,
    boot: (ports, { index, incarnation }) => {
      const shell = createShell({ ports, versions: VERSIONS, instanceId: `p${index}.${incarnation}` });
      shells[index] = shell;
      return createDoors(shell);
    },
  });
  const call = (method: string, path: string, body?: unknown) =>
    scheduler.settle(platform.call(asked(path, { method, body })), { untilMs: scheduler.nowMs + HOUR_MS });
  /** One stream; `listens` says for how many events the client stays. */
  const watch = (
    request: ApiRequest,
    listens = Number.POSITIVE_INFINITY,
    onEvent: (event: WatchEvent) => void = () => undefined,
  ) => {
    const events: WatchEvent[] = [];
    const [process] = platform.processes;
    const [shell] = shells;
    if (process === undefined || shell === undefined) throw new Error('no process');
    const invocation = process.invoke('watch', () =>
      createWatch(shell)(request, (event) => {
        events.push(event);
        onEvent(event);
        return events.length < listens;
      }),
    );
    const ended = new Promise((resolve) => {
      invocation.onEnd((end) => resolve(end.kind === 'done' ? end.value : end));
    });
    return { events, ended };
  };
  return { scheduler, store, call, watch };
};

const start = { requestId: 's', file: rolloutFile(), manifests: NEW_SIDE };

const seqsOf = (events: readonly WatchEvent[]): readonly number[] =>
  events.flatMap((event) => (event.kind === 'entry' ? [event.entry.seq] : []));

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('watching a rollout', () => {
  test('tells every entry once over as many streams as it takes, and then the end', async () => {
    const { scheduler, store, call, watch } = aPlatform(1);
    await call('POST', '/v1/rollouts', start);
    const seqs: number[] = [];
    let streams = 0;
    let last: WatchEvent | undefined;
    while (last?.kind !== 'end') {
      const from = scheduler.nowMs;
      const { events, ended } = watch(
        asked(`/v1/rollouts/${ROLLOUT}/watch`, { headers: { 'last-event-id': String(seqs.at(-1) ?? 0) } }),
      );
      expect(await scheduler.settle(ended, { untilMs: scheduler.nowMs + HOUR_MS })).toBe(null);
      expect(events[0]).toEqual({ kind: 'keepAlive' });
      expect(scheduler.nowMs - from).toBeLessThanOrEqual(5 * MINUTE_MS + 1_000);
      seqs.push(...seqsOf(events));
      last = events.at(-1);
      streams += 1;
      if (streams > 200) throw new Error('it never ends');
    }
    const document = store.truth.documents.get(ROLLOUT);
    console.log(`watch: ${seqs.length} entries over ${streams} streams`);
    expect(last).toEqual({ kind: 'end', rolloutId: ROLLOUT, state: 'promoted' });
    expect(seqs).toEqual(upTo(document?.journalSeq ?? 0));
    expect(streams).toBeGreaterThan(5);
  });

  test('brings an entry in the moment of its commit, not with the next look', async () => {
    const { scheduler, store, call, watch } = aPlatform(2);
    await call('POST', '/v1/rollouts', start);
    const before = store.truth.documents.get(ROLLOUT)?.journalSeq ?? 0;
    const lags: number[] = [];
    watch(asked(`/v1/rollouts/${ROLLOUT}/watch`), undefined, (event) => {
      if (event.kind === 'entry' && event.entry.seq > before) lags.push(scheduler.nowMs - event.entry.atMs);
    });
    const fromMs = scheduler.nowMs;
    await scheduler.run({ untilMs: fromMs + 5 * MINUTE_MS });
    const during = [...(store.truth.journals.get(ROLLOUT)?.values() ?? [])].filter(
      ({ atMs }) => atMs > fromMs,
    );
    expect(during.length).toBeGreaterThan(3);
    expect(lags).toHaveLength(during.length);
    expect(Math.max(...lags)).toBeLessThan(100);
  });

  test('lets a client go that does not listen any more', async () => {
    const { scheduler, call, watch } = aPlatform(3);
    await call('POST', '/v1/rollouts', start);
    for (const listens of [1, 2]) {
      const { events, ended } = watch(asked(`/v1/rollouts/${ROLLOUT}/watch`), listens);
      expect(await scheduler.settle(ended, { untilMs: scheduler.nowMs + MINUTE_MS })).toBe(null);
      expect(events).toHaveLength(listens);
    }
  });

  test('begins behind an entry by query, and tells an end that is long past', async () => {
    const { scheduler, store, call, watch } = aPlatform(4);
    await call('POST', '/v1/rollouts', {
      ...start,
      file: rolloutFile().replace('pool: llm }', 'pool: gone }'),
    });
    const finished = (): boolean => store.truth.documents.get(ROLLOUT)?.finishedAtMs !== null;
    await scheduler.run({ until: finished, untilMs: scheduler.nowMs + HOUR_MS });
    const seq = store.truth.documents.get(ROLLOUT)?.journalSeq ?? 0;
    const { events, ended } = watch(
      asked(`/v1/rollouts/${ROLLOUT}/watch`, { query: { after: String(seq - 1) } }),
    );
    await scheduler.settle(ended, { untilMs: scheduler.nowMs + MINUTE_MS });
    expect(seq).toBeGreaterThan(1);
    expect(events.map(({ kind }) => kind)).toEqual(['keepAlive', 'entry', 'end']);
    expect(seqsOf(events)).toEqual([seq]);
  });

  test.each([
    ['a rollout that is not there', 'none-1', '0', { status: 404, body: { title: 'rollout-missing' } }],
    ['a name that is none', '..%2F', '0', { status: 404, body: { title: 'rollout-missing' } }],
    ['a cursor that is none', ROLLOUT, '-1', { status: 400, body: { title: 'request-malformed' } }],
    ['a cursor of another store', ROLLOUT, '999', { status: 409, body: { title: 'cursor-ahead' } }],
  ])('refuses %s before a stream is open', async (_, name, lastEventId, answer) => {
    const { scheduler, call, watch } = aPlatform(5);
    await call('POST', '/v1/rollouts', start);
    const request = asked(`/v1/rollouts/${name}/watch`, { headers: { 'last-event-id': lastEventId } });
    const { events, ended } = watch(request);
    expect(await scheduler.settle(ended, { untilMs: scheduler.nowMs + MINUTE_MS })).toMatchObject(answer);
    expect(events).toEqual([]);
  });
});

test('only GET of the path is a watch', () => {
  const paths: readonly (readonly [string, string])[] = [
    ['GET', '/v1/rollouts/a-1/watch'],
    ['GET', '/v1/rollouts/a-1/watch/'],
    ['POST', '/v1/rollouts/a-1/watch'],
    ['GET', '/v1/rollouts/a-1'],
    ['GET', '/v1/rollouts/a/b/watch'],
    ['GET', '/v1/rollouts//watch'],
  ];
  expect(paths.map(([method, path]) => isWatch({ method, path }))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
