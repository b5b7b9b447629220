/**
 * May the new side grow to a share, and would the way back work? Asked before each growth and once more right before
 * the write, so that what a write relies on is seconds old (I1, I2, I14, P8).
 */
import { must } from '../../../workflows/assert.ts';
import { type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import type { AdapterPlan, Plan, RoutePlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import type { Drift, HoldReason } from '../../../workflows/rollout/messages.ts';
import { realPatch, titleOf, viewOf } from '../../../workflows/steps/carrier.ts';
import { recogniseDrift } from '../../../workflows/steps/drift.ts';
import { confirmation, gatewayHealth } from '../../../workflows/steps/gateway-status.ts';
import { canCarry, floorCount } from '../../../workflows/steps/readiness.ts';
import { rollbackPatch } from '../../../workflows/steps/rollback-patch.ts';
import { carriesFence, nextFenceValue } from '../../../workflows/steps/route-fence.ts';
import { standsAt } from '../../../workflows/steps/stands-at.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { windowState } from '../../../workflows/time.ts';
import { all } from '../all.ts';
import { whyNotServed } from './adapter-served.ts';
import { freshNow } from './fence-check.ts';
import type { HandResult, Job } from './hand.ts';
import { observeSides, type SideState } from './observe-sides.ts';
import { classify, readRoute, routeCall } from './route-io.ts';

export type Proof =
  /** `atMs`: before anything was observed. */
  | { readonly kind: 'proved'; readonly newReady: number; readonly atMs: number }
  | { readonly kind: 'refused'; readonly reason: HoldReason; readonly sentence: string }
  | { readonly kind: 'drifted'; readonly drift: Drift }
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'stale' };

type Doubt = Extract<Proof, { kind: 'refused' | 'drifted' | 'unknown' }>;

export interface Growth {
  /** What the new side shall get; 0 when its ref is only attached. */
  readonly sharePercent: number;
  /** A route that carries this very decision is under way: the gateway need not have taken note of it yet. */
  readonly isWriting: boolean;
}

/** Asked so often before what cannot be observed counts as a refusal. */
const TRIES_MAX = 3;

export const proveWayBackFor = async (ports: Ports, job: Job, growth: Growth): Promise<Proof> => {
  let proof = await ask(ports, job, growth);
  for (let tries = 1; tries < TRIES_MAX && proof.kind === 'unknown'; tries += 1)
    proof = await ask(ports, job, growth);
  return proof;
};

const ask = async (ports: Ports, job: Job, growth: Growth): Promise<Proof> => {
  const plan = must(job.plan, 'plan');
  const atMs = await freshNow(ports, job);
  if (atMs === null) return { kind: 'stale' };
  const [sides, served, gateways, calm, window, alarm, routes] = await all([
    observeSides(ports, plan),
    plan.adapter === undefined ? null : doubtAdapter(ports, plan, plan.adapter),
    doubtGateways(ports, plan),
    doubtCalm(ports, job, plan, atMs),
    isOutsideWindow(job, plan, growth, atMs) ? doubtWindow(ports, job, plan) : null,
    isFirst(job, growth) ? doubtAlarm(ports, job, plan, atMs) : null,
    all(plan.routes.map((route) => doubtRoute(ports, job, route, growth))),
  ]);
  const doubts = [
    ...routes,
    doubtOldSide(sides.old, plan),
    doubtNewSide(sides.new, plan, growth.sharePercent),
    served,
    gateways,
    calm,
    window,
    alarm,
  ].filter((doubt) => doubt !== null);
  return pickFirst(doubts) ?? { kind: 'proved', newReady: sides.new.ready ?? 0, atMs };
};

/** What is known to be wrong comes before what is not known. */
const pickFirst = (doubts: readonly Doubt[]): Doubt | undefined =>
  doubts.find((doubt) => doubt.kind === 'drifted') ??
  doubts.find((doubt) => doubt.kind === 'refused') ??
  doubts[0];

const refused = (reason: HoldReason, sentence: string): Doubt => ({ kind: 'refused', reason, sentence });

const unknown = (why: string): Doubt => ({ kind: 'unknown', why });

/** Of an adapter: in all its pools. */
const replicasOf = (plan: Plan, side: 'old' | 'new'): number =>
  plan.adapter?.pools.reduce((sum, { replicas }) => sum + replicas, 0) ?? plan[side].replicas;

const doubtOldSide = (old: SideState, plan: Plan): Doubt | null => {
  if (old.ready === null || old.pickerReady === null)
    return unknown(`pods of ${plan.old.pool} cannot be listed`);
  const floor = floorCount(replicasOf(plan, 'old'), plan.rollback.floorPercent);
  if (old.ready < floor)
    return refused('oldSide', `${plan.old.pool} has ${old.ready} ready pods, its floor is ${floor}`);
  return old.pickerReady ? null : refused('oldSide', `${plan.old.pool} has no ready endpoint picker`);
};

const doubtNewSide = (fresh: SideState, plan: Plan, sharePercent: number): Doubt | null => {
  if (fresh.ready === null || fresh.pickerReady === null)
    return unknown(`pods of ${plan.new.pool} cannot be listed`);
  if (fresh.ready === 0) return refused('capacity', `${plan.new.pool} has no ready pod`);
  if (!fresh.pickerReady) return refused('capacity', `${plan.new.pool} has no ready endpoint picker`);
  if (canCarry(fresh.ready, replicasOf(plan, 'new'), sharePercent)) return null;
  return refused(
    'capacity',
    `${plan.new.pool} has ${fresh.ready} of ${replicasOf(plan, 'new')} pods ready, too few for ${sharePercent} %`,
  );
};

/** A pod that came up since, or will, may not have the new version: its clients would get 404. */
const doubtAdapter = async (ports: Ports, plan: Plan, adapter: AdapterPlan): Promise<Doubt | null> => {
  const why = await whyNotServed(ports, plan, adapter);
  if (why === null) return null;
  return why.lacks === null ? unknown(why.sentence) : refused(LACKING[why.lacks], why.sentence);
};

const LACKING = { new: 'capacity', old: 'oldSide' } as const;

const doubtGateways = async (ports: Ports, plan: Plan): Promise<Doubt | null> => {
  const unique = new Map(
    plan.routes.flatMap(({ gateways }) =>
      gateways.map((gateway) => [`${gateway.namespace}/${gateway.name}`, gateway]),
    ),
  );
  const doubts = await all(
    [...unique.values()].map(async ({ namespace, name }): Promise<Doubt | null> => {
      const call = { cluster: plan.cluster, resource: RESOURCES.gateway, namespace, name };
      const read = classify(await ports.kubernetes.get(call));
      if (read.kind === 'gone') return refused('gateway', `Gateway ${namespace}/${name} is gone`);
      if (read.kind !== 'ok') return unknown(`Gateway ${namespace}/${name} cannot be read`);
      const health = gatewayHealth(read.object);
      return health.kind === 'healthy' ? null : refused('gateway', health.sentence);
    }),
  );
  return pickFirst(doubts.filter((doubt) => doubt !== null)) ?? null;
};

/** The route is there, reconciled, and takes the rollback patch in a dry run. */
const doubtRoute = async (
  ports: Ports,
  job: Job,
  route: RoutePlan,
  growth: Growth,
): Promise<Doubt | null> => {
  const plan = must(job.plan, 'plan');
  const read = classify(await ports.kubernetes.get(routeCall(plan, route)));
  if (read.kind !== 'ok' && read.kind !== 'gone') return unknown(`${titleOf(route)} cannot be read`);
  if (read.kind === 'gone') return drifted(null, job, plan, route);
  const object = viewOf(read.object, route);
  if (isAnother(object, route)) return drifted(object, job, plan, route);
  const said = confirmation(object, route);
  // Somebody may have put it back since, and kept our fence.
  const isUnderWay =
    growth.isWriting &&
    carriesFence(object, job.rolloutId, job.fence) &&
    standsAt(object, route, sidesOf(plan), growth.sharePercent);
  if (said.kind !== 'confirmed' && !isUnderWay)
    return refused('gateway', `${titleOf(route)}: ${said.kind === 'waiting' ? said.reason : said.message}`);
  const patch = rollbackPatch({
    route: object,
    plan: route,
    sides: sidesOf(plan),
    fenceValue: nextFenceValue(object, job.rolloutId, job.fence),
    sharePercent: 0,
  });
  const answer = classify(
    await ports.kubernetes.jsonPatch({
      ...routeCall(plan, route),
      patch: realPatch(read.object, route, patch),
      dryRun: true,
    }),
  );
  if (answer.kind === 'ok') return null;
  if (answer.kind === 'invalid' || answer.kind === 'forbidden')
    return refused('wayBack', `the rollback of ${titleOf(route)} would be refused: ${answer.why}`);
  return unknown(`the rollback of ${titleOf(route)} could not be tried: ${answer.kind}`);
};

const isAnother = (object: KubeObject, route: RoutePlan): boolean =>
  object.metadata.uid !== route.uid || object.metadata.deletionTimestamp !== undefined;

/** Deleted or created anew; weights are looked at where they are written. */
const drifted = (object: KubeObject | null, job: Job, plan: Plan, route: RoutePlan): Doubt | null => {
  const drift = recogniseDrift(object, route, {
    rolloutId: job.rolloutId,
    fence: job.fence,
    sides: sidesOf(plan),
    sharesPercent: [job.sharePercent],
    attached: true,
  });
  return drift === null ? null : { kind: 'drifted', drift };
};

/** An incident counts from a minute before the first write of traffic (P8). */
const INCIDENT_LEAD_MS = 60_000;

/** No freeze, and no watched incident that counts or is open. */
const doubtCalm = async (ports: Ports, job: Job, plan: Plan, nowMs: number): Promise<Doubt | null> => {
  const sinceMs = (job.trafficSinceMs ?? nowMs) - INCIDENT_LEAD_MS;
  const { policies, project, holdWhileOpen } = plan.alerts;
  const mustAsk = holdWhileOpen && policies.length > 0;
  const [{ incidents, freeze }, open] = await all([
    ports.store.registry({ sinceMs }),
    mustAsk ? ports.monitoring.openIncidents({ project, policies }) : null,
  ]);
  if (freeze !== null && (freeze.untilMs === null || freeze.untilMs > nowMs))
    return refused('freeze', `frozen by ${freeze.by}: ${freeze.reason}`);
  // Before the first traffic too: an incident of the last minute would count as soon as traffic moved, closed or not.
  const counts = incidents.find(
    ({ policy, startedAtMs }) => startedAtMs >= sinceMs && policies.includes(policy),
  );
  const found = open?.kind === 'ok' ? (open.incidents.find((one) => one.state === 'open') ?? counts) : counts;
  if (found !== undefined)
    return refused(
      'incident',
      `incident ${found.incidentId} of "${found.policyDisplayName}" is ${found.state}`,
    );
  return open?.kind === 'noAnswer' ? unknown(`open incidents cannot be asked: ${open.why}`) : null;
};

/** A window may have closed since the growth was chosen: what stood in its way meanwhile may have taken hours. */
const isOutsideWindow = (job: Job, plan: Plan, growth: Growth, nowMs: number): boolean =>
  growth.sharePercent > job.sharePercent && !windowState(plan.windows, nowMs).open;

/** A growth that some routes have already is finished all the same: half of it is nobody's wish. */
const doubtWindow = async (ports: Ports, job: Job, plan: Plan): Promise<Doubt | null> => {
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  const isBegun = reads.some(
    (read) => read.kind === 'ok' && carriesFence(read.object, job.rolloutId, job.fence),
  );
  return isBegun ? null : refused('wayBack', 'no window is open for a growth');
};

/** Before there is any traffic on the new side; later on only looks may say that somebody looks. */
const isFirst = (job: Job, growth: Growth): boolean =>
  growth.sharePercent > 0 && !growth.isWriting && job.trafficSinceMs === null;

/** The alarm outside watches for heartbeats that stop: it must have heard one before there is anything to watch (I16). */
const doubtAlarm = async (ports: Ports, job: Job, plan: Plan, atMs: number): Promise<Doubt | null> => {
  const { project } = plan.alerts;
  const heard = await ports.monitoring.heartbeat({ project, rolloutId: job.rolloutId, atMs });
  return heard.kind === 'ok' ? null : unknown(`the heartbeat is not accepted: ${heard.why}`);
};

/** A proof that was not given, as the hand's result. What stays unknown is a refusal: no data is never a pass. */
export const resultOf = (proof: Exclude<Proof, { kind: 'proved' }>): HandResult => {
  switch (proof.kind) {
    case 'stale':
      return { kind: 'stale' };
    case 'drifted':
      return { kind: 'outcome', outcome: { kind: 'drifted', drift: proof.drift } };
    case 'refused':
      return {
        kind: 'outcome',
        outcome: { kind: 'wayBackRefused', reason: proof.reason, sentence: proof.sentence },
      };
    case 'unknown':
      return { kind: 'outcome', outcome: { kind: 'wayBackRefused', reason: 'wayBack', sentence: proof.why } };
  }
};
