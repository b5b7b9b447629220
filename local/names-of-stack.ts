/** What a stack's model servers answer to: they are asked, in a world of their own. */
import { US_CLUSTER } from '../simulator/world/defaults.ts';
import { createWorld } from '../simulator/world/world.ts';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { clustersFor } from './simulated-stack.ts';

export interface StackNames {
  /** Of base models. */
  readonly names: readonly string[];
  readonly adapters: readonly { readonly name: string; readonly source: string }[];
}

interface Model {
  readonly id: string;
  readonly root: string;
  readonly parent: string | null;
}

export const namesOfStack = (stack: readonly KubeObject[]): StackNames => {
  const cluster = US_CLUSTER;
  const world = createWorld({
    clusters: clustersFor(cluster, stack),
    stacks: [{ cluster, objects: stack }],
    traffic: [],
  });
  const { models } = world.handlers();
  const names = new Set<string>();
  const adapters = new Map<string, string>();
  for (const pod of world.truth().pods.filter(({ ready }) => ready)) {
    const reply = models.ask({
      cluster,
      namespace: pod.namespace,
      target: { pod: pod.name, port: 8000 },
      method: 'GET',
      path: '/v1/models',
      timeoutMs: 1000,
    });
    if (!('value' in reply) || reply.value.kind !== 'answered' || reply.value.status !== 200) continue;
    const { data } = JSON.parse(reply.value.body) as { readonly data: readonly Model[] };
    for (const { id, root, parent } of data) {
      if (parent === null) names.add(id);
      else adapters.set(id, root);
    }
  }
  return { names: [...names], adapters: [...adapters].map(([name, source]) => ({ name, source })) };
};
