/**
 * Brings the traffic back (P5). Everything is read at once, decided by the table, written to all routes in parallel:
 *
 *   pods and pickers of both sides ─┐
 *   routes ─────────────────────────┴─ decide ─┬─ keep: only the fence, so that no growth lands any more
 *                                              └─ write: P4 with facts instead of resourceVersion, always a new fence
 *
 * What cannot be observed counts as a healthy old side. No route waits for another.
 */
import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { Plan, RoutePlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { ROUTE_GONE_MS } from '../../../workflows/rollout/guards.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { recogniseDrift } from '../../../workflows/steps/drift.ts';
import { largestSharePercent } from '../../../workflows/steps/live-rules.ts';
import { decideRollback, type RollbackDecision } from '../../../workflows/steps/rollback-decision.ts';
import {
  isRolledBack,
  isUntouched,
  newHasWeight,
  rollbackPatch,
} from '../../../workflows/steps/rollback-patch.ts';
import { carriesFence, nextFenceValue } from '../../../workflows/steps/route-fence.ts';
import { fencePatch } from '../../../workflows/steps/traffic-patch.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { type Decision, type EarlierRead, guardedWrite, readNow, type Written } from './guarded-write.ts';
import type { Hand, HandResult } from './hand.ts';
import { observeSides } from './observe-sides.ts';
import { isOldSilent } from './old-fails-worse.ts';
import { nameOf, routeCall, routeTarget } from './route-io.ts';

type RollbackJob = Parameters<Hand<'rollBack'>>[1];

const AGAIN_MS = 2000;
const ABSENT_AGAIN_MS = 10_000;

export const rollBack: Hand<'rollBack'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const { decision, reads } = await decideFresh(ports, plan, job);
  if (decision.kind === 'keep') return keep(ports, plan, job, decision.sentence);
  const foreign = new Set<string>();
  const written = await all(
    plan.routes.map((route, index) => {
      const read = reads[index];
      const target = { ...routeTarget(plan, route), ...(read === undefined ? {} : { read }) };
      return guardedWrite<'nothingToDo'>(ports, job, target, (object) => {
        if (isForeign(object, route, plan, job)) foreign.add(nameOf(route));
        return decide(object, route, plan, { job, sharePercent: decision.sharePercent });
      });
    }),
  );
  sayRefusals(ports, job, written);
  return conclude(plan, job, written, { ...decision, foreignWrites: foreign.size });
};

interface Fresh {
  readonly decision: RollbackDecision;
  /** Of the routes, in their order; empty where the decision needed none. */
  readonly reads: readonly EarlierRead[];
}

const decideFresh = async (ports: Ports, plan: Plan, job: RollbackJob): Promise<Fresh> => {
  const { sickness, force } = job.effect;
  const sides = sidesOf(plan);
  // Both versions of an adapter run on the same pods: whatever is wrong with those is no reason to keep the new one.
  if (plan.adapter !== undefined)
    return { decision: { kind: 'write', sharePercent: 0, complete: true }, reads: [] };
  const [seen, silent, reads] = await all([
    observeSides(ports, plan),
    force ? false : isOldSilent(ports, plan),
    all(plan.routes.map((route) => readNow(ports, routeCall(plan, route)))),
  ]);
  const shares = reads.map(({ reply }, index) => {
    const { namespace } = must(plan.routes[index], 'route of a read');
    return reply.kind === 'ok' ? largestSharePercent(reply.object, namespace, sides) : 0;
  });
  const decision = decideRollback({
    oldReady: seen.old.ready,
    oldReplicas: plan.old.replicas,
    oldPickerReady: seen.old.pickerReady,
    newReady: seen.new.pickerReady === false ? 0 : seen.new.ready,
    oldFailsWorse: silent || job.effect.oldFailsWorse === true,
    sickness,
    force,
    currentSharePercent: Math.max(job.sharePercent, ...shares),
  });
  return { decision, reads };
};

const decide = (
  object: KubeObject,
  route: RoutePlan,
  plan: Plan,
  order: { readonly job: RollbackJob; readonly sharePercent: number },
): Decision<'nothingToDo'> => {
  const sides = sidesOf(plan);
  const { job, sharePercent } = order;
  // Created anew by somebody: rebound, and left alone where it gives the new side nothing.
  if (object.metadata.uid !== route.uid && !newHasWeight(object, route.namespace, sides))
    return { kind: 'stop', value: 'nothingToDo' };
  if (
    carriesFence(object, job.rolloutId, job.fence) &&
    sharePercent === 0 &&
    isRolledBack(object, route, sides)
  )
    return { kind: 'alreadySo' };
  const fenceValue = nextFenceValue(object, job.rolloutId, job.fence);
  // The fence all the same: an attaching write that is still on its way must not land.
  if (isUntouched(object, route, sides)) return { kind: 'patch', patch: fencePatch(object, fenceValue) };
  return {
    kind: 'patch',
    patch: rollbackPatch({ route: object, plan: route, sides, fenceValue, sharePercent }),
  };
};

/** Overwritten all the same, but reported: not what any of our own decisions would have left there. */
const isForeign = (object: KubeObject, route: RoutePlan, plan: Plan, job: RollbackJob): boolean =>
  recogniseDrift(object, route, {
    rolloutId: job.rolloutId,
    fence: job.fence,
    sides: sidesOf(plan),
    sharesPercent: [job.sharePercent, 0, ...plan.ladder.map((rung) => rung.realSharePercent)],
    attached: false,
  }) !== null;

/** A rollback that is refused needs a person, and never gives up meanwhile. */
const sayRefusals = (ports: Ports, job: RollbackJob, written: readonly Written<'nothingToDo'>[]): void => {
  for (const one of written)
    if (one.kind === 'invalid' || (one.kind === 'again' && one.forbidden === true))
      ports.log('CRITICAL', 'rollback-refused', one.why, { rolloutId: job.rolloutId });
};

const conclude = (
  plan: Plan,
  job: RollbackJob,
  written: readonly Written<'nothingToDo'>[],
  decided: { readonly sharePercent: number; readonly complete: boolean; readonly foreignWrites: number },
): HandResult => {
  if (written.some((one) => one.kind === 'stale')) return { kind: 'stale' };
  for (const one of written) if (one.kind === 'again') return { kind: 'again', inMs: AGAIN_MS, why: one.why };
  for (const one of written)
    if (one.kind === 'invalid')
      return { kind: 'again', inMs: AGAIN_MS, why: `the rollback is refused: ${one.why}` };
  let atMs = 0;
  for (const [index, one] of written.entries()) {
    const route = must(plan.routes[index], 'route of a write');
    if (one.kind === 'written') atMs = Math.max(atMs, one.atMs);
    if (one.kind !== 'gone') continue;
    if (one.atMs - job.effect.sinceMs < ROUTE_GONE_MS)
      return { kind: 'again', inMs: ABSENT_AGAIN_MS, why: `${titleOf(route)} is not there` };
    // Those that are there go all the way back, whatever became of this one.
    if (written.every(({ kind }) => kind === 'gone'))
      return { kind: 'outcome', outcome: { kind: 'routeGone', route: titleOf(route) } };
  }
  const { sharePercent, complete, foreignWrites } = decided;
  return {
    kind: 'outcome',
    outcome: {
      kind: 'rollbackWritten',
      sharePercent,
      complete,
      foreignWrites,
      atMs: atMs === 0 ? job.nowMs : atMs,
    },
  };
};

/** Shares stay; a growth that is still in flight must not land. Whoever waits is told even where a fence fails. */
const keep = async (ports: Ports, plan: Plan, job: RollbackJob, sentence: string): Promise<HandResult> => {
  const written = await all(
    plan.routes.map((route) =>
      guardedWrite<'leave'>(ports, job, routeTarget(plan, route), (object) =>
        object.metadata.uid === route.uid
          ? { kind: 'patch', patch: fencePatch(object, nextFenceValue(object, job.rolloutId, job.fence)) }
          : { kind: 'stop', value: 'leave' },
      ),
    ),
  );
  if (written.some((one) => one.kind === 'stale')) return { kind: 'stale' };
  const failed = written.find((one) => one.kind === 'again' || one.kind === 'invalid');
  if (failed !== undefined) ports.log('ERROR', 'fence-refused', failed.why, { rolloutId: job.rolloutId });
  return { kind: 'outcome', outcome: { kind: 'rollbackKept', sentence } };
};
