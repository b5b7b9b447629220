import { describe, expect, test } from 'vitest';
import { createWorldStore, type StoreMethod, type WorldStore } from '../../../../simulator/world/store.ts';
import type { RolloutDocument } from '../../../../workflows/rollout/stored.ts';
import { aDocument, anEntry, anIncident } from '../../../helpers/stored-records.ts';

const UNAVAILABLE = { code: 'UNAVAILABLE', message: 'The service is unavailable.' };

function makeStore(options: Partial<Parameters<typeof createWorldStore>[0]> = {}) {
  const time = { nowMs: 0 };
  return { time, store: createWorldStore({ clock: () => time.nowMs, ...options }) };
}

/** Commits revisions up to `revision`, each with its entry, one second apart. */
function climb(store: WorldStore, time: { nowMs: number }, revision: number): RolloutDocument {
  let document = aDocument();
  for (let next = 1; next <= revision; next += 1) {
    time.nowMs += 1_000;
    document = { ...aDocument(), revision: next, state: `state-${next}`, wakeAtMs: next, journalSeq: next };
    const expectedRevision = next === 1 ? null : next - 1;
    const reply = store.handlers.commit({ expectedRevision, document, entries: [anEntry(next)] });
    expect(reply).toMatchObject({ value: { kind: 'committed' } });
  }
  return document;
}

describe('documents', () => {
  test('come out as the one frozen object that went in', () => {
    const { store, time } = makeStore();
    const document = climb(store, time, 1);
    const first = store.handlers.load({ rolloutId: 'llm-1' });
    const second = store.handlers.load({ rolloutId: 'llm-1' });
    if (!('value' in first) || !('value' in second)) throw new Error('failed');
    expect(first.value.document).toBe(document);
    expect(second.value.document).toBe(document);
    expect(() => document.timers.push({ id: 'x', token: 'x', dueAtMs: 0 })).toThrow(TypeError);
    expect(Object.isFrozen(document.outbox[0]?.effect)).toBe(true);
  });

  test('are told to listeners when they were committed, and only then', () => {
    const { store, time } = makeStore();
    const heard: number[] = [];
    store.onCommit(({ revision }) => heard.push(revision));
    climb(store, time, 2);
    store.handlers.commit({ expectedRevision: null, document: aDocument(), entries: [] });
    store.setFaults({ loseAnswer: () => true });
    store.handlers.commit({ expectedRevision: 2, document: aDocument({ revision: 3 }), entries: [] });
    expect(heard).toEqual([1, 2, 3]);
  });
});

describe('faults', () => {
  test('an outage applies nothing and answers nothing', () => {
    const { store } = makeStore({ faults: { outage: () => true } });
    const commit = { expectedRevision: null, document: aDocument(), entries: [anEntry(1)] };
    expect(store.handlers.commit(commit)).toEqual({ failure: UNAVAILABLE, tookMs: 20 });
    expect(store.handlers.load({ rolloutId: 'llm-1' })).toEqual({ failure: UNAVAILABLE, tookMs: 8 });
    expect(store.handlers.recordIncident({ incident: anIncident() })).toEqual({
      failure: UNAVAILABLE,
      tookMs: 20,
    });
    expect(store.truth.documents.size + store.truth.journals.size + store.truth.incidents.size).toBe(0);
  });

  test('contention applies no write and leaves reads alone', () => {
    const asked: StoreMethod[] = [];
    const contend = (method: StoreMethod) => asked.push(method) > 0;
    const { store } = makeStore({ faults: { contend } });
    const commit = { expectedRevision: null, document: aDocument(), entries: [] };
    expect(store.handlers.commit(commit)).toMatchObject({ failure: { code: 'ABORTED' } });
    expect(store.handlers.load({ rolloutId: 'llm-1' })).toMatchObject({ value: { document: null } });
    expect(asked).toEqual(['commit']);
    expect(store.truth.documents.size).toBe(0);
  });

  test('a lost answer leaves the commit applied, and sending it again conflicts', () => {
    const { store } = makeStore({ faults: { loseAnswer: (method) => method === 'commit' } });
    const commit = {
      expectedRevision: null,
      document: aDocument({ lastCommitId: 'mine' }),
      entries: [anEntry(1)],
    };
    expect(store.handlers.commit(commit)).toMatchObject({ failure: { code: 'DEADLINE_EXCEEDED' } });
    expect(store.truth.documents.get('llm-1')?.lastCommitId).toBe('mine');
    store.setFaults({ loseAnswer: () => false });
    expect(store.handlers.commit(commit)).toMatchObject({ value: { kind: 'conflict' } });
    expect(store.truth.journals.get('llm-1')).toEqual([anEntry(1)]);
  });

  test('a stale index answers from the past, a load never does', () => {
    const { store, time } = makeStore({ staleByMs: 1_500 });
    climb(store, time, 4);
    store.setFaults({ staleList: () => true });
    const state = (rolloutId: string) => {
      const reply = store.handlers.list({ limit: 9 });
      return 'value' in reply ? reply.value.find((one) => one.rolloutId === rolloutId)?.state : reply;
    };
    expect(state('llm-1')).toBe('state-2');
    expect(store.handlers.due({ limit: 9 })).toMatchObject({
      value: { rollouts: [{ rolloutId: 'llm-1', wakeAtMs: 2 }], readAtMs: 4_000 },
    });
    expect(store.handlers.load({ rolloutId: 'llm-1' })).toMatchObject({
      value: { document: { state: 'state-4' } },
    });
    time.nowMs = 5_000;
    expect(state('llm-1')).toBe('state-3');
    time.nowMs = 60_000;
    expect(state('llm-1')).toBe('state-4');
    store.handlers.commit({
      expectedRevision: null,
      document: aDocument({ rolloutId: 'llm-2', watches: ['p'] }),
      entries: [],
    });
    expect(state('llm-2')).toBeUndefined();
    expect(store.handlers.watching({ policy: 'p' })).toMatchObject({ value: [] });
    time.nowMs += 1_500;
    expect(store.handlers.watching({ policy: 'p' })).toMatchObject({ value: ['llm-2'] });
  });

  test('calls take the time that they are told to', () => {
    const { store } = makeStore({
      tookMs: (method, ending) => method.length * (ending === 'value' ? 1 : 100),
    });
    expect(store.handlers.load({ rolloutId: 'x' }).tookMs).toBe(4);
    store.setFaults({ outage: () => true });
    expect(store.handlers.load({ rolloutId: 'x' }).tookMs).toBe(400);
  });
});

describe('a restored backup', () => {
  test('sets document, journal and locks back together', () => {
    const { store, time } = makeStore();
    store.handlers.commit({
      expectedRevision: null,
      document: aDocument(),
      entries: [anEntry(1)],
      acquireLocks: ['kept', 'given'],
    });
    for (const revision of [2, 3]) {
      time.nowMs += 1_000;
      store.handlers.commit({
        expectedRevision: revision - 1,
        document: aDocument({ revision, wakeAtMs: revision * 1_000 }),
        entries: [anEntry(revision)],
        ...(revision === 2 ? { acquireLocks: ['later'], releaseLocks: ['given'] } : {}),
      });
    }
    expect(store.restoreOlder('llm-1', 2)).toBe(true);
    expect(store.truth.documents.get('llm-1')).toEqual(aDocument());
    expect(store.truth.journals.get('llm-1')).toEqual([anEntry(1)]);
    expect(Object.fromEntries(store.truth.locks)).toEqual({ kept: 'llm-1', given: 'llm-1' });
    time.nowMs = 1_000;
    expect(store.handlers.due({ limit: 9 })).toMatchObject({ value: { rollouts: [{ wakeAtMs: 1_000 }] } });
    const next = { expectedRevision: 1, document: aDocument({ revision: 2 }), entries: [anEntry(2)] };
    expect(store.handlers.commit(next)).toMatchObject({ value: { kind: 'committed' } });
  });

  test('takes no lock from a rollout that holds it now', () => {
    const { store } = makeStore();
    const document = aDocument();
    store.handlers.commit({ expectedRevision: null, document, entries: [], acquireLocks: ['a'] });
    const second = { ...document, revision: 2 };
    store.handlers.commit({ expectedRevision: 1, document: second, entries: [], releaseLocks: ['a'] });
    const other = aDocument({ rolloutId: 'llm-2' });
    store.handlers.commit({ expectedRevision: null, document: other, entries: [], acquireLocks: ['a'] });
    expect(store.restoreOlder('llm-1')).toBe(true);
    expect(store.truth.locks.get('a')).toBe('llm-2');
  });

  test('reaches as far back as versions are kept', () => {
    const { store, time } = makeStore({ versionsMax: 3 });
    climb(store, time, 5);
    expect(store.restoreOlder('llm-1', 3)).toBe(false);
    expect(store.restoreOlder('llm-1', 0)).toBe(false);
    expect(store.restoreOlder('other')).toBe(false);
    expect(store.truth.documents.get('llm-1')?.revision).toBe(5);
    expect(store.restoreOlder('llm-1', 2)).toBe(true);
    expect(store.truth.documents.get('llm-1')?.revision).toBe(3);
    expect(store.truth.journals.get('llm-1')).toHaveLength(3);
    expect(store.restoreOlder('llm-1')).toBe(false);
  });
});
