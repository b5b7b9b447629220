/**
 * The demo over real protocols: the world behind its servers in this process, Sluice in another one with its store on the
 * disk. The two know of each other only what the environment says; what is shown here is read from the world, which the
 * demo may look into, and from the store's file.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../functions/adapters/store-sqlite.ts';
import { startWorldHost, type WorldHost } from '../simulator/servers/world-host.ts';
import { must } from '../workflows/assert.ts';
import type { StorePort } from '../workflows/ports.ts';
import type { JournalEntry } from '../workflows/rollout/stored.ts';
import { demoFrame } from './demo-frame.ts';
import type { DemoInput } from './demo-input.ts';
import { type DemoRecord, demoRun } from './demo-result.ts';
import { sidesOfSpec } from './demo-sides.ts';
import type { DemoEnd, DemoSettings, DemoWatcher } from './demo-watch.ts';
import { DEMO_BEFORE_MS, demoWorld, routeOf } from './demo-world.ts';
import { editRollout } from './edit-rollout.ts';
import { RolloutFollower } from './follow-rollout.ts';
import { liveEdits } from './live-edits.ts';
import { ShareMeter } from './measure-shares.ts';
import { Operators } from './operators.ts';
import { readJournal } from './read-journal.ts';
import { type SpawnedPlatform, spawnPlatform } from './spawn-platform.ts';
import { type Ask, startRollout, withAccepted } from './start-demo.ts';

export interface LiveSettings extends DemoSettings {
  /** Virtual per real time, at most. */
  readonly speed: number;
  /** File of the store; null: one that goes when the demo ends. */
  readonly storePath: string | null;
  /** Ends the demo at once. */
  readonly interrupted: AbortSignal;
  /** Once everything runs, before the rollout is started. */
  readonly onUp?: (up: LiveWorld) => void;
  /** The demo has ended, its world is still up; it is taken down when this is fulfilled. */
  readonly onEnd: (end: DemoEnd) => Promise<void>;
}

/** What somebody may look into with tools of his own while it runs. */
export interface LiveWorld {
  readonly host: WorldHost;
  readonly platform: SpawnedPlatform;
  /** File for `kubectl --kubeconfig`. */
  readonly kubeconfigPath: string;
}

/** Between two looks at the store, ms of the wall. */
const LOOK_MS = 60;
/** Afterwards the last events are published, virtual. */
const AFTERWARDS_MS = 60_000;
const STARTER = 'operator@example.com';

interface Live {
  readonly host: WorldHost;
  readonly platform: SpawnedPlatform;
  readonly store: StorePort;
}

const asker =
  ({ apiUrl }: SpawnedPlatform, principal: string): Ask =>
  async (path, body) => {
    const answer = await fetch(`${apiUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sluice-principal': principal },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };

/** Runs the demo to its end. The file's ladder and waits are shortened (`liveEdits`). */
export const runLiveDemo = async (
  given: DemoInput,
  settings: LiveSettings,
  watcher: DemoWatcher = {},
): Promise<void> => {
  const edited = editRollout(given.rollout, liveEdits(given.rollout.spec));
  if (edited.kind === 'problems') {
    await settings.onEnd({ kind: 'refused', problems: edited.problems });
    return;
  }
  const input = { ...given, rollout: edited.value };
  const stateDir = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  const ends: (() => unknown)[] = [() => rmSync(stateDir, { recursive: true, force: true })];
  try {
    const { seed, speed } = settings;
    const host = await startWorldHost({
      world: { ...demoWorld(input, settings), seed },
      speed,
      beforeMs: DEMO_BEFORE_MS,
    });
    ends.push(() => host.close());
    const platform = await spawnPlatform({
      stateDir,
      environment: {
        ...host.environment,
        SLUICE_PRINCIPAL: STARTER,
        SLUICE_PRINCIPAL_HEADER: 'trusted',
        ...(settings.storePath === null ? {} : { SLUICE_STORE: `sqlite:${settings.storePath}` }),
      },
    });
    ends.push(() => platform.stop());
    host.deliverIncidents(platform.busUrl);
    // Makes the file where Sluice did not need it yet; nothing else is ever written from here.
    const store = openSqliteStore({ path: platform.storePath, now: () => host.clock.nowMs() });
    ends.push(() => store.close());
    const kubeconfigPath = join(stateDir, 'kubeconfig.yaml');
    writeFileSync(kubeconfigPath, host.kubeconfig, { mode: 0o600 });
    settings.onUp?.({ host, platform, kubeconfigPath });
    await settings.onEnd(await play({ host, platform, store }, input, settings, watcher));
  } finally {
    for (const end of ends.toReversed()) await end();
  }
};

const play = async (
  live: Live,
  input: DemoInput,
  settings: LiveSettings,
  watcher: DemoWatcher,
): Promise<DemoEnd> => {
  const { host, platform, store } = live;
  watcher.onWorld?.(host.world);
  const { rollout, accepted } = await withAccepted(asker(platform, STARTER), input);
  watcher.onStart?.(accepted);
  const started = await startRollout(asker(platform, STARTER), rollout, `demo-${settings.seed}`);
  if (started.kind === 'refused') return started;
  const follower = new RolloutFollower();
  const { interrupted } = settings;
  await follow(live, { ...input, rollout }, { rolloutId: started.rolloutId, follower, watcher, interrupted });
  await host.clock.wait(AFTERWARDS_MS, interrupted);
  if (interrupted.aborted) return { kind: 'interrupted' };
  host.world.settle();
  const record = await recordOf(store, started.rolloutId);
  const requestsPerServer = host.requests();
  const { world } = host;
  const run = demoRun({
    world,
    record,
    input,
    route: routeOf(input),
    rollout,
    follower,
    accepted,
    requestsPerServer,
  });
  return { kind: 'ran', run };
};

interface Following {
  readonly rolloutId: string;
  readonly follower: RolloutFollower;
  readonly watcher: DemoWatcher;
  readonly interrupted: AbortSignal;
}

/** Until the rollout has ended, or nobody wants more of it. @throws Error when Sluice itself ended. */
const follow = async (live: Live, input: DemoInput, following: Following): Promise<void> => {
  const { host, platform, store } = live;
  const { rolloutId, follower, watcher, interrupted } = following;
  const { world, clock } = host;
  const { spec } = input.rollout;
  const meter = new ShareMeter(world, sidesOfSpec(spec));
  const operators = new Operators(input.scenario.operator, {
    later: (ms, act) => void clock.wait(ms).then(act),
    document: () => follower.now?.document,
    // What became of it is in the journal.
    post: (path, body, principal) => void asker(platform, principal)(path, body).catch(() => undefined),
  });
  const journal: JournalEntry[] = [];
  const ended = platform.ended.then(() => 'ended' as const);
  let revision = -1;
  for (;;) {
    const { document } = await store.load({ rolloutId });
    if (document !== null && document.revision !== revision) {
      revision = document.revision;
      journal.push(...(await readJournal(store, rolloutId, journal.at(-1)?.seq)));
      for (const entry of follower.take(document, journal)) watcher.onEntry?.(entry);
      operators.look(follower);
    }
    meter.probe(follower.shares);
    if (document !== null)
      await watcher.onFrame?.(demoFrame({ world, spec, follower, document, route: routeOf(input) }));
    if (interrupted.aborted || (document !== null && document.finishedAtMs !== null)) return;
    if ((await Promise.race([sleep(LOOK_MS), ended])) === 'ended') throw new Error(platform.why());
  }
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const recordOf = async (store: StorePort, rolloutId: string): Promise<DemoRecord> => {
  const { document } = await store.load({ rolloutId });
  const { leftovers } = await store.leftovers({ dueOnly: false });
  return {
    document: must(document, 'the rollout that was started'),
    entries: await readJournal(store, rolloutId),
    // They stay in the store's own file; nobody writes this record anywhere.
    attachments: {},
    leftovers: leftovers.filter((one) => one.rolloutId === rolloutId),
  };
};
