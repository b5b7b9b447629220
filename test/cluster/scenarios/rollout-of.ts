/** Rollout files for the example stack: what the demo makes for a stack without one, with waits that a test can afford. */
import { editRollout } from '../../../local/edit-rollout.ts';
import type { RolloutInput } from '../../../local/rollout-input.ts';
import type { FileEdit } from '../../../local/scenarios.ts';
import { twinRollout } from '../../../local/twin-rollout.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';

/** All virtual: at sixty times the wall's pace a minute is a second. */
const SHORT: readonly FileEdit[] = [
  {
    path: ['spec', 'ladder'],
    value: [
      { share: 10, bake: '4m' },
      { share: 50, bake: '4m' },
      { share: 100, bake: '4m' },
    ],
  },
  { path: ['spec', 'pacing', 'settle'], value: '15s' },
  { path: ['spec', 'pacing', 'warmUp'], value: '30s' },
  { path: ['spec', 'retention', 'old'], value: '2m' },
  { path: ['spec', 'rollback', 'after', 'newPods'], value: '1m' },
  // The example names a model without a revision, and its adapters' sources are no paths.
  { path: ['spec', 'acknowledge'], value: ['floating-model'] },
];

/** For scenarios that are about something else than the way up. */
export const TWO_RUNGS: FileEdit = {
  path: ['spec', 'ladder'],
  value: [
    { share: 50, bake: '4m' },
    { share: 100, bake: '4m' },
  ],
};

/**
 * @param name of the rollout.
 * @throws Error with the problems of the file.
 */
export const rolloutOf = (
  stack: readonly KubeObject[],
  type: 'node' | 'baseModel',
  name: string,
  edits: readonly FileEdit[] = [],
): RolloutInput => {
  const made = twinRollout(stack, type, 'gaie-v1.0.1');
  const all = [{ path: ['metadata', 'name'], value: name }, ...SHORT, ...edits];
  const edited = made.kind === 'ok' ? editRollout(made.value, all) : made;
  if (edited.kind === 'problems') throw new Error(JSON.stringify(edited.problems));
  return edited.value;
};
