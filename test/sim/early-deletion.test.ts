/** What a pod that goes too early costs its clients; a rollout that is left alone costs them nothing. */
import { describe, expect, test } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { ScheduledAct } from '../../simulator/world/acts.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import { RESOURCES } from '../../workflows/kubernetes.ts';
import { endOf, expectOrderlyEnd } from '../helpers/rollout-end.ts';
import {
  aCloud,
  atShare,
  MINUTE_MS,
  NAMESPACE,
  NEW_TARGET,
  OLD_TARGET,
  type Order,
  pass,
  rolloutFile,
  runToEnd,
  SECOND_MS,
  start,
} from '../helpers/simulated-rollout.ts';

const run = async (
  acts: readonly ScheduledAct[],
  world: WorldInput = {},
  order: Order = {},
): Promise<SimulatedCloud> => {
  const cloud = aCloud({ acts, ...world });
  await start(cloud, rolloutFile(order));
  await runToEnd(cloud);
  expectOrderlyEnd(cloud);
  return cloud;
};

const deleted = (name: string): ScheduledAct['act'] => ({
  kind: 'deleted',
  resource: RESOURCES.deployment,
  namespace: NAMESPACE,
  name,
});

const ended = ({ world }: SimulatedCloud) => world.truth().requests;

describe('left alone', () => {
  test.each(['keep', 'delete'] as const)('no request fails, old side: %s', async (retire) => {
    const cloud = await run([], {}, { retire });
    expect(endOf(cloud).state).toBe('promoted');
    // Until the last pod that was told to go is gone.
    await pass(cloud, 5 * MINUTE_MS);
    cloud.world.settle();
    expect(ended(cloud)).toMatchObject({ failed: 0, byKind: {} });
    const pods = cloud.world.truth().pods.filter(({ name }) => /^llm-(?!new-|epp-)/.test(name));
    expect(pods).toHaveLength(retire === 'keep' ? 3 : 0);
  });
});

describe('the new pods go while they carry traffic', () => {
  test('their Deployment is deleted at a share of 25: requests fail until the traffic is back', async () => {
    const cloud = await run([atShare(25, MINUTE_MS, deleted('llm-new'))]);
    expect(endOf(cloud)).toMatchObject({ state: 'rolledBack' });
    const { failed, byKind } = ended(cloud);
    console.log(`new Deployment deleted at 25 %: ${failed} requests failed, ${JSON.stringify(byKind)}`);
    expect(byKind.noEndpoint).toBeGreaterThan(0);
  });

  test('one pod after the other loses its process at a share of 25: what ran in each fails', async () => {
    const cloud = await run(
      [1, 2, 3].map((count) =>
        atShare(25, count * 20 * SECOND_MS, { kind: 'serverTerminated', target: { ...NEW_TARGET, pods: 1 } }),
      ),
    );
    const { failed, byKind } = ended(cloud);
    console.log(`new pods terminated one by one: ${failed} requests failed, ${JSON.stringify(byKind)}`);
    expect((byKind.terminated ?? 0) + (byKind.streamError ?? 0)).toBeGreaterThan(0);
    // A stream that ends in an error object has status 200 and is a failure all the same.
    expect(byKind.streamError).toBeGreaterThan(0);
  });
});

describe('the old pods go right at 100 %', () => {
  test('by SIGTERM without the preStop sleep: what they still worked on fails', async () => {
    const cloud = await run([atShare(100, 0, { kind: 'serverTerminated', target: OLD_TARGET })]);
    const { failed, byKind } = ended(cloud);
    console.log(`old servers terminated at 100 %: ${failed} requests failed, ${JSON.stringify(byKind)}`);
    expect((byKind.terminated ?? 0) + (byKind.streamError ?? 0)).toBeGreaterThan(0);
  });

  test('properly, but before every front end follows: what those still send fails', async () => {
    const slow: WorldInput = { gateway: { frontEnds: 4, trafficLagMs: [0, 5 * MINUTE_MS] } };
    const cloud = await run([atShare(100, 0, deleted('llm'))], slow);
    const { failed, byKind } = ended(cloud);
    console.log(`old Deployment deleted at 100 %: ${failed} requests failed, ${JSON.stringify(byKind)}`);
    expect(byKind.noEndpoint).toBeGreaterThan(0);
  });

  test('properly, after every front end follows: nothing fails', async () => {
    const cloud = await run([atShare(100, MINUTE_MS, deleted('llm'))]);
    expect(endOf(cloud).state).toBe('promoted');
    expect(ended(cloud).failed).toBe(0);
  });
});
