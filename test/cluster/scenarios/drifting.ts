/** People and tools edit the route in the middle of a bake; each edit is held as drift, and adopted or undone. */
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { Binaries } from '../control-plane/find-binaries.ts';
import { type ForeignHands, foreignHands } from './foreign-hands.ts';
import { rolloutOf, TWO_RUNGS } from './rollout-of.ts';
import { createScene, POOL, type Scene } from './scene.ts';
import type { Setting } from './setting.ts';
import type { Seen } from './sluice-process.ts';
import { tell } from './tell.ts';

const NEW = `${POOL}-new`;
/** kubectl needs half a second, which at sixty times the wall's pace would be most of a bake. */
const SLOWLY = 20;

interface Play {
  readonly setting: Setting;
  readonly scene: Scene;
  readonly hands: ForeignHands;
  readonly id: string;
}

const isBakingAtHalf = ({ state }: Seen): boolean =>
  state.step === 'baking' && state.context.confirmedPercent === 50 && state.context.hold === null;

/** What a hold for drift says. */
const heldFor = async ({
  setting,
  id,
}: Play): Promise<{ holdId: string; generation: number; sentence: string; share: number | null }> => {
  const { state } = await setting.sluice.until(
    id,
    'held for drift',
    ({ state: is }) => is.context.hold?.reason === 'drift',
  );
  const { hold, pauseGeneration } = state.context;
  return {
    holdId: hold?.id ?? '',
    generation: pauseGeneration + 1,
    sentence: hold?.sentence ?? '',
    share: hold?.driftSharePercent ?? null,
  };
};

const resume = async (play: Play, drift: 'adopt' | 'reapply'): Promise<void> => {
  const { holdId, generation } = await heldFor(play);
  const answer = await play.scene.act(play.id, 'resume', { generation, holdId, drift });
  expect(answer).toMatchObject({ status: 200 });
};

/** The edit happened, is held with the name of who did it, and is undone. */
const undone = async (
  play: Play,
  by: string,
  edit: () => Promise<{ code: number; stderr: string }>,
): Promise<void> => {
  const { setting, scene, id } = play;
  await setting.sluice.until(id, 'baking at 50 %', isBakingAtHalf);
  expect(await edit()).toMatchObject({ code: 0 });
  const { sentence } = await heldFor(play);
  console.log(`cluster: drift: ${sentence}`);
  expect(sentence).toContain(by);
  expect(await scene.weights()).not.toMatchObject({ [NEW]: 50 });
  await resume(play, 'reapply');
  await setting.sluice.until(id, 'baking at 50 % again', isBakingAtHalf);
  expect(await scene.weights()).toEqual({ [POOL]: 50, [NEW]: 50 });
};

export const drifting = (given: () => Setting, binaries: Binaries): void => {
  test('four foreign edits in one bake: undone, refused, undone, adopted', async () => {
    const startedMs = performance.now();
    const setting = given();
    const { sluice, fleet, plane, clock } = setting;
    const scene = await createScene(setting, 'drifting');
    const rollout = rolloutOf(scene.stack, 'baseModel', 'drifting', [TWO_RUNGS]);
    const id = await scene.start(rollout);
    const hands = foreignHands(plane, binaries);
    const play = { setting, scene, hands, id };
    const original = scene.stack.find(({ kind }) => kind === 'HTTPRoute') as KubeObject;
    await sluice.until(id, 'baking at 50 %', isBakingAtHalf);
    clock.setSpeed(SLOWLY);
    try {
      await undone(play, 'kubectl-client-side-apply', () => hands.apply(original));

      const refused = await hands.applyServerSide(original, false);
      console.log(`cluster: ${refused.stderr.split('\n')[0] ?? ''}`);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('conflict with "sluice"') });
      expect(await scene.weights()).toEqual({ [POOL]: 50, [NEW]: 50 });

      await undone(play, 'gitops-controller', () => hands.applyServerSide(original, true));

      const edit = await hands.edit('httproute/llm-route', 'drifting', [
        ['weight: 50', 'weight: 70'],
        ['weight: 50', 'weight: 30'],
      ]);
      expect(edit).toMatchObject({ code: 0 });
      expect(await heldFor(play)).toMatchObject({
        share: 30,
        sentence: expect.stringContaining('kubectl-edit'),
      });
      await resume(play, 'adopt');
      await sluice.until(id, 'baking at 30 %', ({ state }) => state.context.confirmedPercent === 30);
      expect(await scene.weights()).toEqual({ [POOL]: 70, [NEW]: 30 });
    } finally {
      clock.setSpeed(60);
    }
    await sluice.until(id, 'finished', ({ document }) => document.finishedAtMs !== null);
    expect(await tell(setting, scene, id, { fleet, startedMs })).toEqual({
      state: 'promoted',
      shares: [0, 50, 30, 50, 100],
      usersFailed: 0,
      replayMatches: true,
    });
  });
};
