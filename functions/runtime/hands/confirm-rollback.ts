import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { RoutePlan } from '../../../workflows/plans/plan.ts';
import { ROUTE_GONE_MS } from '../../../workflows/rollout/guards.ts';
import type { Drift } from '../../../workflows/rollout/messages.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { culprit, readShare } from '../../../workflows/steps/drift.ts';
import { confirmation } from '../../../workflows/steps/gateway-status.ts';
import { isRolledBack, isUntouched, newHasWeight } from '../../../workflows/steps/rollback-patch.ts';
import { type Sides, sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { CONFIRM_EVERY_MS } from './confirm-weights.ts';
import { freshNow } from './fence-check.ts';
import type { Hand } from './hand.ts';
import { nameOf, readRoute } from './route-io.ts';

/** A gateway that stays silent for so long is reported and not waited for: the weights are back all the same (P4). */
export const SILENCE_MS = 120_000;

/** The weights are back on every route, and the gateways say so. */
export const confirmRollback: Hand<'confirmRollback'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const sides = sidesOf(plan);
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  const atMs = await freshNow(ports, job);
  if (atMs === null) return { kind: 'stale' };
  const waitedMs = atMs - job.effect.sinceMs;
  let silent: string | null = null;
  for (const [index, read] of reads.entries()) {
    const route = must(plan.routes[index], 'route of a read');
    if (read.kind === 'gone') {
      if (waitedMs < ROUTE_GONE_MS)
        return { kind: 'again', inMs: CONFIRM_EVERY_MS, why: `${titleOf(route)} is not there` };
      if (reads.every(({ kind }) => kind === 'gone'))
        return { kind: 'outcome', outcome: { kind: 'routeGone', route: titleOf(route) } };
      continue;
    }
    if (read.kind !== 'ok')
      return {
        kind: 'again',
        inMs: CONFIRM_EVERY_MS,
        why: `${titleOf(route)} cannot be read: ${read.kind}`,
      };
    if (!isBack(read.object, route, sides))
      return { kind: 'outcome', outcome: { kind: 'drifted', drift: undone(read.object, route, sides) } };
    const said = confirmation(read.object, route);
    if (said.kind !== 'confirmed') silent ??= said.kind === 'waiting' ? said.reason : said.message;
  }
  if (silent === null) return { kind: 'outcome', outcome: { kind: 'rollbackConfirmed', atMs } };
  if (waitedMs < SILENCE_MS) return { kind: 'again', inMs: CONFIRM_EVERY_MS, why: silent };
  ports.log('CRITICAL', 'rollback-unconfirmed', silent, { rolloutId: job.rolloutId });
  return { kind: 'outcome', outcome: { kind: 'rollbackConfirmed', atMs } };
};

/** A route created anew, or never written by us, was left as others wrote it. */
const isBack = (object: KubeObject, route: RoutePlan, sides: Sides): boolean =>
  object.metadata.uid === route.uid && !isUntouched(object, route, sides)
    ? isRolledBack(object, route, sides)
    : !newHasWeight(object, route.namespace, sides);

export const undone = (object: KubeObject, route: RoutePlan, sides: Sides): Drift => {
  const by = culprit(object);
  const sharePercent = readShare(object, route.namespace, sides);
  return {
    route: nameOf(route),
    by,
    what: 'weights',
    sharePercent,
    sentence: `${titleOf(route)}: the weights are not those of the rollback any more; last written by ${by}`,
  };
};
