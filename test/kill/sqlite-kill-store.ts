import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import type { Rejected } from '../../workflows/rollout/stored.ts';
import type { KillStore, StoreReader } from './kill-store.ts';

const FILE = 'sluice.db';
/** Beside the file itself, what was committed and not yet moved into it. The shared memory is made anew. */
const PARTS = ['', '-wal'] as const;
const REMEMBERED = 3;

const rejectedIn = (path: string): readonly Rejected[] => {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('SELECT rejected FROM rejected').all();
    return rows.map((row) => JSON.parse(String(row['rejected'])) as Rejected);
  } finally {
    database.close();
  }
};

const reader = (path: string, now: () => number, onClose: () => void): StoreReader => {
  const store = openSqliteStore({ path, now, readOnly: true });
  return {
    load: (call) => store.load(call),
    list: (call) => store.list(call),
    journal: (call) => store.journal(call),
    locks: (call) => store.locks(call),
    leftovers: (call) => store.leftovers(call),
    rejected: async () => rejectedIn(path),
    close: async () => {
      store.close();
      onClose();
    },
  };
};

const commitsIn = (path: string): number => {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare('SELECT total(revision) AS commits FROM rollouts').get()?.['commits']);
  } finally {
    database.close();
  }
};

/** A copy that is whole, whoever writes meanwhile. */
const copyTo = (from: string, to: string): void => {
  const database = new DatabaseSync(from, { readOnly: true });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
};

const withCopy = <T>(stateDir: string, use: (path: string, remove: () => void) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-dead-'));
  for (const part of PARTS) {
    const from = join(stateDir, `${FILE}${part}`);
    if (existsSync(from)) copyFileSync(from, join(folder, `${FILE}${part}`));
  }
  return use(join(folder, FILE), () => rmSync(folder, { recursive: true, force: true }));
};

/** The file of `sluice dev`, in the state folder. */
export const sqliteKillStore = (): KillStore => {
  /** By state folder, oldest first. */
  const remembered = new Map<string, { readonly path: string; readonly commits: number }[]>();
  let copies = 0;
  return {
    name: 'sqlite',
    environment: (stateDir) => ({ SLUICE_STORE: `sqlite:${join(stateDir, FILE)}` }),
    open: async (stateDir, now) => {
      const path = join(stateDir, FILE);
      return existsSync(path) ? reader(path, now, () => undefined) : null;
    },
    openDead: async (stateDir, now) =>
      existsSync(join(stateDir, FILE))
        ? withCopy(stateDir, (path, remove) => reader(path, now, remove))
        : null,
    remember: async (stateDir) => {
      const from = join(stateDir, FILE);
      if (!existsSync(from)) return;
      const path = join(stateDir, `copy-${(copies += 1)}`);
      copyTo(from, path);
      const list = [...(remembered.get(stateDir) ?? []), { path, commits: commitsIn(path) }];
      for (const old of list.splice(0, list.length - REMEMBERED)) rmSync(old.path, { force: true });
      remembered.set(stateDir, list);
    },
    loseLastCommit: async (stateDir) => {
      const commits = withCopy(stateDir, (path, remove) => {
        const found = commitsIn(path);
        remove();
        return found;
      });
      const older = (remembered.get(stateDir) ?? []).findLast((copy) => copy.commits < commits);
      if (older === undefined) return false;
      for (const part of [...PARTS, '-shm']) rmSync(join(stateDir, `${FILE}${part}`), { force: true });
      renameSync(older.path, join(stateDir, FILE));
      remembered.delete(stateDir);
      return true;
    },
  };
};
