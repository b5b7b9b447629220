import { must } from '../../../workflows/assert.ts';
import type { RoutePlan } from '../../../workflows/plans/plan.ts';
import { adoptOriginals } from '../../../workflows/steps/adopt-originals.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import type { Hand } from './hand.ts';
import { readRoute } from './route-io.ts';

const RETRY_MS = 5_000;

/** Reads the foreign rules and makes them the originals (protocol P7). Writes nothing; the next share is written by P4. */
export const adoptDrift: Hand<'adoptDrift'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  const routes: RoutePlan[] = [];
  const shares = new Set<number>();
  for (const [index, route] of plan.routes.entries()) {
    const read = reads[index];
    if (read?.kind !== 'ok')
      return {
        kind: 'again',
        inMs: RETRY_MS,
        why: `${titleOf(route)} could not be read`,
      };
    const adoption = adoptOriginals(read.object, route, sidesOf(plan));
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
