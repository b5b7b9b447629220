/** What all types of rollout have in common: both sides, routes, ladder, deletions, locks. */
import { must } from '../assert.ts';
import { NOT_IN_THIS_VERSION } from '../spec/not-in-this-version.ts';
import type { RolloutSpec } from '../spec/rollout-spec.ts';
import { realSharePercent, type Sides } from '../steps/traffic-weights.ts';
import { checkManifests } from './check-manifests.ts';
import { checkNodes } from './check-nodes.ts';
import { checkRoutes, gkeGateways, movingRoutes } from './check-routes.ts';
import { checkSides } from './check-sides.ts';
import { checkSurroundings, drainingSec } from './check-surroundings.ts';
import { finding } from './findings.ts';
import { nodePoolLockKey, poolLockKey, routeLockKey, slotLockKeys } from './lock-keys.ts';
import { boundTo, objectiveMode, planObjectives } from './objectives.ts';
import type { Finding, GatePlan, Plan, RoutePlan, RungPlan } from './plan.ts';
import { planNodePool, planObjects } from './plan-create.ts';
import { planGates, planJudges } from './plan-gates.ts';
import { projectOf } from './project-of.ts';
import { checkRetirement, identitiesOf, retiredObjects } from './retire-list.ts';
import { refersTo } from './route-rules.ts';
import type { Survey } from './survey.ts';

/** The drain that we wait on our own where the backend policy says less. */
export const DRAIN_MS_MIN = 60_000;

/** The checks that every type of rollout has. */
export const commonFindings = (survey: Survey): readonly Finding[] => [
  ...checkSides(survey),
  ...checkRoutes(survey),
  ...checkManifests(survey),
  ...checkNodes(survey),
  ...checkSurroundings(survey),
  ...checkRetirement(survey),
  ...checkRounding(survey),
];

/** The plan but for what its type decides. Only for a survey without errors. */
export const commonPlan = (survey: Survey): Omit<Plan, 'verify'> => {
  const { spec, old } = survey;
  const fresh = must(survey.new, 'new side of a survey without errors');
  const routes = planRoutes(survey);
  const gates = planGates(survey);
  const bound = boundTo(survey.observed.objectives, spec.namespace, spec.from.pool);
  return {
    planVersion: 1,
    type: spec.type,
    cluster: spec.cluster,
    namespace: spec.namespace,
    old: old.plan,
    new: fresh.plan,
    source: spec.to.source.kind,
    routes,
    nodePool: planNodePool(survey),
    create: planObjects(survey),
    delete: identitiesOf(retiredObjects(survey)),
    ladder: planLadder(survey, routes, gates),
    pacing: spec.pacing,
    gates,
    objectives: {
      mode: objectiveMode(spec.priorities, bound),
      objects: planObjectives(bound, survey.observed.objectiveResource),
    },
    alerts: planAlerts(spec),
    windows: spec.windows,
    approvals: spec.approvals,
    rollback: spec.rollback,
    retention: spec.retention,
    drainMs: Math.max(DRAIN_MS_MIN, (drainingSec(survey) ?? 0) * 1000),
    deadlineMs: spec.deadlineMs,
    locks: lockKeys(survey),
    notInThisVersion: NOT_IN_THIS_VERSION.filter(({ types }) => types?.includes(spec.type) ?? true).map(
      ({ field, reference, instead }) => `${field}: ${reference} → ${instead}`,
    ),
  };
};

export const planAlerts = ({ cluster, alerts }: RolloutSpec): Plan['alerts'] => ({
  project: projectOf(cluster),
  policies: alerts.policies.map((policy) => policy.name),
  holdWhileOpen: alerts.holdWhileOpen,
});

const sides = ({ spec }: Survey): Sides => ({
  namespace: spec.namespace,
  oldPool: spec.from.pool,
  newPool: spec.to.pool,
});

const planRoutes = (survey: Survey): readonly RoutePlan[] => {
  const fresh = { namespace: survey.spec.namespace, name: survey.spec.to.pool };
  return movingRoutes(survey).map((route) => ({
    namespace: route.namespace,
    name: route.name,
    uid: route.object.metadata.uid ?? '',
    gateways: gkeGateways(survey.observed.gateways, route.object),
    rules: route.rules.map((rule) => ({
      index: rule.index,
      originals: rule.refs,
      newRefWasThere: rule.refs.some((ref) => refersTo(ref, route.namespace, fresh)),
    })),
  }));
};

const planLadder = (survey: Survey, routes: readonly RoutePlan[], gates: GatePlan): readonly RungPlan[] =>
  survey.spec.ladder.map((rung) => ({
    ...rung,
    realSharePercent: realSharePercent(routes, sides(survey), rung.sharePercent),
    judges: planJudges(survey, gates, rung.sharePercent),
  }));

const checkRounding = (survey: Survey): readonly Finding[] => {
  const routes = planRoutes(survey);
  return survey.spec.ladder.flatMap(({ sharePercent }) => {
    const real = realSharePercent(routes, sides(survey), sharePercent);
    if (real === sharePercent) return [];
    return [
      finding('share-rounded', `Rollout ${survey.spec.name}`, `A share of ${sharePercent} becomes ${real}.`),
    ];
  });
};

/** Everything that the plan touches; sorted, so that two rollouts never take them in opposite order. */
export const lockKeys = (survey: Survey): readonly string[] => {
  const { spec } = survey;
  const { cluster, namespace } = spec;
  const { nodes, source } = spec.to;
  const pools = [spec.from.pool, spec.to.pool].map((pool) => poolLockKey(cluster, namespace, pool));
  const keys = [
    ...pools,
    // No adapter's rollout in either pool meanwhile.
    ...pools.flatMap(slotLockKeys),
    ...survey.routes.map((route) => routeLockKey(cluster, route.namespace, route.name)),
  ];
  if (nodes.kind === 'nodePool' && source.kind === 'manifests')
    keys.push(nodePoolLockKey(cluster, nodes.nodePool));
  return [...new Set(keys)].sort();
};
