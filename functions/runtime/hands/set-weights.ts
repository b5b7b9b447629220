/**
 * Sets the weights of all routes for a share, by P4:
 *
 *   the way back is proved anew (pods, pickers, gateway, freeze, incidents, dry run): seconds before the write
 *   ┌ for each route, in parallel ──────────────────────────────────────────────────────────┐
 *   │ 1 GET route → 2 re-read the document's fence → 3 JSON Patch testing uid + resourceVersion │
 *   └───────────────────────────────────────────────────────────────────────────────────────┘
 *   all written → weightsWritten; some not → again, where those written are found already so
 */
import { must } from '../../../workflows/assert.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { Plan, RoutePlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import type { Drift, WrittenRoute } from '../../../workflows/rollout/messages.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { recogniseDrift } from '../../../workflows/steps/drift.ts';
import { liveRulesOf, partsOf } from '../../../workflows/steps/live-rules.ts';
import { carriesFence, nextFenceValue } from '../../../workflows/steps/route-fence.ts';
import { standsAt } from '../../../workflows/steps/stands-at.ts';
import { weightsPatch } from '../../../workflows/steps/traffic-patch.ts';
import { isTouched, type Sides, sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { type Decision, guardedWrite, RETRY_MS, type Written } from './guarded-write.ts';
import type { Hand, HandResult, Job } from './hand.ts';
import { nameOf, routeTarget } from './route-io.ts';
import { proveWayBackFor, resultOf } from './way-back.ts';

type SetJob = Parameters<Hand<'setWeights'>>[1];

type Stop = { readonly kind: 'drifted'; readonly drift: Drift } | { readonly kind: 'proofTooOld' };

/** I1 allows 30 s between the look at the pods and the write. */
const PROOF_MS = 20_000;

export const setWeights: Hand<'setWeights'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const proof = await proveWayBackFor(ports, job, {
    sharePercent: job.effect.sharePercent,
    isWriting: true,
  });
  if (proof.kind !== 'proved') return resultOf(proof);
  const written = await all(
    plan.routes.map((route) =>
      guardedWrite<Stop>(ports, job, routeTarget(plan, route), (object, nowMs) =>
        nowMs - proof.atMs > PROOF_MS
          ? { kind: 'stop', value: { kind: 'proofTooOld' } }
          : decide(object, route, plan, job),
      ),
    ),
  );
  return conclude(ports, plan, job, written);
};

const decide = (object: KubeObject, route: RoutePlan, plan: Plan, job: SetJob): Decision<Stop> => {
  const sides = sidesOf(plan);
  const { sharePercent } = job.effect;
  const drift = driftOf(object, route, sides, job);
  if (drift !== null) return { kind: 'stop', value: { kind: 'drifted', drift } };
  if (carriesFence(object, job.rolloutId, job.fence) && standsAt(object, route, sides, sharePercent))
    return { kind: 'alreadySo' };
  const fenceValue = nextFenceValue(object, job.rolloutId, job.fence);
  return {
    kind: 'patch',
    patch: weightsPatch({ route: object, plan: route, sides, sharePercent, fenceValue }),
  };
};

/** Told to write ours again, only a route that is another one, or lost a rule, still stops us. */
const driftOf = (object: KubeObject, route: RoutePlan, sides: Sides, job: SetJob): Drift | null => {
  const { sharePercent, reapply } = job.effect;
  const drift = recogniseDrift(object, route, {
    rolloutId: job.rolloutId,
    fence: job.fence,
    sides,
    sharesPercent: [sharePercent, job.sharePercent],
    attached: sharePercent > 0,
  });
  if (drift === null) return null;
  if (reapply !== true || drift.what === 'routeDeleted' || drift.what === 'routeRecreated') return drift;
  const live = liveRulesOf(object);
  const isWhole = route.rules.every(({ index }) => {
    const parts = live[index] === undefined ? null : partsOf(live[index].refs, route.namespace, sides);
    return parts !== null && parts.old + parts.new > 0;
  });
  return isWhole ? null : drift;
};

/** The worst that befell a route speaks for all: stale, then drift, refusal, not yet. */
const conclude = (ports: Ports, plan: Plan, job: SetJob, written: readonly Written<Stop>[]): HandResult => {
  if (written.some((one) => one.kind === 'stale')) return { kind: 'stale' };
  for (const [index, one] of written.entries()) {
    const route = plan.routes[index];
    if (one.kind === 'stopped' && one.value.kind === 'drifted')
      return { kind: 'outcome', outcome: one.value };
    if (one.kind === 'gone' && route !== undefined)
      return { kind: 'outcome', outcome: goneDrift(route, plan, job) };
  }
  for (const [index, one] of written.entries()) {
    if (one.kind !== 'invalid') continue;
    const sentence = `${titleOf(must(plan.routes[index], 'route of a write'))} refuses the weights: ${one.why}`;
    ports.log('ERROR', 'weights-refused', sentence, { rolloutId: job.rolloutId });
    return { kind: 'outcome', outcome: { kind: 'wayBackRefused', reason: 'gateway', sentence } };
  }
  const routes: WrittenRoute[] = [];
  let atMs = 0;
  for (const [index, one] of written.entries()) {
    const route = plan.routes[index];
    if (one.kind === 'again') return one;
    if (one.kind !== 'written' || route === undefined)
      return { kind: 'again', inMs: RETRY_MS, why: 'what was observed is too old to write upon' };
    atMs = Math.max(atMs, one.atMs);
    routes.push(writtenRoute(one.object, route, sidesOf(plan)));
  }
  return {
    kind: 'outcome',
    outcome: {
      kind: 'weightsWritten',
      sharePercent: job.effect.sharePercent,
      atMs,
      routes,
      ...(plan.adapter === undefined ? {} : { targets: true }),
    },
  };
};

const goneDrift = (
  route: RoutePlan,
  plan: Plan,
  job: Job,
): { readonly kind: 'drifted'; readonly drift: Drift } => ({
  kind: 'drifted',
  drift: must(
    recogniseDrift(null, route, {
      rolloutId: job.rolloutId,
      fence: job.fence,
      sides: sidesOf(plan),
      sharesPercent: [],
      attached: true,
    }),
    'drift of a route that is gone',
  ),
});

const writtenRoute = (object: KubeObject, route: RoutePlan, sides: Sides): WrittenRoute => {
  const live = liveRulesOf(object);
  return {
    route: nameOf(route),
    uid: object.metadata.uid ?? '',
    generation: object.metadata.generation ?? 0,
    weights: route.rules
      .filter((rule) => isTouched(rule, route.namespace, sides))
      .map(({ index }) => ({ rule: index, ...partsOf(live[index]?.refs ?? [], route.namespace, sides) })),
  };
};
