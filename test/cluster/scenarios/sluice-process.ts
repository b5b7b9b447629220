/** Sluice as a process of its own beside a real cluster: asked over its API, read from its store's file, killed. */
import { setTimeout as pause } from 'node:timers/promises';
import { openSqliteStore } from '../../../functions/adapters/store-sqlite.ts';
import { type SpawnedPlatform, spawnPlatform } from '../../../local/spawn-platform.ts';
import type { StorePort } from '../../../workflows/ports.ts';
import { type RolloutState, readState } from '../../../workflows/rollout/read-state.ts';
import type { JournalEntry, RolloutDocument } from '../../../workflows/rollout/stored.ts';

export interface ProcessInput {
  readonly stateDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Seen {
  readonly document: RolloutDocument;
  readonly state: RolloutState;
}

export interface SluiceProcess {
  readonly busUrl: () => string;
  post(path: string, body: object): Promise<Answer>;
  /** What its store has of a rollout. */
  see(rolloutId: string): Promise<Seen>;
  journal(rolloutId: string): Promise<readonly JournalEntry[]>;
  /** Looks until it is so. @throws Error with where the rollout stands when it ends before, or takes too long. */
  until(rolloutId: string, what: string, so: (seen: Seen) => boolean): Promise<Seen>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** A new process on the same folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Between two looks at the store, ms. */
const LOOK_MS = 40;
const GIVE_UP_MS = 150_000;
const PAGE = 500;

const standing = ({ document, state }: Seen): string =>
  JSON.stringify({
    state: document.state,
    step: state.step,
    share: state.context.writtenPercent,
    hold: state.context.hold,
    ending: state.context.ending,
  });

const journalOf = async (store: StorePort, rolloutId: string): Promise<readonly JournalEntry[]> => {
  const entries: JournalEntry[] = [];
  for (;;) {
    const page = await store.journal({ rolloutId, afterSeq: entries.at(-1)?.seq ?? 0, limit: PAGE });
    entries.push(...page);
    if (page.length < PAGE) return entries;
  }
};

/** Starts it. */
export const startSluice = async ({ stateDir, environment, nowMs }: ProcessInput): Promise<SluiceProcess> => {
  const spawn = (): Promise<SpawnedPlatform> => spawnPlatform({ stateDir, environment });
  let platform = await spawn();
  const store = openSqliteStore({ path: platform.storePath, now: nowMs });
  const see = async (rolloutId: string): Promise<Seen> => {
    const { document } = await store.load({ rolloutId });
    if (document === null) throw new Error(`there is no rollout ${rolloutId}`);
    return { document, state: readState(document) };
  };
  return {
    busUrl: () => platform.busUrl,
    async post(path, body) {
      const answer = await fetch(`${platform.apiUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    },
    see,
    journal: (rolloutId) => journalOf(store, rolloutId),
    async until(rolloutId, what, so) {
      const endMs = performance.now() + GIVE_UP_MS;
      for (;;) {
        const seen = await see(rolloutId);
        if (so(seen)) return seen;
        if (seen.document.finishedAtMs !== null || performance.now() > endMs)
          throw new Error(`${rolloutId}: not ${what}, but ${standing(seen)}`);
        await pause(LOOK_MS);
      }
    },
    kill: () => platform.kill(),
    async restart() {
      platform = await spawn();
    },
    async stop() {
      await platform.stop();
      store.close();
    },
  };
};
