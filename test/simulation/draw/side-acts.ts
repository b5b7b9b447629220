import type { Act } from '../../../simulator/world/acts.ts';
import { pick } from './pick.ts';
import { awhile, type Scene, side, some, type Which } from './scene.ts';

/** Things that befall one side; the new one more often, so that there is something to roll back from. */
export const SIDE_ACTS: readonly (readonly [number, (scene: Scene, which: Which) => Act])[] = [
  [3, (scene, which) => ({ kind: 'serverKilled', target: { ...side(scene, which), ...some(scene) } })],
  [3, (scene, which) => ({ kind: 'pickerKilled', target: side(scene, which), forMs: awhile(scene.random) })],
  [2, (scene, which) => ({ kind: 'serverTerminated', target: { ...side(scene, which), ...some(scene) } })],
  [
    2,
    (scene, which) => ({
      kind: 'serverHangs',
      target: { ...side(scene, which), ...some(scene) },
      forMs: awhile(scene.random),
    }),
  ],
  [
    6,
    (scene, which) => ({
      kind: 'requestsFail',
      target: { ...side(scene, which), ...some(scene) },
      share: pick(scene.random, [0.02, 0.1, 0.3, 1]),
      as: pick(scene.random, ['500', 'streamError'] as const),
      ...(scene.random.chance(0.6) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [
    3,
    (scene, which) => ({
      kind: 'podsSlow',
      target: side(scene, which),
      factor: pick(scene.random, [2, 8, 30]),
      ...(scene.random.chance(0.6) ? { forMs: awhile(scene.random) } : {}),
    }),
  ],
  [2, (scene, which) => ({ kind: 'podsDeleted', target: { ...side(scene, which), ...some(scene) } })],
  [
    3,
    (scene, which) => ({
      kind: 'metricsMissing',
      target: { ...side(scene, which), ...some(scene) },
      as: pick(scene.random, ['500', 'silent'] as const),
      forMs: awhile(scene.random),
    }),
  ],
  [1, (scene, which) => ({ kind: 'countersReset', target: { ...side(scene, which), ...some(scene) } })],
  [
    2,
    (scene, which) => ({
      kind: 'crashLoop',
      target: { ...side(scene, which), ...some(scene) },
      forMs: awhile(scene.random),
    }),
  ],
  [
    1,
    (scene, which) => ({
      kind: 'adapterMissing',
      target: { ...side(scene, which), pods: 1 },
      adapter: 'food-review',
      as: pick(scene.random, ['absent', 'silent'] as const),
      forMs: awhile(scene.random),
    }),
  ],
];
