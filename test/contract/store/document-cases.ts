import { expect } from 'vitest';
import type { JournalEntry, RolloutDocument } from '../../../workflows/rollout/stored.ts';
import { aDocument, anEntry } from '../../helpers/stored-records.ts';
import { advance, batch, type Case, create, failsWith, failure } from './store-bench.ts';

export const documentCases: readonly Case[] = [
  [
    'a rollout that nobody created is null',
    async ({ port, setNow }) => {
      setNow(4_000);
      expect(await port.load({ rolloutId: 'llm-1' })).toEqual({ document: null, readAtMs: 4_000 });
    },
  ],
  [
    'what was committed is loaded, whole, with the time of the read',
    async ({ port, setNow }) => {
      const document = await create(port, { plan: '{"deep":[[1]]}', rollbackRecord: '{}', held: 'operator' });
      setNow(7_777);
      expect(await port.load({ rolloutId: 'llm-1' })).toEqual({ document, readAtMs: 7_777 });
    },
  ],
  [
    'the next revision replaces the one before',
    async ({ port }) => {
      const document = await advance(port, await create(port), {
        state: 'soaking',
        fence: 9,
        outbox: [],
        timers: [],
      });
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(document);
    },
  ],
  [
    'creating what exists is a conflict and changes nothing',
    async ({ port }) => {
      const document = await create(port);
      const result = await port.commit(batch(aDocument({ lastCommitId: 'other', state: 'queued' })));
      expect(result).toEqual({ kind: 'conflict' });
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(document);
    },
  ],
  [
    'a revision that is not there any more is a conflict',
    async ({ port }) => {
      const first = await create(port);
      const second = await advance(port, first, { lastCommitId: 'a' });
      const late = { ...first, revision: 2, lastCommitId: 'b' };
      expect(await port.commit(batch(late))).toEqual({ kind: 'conflict' });
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(second);
    },
  ],
  [
    'a revision of a rollout that does not exist is a conflict',
    async ({ port }) => {
      expect(await port.commit(batch(aDocument({ revision: 2 })))).toEqual({ kind: 'conflict' });
      expect((await port.load({ rolloutId: 'llm-1' })).document).toBeNull();
    },
  ],
  [
    'a commit sent twice conflicts, and lastCommitId tells that it was ours',
    async ({ port }) => {
      const sent = batch(
        { ...(await create(port)), revision: 2, lastCommitId: 'mine' },
        { entries: [anEntry(1)] },
      );
      expect(await port.commit(sent)).toEqual({ kind: 'committed' });
      expect(await port.commit(sent)).toEqual({ kind: 'conflict' });
      expect((await port.load({ rolloutId: 'llm-1' })).document?.lastCommitId).toBe('mine');
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 10 })).toEqual([anEntry(1)]);
    },
  ],
  [
    'a revision may not be left out',
    async ({ port }) => {
      const document = await create(port);
      const jump = { expectedRevision: 1, document: { ...document, revision: 3 }, entries: [] };
      expect(await failure(port.commit(jump))).toEqual(failsWith('revision-step'));
      const still = { expectedRevision: 1, document, entries: [] };
      expect(await failure(port.commit(still))).toEqual(failsWith('revision-step'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(document);
    },
  ],
  [
    'a document of 300 KiB is refused and nothing of its batch is there',
    async ({ port }) => {
      const big = batch(aDocument({ snapshot: 'x'.repeat(300 * 1024) }), {
        entries: [anEntry(1)],
        acquireLocks: ['k'],
        requestId: 'r',
      });
      expect(await failure(port.commit(big))).toEqual(failsWith('document-too-large'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toBeNull();
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 10 })).toEqual([]);
      expect(await port.locks({ keys: ['k'] })).toEqual([null]);
    },
  ],
  [
    'size is counted in bytes of the stored text',
    async ({ port }) => {
      const bytes = (document: RolloutDocument) => new TextEncoder().encode(JSON.stringify(document)).length;
      const room = 256 * 1024 - bytes(aDocument({ snapshot: '' }));
      const full = aDocument({ snapshot: `${'€'.repeat(Math.floor(room / 3))}${'x'.repeat(room % 3)}` });
      expect(bytes(full)).toBe(256 * 1024);
      const over = { ...full, rolloutId: 'llm-2', snapshot: `${full.snapshot}x` };
      expect(await failure(port.commit(batch(over)))).toEqual(failsWith('document-too-large'));
      expect(await port.commit(batch(full))).toEqual({ kind: 'committed' });
      expect((await port.load({ rolloutId: 'llm-1' })).document).toEqual(full);
    },
  ],
  [
    'a document with an unknown or a missing field is refused',
    async ({ port }) => {
      const unknown = { ...aDocument(), colour: 'red' };
      expect(await failure(port.commit(batch(unknown)))).toEqual(failsWith('document-broken'));
      const { fence: _, ...missing } = aDocument();
      expect(await failure(port.commit(batch(missing as RolloutDocument)))).toEqual(
        failsWith('document-broken'),
      );
      const noNumber = aDocument({ fence: Number.NaN });
      expect(await failure(port.commit(batch(noNumber)))).toEqual(failsWith('document-broken'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toBeNull();
    },
  ],
  [
    'values that would be lost or refused elsewhere are refused here',
    async ({ port }) => {
      const [item] = aDocument().outbox;
      for (const lost of [undefined, Number.NaN, [[1]], () => 1]) {
        const outbox = [{ ...item, effect: { kind: 'page', lost } }] as RolloutDocument['outbox'];
        expect(await failure(port.commit(batch(aDocument({ outbox }))))).toEqual(failsWith('not-storable'));
      }
      const entry = { ...anEntry(1), sentence: undefined } as unknown as JournalEntry;
      const withEntry = batch(aDocument(), { entries: [entry] });
      expect(await failure(port.commit(withEntry))).toEqual(failsWith('not-storable'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toBeNull();
    },
  ],
  [
    'a document with a newer schema is neither read nor written',
    async ({ port, plant, stored }) => {
      const newer = { ...aDocument(), schemaVersion: 2, fromTheFuture: true } as unknown as RolloutDocument;
      plant(newer);
      expect(await failure(port.load({ rolloutId: 'llm-1' }))).toEqual(failsWith('document-newer'));
      const ours = batch(aDocument({ revision: 2 }), { entries: [anEntry(1)] });
      expect(await failure(port.commit(ours))).toEqual(failsWith('document-newer'));
      expect(await failure(port.commit({ ...ours, document: { ...newer, revision: 2 } }))).toEqual(
        failsWith('document-newer'),
      );
      expect(stored('llm-1')).toEqual({ ...aDocument(), schemaVersion: 2, fromTheFuture: true });
      expect(await port.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 10 })).toEqual([]);
    },
  ],
  [
    'a broken document does not pass for a sound one',
    async ({ port, plant }) => {
      const { fence: _, ...broken } = aDocument();
      plant(broken as RolloutDocument);
      expect(await failure(port.load({ rolloutId: 'llm-1' }))).toEqual(failsWith('document-broken'));
    },
  ],
  [
    'changing what was committed or loaded does not change what is stored',
    async ({ port }) => {
      const mine = { ...aDocument(), watches: ['p'] };
      await create(port, mine);
      try {
        mine.watches.push('q');
        (await port.load({ rolloutId: 'llm-1' })).document?.watches.push('r');
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
      expect((await port.load({ rolloutId: 'llm-1' })).document?.watches).toEqual(['p']);
    },
  ],
];
