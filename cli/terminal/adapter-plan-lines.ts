/** What a plan of an adapter has instead of routes and objects: the name, both versions, targets, how they are loaded. */
import type { AdapterPlan, Plan, RoutePlan } from '../../workflows/plans/plan.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import { titleOf } from '../../workflows/steps/carrier.ts';
import { ruleWeights, sidesOf } from '../../workflows/steps/traffic-weights.ts';
import { formatDuration } from '../../workflows/time.ts';
import type { Palette } from './palette.ts';
import { counted } from './words.ts';

/** `serving/llm → serving/llm-new`, or `food-review: food-review-1 → food-review-2 in serving/llm`. */
export const subjectOf = ({ namespace, from, to, adapter }: RolloutSpec): string =>
  adapter === null
    ? `${namespace}/${from.pool} → ${namespace}/${to.pool}`
    : `${adapter.alias}: ${adapter.from} → ${adapter.to.name} in ${namespace}/${from.pool}`;

/** Everything between the findings and the ladder. */
export const adapterLines = (plan: Plan, adapter: AdapterPlan, palette: Palette): readonly string[] => [
  ...versionLines(adapter, palette),
  '',
  ...targetLines(plan, adapter, palette),
  '',
  ...createLines(plan, palette),
  '',
  ...changeLines(plan, adapter, palette),
  '',
  ...unloadLines(plan, adapter, palette),
];

const versionLines = (adapter: AdapterPlan, { strong, faint }: Palette): readonly string[] => {
  const pods = adapter.pools.reduce((sum, { replicas }) => sum + replicas, 0);
  const pools = adapter.pools.map(({ pool }) => pool).join(', ');
  return [
    strong('ADAPTER') + faint(`   clients ask for ${adapter.alias}`),
    `   ${adapter.from} → ${adapter.to}   from ${adapter.source}`,
    `   on ${counted(pods, 'pod')} of ${counted(adapter.pools.length, 'pool')}: ${pools}`,
    adapter.syncers.length === 0
      ? '   it is loaded there already'
      : '   loaded by the pods’ own sidecar; no request is moved before each of them has it',
  ];
};

const targetLines = (plan: Plan, adapter: AdapterPlan, { strong, faint }: Palette): readonly string[] => [
  `${strong('TARGETS')}   ${counted(plan.routes.length, 'object')}, all move together`,
  ...plan.routes.flatMap((route) => ruleLines(plan, route)),
  faint(
    adapter.confirmedBy === 'picker'
      ? '   followed when the pickers count requests for the new target, at the latest after the settle time'
      : `   nothing tells when the pickers follow: the settle time of ${formatDuration(plan.pacing.settleMs)} is waited for`,
  ),
];

const ruleLines = (plan: Plan, route: RoutePlan): readonly string[] => {
  const sides = sidesOf(plan);
  const first = plan.ladder[0]?.sharePercent ?? 100;
  return route.rules.map((rule) => {
    const at = (share: number): string => {
      const { originals, added } = ruleWeights(rule, route.namespace, sides, share);
      const named = rule.originals.map((ref, index) => ({ name: ref.name, weight: originals[index] ?? 0 }));
      return [...named, { name: sides.newPool, weight: added ?? 0 }]
        .filter(({ weight }) => weight > 0)
        .map(({ name, weight }) => `${name} ${weight}`)
        .join(', ');
    };
    const steps = first === 100 ? '' : ` → ${at(first)} at ${first} %`;
    return `   ${titleOf(route)}   rule ${rule.index}   ${at(0)}${steps} → ${at(100)} at 100 %`;
  });
};

const createLines = (plan: Plan, { strong, faint }: Palette): readonly string[] => {
  const head = `${strong('WILL CREATE')}   ${counted(plan.create.length, 'object')}`;
  if (plan.create.length === 0) return [head, '   nothing: the name has a rule'];
  return [
    head,
    ...plan.create.map(
      ({ object, namespace }) =>
        `   ${object.kind} ${namespace ?? ''}/${object.metadata.name}   stays after the promotion, for clients ask by it; goes after a rollback`,
    ),
    faint('   with the old version as its only target: nobody is moved by it'),
  ];
};

const changeLines = (plan: Plan, adapter: AdapterPlan, { strong }: Palette): readonly string[] => [
  strong('WILL CHANGE'),
  `   targets and sluice.dev annotations of ${plan.routes.map(titleOf).join(', ')}`,
  ...adapter.syncers.map(({ namespace, name, key, newWasThere }) =>
    newWasThere
      ? `   nothing of ConfigMap ${namespace}/${name}: ${key} asks for ${adapter.to} already`
      : `   ConfigMap ${namespace}/${name}   ${key}: ${adapter.to} under ensureExist, all other lines as they are`,
  ),
];

const unloadLines = (plan: Plan, adapter: AdapterPlan, { strong, faint }: Palette): readonly string[] => [
  strong('WILL UNLOAD') + faint(`   after ${formatDuration(plan.retention.oldMs)} of retention`),
  adapter.unloadsOld
    ? `   ${adapter.from}: its entry moves to ensureNotExist`
    : '   nothing: retire is keep, the old version stays loaded',
];

/** What the way back of an adapter needs. */
export const adapterBackLines = (plan: Plan, adapter: AdapterPlan): readonly string[] => [
  `   from any rung one write of each object; ${adapter.from} stays loaded on every pod until then`,
  ...(adapter.syncers.some(({ newWasThere }) => !newWasThere)
    ? [`   ${adapter.to} is unloaded ${formatDuration(plan.rollback.afterNewPodsMs)} later`]
    : []),
];
