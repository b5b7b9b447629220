/**
 * The bench of a real API server: `node test/bench/cluster/main.ts [--json] [--rollbacks N]`. What it needs and what of it is
 * real: test/cluster/README.md, setting.ts. Standard output carries the figures only. Nothing is asserted; where there is no
 * control plane to be had, a sentence says so and the exit code is 0.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Binaries, findBinaries } from '../../cluster/control-plane/find-binaries.ts';
import { namespacesMissing, removeLeftNamespaces } from '../../cluster/network/network-namespace.ts';
import { type Figure, printFigures, round, type Say } from '../figure.ts';
import { type AlertTimes, alertFigures, p99, sayTimes, tail } from '../live/alert-figures.ts';
import { type Rig, type Rollback, runRound } from '../live/alert-rounds.ts';
import { startBarePatches } from '../live/bare-patches.ts';
import { createFleet, type FleetStack, ROUTE } from '../live/fleet.ts';
import { openStoreCommits } from '../live/store-commits.ts';
import { apiCalls, requestsOf } from './api-calls.ts';
import { BARE_USER, type ClusterSetting, startClusterSetting } from './setting.ts';

const STACKS = 10;
const FAST_SPEED = 30;
const BARE_PATCHES = 5;
const COMMITS = 2;

const AIMS: Readonly<Record<string, string>> = { 'alert.vs.bare': '≤ 3', 'api.calls.per.idle.minute': '0' };

const say: Say = (line) => void process.stderr.write(`  ${line}\n`);

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rollbacks: { type: 'string', default: '200' } },
});

interface Measuring {
  readonly setting: ClusterSetting;
  readonly rig: Rig;
  readonly stacks: readonly FleetStack[];
  readonly spare: FleetStack;
}

const measureAlerts = async (
  { setting, rig, stacks, spare }: Measuring,
  rounds: number,
): Promise<AlertTimes> => {
  const { plane, stateDir } = setting;
  const times = { alert: [] as number[], bare: [] as number[], commit: [] as number[] };
  const bare = await startBarePatches({
    endpoint: plane.endpoint,
    caPem: plane.caPem,
    token: plane.tokens[BARE_USER] ?? '',
    namespace: spare.namespace,
    name: ROUTE,
  });
  const commits = await openStoreCommits(join(stateDir, 'beside.db'));
  const beside = async (): Promise<void> => {
    times.bare.push(...(await bare.run(BARE_PATCHES)));
    times.commit.push(...(await commits.run(COMMITS)));
  };
  let timeline = '';
  const look = async (rollback: Rollback): Promise<void> => {
    timeline = requestsOf(plane.folder, rollback);
  };
  try {
    const first = await runRound(rig, stacks, { number: 0, door: 'function', beside: look });
    say(`the first of the process, not counted: ${first[0]?.toFixed(1)} ms; its round: ${tail(first)}`);
    say(`what the last of them asked the API server, with the milliseconds after the push: ${timeline}`);
    for (let number = 1; number <= rounds; number += 1) {
      times.alert.push(...(await runRound(rig, stacks, { number, door: 'function', beside })));
      if (number % 5 === 0) say(`${times.alert.length} rollbacks: ${tail(times.alert)}`);
    }
  } finally {
    bare.close();
    commits.close();
  }
  return times;
};

const measure = async (binaries: Binaries): Promise<readonly Figure[]> => {
  const { stacks, spare } = createFleet(STACKS);
  const startedMs = performance.now();
  const setting = await startClusterSetting(binaries, [...stacks, spare]);
  say(`up in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  try {
    const { platform, store, written, clock, plane } = setting;
    const rig: Rig = { platform, store, written, clock, fastSpeed: FAST_SPEED, acknowledge: [] };
    const measuring = { setting, rig, stacks, spare };
    const times = await measureAlerts(measuring, Math.ceil(Number(values.rollbacks) / STACKS));
    sayTimes(say, times);
    const ratio = p99(times.alert) / p99(times.bare);
    const withoutCommit = (p99(times.alert) - p99(times.commit)) / p99(times.bare);
    say(`p99 over p99: ${ratio.toFixed(2)}; after one commit is taken off: ${withoutCommit.toFixed(2)}`);
    const calls = await apiCalls(rig, spare, {
      folder: plane.folder,
      say,
      wait: (ms) => clock.wait(ms),
    });
    return [
      ...alertFigures(times, { prefix: 'bare.patch', server: 'kube-apiserver' }),
      {
        name: 'alert.vs.bare',
        value: round(ratio, 2),
        unit: 'ratio',
        means: `p99 over p99; with the p99 of one commit taken off first: ${round(withoutCommit, 2)}`,
      },
      ...calls,
    ];
  } finally {
    await setting.close();
  }
};

const found = await findBinaries(say);
const missing = await namespacesMissing();
if (found.kind === 'absent' || missing !== null) {
  console.log(`skipped: ${found.kind === 'absent' ? found.sentence : missing}`);
} else {
  await removeLeftNamespaces();
  const figures = await measure(found.paths);
  printFigures(figures, { json: values.json, aims: AIMS });
}
