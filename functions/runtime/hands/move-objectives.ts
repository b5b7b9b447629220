import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { at, textAt } from '../../../workflows/plans/fields.ts';
import type { ObjectivePlan, Plan } from '../../../workflows/plans/plan.ts';
import {
  annotate,
  carriesFence,
  FENCE_ANNOTATION,
  nextFenceValue,
} from '../../../workflows/steps/route-fence.ts';
import { testUnchanged } from '../../../workflows/steps/traffic-patch.ts';
import { all } from '../all.ts';
import { type Decision, guardedWrite } from './guarded-write.ts';
import type { Hand } from './hand.ts';

const REFUSED_AGAIN_MS = 10_000;

/**
 * Points the InferenceObjectives at the other pool, each in the API group in which it was found: an objective counts for one
 * pool only. Guarded like traffic (P4). One that is gone, or that others have pointed elsewhere, is left alone.
 */
export const moveObjectives: Hand<'moveObjectives'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const written = await all(
    plan.objectives.objects.map((objective) => {
      const { group, version, plural, kind, namespace, name } = objective.identity;
      const target = { cluster: plan.cluster, resource: { group, version, plural, kind }, namespace, name };
      return guardedWrite<'elsewhere'>(ports, job, target, (object) => decide(object, objective, plan, job));
    }),
  );
  if (written.some((one) => one.kind === 'stale')) return { kind: 'stale' };
  for (const one of written) if (one.kind === 'again') return one;
  for (const [index, one] of written.entries()) {
    const name = plan.objectives.objects[index]?.identity.name ?? '';
    if (one.kind === 'invalid')
      return { kind: 'again', inMs: REFUSED_AGAIN_MS, why: `InferenceObjective ${name}: ${one.why}` };
    if (one.kind === 'stopped' || one.kind === 'gone')
      ports.log('WARNING', 'objective-left', `InferenceObjective ${name} is gone or points elsewhere`, {
        rolloutId: job.rolloutId,
      });
  }
  return { kind: 'outcome', outcome: { kind: 'objectivesMoved', to: job.effect.to } };
};

const decide = (
  object: KubeObject,
  objective: ObjectivePlan,
  plan: Plan,
  job: Parameters<Hand<'moveObjectives'>>[1],
): Decision<'elsewhere'> => {
  const wanted = job.effect.to === 'new' ? plan.new.pool : objective.poolRefName;
  const stands = textAt(at(object, 'spec', 'poolRef'), 'name');
  if (stands !== plan.old.pool && stands !== plan.new.pool) return { kind: 'stop', value: 'elsewhere' };
  if (stands === wanted && carriesFence(object, job.rolloutId, job.fence)) return { kind: 'alreadySo' };
  return {
    kind: 'patch',
    patch: [
      ...testUnchanged(object),
      ...(stands === wanted ? [] : [{ op: 'replace', path: '/spec/poolRef/name', value: wanted } as const]),
      ...annotate(object, { [FENCE_ANNOTATION]: nextFenceValue(object, job.rolloutId, job.fence) }),
    ],
  };
};
