/** The same seed gives the same history, byte for byte, whatever goes wrong on the way. */
import { expect, test } from 'vitest';
import type { Faults } from '../../../../simulator/scheduler/faults.ts';
import { NO_CALL_FAULTS } from '../../../../simulator/scheduler/faults.ts';
import { NO_PLATFORM_FAULTS } from '../../../../simulator/scheduler/platform-faults.ts';
import { createRandom } from '../../../../simulator/scheduler/random.ts';
import type { Act } from '../../../../simulator/world/acts.ts';
import { type AnswerFaults, NO_ANSWER_FAULTS } from '../../../../simulator/world/answer-faults.ts';
import {
  aCloud,
  MINUTE_MS,
  NAMESPACE,
  NEW_POOL,
  NEW_SIDE,
  NEW_TARGET,
  OLD_TARGET,
  POLICY,
  ROUTE,
  rolloutFile,
  SECOND_MS,
} from '../../../helpers/simulated-rollout.ts';

const CALLS: Faults = {
  ...NO_CALL_FAULTS,
  delayedCall: 0.1,
  delayedAnswer: 0.1,
  lostCall: 0.003,
  lostAnswer: 0.003,
  lateCall: 0.003,
  crash: 0.002,
  freeze: 0.0005,
  freezeMaxMs: 10 * MINUTE_MS,
};

const ANSWERS: AnswerFaults = {
  ...NO_ANSWER_FAULTS,
  tooMany: 0.005,
  serverError: 0.005,
  errorAfterWrite: 0.1,
  conflict: 0.03,
  statusBump: 0.3,
  gkeError: 0.1,
  monitoringSilent: 0.2,
  scrapeMissing: 0.02,
  scrapeStale: 0.1,
  scrapeDoubled: 0.02,
  counterReset: 0.005,
};

const NODES =
  '{ create: { name: new, like: h200, machineType: a3-ultragpu-8g, nodes: 2, capacity: [{ onDemand: {} }] } }';

const route = { namespace: NAMESPACE, route: ROUTE } as const;
const forMs = 2 * MINUTE_MS;

/** One of each kind that does not end the rollout at once, a minute apart. */
const ACTS: readonly Act[] = [
  { kind: 'testNotification' },
  { kind: 'trafficChanged', stream: 0, requestsPerSecond: 20 },
  { kind: 'podsSlow', target: OLD_TARGET, factor: 2, forMs },
  { kind: 'fenceTouched', ...route, as: 'raised' },
  { kind: 'gatewayBehaves', as: { refuses: { condition: 'Accepted', reason: 'No', message: 'no' } }, forMs },
  { kind: 'metricsMissing', target: { ...NEW_TARGET, pods: 1 }, as: '500', forMs },
  { kind: 'countersReset', target: NEW_TARGET },
  { kind: 'serverKilled', target: { ...OLD_TARGET, pods: 1 } },
  { kind: 'weightsEdited', ...route, weights: { [NEW_POOL]: 3 } },
  { kind: 'fenceTouched', ...route, as: 'stripped' },
  { kind: 'incidentOpened', policy: POLICY, forMs, notifiedAfterMs: 3 * MINUTE_MS },
  { kind: 'apiUnreachable', forMs },
  { kind: 'crashLoop', target: { ...NEW_TARGET, pods: 1 }, forMs: 4 * MINUTE_MS },
  { kind: 'refPruned', ...route, pool: NEW_POOL },
  { kind: 'nodesDrained', nodePool: 'h200', nodes: 1, everyMs: MINUTE_MS },
  { kind: 'routeDeleted', ...route, again: true },
];

const run = async (seed: number) => {
  const cloud = aCloud(
    {
      seed,
      traffic: [{ requestsPerSecond: 60 }],
      gateway: { frontEnds: 2, trafficLagMs: [0, 20_000], statusChurnMs: 45_000 },
      durations: { nodePoolCreation: [2 * MINUTE_MS, 3 * MINUTE_MS] },
      acts: ACTS.map((act, index) => ({ when: { afterMs: (15 + index) * MINUTE_MS }, act })),
    },
    {
      record: true,
      instances: 2,
      skewMs: (index) => index * 700,
      faults: CALLS,
      answers: ANSWERS,
      storeVersions: 4,
    },
  );
  const { platform, scheduler, store } = cloud;
  platform.setFaults({
    ...NO_PLATFORM_FAULTS,
    duplicated: 0.1,
    delayed: 0.1,
    dayLate: 0.02,
    tickLost: 0.05,
    tickDoubled: 0.1,
  });
  const random = createRandom(seed, 'store');
  const rarely = (): boolean => random.chance(0.01);
  store.setFaults({ outage: rarely, contend: rarely, staleList: rarely, loseAnswer: rarely });
  const { startMs } = cloud.world.parameters;
  scheduler.at(startMs + 20 * MINUTE_MS, () => platform.skewInstance(0, -90 * SECOND_MS));
  scheduler.at(startMs + 25 * MINUTE_MS, () => platform.stopTicksUntil(startMs + 28 * MINUTE_MS));
  const body = { requestId: 'start-of-this-test', file: rolloutFile({ nodes: NODES }), manifests: NEW_SIDE };
  for (let again = 0; again < 3; again++) await cloud.call('POST', '/v1/rollouts', body);
  await scheduler.run({ untilMs: startMs + 60 * MINUTE_MS });
  return { history: scheduler.history(), counts: cloud.wrongAnswers, fates: scheduler.calls.fates };
};

test('a simulated cloud with every fault gives the same history twice, byte for byte', {
  timeout: 60_000,
}, async () => {
  const seeds = [1, 2, 3, 4];
  const seen = new Map<string, number>();
  let lines = 0;
  for (const seed of seeds) {
    const first = await run(seed);
    const second = await run(seed);
    expect(second.history === first.history, `the histories of seed ${seed} differ`).toBe(true);
    expect(second.counts).toEqual(first.counts);
    for (const [kind, times] of [...Object.entries(first.counts), ...Object.entries(first.fates)])
      seen.set(kind, (seen.get(kind) ?? 0) + times);
    lines += first.history.split('\n').length;
  }
  const absent = [...seen].filter(([, times]) => times === 0).map(([kind]) => kind);
  console.info(
    `${seeds.length} seeds twice, ${lines} lines of history, faults: ${JSON.stringify(Object.fromEntries(seen))}`,
  );
  expect(absent).toEqual([]);
});
