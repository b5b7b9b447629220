/** Puts the rollout's id and the node pool's name into a planned object: only where the planner left their placeholders. */
import type { KubeObject } from '../kubernetes.ts';
import type { NodePool } from '../ports.ts';
import { at, fieldsOf, itemsOf, textAt } from './fields.ts';
import { NODE_POOL_LABEL, NODE_POOL_PLACEHOLDER, ROLLOUT_TAINT } from './place-workloads.ts';
import type { ObjectPlan } from './plan.ts';
import { ID_PLACEHOLDER, INTENT_ANNOTATION, NODE_POOL_OWNER_LABEL } from './plan-create.ts';

export interface Names {
  readonly rolloutId: string;
  /** null where no node pool was created. */
  readonly nodePool: string | null;
}

/** The object as it is sent. Texts of users are never searched for placeholders. */
export const fillInObject = (planned: ObjectPlan, names: Names): KubeObject => {
  const { object } = planned;
  const filled = {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [INTENT_ANNOTATION]: names.rolloutId },
    },
  };
  return planned.stage === 'workload' ? fillInTemplate(filled, names) : filled;
};

const fillInTemplate = (workload: KubeObject, names: Names): KubeObject => {
  const spec = fieldsOf(workload['spec']);
  const template = fieldsOf(spec['template']);
  const podSpec = fieldsOf(template['spec']);
  const waits = textAt(podSpec, 'nodeSelector', NODE_POOL_LABEL) === NODE_POOL_PLACEHOLDER;
  if (!waits || names.nodePool === null) return workload;
  const tolerations = itemsOf(podSpec['tolerations']).map((one) =>
    textAt(one, 'key') === ROLLOUT_TAINT && textAt(one, 'value') === ID_PLACEHOLDER
      ? { ...fieldsOf(one), value: names.rolloutId }
      : one,
  );
  const nodeSelector = { ...fieldsOf(at(podSpec, 'nodeSelector')), [NODE_POOL_LABEL]: names.nodePool };
  return {
    ...workload,
    spec: { ...spec, template: { ...template, spec: { ...podSpec, nodeSelector, tolerations } } },
  };
};

/** The node pool as it is created. */
export const fillInNodePool = (planned: NodePool, name: string, rolloutId: string): NodePool => ({
  ...planned,
  name,
  config: {
    ...planned.config,
    resourceLabels: { ...planned.config.resourceLabels, [NODE_POOL_OWNER_LABEL]: rolloutId },
    taints: (planned.config.taints ?? []).map((taint) =>
      taint.key === ROLLOUT_TAINT ? { ...taint, value: rolloutId } : taint,
    ),
  },
});
