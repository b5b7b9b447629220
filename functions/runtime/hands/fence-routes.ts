import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { RoutePlan } from '../../../workflows/plans/plan.ts';
import { isPristine } from '../../../workflows/steps/drift.ts';
import { nextFenceValue, readFence } from '../../../workflows/steps/route-fence.ts';
import { fencePatch } from '../../../workflows/steps/traffic-patch.ts';
import { type Sides, sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { type Decision, guardedWrite } from './guarded-write.ts';
import type { Hand, Job } from './hand.ts';
import { routeTarget } from './route-io.ts';

/** A hold: a new annotation value on every route, so that a write still in flight fails its test (P4). Weights stay. */
export const fenceRoutes: Hand<'fenceRoutes'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const sides = sidesOf(plan);
  const written = await all(
    plan.routes.map((route) =>
      guardedWrite<'leave'>(ports, job, routeTarget(plan, route), (object) =>
        decide(object, route, sides, job),
      ),
    ),
  );
  for (const one of written) if (one.kind === 'stale' || one.kind === 'again') return one;
  for (const one of written)
    if (one.kind === 'invalid') ports.log('ERROR', 'fence-refused', one.why, { rolloutId: job.rolloutId });
  return { kind: 'outcome', outcome: { kind: 'fenced' } };
};

/**
 * A route created anew fails the uid test of whatever is in flight. A fence of others, or a higher one, came after our last
 * read: it bumped the version already, and it is what a person must see.
 */
const decide = (object: KubeObject, route: RoutePlan, sides: Sides, job: Job): Decision<'leave'> => {
  const fence = readFence(object);
  const isTheirs =
    fence !== null &&
    (fence.rolloutId === job.rolloutId
      ? fence.direct || fence.fence > job.fence
      : !isPristine(object, route, sides));
  if (object.metadata.uid !== route.uid || isTheirs) return { kind: 'stop', value: 'leave' };
  return { kind: 'patch', patch: fencePatch(object, nextFenceValue(object, job.rolloutId, job.fence)) };
};
