import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { storePort } from '../../simulator/ports/store-port.ts';
import { createWorldStore } from '../../simulator/world/store.ts';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import type { Rejected } from '../../workflows/rollout/stored.ts';
import type { StoreBench } from './store/store-bench.ts';
import { describeStore, STORE_CASES } from './store-suite.ts';

function sqliteBench(): StoreBench {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  const path = join(folder, 'store.db');
  let nowMs = 0;
  const port = openSqliteStore({ path, now: () => nowMs });
  const second = openSqliteStore({ path, now: () => nowMs });
  const raw = new DatabaseSync(path);
  return {
    port,
    second,
    setNow: (ms) => {
      nowMs = ms;
    },
    plant: (document) => {
      raw
        .prepare(
          `INSERT INTO rollouts (rolloutId, revision, schemaVersion, state, wakeAtMs, poolKey, createdAtMs,
           finishedAtMs, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          document.rolloutId,
          document.revision,
          document.schemaVersion,
          document.state,
          document.wakeAtMs,
          document.poolKey,
          document.createdAtMs,
          document.finishedAtMs,
          JSON.stringify(document),
        );
    },
    stored: (rolloutId) => {
      const row = raw.prepare('SELECT document FROM rollouts WHERE rolloutId = ?').get(rolloutId);
      return JSON.parse(String(row?.['document']));
    },
    rejected: () =>
      raw
        .prepare('SELECT rejected FROM rejected ORDER BY id')
        .all()
        .map((row) => JSON.parse(String(row['rejected'])) as Rejected),
    close: () => {
      raw.close();
      port.close();
      second.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function worldBench(): StoreBench {
  let nowMs = 0;
  const store = createWorldStore({ clock: () => nowMs });
  return {
    port: storePort(store, storeFailure),
    second: storePort(store, storeFailure),
    setNow: (ms) => {
      nowMs = ms;
    },
    plant: (document) => store.plant(document),
    stored: (rolloutId) => store.truth.documents.get(rolloutId),
    rejected: () => [...store.truth.rejected.values()],
    close: () => undefined,
  };
}

const sqlite = describeStore('SQLite', sqliteBench);
const world = describeStore("the world's", worldBench);

test('both stores answer for every case of the contract', () => {
  console.log(`store contract: SQLite ${sqlite.passed}, world ${world.passed} of ${STORE_CASES} cases`);
  expect({ sqlite: sqlite.passed, world: world.passed }).toEqual({ sqlite: STORE_CASES, world: STORE_CASES });
});
