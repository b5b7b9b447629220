/** An incident opens while half of the users is on the new side. */
import { expect, test } from 'vitest';
import { until } from '../control-plane/until.ts';
import { rolloutOf } from './rollout-of.ts';
import { createScene, POOL } from './scene.ts';
import { POLICY, type Setting } from './setting.ts';
import { tell } from './tell.ts';

const BACK_WITHIN_MS = 10_000;

export const alerted = (given: () => Setting): void => {
  test('an alert at 50 %: the traffic is back at once, the new side goes, the old one is as it was', async () => {
    const startedMs = performance.now();
    const setting = given();
    const { sluice, world, fleet } = setting;
    const scene = await createScene(setting, 'alerted');
    const before = await scene.route();
    const rollout = rolloutOf(scene.stack, 'baseModel', 'alerted');
    const id = await scene.start(rollout);
    await sluice.until(id, 'at 50 %', ({ state }) => state.context.confirmedPercent === 50);
    const openedMs = performance.now();
    world.act({ kind: 'incidentOpened', policy: POLICY, summary: 'too many 5xx', forMs: 600_000 });
    await until(
      'weights to be back',
      BACK_WITHIN_MS,
      async () => (await scene.weights())[`${POOL}-new`] === 0,
    );
    console.log(
      `cluster: ${(performance.now() - openedMs).toFixed(0)} ms of the wall from the incident to the weights being back`,
    );
    await sluice.until(id, 'finished', ({ document }) => document.finishedAtMs !== null);
    expect(await tell(setting, scene, id, { fleet, startedMs })).toEqual({
      state: 'rolledBack',
      shares: [0, 10, 50, 0],
      usersFailed: 0,
      replayMatches: true,
    });
    const after = await scene.route();
    expect(after.spec).toEqual(before.spec);
    expect(await scene.names('apps/v1/deployments')).toEqual([POOL, `${POOL}-epp`]);
    world.act({ kind: 'incidentClosed', policy: POLICY });
  });
};
