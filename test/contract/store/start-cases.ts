import { expect } from 'vitest';
import { aDocument } from '../../helpers/stored-records.ts';
import { advance, batch, type Case, create, failsWith, failure, POOL } from './store-bench.ts';

export const startCases: readonly Case[] = [
  [
    'before the first start nothing is known of a name',
    async ({ port, setNow }) => {
      setNow(3_000);
      const found = await port.lookUpStart({ name: 'llm', requestId: 'r-1', poolKey: POOL });
      expect(found).toEqual({ rolloutId: null, nextNumber: 1, holder: null, readAtMs: 3_000 });
    },
  ],
  [
    'a start leaves its request, its number and its lock',
    async ({ port, setNow }) => {
      await create(port, {}, { requestId: 'r-1', acquireLocks: [POOL] });
      setNow(3_000);
      const found = await port.lookUpStart({ name: 'llm', requestId: 'r-1', poolKey: POOL });
      expect(found).toEqual({ rolloutId: 'llm-1', nextNumber: 2, holder: 'llm-1', readAtMs: 3_000 });
    },
  ],
  [
    'a request id that was used refuses the whole batch and names its rollout',
    async ({ port }) => {
      await create(port, {}, { requestId: 'r-1' });
      const again = batch(aDocument({ rolloutId: 'llm-2' }), { requestId: 'r-1', acquireLocks: ['a'] });
      expect(await port.commit(again)).toEqual({ kind: 'duplicateRequest', rolloutId: 'llm-1' });
      expect((await port.load({ rolloutId: 'llm-2' })).document).toBeNull();
      expect(await port.locks({ keys: ['a'] })).toEqual([null]);
      expect((await port.lookUpStart({ name: 'llm', requestId: 'x', poolKey: 'p' })).nextNumber).toBe(2);
    },
  ],
  [
    'a start that is sent twice is a duplicate request of its own rollout',
    async ({ port }) => {
      const start = batch(aDocument(), { requestId: 'r-1', acquireLocks: ['a'] });
      expect(await port.commit(start)).toEqual({ kind: 'committed' });
      expect(await port.commit(start)).toEqual({ kind: 'duplicateRequest', rolloutId: 'llm-1' });
    },
  ],
  [
    'each name counts for itself, and names may end in numbers',
    async ({ port }) => {
      for (const rolloutId of ['llm-1', 'llm-2', 'llm-7', 'llm-3', 'llm-2-4', 'plain', 'llm-old', 'llm-08']) {
        await create(port, { rolloutId });
      }
      const next = async (name: string) =>
        (await port.lookUpStart({ name, requestId: 'x', poolKey: 'p' })).nextNumber;
      expect(await next('llm')).toBe(8);
      expect(await next('llm-2')).toBe(5);
      expect(await next('plain')).toBe(1);
      expect(await next('l')).toBe(1);
    },
  ],
  [
    'two starts that saw the same number: one becomes it, the other conflicts',
    async ({ port, second }) => {
      const [first, other] = await Promise.all([
        port.commit(batch(aDocument({ lastCommitId: 'a' }), { requestId: 'r-a' })),
        second.commit(batch(aDocument({ lastCommitId: 'b' }), { requestId: 'r-b' })),
      ]);
      expect([first.kind, other.kind].toSorted()).toEqual(['committed', 'conflict']);
      expect((await port.lookUpStart({ name: 'llm', requestId: 'r-b', poolKey: 'p' })).rolloutId).toBe(
        first.kind === 'committed' ? null : 'llm-1',
      );
    },
  ],
  [
    'attachments lie beside the document, by name, and the last text counts',
    async ({ port }) => {
      const text = `kind: InferencePool # ${'é'.repeat(100_000)}`;
      const document = await create(port, {}, { attachments: { manifests: text, note: '' } });
      expect(await port.attachment({ rolloutId: 'llm-1', name: 'manifests' })).toBe(text);
      expect(await port.attachment({ rolloutId: 'llm-1', name: 'note' })).toBe('');
      expect(await port.attachment({ rolloutId: 'llm-1', name: 'other' })).toBeNull();
      expect(await port.attachment({ rolloutId: 'llm-2', name: 'manifests' })).toBeNull();
      await advance(port, document, {}, { attachments: { note: 'new' } });
      expect(await port.attachment({ rolloutId: 'llm-1', name: 'note' })).toBe('new');
      expect(await port.attachment({ rolloutId: 'llm-1', name: 'manifests' })).toBe(text);
    },
  ],
  [
    'an attachment of more than a megabyte is refused',
    async ({ port }) => {
      const big = batch(aDocument(), { attachments: { manifests: 'x'.repeat(1_000_001) } });
      expect(await failure(port.commit(big))).toEqual(failsWith('attachment-too-large'));
      expect((await port.load({ rolloutId: 'llm-1' })).document).toBeNull();
    },
  ],
];
