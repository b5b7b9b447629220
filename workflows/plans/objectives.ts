import { type KubeObject, type KubeResource, RESOURCES } from '../kubernetes.ts';
import type { RolloutSpec } from '../spec/rollout-spec.ts';
import { numberAt, textAt } from './fields.ts';
import type { ObjectivePlan } from './plan.ts';

/** Objectives or rewrites whose poolRef is the pool, sorted by name. A poolRef knows no namespace. */
export const boundTo = (
  objects: readonly KubeObject[],
  namespace: string,
  pool: string,
): readonly KubeObject[] =>
  objects
    .filter(
      (object) =>
        object.metadata.namespace === namespace &&
        textAt(object, 'spec', 'poolRef', 'name') === pool &&
        (textAt(object, 'spec', 'poolRef', 'group') ?? RESOURCES.inferencePool.group) ===
          RESOURCES.inferencePool.group &&
        (textAt(object, 'spec', 'poolRef', 'kind') ?? RESOURCES.inferencePool.kind) ===
          RESOURCES.inferencePool.kind,
    )
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

/**
 * `auto` leaves objectives alone unless one has a priority below 0: only such requests are shed, so only then does the
 * missing priority on the other side change who is served.
 */
export const objectiveMode = (
  priorities: RolloutSpec['priorities'],
  bound: readonly KubeObject[],
): 'leave' | 'flip' => {
  if (priorities !== 'auto') return priorities;
  return bound.some((objective) => (numberAt(objective, 'spec', 'priority') ?? 0) < 0) ? 'flip' : 'leave';
};

export const planObjectives = (
  bound: readonly KubeObject[],
  resource: KubeResource | null,
): readonly ObjectivePlan[] =>
  resource === null
    ? []
    : bound.map((objective) => ({
        identity: {
          ...resource,
          namespace: objective.metadata.namespace ?? null,
          name: objective.metadata.name,
          uid: objective.metadata.uid ?? '',
        },
        priority: numberAt(objective, 'spec', 'priority') ?? 0,
        poolRefName: textAt(objective, 'spec', 'poolRef', 'name') ?? '',
      }));
