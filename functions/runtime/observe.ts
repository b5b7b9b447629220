/**
 * What a wake sees and what it does about it: drift by the stored routes, bursts by its own looks, once a minute the
 * evidence that judges and replay know, the open incidents, and the heartbeat. A look that decides nothing writes
 * nothing (protocol P2, P3).
 */
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Plan, RoutePlan } from '../../workflows/plans/plan.ts';
import type { RolloutContext } from '../../workflows/rollout/context.ts';
import { ALERT_LOOKBACK_MS, ROUTE_GONE_MS } from '../../workflows/rollout/guards.ts';
import type { Drift, Notice } from '../../workflows/rollout/messages.ts';
import type { Incident, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { resourceOf, viewOf } from '../../workflows/steps/carrier.ts';
import { recogniseDrift } from '../../workflows/steps/drift.ts';
import { type BurstState, createBurst, lookAt } from '../../workflows/steps/gates/burst.ts';
import { hasCarried } from '../../workflows/steps/gates/split.ts';
import type { Look } from '../../workflows/steps/observation.ts';
import { atJudgedEdge, LOOK_FAMILIES, MINUTE_FAMILIES } from '../../workflows/steps/pod-metrics.ts';
import { sidesOf } from '../../workflows/steps/traffic-weights.ts';
import { advance } from './advance.ts';
import { all } from './all.ts';
import { applyIncident } from './apply-incident.ts';
import type { DrainMemory } from './drain.ts';
import type { Facts } from './job.ts';
import { takeLook } from './look.ts';
import type { Shell } from './shell.ts';

/** What one wake remembers of its own looks. */
export interface LookMemory {
  burst: BurstState;
  suspicious: boolean;
  /** Of the looks behind `burst`: another confirmation begins anew. */
  confirmedAtMs: number | null;
}

export const createLookMemory = (): LookMemory => ({
  burst: createBurst(),
  suspicious: false,
  confirmedAtMs: null,
});

interface Memory {
  readonly drain: DrainMemory;
  readonly look: LookMemory;
}

const MINUTE_MS = 60_000;

export interface Observation {
  readonly nowMs: number;
  /** A bake is over: its judges want to know of the time since the last minute's look as well. */
  readonly isLast?: boolean;
}

/** One look at both sides. Returns the document as it stands afterwards. */
export const observe = async (
  shell: Shell,
  facts: Facts,
  memory: Memory,
  { nowMs, isLast = false }: Observation,
): Promise<RolloutDocument> => {
  const { plan, document } = facts;
  if (plan === null) return document;
  const { context } = facts.state;
  const minute = Math.floor(nowMs / MINUTE_MS);
  const isNew = minute > Math.floor((context.evidence.lastAtMs ?? 0) / MINUTE_MS);
  const isMinute = isNew || isLast || hasJustBegun(context);
  const [taken, routes] = await all([
    takeLook(shell.ports, {
      cluster: plan.cluster,
      namespace: plan.namespace,
      old: plan.old,
      new: plan.new,
      ...(plan.adapter === undefined ? {} : { adapter: plan.adapter }),
      ...(isMinute && plan.adapter !== undefined && plan.gates.adapter?.durationSamplesMin !== undefined
        ? { durationsOf: plan.adapter.alias }
        : {}),
      families: isMinute && plan.gates.ttft !== null ? MINUTE_FAMILIES : LOOK_FAMILIES,
      atMs: nowMs,
    }),
    all(plan.routes.map((route) => readRoute(shell, plan, route))),
  ]);
  const drift = driftOf(facts, plan, routes);
  if (drift !== null && isNews(facts, drift, nowMs))
    return note(shell, facts, memory, { notice: { kind: 'drifted', drift }, nowMs });
  // Without an answer of the API server nothing was seen: that is no evidence of anything.
  const look = taken.unreachable ? null : taken.look;
  const tripped = look === null ? null : burstOf(context, memory.look, look, drift !== null);
  if (tripped !== null) return note(shell, facts, memory, { notice: tripped, nowMs });
  return isMinute ? observeMinute(shell, facts, memory, { look, minute, nowMs, isLast }) : document;
};

/**
 * A bake that has no look of its own yet: what lies between the last minute's look and its beginning is not its
 * evidence, so that beginning is looked at by itself. Else a bake would not see its first minute.
 */
const hasJustBegun = ({ bake, evidence }: RolloutContext): boolean =>
  bake.startedAtMs !== null && evidence.skipNext;

const readRoute = async (shell: Shell, plan: Plan, route: RoutePlan): Promise<KubeObject | 'gone' | null> => {
  const answer = await shell.ports.kubernetes.get({
    cluster: plan.cluster,
    resource: resourceOf(route),
    namespace: route.namespace,
    name: route.name,
  });
  if (answer.kind === 'noAnswer') return null;
  if (answer.status === 404) return 'gone';
  return answer.object === undefined ? null : viewOf(answer.object, route);
};

/** Steps in which the routes are meant to stand as we wrote them, and growth has to stop where they do not. */
const STANDING = new Set([
  'confirming',
  'baking',
  'watching',
  'retaining',
  'approving',
  'waitingForWindow',
  'blocked',
  'proving',
]);

const driftOf = (facts: Facts, plan: Plan, routes: readonly (KubeObject | 'gone' | null)[]): Drift | null => {
  const { context, step } = facts.state;
  const isWatched = STANDING.has(step) || step === 'suspended';
  // Told to write ours again, nobody wonders at what stands there until then.
  if (!isWatched || context.clocks.writtenMs === null || context.reapply) return null;
  for (const [index, route] of routes.entries()) {
    const planned = plan.routes[index];
    if (planned === undefined || route === null) continue;
    const drift = recogniseDrift(route === 'gone' ? null : route, planned, {
      rolloutId: facts.document.rolloutId,
      fence: context.fence,
      // A write whose outcome a pause has voided may have landed all the same.
      sharesPercent: [context.writtenPercent, context.askedPercent],
      attached: true,
      sides: sidesOf(plan),
    });
    if (drift !== null) return drift;
  }
  return null;
};

/** Held for drift already, only another kind of it is news, and a route that stays gone (P4). */
const isNews = (facts: Facts, drift: Drift, nowMs: number): boolean => {
  const { hold } = facts.state.context;
  if (facts.state.step !== 'suspended' || hold?.reason !== 'drift') return true;
  return (
    drift.what !== hold.driftWhat || (drift.what === 'routeDeleted' && nowMs >= hold.sinceMs + ROUTE_GONE_MS)
  );
};

const burstOf = (
  context: RolloutContext,
  memory: LookMemory,
  look: Look,
  hasDrifted: boolean,
): Notice | null => {
  const confirmedAtMs = context.clocks.programmedMs;
  if (memory.confirmedAtMs !== confirmedAtMs) {
    memory.burst = createBurst();
    memory.confirmedAtMs = confirmedAtMs;
  }
  const seen = lookAt(memory.burst, look, {
    sharePercent: context.writtenPercent,
    // Traffic that follows somebody else's weights says nothing about ours.
    confirmedAtMs: hasDrifted || context.hold?.reason === 'drift' ? null : confirmedAtMs,
    ...(context.evidence.adapter === undefined ? {} : { adapter: context.evidence.adapter }),
    carried: hasCarried(context.evidence, context.writtenPercent, confirmedAtMs),
    ...(context.course === null
      ? {}
      : {
          pools: { old: context.course.oldPool, new: context.course.newPool },
          tripwires: context.course.gates.tripwires,
        }),
  });
  memory.burst = seen.state;
  memory.suspicious = seen.suspicious;
  return seen.notice;
};

interface Noted {
  readonly notice: Notice;
  readonly nowMs: number;
}

const note = async (shell: Shell, facts: Facts, memory: Memory, noted: Noted): Promise<RolloutDocument> => {
  const { stepEntry } = facts.state.context;
  const what = noted.notice.kind === 'tripped' ? noted.notice.gate : 'drift';
  const advanced = await advance(
    shell,
    facts.document.rolloutId,
    () => ({
      kind: 'noticed',
      messageId: `${stepEntry}/${what}/${noted.nowMs}`,
      stepEntry,
      notice: noted.notice,
    }),
    memory.drain.publishedSeq,
  );
  return advanced.kind === 'missing' ? facts.document : advanced.document;
};

interface Minute {
  readonly look: Look | null;
  readonly minute: number;
  readonly nowMs: number;
  readonly isLast: boolean;
}

/** The minute's evidence, the open incidents (push is the fast way, this the sure one), the heartbeat (I16). */
const observeMinute = async (
  shell: Shell,
  facts: Facts,
  memory: Memory,
  seen: Minute,
): Promise<RolloutDocument> => {
  const { context } = facts.state;
  const { rolloutId } = facts.document;
  let document = facts.document;
  const { look } = seen;
  if (look !== null) {
    const { stepEntry } = context;
    // Whoever comes to a bake that is over looks by himself: one who looked before may not have come to the judging.
    const messageId = `${stepEntry}/${seen.minute}${seen.isLast ? `/last/${seen.nowMs}` : ''}`;
    const judged = atJudgedEdge(look, facts.plan?.gates.ttft?.edgeSeconds ?? null);
    const advanced = await advance(
      shell,
      rolloutId,
      () => ({ kind: 'observed', messageId, stepEntry, look: judged }),
      memory.drain.publishedSeq,
    );
    if (advanced.kind !== 'missing') document = advanced.document;
  }
  const alerts = facts.plan?.alerts;
  const project = alerts?.project ?? '';
  // Where nothing could be seen nothing was evaluated, and the alarm outside is right.
  if (look?.pods.some(({ answered }) => answered) === true)
    await shell.ports.monitoring.heartbeat({ project, rolloutId, atMs: seen.nowMs });
  if (alerts === undefined || alerts.policies.length === 0) return document;
  const open = await shell.ports.monitoring.openIncidents({ project, policies: alerts.policies });
  if (open.kind !== 'ok') return document;
  for (const incident of open.incidents.filter((found) => countsFor(found, context))) {
    await shell.ports.store.recordIncident({ incident });
    document = (await applyIncident(shell, rolloutId, incident)) ?? document;
  }
  return document;
};

/** Only what could roll back is worth an entry; anything else is asked for again before the next growth. */
const countsFor = (incident: Incident, context: RolloutContext): boolean =>
  context.trafficSinceMs !== null && incident.startedAtMs >= context.trafficSinceMs - ALERT_LOOKBACK_MS;
