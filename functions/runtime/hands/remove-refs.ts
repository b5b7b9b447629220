import { must } from '../../../workflows/assert.ts';
import type { JsonPatch, KubeObject } from '../../../workflows/kubernetes.ts';
import type { RoutePlan } from '../../../workflows/plans/plan.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { isUntouched, restorePatch } from '../../../workflows/steps/rollback-patch.ts';
import { nextFenceValue } from '../../../workflows/steps/route-fence.ts';
import { fencePatch, removeOldRefPatch } from '../../../workflows/steps/traffic-patch.ts';
import { type Sides, sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { undone } from './confirm-rollback.ts';
import { type Decision, guardedWrite } from './guarded-write.ts';
import type { Hand } from './hand.ts';
import { routeTarget } from './route-io.ts';

/**
 * Closing writes: after retention the old pool's ref goes, after a rollback ours goes and the originals come back byte for
 * byte (I15). Never while the side that goes has weight (I13): then somebody else wrote, and it is drift.
 */
export const removeRefs: Hand<'removeRefs'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const sides = sidesOf(plan);
  const { side } = job.effect;
  const written = await all(
    plan.routes.map((route) =>
      guardedWrite<Refused>(ports, job, routeTarget(plan, route), (object) =>
        decide(object, route, sides, { side, fenceValue: nextFenceValue(object, job.rolloutId, job.fence) }),
      ),
    ),
  );
  if (written.some((one) => one.kind === 'stale')) return { kind: 'stale' };
  for (const one of written)
    if (one.kind === 'stopped' && one.value.kind === 'drifted')
      return { kind: 'outcome', outcome: { kind: 'drifted', drift: one.value.drift } };
  for (const one of written) if (one.kind === 'again') return one;
  for (const one of written)
    if (one.kind === 'invalid') {
      ports.log('ERROR', 'refs-refused', one.why, { rolloutId: job.rolloutId });
      return { kind: 'again', inMs: REFUSED_AGAIN_MS, why: one.why };
    }
  const targets = plan.adapter === undefined ? {} : ({ targets: true } as const);
  return { kind: 'outcome', outcome: { kind: 'refsRemoved', side, ...targets } };
};

const REFUSED_AGAIN_MS = 10_000;

type Refused =
  | { readonly kind: 'drifted'; readonly drift: ReturnType<typeof undone> }
  /** Somebody else's route by now: what is in it is not ours. */
  | { readonly kind: 'notOurs' };

const decide = (
  object: KubeObject,
  route: RoutePlan,
  sides: Sides,
  order: { readonly side: 'old' | 'new'; readonly fenceValue: string },
): Decision<Refused> => {
  const made = { route: object, plan: route, sides, fenceValue: order.fenceValue };
  if (order.side === 'new' && object.metadata.uid !== route.uid)
    return { kind: 'stop', value: { kind: 'notOurs' } };
  if (order.side === 'new' && isUntouched(object, route, sides))
    return { kind: 'patch', patch: fencePatch(object, order.fenceValue) };
  const patch: JsonPatch | null =
    order.side === 'old'
      ? object.metadata.uid === route.uid
        ? removeOldRefPatch(made)
        : null
      : restorePatch(made);
  if (patch === null) {
    const drift = undone(object, route, sides);
    const sentence = `${titleOf(route)}: the weights are not those that we left; last written by ${drift.by}`;
    return { kind: 'stop', value: { kind: 'drifted', drift: { ...drift, sentence } } };
  }
  return { kind: 'patch', patch };
};
