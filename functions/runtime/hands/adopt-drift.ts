import { must } from '../../../workflows/assert.ts';
import type { RoutePlan } from '../../../workflows/plans/plan.ts';
import { adoptOriginals } from '../../../workflows/steps/adopt-originals.ts';
import { resourceOf, titleOf, viewOf } from '../../../workflows/steps/carrier.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import type { Hand } from './hand.ts';

const RETRY_MS = 5_000;

/** Reads the foreign rules and makes them the originals (protocol P7). Writes nothing; the next share is written by P4. */
export const adoptDrift: Hand<'adoptDrift'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const answers = await all(
    plan.routes.map((route) =>
      ports.kubernetes.get({
        cluster: plan.cluster,
        resource: resourceOf(route),
        namespace: route.namespace,
        name: route.name,
      }),
    ),
  );
  const routes: RoutePlan[] = [];
  const shares = new Set<number>();
  for (const [index, route] of plan.routes.entries()) {
    const answer = answers[index];
    if (answer?.kind !== 'answer' || answer.object === undefined)
      return {
        kind: 'again',
        inMs: RETRY_MS,
        why: `${titleOf(route)} could not be read`,
      };
    const adoption = adoptOriginals(viewOf(answer.object, route), route, sidesOf(plan));
    if (adoption.kind === 'refused')
      return { kind: 'outcome', outcome: { kind: 'adoptRefused', sentence: adoption.sentence } };
    routes.push(adoption.route);
    shares.add(adoption.sharePercent);
  }
  const [sharePercent] = shares;
  if (sharePercent === undefined || shares.size > 1)
    return {
      kind: 'outcome',
      outcome: { kind: 'adoptRefused', sentence: 'the routes stand at different shares' },
    };
  const { atMostPercent } = job.effect;
  if (atMostPercent !== undefined && sharePercent > atMostPercent)
    return {
      kind: 'outcome',
      outcome: {
        kind: 'adoptRefused',
        sentence: `the foreign share ${sharePercent} is above the current rung's ${atMostPercent}`,
      },
    };
  return { kind: 'outcome', outcome: { kind: 'adopted', sharePercent, routes } };
};
