/** Old and new side as they stand: pools, pickers, pods, selectors, autoscalers, replicas. */
import { RESOURCES } from '../kubernetes.ts';
import { floorCount } from '../steps/readiness.ts';
import { selects, textAt } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import { isPodReady, replicasOf, templateLabels } from './inference-pool.ts';
import type { Finding } from './plan.ts';
import type { Side, Survey } from './survey.ts';

export const checkSides = (survey: Survey): readonly Finding[] => [
  ...checkIdentity(survey),
  ...checkServingSide(survey, survey.old),
  ...checkNewSide(survey),
  ...checkSelectors(survey),
  ...checkAutoscalers(survey),
  ...checkOldModels(survey),
];

const poolName = (survey: Survey, pool: string): string =>
  `${RESOURCES.inferencePool.kind} ${survey.spec.namespace}/${pool}`;

const checkIdentity = (survey: Survey): readonly Finding[] => {
  const { from, to } = survey.spec;
  if (from.pool !== to.pool) return [];
  return [
    finding('old-pool-is-new-pool', poolName(survey, to.pool), `from.pool and to.pool are both ${to.pool}.`),
  ];
};

const checkPicker = (survey: Survey, side: Side): readonly Finding[] => {
  if (side.pool.pickerService === null) return [];
  const { name, pickerService } = side.pool;
  if (side.pickerService === null)
    return [
      finding(
        'picker-missing',
        poolName(survey, name),
        `Its endpointPickerRef names Service ${pickerService}, which does not exist.`,
      ),
    ];
  const comesFromManifests = survey.manifests.includes(side.pool.object);
  if (comesFromManifests && side.pickerWorkloads.length === 0 && side.pickerPods.length === 0)
    return [
      finding(
        'picker-missing',
        poolName(survey, name),
        `No Deployment makes pods that its picker Service ${pickerService} selects.`,
      ),
    ];
  return [];
};

/** A pool that must be able to carry what it carries today. */
export const checkServingSide = (survey: Survey, old: Side): readonly Finding[] => {
  const { spec } = survey;
  const found = [...checkPicker(survey, old)];
  const object = poolName(survey, old.pool.name);
  const ready = old.pods.filter(isPodReady).length;
  const floor = floorCount(old.plan.replicas, spec.rollback.floorPercent);
  if (ready < floor)
    found.push(
      finding(
        'old-not-ready',
        object,
        `${ready} of ${old.plan.replicas} pods are ready, the rollback floor needs ${floor}.`,
      ),
    );
  if (old.pickerService !== null && !old.pickerPods.some(isPodReady))
    found.push(
      finding(
        'picker-not-ready',
        object,
        `None of ${old.pickerPods.length} pods behind Service ${old.pickerService.metadata.name} is ready.`,
      ),
    );
  return found;
};

const checkNewSide = (survey: Survey): readonly Finding[] => {
  const { spec } = survey;
  if (survey.new === null) {
    const existing = spec.to.source.kind === 'existing';
    return [
      finding(
        existing ? 'new-pool-missing' : 'manifest-pool-missing',
        poolName(survey, spec.to.pool),
        existing
          ? `No InferencePool ${spec.to.pool} in namespace ${spec.namespace}.`
          : `The manifests contain no InferencePool ${spec.to.pool} for namespace ${spec.namespace}.`,
      ),
    ];
  }
  return [...checkPicker(survey, survey.new), ...checkReplicas(survey, survey.new)];
};

const checkReplicas = (survey: Survey, side: Side): readonly Finding[] => {
  if (side.workloads.length === 0) return [];
  const asked = side.workloads.reduce((sum, workload) => sum + replicasOf(workload), 0);
  if (asked >= side.plan.replicas) return [];
  const names = side.workloads.map((workload) => workload.metadata.name).join(', ');
  return [
    finding(
      'replicas-short',
      `${RESOURCES.deployment.kind} ${survey.spec.namespace}/${names}`,
      `${asked} replicas are asked for, a share of 100 needs ${side.plan.replicas}.`,
    ),
  ];
};

/** One finding per direction: workloads by name, else stray pods. What the old selector took already is said once. */
const checkSelectors = (survey: Survey): readonly Finding[] => {
  const { old, new: fresh } = survey;
  if (fresh === null || fresh.pool.name === old.pool.name) return [];
  return [...strays(survey, old, fresh), ...strays(survey, fresh, old)];
};

const strays = (survey: Survey, selecting: Side, others: Side): readonly Finding[] => {
  const own = (name: string): boolean =>
    others === survey.old && (survey.new?.workloads ?? []).some((one) => one.metadata.name === name);
  const hit = (labels: Readonly<Record<string, string>>): boolean => selects(selecting.pool.selector, labels);
  const workloads = others.workloads.filter((workload) => hit(templateLabels(workload)));
  const named = workloads.filter((workload) => !own(workload.metadata.name));
  if (workloads.length > 0) return named.map((workload) => overlap(survey, selecting, nameOf(workload)));
  const pods = others.pods.filter((pod) => hit(pod.metadata.labels ?? {}));
  return pods.length === 0
    ? []
    : [overlap(survey, selecting, `${pods.length} pods of pool ${others.pool.name}`)];
};

const overlap = (survey: Survey, side: Side, whom: string): Finding => {
  const selector = Object.entries(side.pool.selector).map(([key, value]) => `${key}=${value}`);
  return finding(
    'selector-overlap',
    poolName(survey, side.pool.name),
    `Its selector ${selector.join(',')} also matches ${whom}.`,
  );
};

const checkAutoscalers = (survey: Survey): readonly Finding[] => {
  const { observed, old, spec } = survey;
  const names = new Set(old.workloads.map((workload) => workload.metadata.name));
  return observed.autoscalers
    .filter((scaler) => {
      const kind = textAt(scaler, 'spec', 'scaleTargetRef', 'kind') ?? RESOURCES.deployment.kind;
      return (
        kind === RESOURCES.deployment.kind &&
        names.has(textAt(scaler, 'spec', 'scaleTargetRef', 'name') ?? '')
      );
    })
    .map((scaler) =>
      finding(
        'old-autoscaled',
        nameOf(scaler),
        `It scales Deployment ${textAt(scaler, 'spec', 'scaleTargetRef', 'name') ?? ''} of the old side${
          spec.from.autoscaler === 'leave' ? ', and from.autoscaler leaves it: a rollback may be slow' : ''
        }.`,
        spec.from.autoscaler === 'leave' ? 'I' : 'E',
      ),
    );
};

const checkOldModels = (survey: Survey): readonly Finding[] => {
  if (survey.observed.oldModels.some((answer) => answer.models !== null)) return [];
  const asked = survey.observed.oldModels.length;
  return [
    finding(
      'names-unknown',
      poolName(survey, survey.old.pool.name),
      `None of ${asked} ready pods answered GET /v1/models.`,
    ),
  ];
};
