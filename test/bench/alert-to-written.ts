/**
 * alert.to.written, ms of the wall, over the simulator's servers.
 *
 *   from  just before the push of the alert is sent to the function on-alert: a CloudEvent over HTTP on a connection of its
 *         own, as Pub/Sub and Eventarc send it
 *   to    the simulated API server accepts the patch after which the new pool has no weight; both by the same clock
 *
 * Sluice runs in a process of its own: functions-framework, SQLite with synchronous=FULL, HTTPS, gRPC. The world and its
 * servers run in this one. In between lie the incident's record and the rollout's commit, a look at both sides' pods and
 * pickers, a scrape of the old ones, two reads of the route, and the patch. Beside it, in turn: a bare patch of a weight
 * from a third process, and a commit of the store.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../functions/adapters/store-sqlite.ts';
import { spawnPlatform } from '../../local/spawn-platform.ts';
import type { Gate } from '../../simulator/servers/gate.ts';
import { startWorldHost, type WorldHost } from '../../simulator/servers/world-host.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Figure, Say } from './figure.ts';
import { accessOf } from './live/access-of.ts';
import { type AlertTimes, alertFigures, sayTimes, tail } from './live/alert-figures.ts';
import { type Rig, runRound } from './live/alert-rounds.ts';
import { type BarePatches, startBarePatches } from './live/bare-patches.ts';
import { CLUSTER, createFleet, type FleetStack, fleetClusters, fleetPolicies, ROUTE } from './live/fleet.ts';
import { openStoreCommits, type StoreCommits } from './live/store-commits.ts';
import { WrittenWatch } from './live/written-watch.ts';

const STACKS = 10;
/** Measured ones; before them one that is not, so that code is loaded and compiled. */
const ROUNDS = 6;
const FAST_SPEED = 40;
const REQUESTS_PER_SECOND = 20;
const BARE_PATCHES = 5;
const COMMITS = 2;

const SECOND_MS = 1000;

/** What gateways and models take their time for is not what is measured. */
const DURATIONS: WorldInput['durations'] = {
  gatewayLag: [SECOND_MS, 2 * SECOND_MS],
  backendBuild: [SECOND_MS, 2 * SECOND_MS],
};

const QUICK_MODELS: WorldInput['serving'] = { firstTokenMs: 5, tokenMs: 0, firstUseMs: 0 };

const worldOf = (
  stacks: readonly FleetStack[],
  spare: FleetStack,
): WorldInput & { readonly seed: number } => ({
  seed: 1,
  clusters: fleetClusters([...stacks, spare]),
  stacks: [...stacks, spare].map(({ objects, namespace }) => ({ cluster: CLUSTER, namespace, objects })),
  traffic: stacks.map(({ host }) => ({ cluster: CLUSTER, host, requestsPerSecond: REQUESTS_PER_SECOND })),
  alertPolicies: fleetPolicies(stacks),
  durations: DURATIONS,
  serving: QUICK_MODELS,
});

/** Tells of each accepted write of a route at the moment when the world has decided, before the answer leaves. */
const telling =
  (written: WrittenWatch): Gate =>
  ({ server, method, url }, moment) => {
    const isWrite = server === 'kubernetes' && method === 'PATCH' && url.includes('/httproutes/');
    if (!isWrite || url.includes('dryRun=') || moment.kind !== 'applied' || moment.status !== 200)
      return undefined;
    const { answer } = moment;
    written.hear((typeof answer === 'string' ? JSON.parse(answer) : answer) as KubeObject, performance.now());
    return undefined;
  };

interface Beside {
  readonly bare: BarePatches;
  readonly commits: StoreCommits;
}

const measure = async (
  rig: Rig,
  stacks: readonly FleetStack[],
  { bare, commits }: Beside,
  say: Say,
): Promise<AlertTimes> => {
  const times = { alert: [] as number[], bare: [] as number[], commit: [] as number[] };
  const idle = async (): Promise<void> => undefined;
  const first = await runRound(rig, stacks, { number: 0, door: 'function', beside: idle });
  say(`the first of the process, not counted: ${first[0]?.toFixed(1)} ms; its round: ${tail(first)}`);
  const beside = async (): Promise<void> => {
    times.bare.push(...(await bare.run(BARE_PATCHES)));
    times.commit.push(...(await commits.run(COMMITS)));
  };
  for (let number = 1; number <= ROUNDS; number += 1)
    times.alert.push(...(await runRound(rig, stacks, { number, door: 'function', beside })));
  const byBus = await runRound(rig, stacks, { number: ROUNDS + 1, door: 'bus', beside: idle });
  say(`by way of the local bus: ${tail(byBus)}`);
  return times;
};

const inRig = async (
  host: WorldHost,
  written: WrittenWatch,
  run: (rig: Rig, stateDir: string) => Promise<AlertTimes>,
): Promise<AlertTimes> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const platform = await spawnPlatform({ stateDir, environment: host.environment });
  try {
    // Makes the file where Sluice did not need it yet; nothing else is written from here.
    const store = openSqliteStore({ path: platform.storePath, now: () => 0 });
    const rig = { platform, store, written, clock: host.clock, fastSpeed: FAST_SPEED, acknowledge: [] };
    try {
      return await run(rig, stateDir);
    } finally {
      store.close();
    }
  } finally {
    await platform.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
};

export const alertToWritten = async (say: Say): Promise<readonly Figure[]> => {
  const { stacks, spare } = createFleet(STACKS);
  const written = new WrittenWatch();
  const host = await startWorldHost({ world: worldOf(stacks, spare), speed: 1, gate: telling(written) });
  const bare = await startBarePatches({
    ...accessOf(host.kubeconfig),
    namespace: spare.namespace,
    name: ROUTE,
  });
  try {
    const times = await inRig(host, written, async (rig, stateDir) => {
      const commits = await openStoreCommits(join(stateDir, 'beside.db'));
      try {
        return await measure(rig, stacks, { bare, commits }, say);
      } finally {
        commits.close();
      }
    });
    sayTimes(say, times);
    return alertFigures(times, { prefix: 'alert.bare.patch', server: 'the simulated API server' });
  } finally {
    bare.close();
    await host.close();
  }
};
