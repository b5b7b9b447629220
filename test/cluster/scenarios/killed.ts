/** `kill -9` of Sluice while a node pool is being made, while objects are made, and in a bake. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rolloutOf, TWO_RUNGS } from './rollout-of.ts';
import { createScene, POOL } from './scene.ts';
import type { Setting } from './setting.ts';
import type { Seen } from './sluice-process.ts';
import { tell } from './tell.ts';

/** Nobody is there for so long, ms of the wall. */
const AWAY_MS = 300;

const MOMENTS: readonly (readonly [what: string, so: (seen: Seen) => boolean])[] = [
  ['making its node pool', ({ state }) => state.state === 'provisioning'],
  ['asking for a share', ({ state }) => state.context.askedPercent > 0],
  ['in a bake', ({ state }) => state.context.confirmedPercent === 50 && state.step === 'baking'],
];

export const killed = (given: () => Setting): void => {
  test('killed three times, it goes on each time and ends promoted', async () => {
    const startedMs = performance.now();
    const setting = given();
    const { sluice, fleet, world } = setting;
    const scene = await createScene(setting, 'killed');
    const id = await scene.start(rolloutOf(scene.stack, 'node', 'killed', [TWO_RUNGS]));
    for (const [what, so] of MOMENTS) {
      const { state } = await sluice.until(id, what, so);
      await sluice.kill();
      const killedMs = performance.now();
      await pause(AWAY_MS);
      await sluice.restart();
      console.log(
        `cluster: killed ${what} (${state.state}/${state.step}), up again after ${(performance.now() - killedMs).toFixed(0)} ms`,
      );
    }
    await sluice.until(id, 'finished', ({ document }) => document.finishedAtMs !== null);
    expect(await tell(setting, scene, id, { fleet, startedMs })).toEqual({
      state: 'promoted',
      shares: [0, 50, 100],
      usersFailed: 0,
      replayMatches: true,
    });
    expect(await scene.names('apps/v1/deployments')).toEqual([`${POOL}-epp-new`, `${POOL}-new`]);
    const { clusters } = world.parameters;
    const pools = world.handlers().gke.listNodePools({ cluster: clusters[0]?.name ?? '' }).value;
    const names = pools.kind === 'ok' ? pools.value.map(({ name }) => name) : [];
    expect(names.filter((name) => name.includes('killed'))).toHaveLength(1);
  });
};
