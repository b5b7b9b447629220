/**
 * npm run soak -- [--rollouts N] [--hours H] [--json]
 *
 * One world, one store and one process for days of virtual time: stacks whose rollouts go to and fro between two pools,
 * one after the other, with messages repeated and lost, processes that die, and new sides that fail. Finished rollouts
 * are dropped from the store after an hour, as a time to live does. Exit code 1: a rollout did not end, a document or
 * entry outgrew its bound, or the memory grew with the hours.
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSimulatedCloud, type SimulatedCloud } from '../../local/simulated-cloud.ts';
import { NO_CALL_FAULTS } from '../../simulator/scheduler/faults.ts';
import { NO_PLATFORM_FAULTS } from '../../simulator/scheduler/platform-faults.ts';
import { createRandom, type Random } from '../../simulator/scheduler/random.ts';
import { DOCUMENT_BYTES_MAX } from '../../workflows/rollout/stored.ts';
import { CLUSTER_NAMES } from './stage/rollout-text.ts';
import { EXAMPLE, namespaceOf } from './stage/stack-objects.ts';
import { trialWorld } from './stage/trial-world.ts';
import type { Trial, TrialStack } from './trial.ts';

const { values: flags } = parseArgs({
  options: {
    rollouts: { type: 'string', default: '10000' },
    hours: { type: 'string', default: '72' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A rollout of this file lasts about so long, its pause before the next included. */
const ROUND_MS = 36 * MINUTE_MS;
const SAMPLES = 12;
/** How much more the last third may hold than the first. */
const GROWTH_MAX = 1.25;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const rolloutsWanted = Number(flags.rollouts);
const untilMs = Number(flags.hours) * HOUR_MS;
const seed = Number(flags.seed);
const stackCount = Math.max(1, Math.ceil((rolloutsWanted * ROUND_MS) / untilMs));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const stacks = Array.from(
  { length: stackCount },
  (_, index): TrialStack => ({
    type: 'node',
    replicas: 1,
    newSideThere: true,
    cluster: index % 2 === 0 ? 0 : 1,
    requestsPerSecond: 10,
    weight: null,
    neighbour: false,
    secondRoute: false,
    bareRoute: false,
  }),
);

/** Nothing but stacks: the rollouts are asked for as time goes by. */
const EMPTY: Trial = {
  seed,
  stacks,
  orders: [],
  instances: 2,
  skewMs: [0, 0],
  clockJumps: [],
  twoVersions: false,
  faultsForMs: untilMs,
  calls: { ...NO_CALL_FAULTS, delayedCall: 0.01, delayedAnswer: 0.01, lostAnswer: 0.0005, crash: 0.00002 },
  platform: { ...NO_PLATFORM_FAULTS, duplicated: 0.05, delayed: 0.05, tickLost: 0.02 },
  store: null,
  answers: null,
  gateway: {},
  nodePoolFaults: [],
  gitOps: [],
  acts: [],
  deeds: [],
  ticksStopped: [],
  redrives: [],
};

const fileFor = (stack: number, from: string, to: string): string =>
  [
    'apiVersion: sluice.dev/v1',
    'kind: Rollout',
    `metadata: { name: soak-${stack} }`,
    'spec:',
    '  type: node',
    `  cluster: ${CLUSTER_NAMES[stack % 2 === 0 ? 0 : 1]}`,
    `  namespace: ${namespaceOf(stack)}`,
    `  from: { pool: ${from} }`,
    `  to: { pool: ${to}, source: existing }`,
    '  ladder: [{ share: 25, bake: 3m }, { share: 100, bake: 3m }]',
    '  pacing: { settle: 30s, warmUp: 0s }',
    '  gates: { tune: { errors: { minSamples: 50 }, ttft.slo: off } }',
    '  rollback: { onHoldFor: 30m, after: { newPods: 0s } }',
    '  retention: { old: 5m, retire: keep }',
    '',
  ].join('\n');

interface Counts {
  started: number;
  refused: number;
  promoted: number;
  rolledBack: number;
  failed: number;
  documentBytesMax: number;
  entryBytesMax: number;
  entriesMax: number;
}

const counts: Counts = {
  started: 0,
  refused: 0,
  promoted: 0,
  rolledBack: 0,
  failed: 0,
  documentBytesMax: 0,
  entryBytesMax: 0,
  entriesMax: 0,
};

/** The rollouts of one stack, one after the other, to and fro. */
const keepBusy = (cloud: SimulatedCloud, stack: number, random: Random): void => {
  const { scheduler, platform, store, world } = cloud;
  const { oldPool, newPool } = EXAMPLE.node;
  const endMs = scheduler.nowMs + untilMs;
  let [from, to] = [oldPool, newPool];
  let number = 0;
  const begin = (): void => {
    if (scheduler.nowMs >= endMs - HOUR_MS) return;
    number += 1;
    const body = { requestId: `soak-${stack}-${number}`, file: fileFor(stack, from, to), manifests: [] };
    const request = { method: 'POST', path: '/v1/rollouts', query: {}, headers: {}, body, principal: 'soak' };
    void platform.call(request).then(({ status, body: answer }) => {
      const { rolloutId } = (answer ?? {}) as { readonly rolloutId?: string | null };
      if (status >= 500) number -= 1;
      else if (status >= 400) counts.refused += 1;
      if (status >= 300 || rolloutId === undefined || rolloutId === null)
        scheduler.at(scheduler.nowMs + MINUTE_MS, begin);
      else follow(rolloutId);
    });
    if (random.chance(0.25))
      scheduler.at(scheduler.nowMs + random.int(3, 9) * MINUTE_MS, () =>
        world.act({
          kind: 'requestsFail',
          target: {
            cluster: CLUSTER_NAMES[stack % 2 === 0 ? 0 : 1],
            namespace: namespaceOf(stack),
            pool: to,
          },
          share: 0.5,
          forMs: 4 * MINUTE_MS,
        }),
      );
  };
  const follow = (rolloutId: string): void => {
    const document = store.truth.documents.get(rolloutId);
    if (document === undefined || document.finishedAtMs === null || document.wakeAtMs !== null)
      return void scheduler.at(scheduler.nowMs + MINUTE_MS, () => follow(rolloutId));
    counts.started += 1;
    if (document.state === 'promoted') [from, to] = [to, from];
    const journal = store.truth.journals.get(rolloutId) ?? [];
    counts.entriesMax = Math.max(counts.entriesMax, journal.length);
    for (const entry of journal)
      counts.entryBytesMax = Math.max(counts.entryBytesMax, JSON.stringify(entry).length);
    if (document.state === 'promoted' || document.state === 'rolledBack' || document.state === 'failed')
      counts[document.state] += 1;
    scheduler.at(scheduler.nowMs + HOUR_MS, () => store.forget(rolloutId));
    scheduler.at(scheduler.nowMs + random.int(1, 4) * MINUTE_MS, begin);
  };
  scheduler.at(scheduler.nowMs + random.int(0, ROUND_MS), begin);
};

const cloud = createSimulatedCloud({
  world: trialWorld(EMPTY),
  instances: EMPTY.instances,
  faults: EMPTY.calls ?? NO_CALL_FAULTS,
});
cloud.platform.setFaults(EMPTY.platform);
cloud.store.onCommit((document) => {
  counts.documentBytesMax = Math.max(counts.documentBytesMax, JSON.stringify(document).length);
});
const random = createRandom(seed, 'soak');
stacks.forEach((_stack, index) => {
  keepBusy(cloud, index, random);
});

const startMs = cloud.scheduler.nowMs;
const wallMs = performance.now();
const heaps: number[] = [];
say(`${rolloutsWanted} rollouts wanted on ${stackCount} stacks over ${flags.hours} virtual hours`);
for (let sample = 1; sample <= SAMPLES; sample += 1) {
  await cloud.scheduler.run({ untilMs: startMs + (sample * untilMs) / SAMPLES });
  cloud.forget();
  collectGarbage();
  const heapMiB = process.memoryUsage().heapUsed / 2 ** 20;
  heaps.push(heapMiB);
  const unfinished = [...cloud.store.truth.documents.values()].filter((one) => one.finishedAtMs === null);
  say(
    `hour ${((sample * Number(flags.hours)) / SAMPLES).toFixed(0)}: ${counts.started} ended, ${unfinished.length} under way, heap ${heapMiB.toFixed(1)} MiB`,
  );
}
cloud.scheduler.setFaults(null);
cloud.platform.setFaults(null);
const isOver = (): boolean =>
  [...cloud.store.truth.documents.values()].every((one) => one.finishedAtMs !== null);
await cloud.scheduler.run({ until: isOver, untilMs: cloud.scheduler.nowMs + 24 * HOUR_MS });
const unfinished = [...cloud.store.truth.documents.values()].filter((one) => one.finishedAtMs === null);

const third = SAMPLES / 3;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const growth = mean(heaps.slice(-third)) / mean(heaps.slice(1, third + 1));
const seconds = (performance.now() - wallMs) / 1000;
const result = {
  ...counts,
  unfinished: unfinished.map(({ rolloutId, state }) => `${rolloutId} ${state}`),
  deadLetters: cloud.platform.deadLetters.length,
  documentBytesBound: DOCUMENT_BYTES_MAX,
  heapMiB: heaps.map((heap) => Math.round(heap * 10) / 10),
  heapGrowth: Math.round(growth * 1000) / 1000,
  rolloutsPerSecond: Math.round((10 * counts.started) / seconds) / 10,
};
say(JSON.stringify(result, null, 2));
if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
const isWrong = unfinished.length > 0 || counts.documentBytesMax >= DOCUMENT_BYTES_MAX || growth > GROWTH_MAX;
process.exitCode = isWrong ? 1 : 0;
