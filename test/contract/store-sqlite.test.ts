import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../functions/adapters/sqlite-open.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../functions/adapters/store-sqlite.ts';
import { RetryableError, TerminalError } from '../../workflows/errors.ts';
import { aDocument, aLeftover, anEntry, anIncident } from '../helpers/stored-records.ts';

const CLIMB_CHILD = fileURLToPath(new URL('store/climb-child.ts', import.meta.url));
const READ_CHILD = fileURLToPath(new URL('store/read-child.ts', import.meta.url));

async function inFolder(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sqlite-'));
  try {
    await body(join(folder, 'store.db'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(path: string, options: Partial<SqliteStoreOptions> = {}) {
  return openSqliteStore({ path, now: () => 10_000, ...options });
}

async function failure(work: () => unknown): Promise<unknown> {
  try {
    return { answeredInstead: await work() };
  } catch (error) {
    return error;
  }
}

/** Commits revisions until one fails, and gives back that failure with the last revision that was acknowledged. */
async function fill(store: ReturnType<typeof open>): Promise<{ error: unknown; acknowledged: number }> {
  let document = aDocument();
  let acknowledged = 0;
  for (;;) {
    const next = { ...document, revision: acknowledged + 1, snapshot: 'x'.repeat(20_000) };
    const expectedRevision = acknowledged === 0 ? null : acknowledged;
    const entries = [anEntry(next.revision, { sentence: 'y'.repeat(20_000) })];
    try {
      const locks = { acquireLocks: [`lock-${next.revision}`] };
      const result = await store.commit({ expectedRevision, document: next, entries, ...locks });
      if (result.kind !== 'committed') throw new Error(result.kind);
    } catch (error) {
      return { error, acknowledged };
    }
    document = next;
    acknowledged = next.revision;
  }
}

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly exited: Promise<unknown>;
}

function start(script: string, argv: readonly string[], onLine: (child: Child) => void = () => {}): Child {
  const child = spawn(process.execPath, [script, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  const whole: Child = { process: child, lines: [], exited: once(child, 'close') };
  createInterface({ input: child.stdout }).on('line', (line) => {
    whole.lines.push(line);
    onLine(whole);
  });
  return whole;
}

describe('a full disk', () => {
  test('refuses the commit as store-full, leaves nothing of it behind, and what was there stays readable', () =>
    inFolder(async (path) => {
      const store = open(path, { pagesMax: 120 });
      const { error, acknowledged } = await fill(store);
      expect(error).toBeInstanceOf(RetryableError);
      expect(error).toMatchObject({ code: 'store-full' });
      expect(acknowledged).toBeGreaterThan(3);
      const { document } = await store.load({ rolloutId: 'llm-1' });
      expect(document?.revision).toBe(acknowledged);
      expect(await store.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 999 })).toHaveLength(acknowledged);
      const locks = await store.locks({ keys: [`lock-${acknowledged}`, `lock-${acknowledged + 1}`] });
      expect(locks).toEqual(['llm-1', null]);
      store.close();
    }));

  test('is no more once there is room: the same commit works', () =>
    inFolder(async (path) => {
      const tight = open(path, { pagesMax: 120 });
      const { acknowledged } = await fill(tight);
      tight.close();
      const roomy = open(path);
      const { document } = await roomy.load({ rolloutId: 'llm-1' });
      const next = { ...(document ?? aDocument()), revision: acknowledged + 1 };
      const entries = [anEntry(acknowledged + 1)];
      expect(await roomy.commit({ expectedRevision: acknowledged, document: next, entries })).toEqual({
        kind: 'committed',
      });
      roomy.close();
    }));

  test('refuses the making of the tables too', () =>
    inFolder(async (path) => {
      const error = await failure(() => open(path, { pagesMax: 3 }));
      expect(error).toMatchObject({ name: 'RetryableError', code: 'store-full' });
      const store = open(path);
      expect((await store.load({ rolloutId: 'llm-1' })).document).toBeNull();
      store.close();
    }));
});

describe('a file that is no store', () => {
  test('is said to be none, and is not touched', () =>
    inFolder(async (path) => {
      const text = 'apiVersion: sluice.dev/v1\n'.repeat(400);
      writeFileSync(path, text);
      for (const readOnly of [false, true]) {
        const error = await failure(() => open(path, { readOnly }));
        expect(error).toBeInstanceOf(TerminalError);
        expect(error).toMatchObject({ code: 'store-corrupt', message: expect.stringContaining(path) });
      }
      expect(readFileSync(path, 'utf8')).toBe(text);
    }));

  test("another program's database is said to be that, and is not touched", () =>
    inFolder(async (path) => {
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE songs (title TEXT)');
      other.close();
      const before = readFileSync(path);
      for (const readOnly of [false, true]) {
        const error = await failure(() => open(path, { readOnly }));
        expect(error).toMatchObject({ name: 'TerminalError', code: 'store-corrupt' });
      }
      expect(readFileSync(path).equals(before)).toBe(true);
    }));

  test('a damaged store fails at the damage, without a wrong answer', () =>
    inFolder(async (path) => {
      const store = open(path);
      let document = aDocument({ snapshot: 'x'.repeat(50_000) });
      await store.commit({ expectedRevision: null, document, entries: [] });
      for (let number = 2; number < 40; number += 1) {
        document = { ...document, rolloutId: `llm-${number}` };
        await store.commit({ expectedRevision: null, document, entries: [] });
      }
      store.close();
      const file = openSync(path, 'r+');
      const page = 4_096;
      for (let at = page; at < statSync(path).size; at += page)
        writeSync(file, Buffer.alloc(64, 0xee), 0, 64, at);
      closeSync(file);
      const error = await failure(async () => {
        const damaged = open(path);
        try {
          return await damaged.load({ rolloutId: 'llm-7' });
        } finally {
          damaged.close();
        }
      });
      expect(error).toMatchObject({ name: 'TerminalError', code: 'store-corrupt' });
    }));

  test('a store of a newer layout is left alone', () =>
    inFolder(async (path) => {
      open(path).close();
      const raw = new DatabaseSync(path);
      raw.exec('PRAGMA user_version = 99');
      raw.close();
      for (const readOnly of [false, true]) {
        const error = await failure(() => open(path, { readOnly }));
        expect(error).toMatchObject({ name: 'RetryableError', code: 'store-newer' });
      }
    }));

  test('a folder that does not exist, a folder in place of a file', () =>
    inFolder(async (path, folder) => {
      const nowhere = await failure(() => open(join(folder, 'no', 'store.db')));
      expect(nowhere).toMatchObject({ name: 'RetryableError', code: 'store-unavailable' });
      const directory = await failure(() => open(folder));
      expect(directory).toMatchObject({ name: 'RetryableError', code: 'store-unavailable' });
      expect(existsSync(path)).toBe(false);
    }));
});

describe('another process', () => {
  test('that holds the write lock too long makes a commit store-busy; reads go on', () =>
    inFolder(async (path) => {
      const store = open(path, { busyTimeoutMs: 20 });
      const document = aDocument();
      await store.commit({ expectedRevision: null, document, entries: [] });
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      const next = { expectedRevision: 1, document: { ...document, revision: 2 }, entries: [] };
      const error = await failure(() => store.commit(next));
      expect(error).toMatchObject({ name: 'RetryableError', code: 'store-busy' });
      const incident = await failure(() => store.recordIncident({ incident: anIncident() }));
      expect(incident).toMatchObject({ name: 'RetryableError', code: 'store-busy' });
      expect((await store.load({ rolloutId: 'llm-1' })).document).toEqual(document);
      other.exec('ROLLBACK');
      expect(await store.commit(next)).toEqual({ kind: 'committed' });
      other.close();
      store.close();
    }));

  test('may open the same new file at the same moment, and lose no commit of the other', () =>
    inFolder(async (path) => {
      const each = 60;
      const children = ['a', 'b', 'c'].map((name) => start(CLIMB_CHILD, [path, name, String(each)]));
      await Promise.all(children.map(({ exited }) => exited));
      expect(children.map(({ process: { exitCode } }) => exitCode)).toEqual([0, 0, 0]);
      const store = open(path);
      const { document } = await store.load({ rolloutId: 'llm-1' });
      expect(document).toMatchObject({ fence: 3 * each, revision: 3 * each + 1 });
      const journal = await store.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 999 });
      const wanted = ['a', 'b', 'c'].flatMap((name) =>
        Array.from({ length: each }, (_, at) => `${name}/${at}`),
      );
      expect(journal.map(({ sentence }) => sentence).toSorted()).toEqual(wanted.toSorted());
      const conflicts = children.map(({ lines }) => lines.at(-1));
      console.log(`three processes, ${each} commits each: ${conflicts.join(', ')}`);
      store.close();
    }));

  test('that is killed in the middle of its commits loses nothing that it acknowledged', () =>
    inFolder(async (path) => {
      const acknowledged: string[] = [];
      for (const [round, kill] of [7, 40, 111].entries()) {
        const child = start(CLIMB_CHILD, [path, `r${round}`, 'forever'], ({ process: running, lines }) => {
          if (lines.length === kill) running.kill('SIGKILL');
        });
        await child.exited;
        expect(child.process.signalCode).toBe('SIGKILL');
        expect(child.lines.length).toBeGreaterThanOrEqual(kill);
        acknowledged.push(...child.lines);
        const store = open(path, { readOnly: round === 1 });
        const { document } = await store.load({ rolloutId: 'llm-1' });
        const journal = await store.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 99_999 });
        const stored = journal.map(({ sentence }) => sentence);
        expect(acknowledged.filter((sentence) => !stored.includes(sentence))).toEqual([]);
        // At most the one commit of each round that was in flight can be there without its acknowledgement.
        expect(stored.length - acknowledged.length).toBeLessThanOrEqual(round + 1);
        expect(document).toMatchObject({ fence: stored.length, revision: stored.length + 1 });
        store.close();
      }
    }));
});

describe('a store that is opened to be read', () => {
  test('answers every question and refuses every write', () =>
    inFolder(async (path) => {
      const writer = open(path);
      const document = aDocument({ watches: ['p'] });
      await writer.commit({
        expectedRevision: null,
        document,
        entries: [anEntry(1)],
        acquireLocks: ['a'],
        requestId: 'r',
        attachments: { manifests: 'text' },
        leftovers: [aLeftover()],
      });
      await writer.recordIncident({ incident: anIncident() });
      const reader = open(path, { readOnly: true });
      expect((await reader.load({ rolloutId: 'llm-1' })).document).toEqual(document);
      expect(await reader.journal({ rolloutId: 'llm-1', afterSeq: 0, limit: 9 })).toEqual([anEntry(1)]);
      expect(await reader.attachment({ rolloutId: 'llm-1', name: 'manifests' })).toBe('text');
      expect((await reader.due({ limit: 9 })).rollouts).toHaveLength(1);
      expect(await reader.list({ limit: 9 })).toHaveLength(1);
      expect(await reader.watching({ policy: 'p' })).toEqual(['llm-1']);
      expect(await reader.locks({ keys: ['a'] })).toEqual(['llm-1']);
      expect((await reader.registry({ sinceMs: 0 })).incidents).toEqual([anIncident()]);
      expect((await reader.leftovers({ dueOnly: true })).leftovers).toEqual([aLeftover()]);
      const readOnly = { name: 'TerminalError', code: 'store-read-only' };
      const next = { expectedRevision: 1, document: { ...document, revision: 2 }, entries: [] };
      expect(await failure(() => reader.commit(next))).toMatchObject(readOnly);
      const closed = anIncident({ state: 'closed' });
      expect(await failure(() => reader.recordIncident({ incident: closed }))).toMatchObject(readOnly);
      const freeze = { reason: 'x', by: 'y', sinceMs: 0, untilMs: null };
      expect(await failure(() => reader.setFreeze({ freeze }))).toMatchObject(readOnly);
      const rejected = { id: 'x', atMs: 0, door: 'd', reason: 'r', text: 't' };
      expect(await failure(() => reader.recordRejected({ rejected }))).toMatchObject(readOnly);
      expect(await failure(() => reader.putLeftover({ id: 'left-1', leftover: null }))).toMatchObject(
        readOnly,
      );
      await writer.commit(next);
      expect((await reader.load({ rolloutId: 'llm-1' })).document?.revision).toBe(2);
      reader.close();
      writer.close();
    }));

  test('must exist, and is not made by looking for it', () =>
    inFolder(async (path) => {
      const error = await failure(() => open(path, { readOnly: true }));
      expect(error).toMatchObject({ name: 'TerminalError', code: 'store-missing' });
      expect(existsSync(path)).toBe(false);
      writeFileSync(path, '');
      const empty = await failure(() => open(path, { readOnly: true }));
      expect(empty).toMatchObject({ name: 'TerminalError', code: 'store-corrupt' });
    }));
});

describe('a folder that may not be written', () => {
  test('is read as it is; nothing is put beside the file', () =>
    inFolder(async (path, folder) => {
      const store = open(path);
      await store.commit({ expectedRevision: null, document: aDocument(), entries: [] });
      store.close();
      chmodSync(path, 0o444);
      chmodSync(folder, 0o555);
      try {
        const reader = start(READ_CHILD, [path]);
        await reader.exited;
        expect(reader.lines).toEqual(['revision 1']);
        expect(readdirSync(folder)).toEqual(['store.db']);
      } finally {
        chmodSync(folder, 0o755);
      }
    }));
});

describe('a closed store', () => {
  test('is unavailable, and may be closed again', () =>
    inFolder(async (path) => {
      const store = open(path);
      store.close();
      store.close();
      const error = await failure(() => store.load({ rolloutId: 'llm-1' }));
      expect(error).toMatchObject({ name: 'RetryableError', code: 'store-unavailable' });
    }));
});

describe('durability', () => {
  test('is WAL with every commit synced', () =>
    inFolder(async (path) => {
      const database = openDatabase({ path, readOnly: false, busyTimeoutMs: 0, pagesMax: null });
      expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
      expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
      database.close();
    }));
});
