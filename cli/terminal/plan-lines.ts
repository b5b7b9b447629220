/** A plan for people: what was found, what would be made, changed and deleted, and how the share would climb. */
import type { BackendRef, Finding, Plan, PlanResult, RoutePlan } from '../../workflows/plans/plan.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import { ruleWeights, sideOf, sidesOf } from '../../workflows/steps/traffic-weights.ts';
import { formatDuration } from '../../workflows/time.ts';
import { adapterBackLines, adapterLines, subjectOf } from './adapter-plan-lines.ts';
import type { Palette } from './palette.ts';
import { counted, percentText, spanText } from './words.ts';

export interface PlanCall {
  readonly result: PlanResult;
  readonly spec: RolloutSpec;
  readonly palette: Palette;
}

/** The whole page. */
export const planLines = (call: PlanCall): readonly string[] => {
  const { result, spec, palette } = call;
  const { strong } = palette;
  const head = `${strong(spec.name)} · ${spec.type} · ${subjectOf(spec)} · ${spec.cluster}`;
  const findings = ['', ...findingLines(result.findings, spec.acknowledge, palette)];
  if (result.kind === 'refused') return [head, ...findings, '', refusalLine(result.findings, palette)];
  const { plan } = result;
  return [
    head,
    ...findings,
    '',
    ...(plan.adapter === undefined ? poolLines(plan, palette) : adapterLines(plan, plan.adapter, palette)),
    '',
    ...ladderLines(plan, palette),
    '',
    ...backLines(plan, palette),
    '',
    strong('NOT IN THIS VERSION') + palette.faint('   defaults of the full format, and what happens instead'),
    ...plan.notInThisVersion.map((line) => `   ${line}`),
    '',
    `${palette.good('startable')}   plan ${result.hash}`,
  ];
};

const poolLines = (plan: Plan, palette: Palette): readonly string[] => [
  ...routeLines(plan, palette),
  '',
  ...createLines(plan, palette),
  '',
  ...changeLines(plan, palette),
];

const MARKS = { E: '✖', W: '!', I: '·' } as const;

const countOf = (findings: readonly Finding[], severity: Finding['severity']): number =>
  findings.filter((one) => one.severity === severity).length;

const findingLines = (
  findings: readonly Finding[],
  acknowledged: readonly string[],
  palette: Palette,
): readonly string[] => {
  const counts = [
    counted(countOf(findings, 'E'), 'error'),
    counted(countOf(findings, 'W'), 'warning'),
    counted(countOf(findings, 'I'), 'note'),
  ].join(' · ');
  const lines = [`${palette.strong('FINDINGS')}   ${counts}`];
  for (const one of findings) {
    const paint = one.severity === 'E' ? palette.bad : one.severity === 'W' ? palette.warn : palette.faint;
    const accepted = one.severity === 'W' && acknowledged.includes(one.code) ? '   (acknowledged)' : '';
    lines.push(` ${paint(`${MARKS[one.severity]} ${one.code}`)}   ${one.object}${accepted}`);
    lines.push(`     ${one.what}`, palette.faint(`     why:  ${one.why}`), `     mend: ${one.mend}`);
  }
  return lines;
};

const refusalLine = (findings: readonly Finding[], palette: Palette): string => {
  const errors = countOf(findings, 'E');
  return errors > 0
    ? palette.bad(`${counted(errors, 'error')}: not startable`)
    : palette.warn('not startable: correct what the warnings say, or add their codes to spec.acknowledge');
};

const routeLines = (plan: Plan, palette: Palette): readonly string[] => [
  `${palette.strong('ROUTES')}   ${counted(plan.routes.length, 'route')}, all move together`,
  ...plan.routes.flatMap((route) => ruleLines(plan, route)),
];

const ruleLines = (plan: Plan, route: RoutePlan): readonly string[] => {
  const sides = sidesOf(plan);
  const shares = plan.ladder.map(({ sharePercent }) => sharePercent);
  return route.rules.map((rule) => {
    const weights = (share: number): string => {
      const { originals, added } = ruleWeights(rule, route.namespace, sides, share);
      const named = rule.originals.map((ref, index) => `${ref.name} ${originals[index] ?? 0}`);
      return [...named, ...(added === null ? [] : [`${plan.new.pool} ${added}`])].join(', ');
    };
    const before = rule.originals.map((ref: BackendRef) => `${ref.name} ${ref.weight ?? 1}`).join(', ');
    const others = rule.originals.some((ref) => sideOf(ref, route.namespace, sides) === 'other');
    const first = shares[0] ?? 100;
    return `   ${route.namespace}/${route.name}   rule ${rule.index}   ${before} → ${weights(first)} at ${first} % → ${weights(100)} at 100 %${others ? '   other backends keep their part' : ''}`;
  });
};

const createLines = (plan: Plan, { strong, faint }: Palette): readonly string[] => {
  const lines = [
    `${strong('WILL CREATE')}   ${counted(plan.create.length + (plan.nodePool === null ? 0 : 1), 'object')}`,
  ];
  if (plan.create.length === 0) lines.push(`   nothing: the new side exists`);
  for (const { object, namespace, stage } of plan.create)
    lines.push(
      `   ${object.kind} ${namespace === null ? '' : `${namespace}/`}${object.metadata.name}${stage === 'workload' ? faint('   once its nodes are there') : ''}`,
    );
  if (plan.nodePool !== null) {
    const { nodePool, capacity } = plan.nodePool;
    const nodes = nodePool.initialNodeCount * Math.max(1, nodePool.locations.length);
    const taints = (nodePool.config.taints ?? []).map(({ key }) => key).join(', ');
    lines.push(
      `   NodePool ${nodePool.name}-…   ${nodes} × ${nodePool.config.machineType} in ${nodePool.locations.join(', ')}, ${capacity.kind}; tainted ${taints}`,
      faint('   the workloads get its nodeSelector and the toleration of its taint'),
    );
  }
  return lines;
};

const changeLines = (plan: Plan, { strong, faint }: Palette): readonly string[] => {
  const lines = [strong('WILL CHANGE')];
  lines.push(`   backendRefs, weights and sluice.dev annotations of ${counted(plan.routes.length, 'route')}`);
  const { objects, mode } = plan.objectives;
  if (objects.length > 0) {
    const when = mode === 'flip' ? 'with the majority of the traffic' : 'when the old side is deleted';
    const moves = mode === 'flip' || plan.retention.retire === 'delete';
    lines.push(
      `   ${counted(objects.length, 'InferenceObjective')} ${moves ? `handed over to ${plan.new.pool} ${when}` : 'stay with the old pool'}`,
    );
  }
  lines.push(
    '',
    strong('WILL DELETE') + faint(`   after ${formatDuration(plan.retention.oldMs)} of retention`),
  );
  if (plan.delete.length === 0) lines.push('   nothing: retire is keep');
  for (const { kind, namespace, name } of plan.delete)
    lines.push(`   ${kind} ${namespace === null ? '' : `${namespace}/`}${name}`);
  return lines;
};

const ladderLines = (plan: Plan, { strong, faint }: Palette): readonly string[] => {
  const lines = [
    `${strong('LADDER')}       bake     gates${faint('   earliest times count from the first share')}`,
  ];
  let atMs = 0;
  for (const { sharePercent, realSharePercent, bakeMs, approval, judges } of plan.ladder) {
    const real = realSharePercent === sharePercent ? '' : ` (really ${percentText(realSharePercent, 2)})`;
    const when = atMs === 0 ? 'at once' : `+${spanText(atMs)}`;
    const asked = approval ? '   after an approval' : '';
    lines.push(
      `   ${percentText(sharePercent).padEnd(8)} ${formatDuration(bakeMs).padEnd(8)} ${judges.join(', ') || 'none'}   ${when}${real}${asked}`,
    );
    atMs += bakeMs;
  }
  const { ttft, errors, adapter } = plan.gates;
  lines.push(
    `   then the old ${plan.adapter === undefined ? 'side stays ready' : 'version stays loaded'} for ${formatDuration(plan.retention.oldMs)}: earliest end +${spanText(atMs + plan.retention.oldMs)}`,
  );
  lines.push(faint(`   tripwires: ${plan.gates.tripwires.join(', ')}`));
  lines.push(
    faint(
      `   errors: at most ${percentText(100 * errors.ratioMax, 2)}, ${errors.samplesMin} samples at least`,
    ),
  );
  if (adapter !== undefined) {
    const slots = adapter.slots === null ? 'not known' : String(adapter.slots);
    lines.push(
      faint(`   adapter.errors: ${counted(adapter.samplesMin, 'probe')} of the new version at least`),
      faint(
        adapter.durationSamplesMin === undefined
          ? '   adapter.duration: not judged'
          : `   adapter.duration: ${counted(adapter.durationSamplesMin, 'answer')} of either version at least`,
      ),
      faint(`   adapterSlots: ${slots}`),
    );
    return lines;
  }
  lines.push(
    faint(
      ttft === null
        ? '   ttft.slo: not judged'
        : `   ttft.slo: at most ${percentText(100 * ttft.atMost, 2)} slower than ${formatDuration(ttft.edgeSeconds * 1000)}, ${ttft.samplesMin} samples at least`,
    ),
  );
  return lines;
};

const backLines = (plan: Plan, { strong }: Palette): readonly string[] => [
  strong('WAY BACK'),
  ...(plan.adapter === undefined
    ? [
        `   from any rung one write; the old side keeps ${plan.rollback.floorPercent} % of its ${plan.old.replicas} replicas until it is promoted`,
      ]
    : adapterBackLines(plan, plan.adapter)),
  `   alerts that roll back: ${plan.alerts.policies.join(', ') || 'none are named'}`,
];
