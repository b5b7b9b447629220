/** Nothing is wrong: no gate may trip, whatever a healthy cluster's durations, lags and traffic are. */
import { expect, test } from 'vitest';
import { createRandom } from '../../simulator/scheduler/random.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import { endOf, expectOrderlyEnd } from '../helpers/rollout-end.ts';
import { aCloud, journalOf, runToEnd, SECOND_MS, start } from '../helpers/simulated-rollout.ts';

const SEEDS = 200;
const RATE = 20;

/** Everything that a healthy cluster may be: quick or slow, one front end or four, short answers or long ones. */
const aHealthyWorld = (seed: number): WorldInput => {
  const random = createRandom(seed, 'healthy');
  const upTo = (ms: number): number => random.int(0, ms);
  const lagMs = random.int(SECOND_MS, 100 * SECOND_MS);
  return {
    seed,
    traffic: [
      {
        requestsPerSecond: RATE,
        streamed: random.int(0, 100) / 100,
        outputTokens: random.int(20, 600),
      },
    ],
    gateway: {
      frontEnds: random.int(1, 4),
      trafficLagMs: [0, upTo(90 * SECOND_MS)],
      reportLagMs: [0, upTo(60 * SECOND_MS)],
      statusChurnMs: random.chance(0.5) ? null : random.int(7 * SECOND_MS, 120 * SECOND_MS),
    },
    durations: {
      gatewayLag: [Math.ceil(lagMs / 4), lagMs],
      backendBuild: [10 * SECOND_MS, 10 * SECOND_MS + upTo(170 * SECOND_MS)],
      apiCall: [10, 20 + upTo(700)],
      scrape: [10, 20 + upTo(900)],
      modelLoad: [10 * SECOND_MS, 20 * SECOND_MS + upTo(580 * SECOND_MS)],
      endpointNotice: [500, 600 + upTo(4400)],
    },
  };
};

test(`${SEEDS} rollouts under ${RATE} healthy requests a second: all promoted, no gate trips, no request fails`, async () => {
  const others: string[] = [];
  const held: string[] = [];
  let requests = 0;
  let failed = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const cloud = aCloud(aHealthyWorld(seed));
    await start(cloud);
    await runToEnd(cloud);
    const { state, reason } = endOf(cloud);
    if (state !== 'promoted') others.push(`seed ${seed}: ${state}, ${reason}`);
    for (const { message, verdicts, sentence } of journalOf(cloud))
      if (message.kind === 'noticed' || verdicts.some(({ answer }) => answer === 'fail'))
        held.push(`seed ${seed}: ${sentence}`);
    expectOrderlyEnd(cloud);
    const truth = cloud.world.truth().requests;
    requests += truth.total;
    failed += truth.failed;
  }
  console.log(
    `${SEEDS} rollouts, ${requests} requests: ${SEEDS - others.length} promoted, ${held.length} gates tripped, ${failed} requests failed`,
  );
  expect({ others, held, failed }).toEqual({ others: [], held: [], failed: 0 });
  expect(requests).toBeGreaterThan(SEEDS * RATE * 20 * 60);
});
