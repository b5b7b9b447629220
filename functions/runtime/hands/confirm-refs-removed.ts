import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { RoutePlan } from '../../../workflows/plans/plan.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { confirmation } from '../../../workflows/steps/gateway-status.ts';
import { liveRulesOf } from '../../../workflows/steps/live-rules.ts';
import { type Sides, sideOf, sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { SILENCE_MS, undone } from './confirm-rollback.ts';
import { CONFIRM_EVERY_MS } from './confirm-weights.ts';
import { freshNow } from './fence-check.ts';
import type { Hand } from './hand.ts';
import { readRoute } from './route-io.ts';

/** The refs are gone and the gateways have taken note: only now may what they pointed to go (P6). */
export const confirmRefsRemoved: Hand<'confirmRefsRemoved'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const sides = sidesOf(plan);
  const { side, sinceMs } = job.effect;
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  const atMs = await freshNow(ports, job);
  if (atMs === null) return { kind: 'stale' };
  let silent: string | null = null;
  for (const [index, read] of reads.entries()) {
    const route = must(plan.routes[index], 'route of a read');
    if (read.kind === 'gone') continue;
    if (read.kind !== 'ok')
      return {
        kind: 'again',
        inMs: CONFIRM_EVERY_MS,
        why: `${titleOf(route)} cannot be read: ${read.kind}`,
      };
    if (isBackAgain(read.object, route, sides, side))
      return { kind: 'outcome', outcome: { kind: 'drifted', drift: undone(read.object, route, sides) } };
    const said = confirmation(read.object, route);
    if (said.kind !== 'confirmed') silent ??= said.kind === 'waiting' ? said.reason : said.message;
  }
  if (silent !== null) {
    // A promotion waits: what is deleted behind a gateway's back fails requests. A rollback must come to its end.
    if (side === 'old' || atMs - sinceMs < SILENCE_MS)
      return { kind: 'again', inMs: CONFIRM_EVERY_MS, why: silent };
    ports.log('CRITICAL', 'refs-unconfirmed', silent, { rolloutId: job.rolloutId });
  }
  return { kind: 'outcome', outcome: { kind: 'refsRemovalConfirmed' } };
};

const isBackAgain = (object: KubeObject, route: RoutePlan, sides: Sides, side: 'old' | 'new'): boolean => {
  if (side === 'new' && object.metadata.uid !== route.uid) return false;
  const live = liveRulesOf(object);
  return route.rules.some(
    (rule) =>
      !(side === 'new' && rule.newRefWasThere) &&
      (live[rule.index]?.refs ?? []).some((ref) => sideOf(ref, route.namespace, sides) === side),
  );
};
