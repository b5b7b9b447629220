/** A new version of an adapter inside the pools that serve the old one: what is found about it, and its plan. */
import { NOT_IN_THIS_VERSION } from '../spec/not-in-this-version.ts';
import { realSharePercent } from '../steps/traffic-weights.ts';
import { adapterOf, carrierOf, sidesOfAdapter } from './adapter-carriers.ts';
import { adapterSides } from './adapter-pools.ts';
import { checkServed, servedByPods } from './adapter-served.ts';
import { checkCarriers, isSeenByPickers } from './check-carriers.ts';
import { checkLora, leastMaxLoras } from './check-lora.ts';
import { checkParents, checkTraffic } from './check-routes.ts';
import { checkServingSide } from './check-sides.ts';
import { checkHindrances, drainingSec } from './check-surroundings.ts';
import { checkSyncers, planSyncers } from './check-syncers.ts';
import { adapterLockKeys, poolLockKey } from './lock-keys.ts';
import { checkPrompts, planEffect } from './models.ts';
import type { Finding, Plan, RungPlan } from './plan.ts';
import { DRAIN_MS_MIN, planAlerts } from './plan-common.ts';
import { planGates, planJudges } from './plan-gates.ts';
import { explainSampleManifest } from './sample-manifest.ts';
import type { Side, Survey } from './survey.ts';

export const adapterFindings = (survey: Survey): readonly Finding[] => {
  const sides = adapterSides(survey);
  const { to } = adapterOf(survey);
  return [
    ...checkTraffic(survey),
    ...survey.routes.flatMap((route) => [
      ...[explainSampleManifest(route.object)].filter((sample) => sample !== null),
      ...checkParents(survey, route),
    ]),
    ...sides.flatMap((side) => [
      ...checkServingSide(survey, side),
      ...checkServed(survey, side),
      ...checkLora(survey, side),
      ...checkSyncers(survey, side),
    ]),
    ...checkCarriers(survey, sides),
    ...checkHindrances(survey),
    ...checkPrompts(survey, [to.name]),
  ];
};

/** Only for a survey without errors. */
export const planAdapter = (survey: Survey): Plan => {
  const { spec } = survey;
  const { alias, from, to } = adapterOf(survey);
  const sides = adapterSides(survey);
  const carriers = sides.map((side) => carrierOf(survey, side));
  const routes = carriers.flatMap((carrier) => ('route' in carrier ? [carrier.route] : []));
  const isReadable = isSeenByPickers(survey, sides);
  const gates = planGates(survey, {
    slots: leastMaxLoras(survey, sides),
    hasDurations: isReadable && !routes.some(({ carrier }) => carrier?.plural === 'inferencemodels'),
  });
  const syncers = planSyncers(survey, sides);
  return {
    planVersion: 1,
    type: 'adapter',
    cluster: spec.cluster,
    namespace: spec.namespace,
    old: survey.old.plan,
    new: survey.old.plan,
    source: 'existing',
    adapter: {
      alias,
      from,
      to: to.name,
      source: to.source,
      pools: sides.map((side) => side.plan),
      syncers,
      confirmedBy: isReadable ? 'picker' : 'settle',
      unloadsOld: spec.retention.retire === 'unload',
    },
    routes,
    nodePool: null,
    create: carriers.flatMap((carrier) => (carrier.kind === 'created' ? [carrier.object] : [])),
    delete: [],
    ladder: spec.ladder.map(
      (rung): RungPlan => ({
        ...rung,
        realSharePercent: realSharePercent(routes, sidesOfAdapter(survey), rung.sharePercent),
        judges: planJudges(survey, gates, rung.sharePercent),
      }),
    ),
    pacing: spec.pacing,
    gates,
    verify: planVerify(survey, sides),
    objectives: { mode: 'leave', objects: [] },
    alerts: planAlerts(spec),
    windows: spec.windows,
    approvals: spec.approvals,
    rollback: spec.rollback,
    retention: spec.retention,
    drainMs: Math.max(DRAIN_MS_MIN, (drainingSec(survey) ?? 0) * 1000),
    deadlineMs: spec.deadlineMs,
    locks: lockKeys(survey, sides),
    notInThisVersion: NOT_IN_THIS_VERSION.filter(({ types }) => types?.includes('adapter') ?? true).map(
      ({ field, reference, instead }) => `${field}: ${reference} → ${instead}`,
    ),
  };
};

const planVerify = (survey: Survey, sides: readonly Side[]): Plan['verify'] => {
  const { to } = adapterOf(survey);
  const bases = sides.flatMap((side) =>
    servedByPods(survey, side).flatMap(({ models }) =>
      (models ?? []).flatMap(({ id, parent }) => (parent === null ? [id] : [])),
    ),
  );
  const servedNames = [...new Set(bases)].sort();
  return {
    // The pods serve what they served: only the new version is to be proved.
    servedNames: [],
    adapters: [to.name],
    maxModelLenMin: null,
    warmUpRequests: survey.spec.verify.warmUpRequests,
    deadlineMs: survey.spec.verify.deadlineMs,
    ...planEffect(survey, [to.name], servedNames[0]),
  };
};

/** The name in every pool, and a slot of each, so that nobody rolls out the pool itself meanwhile. */
const lockKeys = (survey: Survey, sides: readonly Side[]): readonly string[] => {
  const { cluster, namespace } = survey.spec;
  const keys = sides.flatMap(({ pool }) =>
    adapterLockKeys(poolLockKey(cluster, namespace, pool.name), adapterOf(survey)),
  );
  return [...new Set(keys)].sort();
};
