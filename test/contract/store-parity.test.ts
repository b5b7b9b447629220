import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { storePort } from '../../simulator/ports/store-port.ts';
import { createWorldStore } from '../../simulator/world/store.ts';
import type { StorePort } from '../../workflows/ports.ts';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import { aDocument, aLeftover, anEntry, anIncident } from '../helpers/stored-records.ts';

/** One call, made from nothing but a few drawn numbers, so that both stores get the same. */
type Call = (port: StorePort) => Promise<unknown>;

const id = fc.constantFrom('llm-1', 'llm-2', 'llm-3', 'other-1');
const text = fc.constantFrom('a', 'b', 'c');
const some = fc.subarray(['a', 'b', 'c']);
const time = fc.integer({ min: 0, max: 12 });
const timeOrNull = fc.option(time);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** On top of the revision that stands, or beside it by `revisionOff`; likewise for the seq of its entries. */
const commit: fc.Arbitrary<Call> = fc
  .record({
    rolloutId: id,
    revisionOff: fc.constantFrom(0, 0, 0, 0, 1, -1),
    seqOff: fc.constantFrom(0, 0, 0, 0, 1, -1),
    entries: fc.integer({ min: 0, max: 2 }),
    wakeAtMs: timeOrNull,
    finishedAtMs: rarely(time),
    poolKey: text,
    watches: some,
    acquireLocks: some,
    releaseLocks: some,
    requestId: rarely(text),
    attachment: fc.option(text),
    dueAtMs: timeOrNull,
  })
  .map((drawn) => async (port) => {
    const { rolloutId, wakeAtMs, finishedAtMs, poolKey, watches } = drawn;
    const stands = (await port.load({ rolloutId })).document?.revision ?? 0;
    const revision = Math.max(0, stands + drawn.revisionOff) + 1;
    const last = (await port.journal({ rolloutId, afterSeq: 0, limit: 999 })).length;
    const entries = Array.from({ length: drawn.entries }, (_, index) =>
      anEntry(last + 1 + drawn.seqOff + index, { rolloutId, sentence: `at revision ${revision}` }),
    );
    return port.commit({
      expectedRevision: revision === 1 ? null : revision - 1,
      document: aDocument({ rolloutId, revision, wakeAtMs, finishedAtMs, poolKey, watches }),
      entries,
      acquireLocks: drawn.acquireLocks,
      releaseLocks: drawn.releaseLocks,
      ...(drawn.requestId !== null && { requestId: drawn.requestId }),
      ...(drawn.attachment !== null && { attachments: { [drawn.attachment]: `of revision ${revision}` } }),
      ...(drawn.dueAtMs !== null && { leftovers: [aLeftover({ id: poolKey, dueAtMs: drawn.dueAtMs })] }),
    });
  });

const limit = fc.integer({ min: 1, max: 4 });

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 10, arbitrary: commit },
  {
    weight: 1,
    arbitrary: id.map(
      (rolloutId): Call =>
        (port) =>
          port.load({ rolloutId }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(limit, fc.option(fc.record({ wakeAtMs: time, rolloutId: id }))).map(
      ([max, after]): Call =>
        (port) =>
          port.due({ limit: max, ...(after !== null && { after }) }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(limit, fc.boolean(), fc.option(text), fc.option(id)).map(
      ([max, unfinished, poolKey, afterId]): Call =>
        (port) =>
          port.list({
            limit: max,
            unfinished,
            ...(poolKey !== null && { poolKey }),
            ...(afterId !== null && { afterId }),
          }),
    ),
  },
  {
    weight: 1,
    arbitrary: text.map(
      (policy): Call =>
        (port) =>
          port.watching({ policy }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('llm', 'other'), text, text).map(
      ([name, requestId, poolKey]): Call =>
        (port) =>
          port.lookUpStart({ name, requestId, poolKey }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(id, time, limit).map(
      ([rolloutId, afterSeq, max]): Call =>
        (port) =>
          port.journal({ rolloutId, afterSeq, limit: max }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.array(text).map(
      (keys): Call =>
        (port) =>
          port.locks({ keys }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(id, text).map(
      ([rolloutId, name]): Call =>
        (port) =>
          port.attachment({ rolloutId, name }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(text, fc.constantFrom('open' as const, 'closed' as const), time).map(
      ([incidentId, state, startedAtMs]): Call =>
        (port) =>
          port.recordIncident({ incident: anIncident({ incidentId, state, startedAtMs }) }),
    ),
  },
  {
    weight: 1,
    arbitrary: time.map(
      (sinceMs): Call =>
        (port) =>
          port.registry({ sinceMs }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (dueOnly): Call =>
        (port) =>
          port.leftovers({ dueOnly }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(text, fc.option(timeOrNull)).map(
      ([key, dueAtMs]): Call =>
        (port) =>
          port.putLeftover({ id: key, leftover: dueAtMs === null ? null : aLeftover({ id: key, dueAtMs }) }),
    ),
  },
);

async function answer(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => ({ failed: (error as { code?: unknown }).code }));
}

test('any history of calls is answered alike by both stores', async () => {
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(time, call), { minLength: 20, maxLength: 60 }), async (history) => {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-parity-'));
      let nowMs = 0;
      const sqlite = openSqliteStore({ path: join(folder, 'store.db'), now: () => nowMs });
      const world = storePort(createWorldStore({ clock: () => nowMs }), storeFailure);
      try {
        for (const [atMs, make] of history) {
          nowMs = atMs;
          const fromSqlite = await answer(make(sqlite));
          expect(await answer(make(world))).toEqual(fromSqlite);
          const { kind, failed } = (fromSqlite ?? {}) as { kind?: string; failed?: string };
          const outcome = kind ?? failed;
          if (outcome !== undefined) seen[outcome] = (seen[outcome] ?? 0) + 1;
        }
      } finally {
        sqlite.close();
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 120 },
  );
  console.log(`commits and failures met: ${JSON.stringify(seen)}`);
  for (const outcome of ['committed', 'conflict', 'locked', 'duplicateRequest', 'journal-gap']) {
    expect(seen[outcome] ?? 0).toBeGreaterThan(5);
  }
});
